"""Every place that listens, found in the source, and what a web page or a stranger gets there: nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import runtime
import workbench
from runtime.authoring.actor import Actor, action
from runtime.clients.proxy.connection import ProxyLink, read_target
from runtime.servers.security import Security
from runtime.servers.spawn_host.host import ActorHost
from runtime.servers.spawn_proxy.server import serve
from runtime.system.embedded import embedded
from runtime.testing.raw_host import CALL_PATH, body_of, exchange, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.captures import SYSTEM
from tests.runtime.servers.contracts.test_grpc import CONTRACT, AccountActor, CounterActor
from tests.runtime.servers.proxies import json_text, request
from tests.runtime.servers.real_proxy import RealProxy, call, free_port


class Counted(Actor, name="Counted"):
    """Knows how often its action ran."""

    runs = 0

    @action
    def add(self) -> None:
        type(self).runs += 1


_BINDS = {
    "add_insecure_port", "add_secure_port", "bind", "create_server", "create_unix_server", "serve_forever", "start_server",
    "start_unix_server", "HTTPServer", "TCPServer", "ThreadingHTTPServer", "UnixStreamServer",
}  # fmt: skip

KNOWN = {
    "runtime/servers/http/server.py": "behind HttpGuard, which HttpServer makes itself: attacked below",
    "runtime/servers/grpc_node/server.py": "wants a token of every call; see test_grpc_roles and test_guarded_rpcs",
    "workbench/remote/shared_store.py": "a socket in a directory of its user's only; see test_door",
    "runtime/clients/proxy/process.py": "tries whether an address is this machine's; nothing listens",
    "runtime/servers/http/guard.py": "tries whether an address is this machine's; nothing listens",
    "runtime/servers/http/peer_user.py": "tries whether Linux says whose a connection is; nothing is read",
    "runtime/servers/spawn_proxy/server.py": "asks for a free port for a host; nothing listens",
    "runtime/testing/raw_host.py": "plays a host for the tests of adapters; runs no actions",
    "workbench/kernel_ext/extension.py": "binds the settings to a session; no socket",
}


def binding_files() -> set[str]:
    """Every file of the packages with a call that may bind an address."""
    found = set()
    for package in (runtime, workbench):
        root = Path(str(package.__file__)).parent
        for file in root.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                name = getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""
                if name in _BINDS:
                    found.add(str(file.relative_to(root.parent)))
    return found


def test_every_place_that_binds_an_address_is_known_here() -> None:
    assert binding_files() == set(KNOWN)


@dataclass
class Listener:
    """One HTTP listener, with a request that it answers, and what that request changes."""

    port: int
    path: str
    content_type: str
    body: bytes
    changed: Callable[[], object]
    authorization: str = ""

    def send(
        self, *, host: str = "", content_type: str | None = None, with_token: bool = True, **headers: str
    ) -> bytes:
        lines = [f"POST {self.path} HTTP/1.1", f"host: {host or f'127.0.0.1:{self.port}'}"]
        lines.append(f"content-type: {self.content_type if content_type is None else content_type}")
        lines.append(f"content-length: {len(self.body)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        lines += [f"authorization: {self.authorization}"] if self.authorization and with_token else []
        return exchange(self.port, "\r\n".join([*lines, "", ""]).encode() + self.body)


@contextmanager
def actor_host() -> Iterator[Listener]:
    with RealProxy() as real:
        link = ProxyLink(read_target(f"http://127.0.0.1:{real.port}"))
        host = ActorHost(link, None, SYSTEM, port=free_port())
        host.deploy(Counted)
        forged, before = call("Counted", "add", json_text('{"n":41}')).SerializeToString(), Counted.runs
        try:
            yield Listener(host.port, CALL_PATH, "application/octet-stream", forged, lambda: Counted.runs != before)
        finally:
            host.close(1.0)
            link.close()


@contextmanager
def proxy(path: str, content_type: str, body: bytes, token: str = "") -> Iterator[Listener]:
    with embedded(system="lab") as system:
        system.deploy(CounterActor)
        system.deploy(AccountActor)
        running = serve(system, http_port=0, host_port=1, security=Security(token=token) if token else None)
        running.serve_contract(CONTRACT)
        port = int(running.address.rpartition(":")[2])
        before = system.state("Counter")
        try:
            bearer = f"Bearer {token}" if token else ""
            yield Listener(port, path, content_type, body, lambda: system.state("Counter") != before, bearer)
        finally:
            running.close(1.0)


def invocation() -> bytes:
    return request("Counter", "Add", json_text('{"value":1}')).SerializeToString()


INVOKE = "/api/v1/system/lab/actors/Counter/invoke"
LISTENERS = {
    "actor host": actor_host,
    "proxy": lambda: proxy(INVOKE, "application/octet-stream", invocation()),
    "proxy with a token": lambda: proxy(INVOKE, "application/octet-stream", invocation(), token="secret"),
    "contract": lambda: proxy("/v1/counter:add", "application/json", b'{"value": 1}'),
    "contract with a token": lambda: proxy("/v1/counter:add", "application/json", b'{"value": 1}', token="secret"),
}


@pytest.fixture(params=LISTENERS)
def listener(request: pytest.FixtureRequest) -> Iterator[Listener]:
    with LISTENERS[request.param]() as listener:
        yield listener


@pytest.mark.parametrize(
    ("forged", "status"),
    [
        pytest.param({"origin": "http://evil.example"}, 403, id="page of another site"),
        pytest.param({"origin": "null"}, 403, id="page of no site"),
        pytest.param({"sec_fetch_site": "cross-site"}, 403, id="browser says another site"),
        pytest.param({"sec_fetch_site": "same-site"}, 403, id="browser says another port"),
        pytest.param({"host": "evil.example"}, 421, id="name made to point here"),
        pytest.param({"host": "127.0.0.1.evil.example"}, 421, id="name that begins like an address"),
        pytest.param({"host": "evil.example", "origin": "http://evil.example"}, 421, id="its page calls itself"),
        pytest.param({"content_type": "text/plain"}, 415, id="text of a form"),
        pytest.param({"content_type": "multipart/form-data; boundary=x"}, 415, id="parts of a form"),
        pytest.param({"content_type": ""}, 415, id="body without a type"),
    ],
)
def test_page_in_a_browser_runs_nothing(forged: dict[str, str], status: int, listener: Listener) -> None:
    answer = listener.send(**forged)

    assert status_of(answer) == status, answer
    assert not listener.changed()


def test_own_client_runs_the_action(listener: Listener) -> None:
    answer = listener.send()

    assert status_of(answer) == 200, answer
    assert listener.changed()


@pytest.mark.parametrize("host", ["localhost:1", "0.0.0.0:8090", "[::]:8090", "[::1]", "127.8.8.8"])
def test_local_client_may_call_this_machine_by_any_local_name(host: str, listener: Listener) -> None:
    assert status_of(listener.send(host=host)) == 200


@pytest.mark.parametrize("name", [name for name in LISTENERS if "token" in name])
def test_client_without_the_token_runs_nothing(name: str) -> None:
    with LISTENERS[name]() as listener:
        answer = listener.send(with_token=False)

        assert status_of(answer) == 401
        assert not listener.changed()


def test_names_that_the_environment_gives_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER_FUNCTION_HOST", "actors.internal")
    with actor_host() as listener:
        assert status_of(listener.send(host="actors.internal:8090")) == 200
        assert status_of(listener.send(host="evil.internal:8090")) == 421


def test_host_refuses_so_that_a_real_proxy_takes_it_for_a_failure() -> None:
    with actor_host() as listener, pytest.raises(Exception, match="parsing"):
        pb.ActorInvocationResponse.FromString(body_of(listener.send(content_type="text/plain")))


@pytest.mark.parametrize("path", ["/health", "/metrics", "/openapi.json", "/api/v1/system/lab/actors/Counter"])
def test_page_reads_nothing_by_a_name_made_to_point_here(path: str) -> None:
    with proxy("", "", b"") as listener:
        answer = exchange(listener.port, f"GET {path} HTTP/1.1\r\nhost: evil.example\r\n\r\n".encode())

    assert status_of(answer) == 421
