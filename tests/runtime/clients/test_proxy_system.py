"""Which actor system a Spawn proxy serves: read where the proxy shows it, given by the user, or taken for the default and said."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.api import DeployReport
from runtime.clients.proxy.client import SpawnProxyClient
from runtime.clients.proxy.connection import read_target
from runtime.clients.proxy.process import system_of_listener
from runtime.errors import BadSetting, HostFailed
from runtime.servers.spawn_host.notebook_host import noted
from runtime.system.connect import connect
from runtime.testing.raw_host import Raw, RawHost, ok
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.spawn_host.test_discovery import fake_proc

UP = ok(b'{"status":"up"}', content_type="application/json")
BARE_500 = Raw(b"HTTP/1.1 500 Internal Server Error\r\n\r\n", then_hang_up=True)

STAND_IN = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Proxy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"status":"up"}')

server = HTTPServer(("127.0.0.1", 0), Proxy)
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture
def lab() -> Iterator[str]:
    """The address of a process that listens with a proxy's environment, in another system than the default."""
    environment = {**os.environ, "PROXY_ACTOR_SYSTEM_NAME": "lab-system", "PROXY_HTTP_PORT": "9001"}
    command = [sys.executable, "-c", STAND_IN]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.terminate()


@pytest.fixture
def mute(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawHost]:
    """A proxy whose environment shows nothing, and that answers calls with a bare 500."""
    monkeypatch.delenv("PROXY_ACTOR_SYSTEM_NAME", raising=False)
    with RawHost(lambda _: UP if " /health" in proxy.messages[-1].start else BARE_500) as proxy:
        yield proxy


def client_of(url: str, **options: object) -> SpawnProxyClient:
    client = connect(url, mode="act", **options)
    assert isinstance(client, SpawnProxyClient)
    return client


def test_name_is_read_from_the_environment_of_the_proxy(lab: str) -> None:
    with client_of(lab) as client:
        assert (client.name, client.is_name_assumed) == ("lab-system", False)


def test_name_of_the_proxy_goes_before_that_of_this_process(lab: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROXY_ACTOR_SYSTEM_NAME", "another")

    with client_of(lab) as client:
        assert client.name == "lab-system"


@pytest.mark.parametrize("url", ["{}", "{}/?system=shop", "{}?system=shop"])
def test_another_name_than_the_proxys_own_is_refused(lab: str, url: str) -> None:
    given = {} if "shop" in url else {"system": "shop"}

    with pytest.raises(BadSetting, match="serves the actor system 'lab-system', not 'shop'"):
        connect(url.format(lab), **given)


@pytest.mark.parametrize(("url", "given"), [("", {"system": "shop"}), ("?system=shop", {})])
def test_name_that_is_given_is_where_calls_go(mute: RawHost, url: str, given: dict[str, str]) -> None:
    with client_of(f"http://127.0.0.1:{mute.port}{url}", **given) as client:
        assert (client.name, client.is_name_assumed) == ("shop", False)
        with pytest.raises(HostFailed, match=r"actor\nsystem is not 'shop', which was asked for \(--system NAME"):
            client.invoke("counter", "add")

    sent = pb.InvocationRequest.FromString(mute.calls[-1])
    assert sent.system.name == "shop"


def test_name_that_nobody_says_is_the_default_and_said_to_be_assumed(mute: RawHost) -> None:
    with client_of(f"http://127.0.0.1:{mute.port}") as client:
        assert (client.name, client.is_name_assumed) == ("spawn-system", True)
        report = noted(DeployReport(actor="counter", definition=""), client)

    assert "begins empty there: give its name (--system NAME)" in report.notes[-1]


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        (b"PROXY_ACTOR_SYSTEM_NAME=shop\0", "shop"),
        (b"PROXY_HTTP_PORT=9001\0", "spawn-system"),
        (b"HOME=/root\0", ""),
    ],
)
def test_environment_of_a_proxy_says_its_system_or_means_the_default(tmp_path: Path, environ: bytes, name: str) -> None:
    assert system_of_listener(read_target("http://127.0.0.1:9001"), fake_proc(tmp_path, environ)) == name


def test_process_that_forwards_the_port_says_nothing_of_the_proxy(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path, b"PROXY_ACTOR_SYSTEM_NAME=mine\0")
    (proc / "42" / "comm").write_text("kubectl\n")

    assert system_of_listener(read_target("http://127.0.0.1:9001"), proc) == ""
    assert system_of_listener(read_target("http://192.0.2.1:9001"), proc) == ""
