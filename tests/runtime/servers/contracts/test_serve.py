"""Contracts beside a Spawn proxy's own paths, over a real socket, and from the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.servers.spawn_proxy.server import RunningProxy, serve
from runtime.system.connect import connect
from runtime.system.embedded import embedded
from runtime.testing.raw_host import RawHost
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.contracts.shop import SHOP
from tests.runtime.servers import proxies
from tests.runtime.servers.contracts.test_grpc import CONTRACT, AccountActor, CounterActor
from tests.runtime.servers.proxies import answering

ACTORS = """
from runtime import Actor, action

class Account(Actor, name="Account", kind="unnamed"):
    balance: int = 0

    @action
    def Pay(self, who: str, amount: int) -> dict:
        self.balance += amount
        return {"amount": self.balance}
"""


@pytest.fixture
def proxy() -> Iterator[RunningProxy]:
    with embedded() as system:
        system.deploy(CounterActor)
        system.deploy(AccountActor)
        running = serve(system, http_port=0, host_port=0)
        running.serve_contract(CONTRACT)
        yield running
        running.close(0.0)


def fetch(url: str, body: Any = None, method: str | None = None) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=120) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_contract_is_served_beside_the_proxys_own_paths(proxy: RunningProxy) -> None:
    assert fetch(f"{proxy.address}/v1/counter:add", {"value": 2})[0] == 200
    assert fetch(f"{proxy.address}/health") == (200, b'{"status":"up"}')
    assert fetch(f"{proxy.address}/nowhere")[0] == 404


def test_calls_of_a_contract_are_counted(proxy: RunningProxy) -> None:
    fetch(f"{proxy.address}/v1/counter:add", {"value": 2})
    fetch(f"{proxy.address}/v1/counter:add", {"value": "x"})

    text = fetch(f"{proxy.address}/metrics")[1].decode()

    for outcome in ("ok", "bad_payload"):
        assert f'spawn_invoke_stop_duration{{action="Add",actor="Counter",outcome="{outcome}"' in text


def test_draining_proxy_takes_no_calls_of_a_contract(proxy: RunningProxy) -> None:
    proxy.drain()

    assert fetch(f"{proxy.address}/v1/counter:add", {"value": 2})[0] == 503


def test_command_line_serves_a_contract_over_http_and_grpc(tmp_path: Path) -> None:
    (tmp_path / "shop.proto").write_text(SHOP)
    (tmp_path / "accounts.py").write_text(ACTORS)
    command = [sys.executable, "-m", "runtime", "serve", "--http-port", "0", "--grpc-port", "0"]
    with subprocess.Popen(
        [*command, "--proto", "shop.proto", "accounts.py"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])},
    ) as process:
        try:
            lines = _until_ready(process)
            http = next(line.split()[2] for line in lines if line.startswith("listening at http"))
            grpc = next(line.split()[2] for line in lines if line.startswith("listening at grpc"))

            assert fetch(f"{http}/v1/accounts/ada", 5, "PUT") == (200, b'{"amount":"5"}')
            with connect(grpc) as client:
                assert client.state("ada") == {"balance": 5}
        finally:
            process.terminate()
            process.wait(120)


def _until_ready(process: subprocess.Popen[str]) -> list[str]:
    """What the process says until it is ready."""
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if line.strip() == "ready":
            return lines
    raise AssertionError(f"the server ended before it was ready: {''.join(lines)}")


def paying(call: pb.ActorInvocation) -> pb.ActorInvocationResponse:
    """A foreign `Account`: answers what was paid."""
    paid = CONTRACT.Named()
    call.value.Unpack(paid)
    answer = pb.ActorInvocationResponse()
    answer.updated_context.SetInParent()
    answer.value.Pack(CONTRACT.Balance(amount=paid.amount))
    return answer


@pytest.mark.parametrize("is_known_first", [True, False])
def test_contract_goes_before_what_a_host_registers(is_known_first: bool) -> None:
    with RawHost(answering(paying)) as host, proxies.proxy(host.port) as running:
        if is_known_first:
            running.serve_contract(CONTRACT)
        proxies.register(running, proxies.actor("Account", "Pay"), proxies.actor("Counter", "Add"))
        if not is_known_first:
            running.serve_contract(CONTRACT)

        answer = fetch(f"{running.address}/v1/accounts/ada", 5, "PUT")

        assert answer == (200, b'{"amount":"5"}')
        called = pb.ActorInvocation.FromString(host.calls[-1])
        assert (called.actor.name, called.actor.parent) == ("ada", "Account")
        templates = running.system.driver.engine.directory.templates
        counter = templates["Counter"].definition.settings
        assert (counter.deactivate_timeout_ms, counter.snapshot_timeout_ms) == (5_000, 2_000)
        assert counter.state_type == "shop.v1.CounterState"
