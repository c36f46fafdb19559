"""A client whose node refuses it, is not there, goes away in the middle, and comes back."""

from __future__ import annotations

import asyncio
import gc
import socket
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from runtime.api import LOCAL
from runtime.authoring.actor import Actor, action
from runtime.clients.node.client import NodeClient, connect
from runtime.clients.node.connection import NodeConnection
from runtime.clients.node.streams import Invocations
from runtime.errors import BadSetting, NotAllowed, NotCapable, Unreachable
from runtime.servers.certificates import make_certificates
from runtime.servers.grpc_node.server import NodeServer
from runtime.servers.security import Security
from runtime.system.connect import connect as connect_any
from runtime.system.embedded import embedded
from runtime.testing.transport_actors import WAIT_S, Gate, Tally, gates
from runtime.testing.transport_checks import until
from runtime.wire.pb.workbench.v1 import node_pb2 as pb
from tests.runtime.clients.node.conftest import Node


@pytest.fixture
def gate() -> Any:
    gates["lost"] = Gate()
    yield gates["lost"]
    gates.pop("lost").open()


# -- getting in --------------------------------------------------------------------------------------------------------------


def test_other_process_of_the_user_finds_the_token(node: Node) -> None:
    with node.connect() as client:
        assert client.name == node.system.name


def test_client_of_a_node_claims_nothing_that_only_its_process_offers(node: Node) -> None:
    with node.connect() as client:
        assert client.capabilities == node.system.capabilities - LOCAL


@pytest.mark.parametrize("token", ["wrong", None])
def test_client_without_the_token_is_refused(node: Node, tmp_path: Path, token: str | None) -> None:
    from runtime.security.crypto import TokenFiles

    with pytest.raises(NotAllowed, match="does not admit us"):
        connect(node.server.address, token=token, token_files=TokenFiles(tmp_path / "none"), environ={})


def test_token_may_come_from_a_file_or_the_environment(node: Node, tmp_path: Path) -> None:
    from runtime.security.crypto import TokenFiles

    nothing = TokenFiles(tmp_path / "none")
    file = node.server.token_file
    with connect(node.server.address, token_file=file, token_files=nothing, environ={}) as client:
        assert client.name
    environ = {"SPAWN_NODE_TOKEN": node.server.security.token}
    with connect(node.server.address, token_files=nothing, environ=environ) as client:
        assert client.name


def test_address_where_nobody_listens_is_said_to_be_unreachable(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"grpc://127.0.0.1:{taken.getsockname()[1]}"

        with pytest.raises(Unreachable, match=f"Cannot reach {address}"):
            connect(address, token="x")


def test_server_that_speaks_something_else_is_said_to_be_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unreachable):
        connect(f"grpc://127.0.0.1:{silent.getsockname()[1]}", token="x")


@pytest.mark.parametrize(
    ("url", "options", "text"),
    [
        ("127.0.0.1:9980", {}, "grpc://"),
        ("ftp://127.0.0.1", {}, "Cannot connect to 'ftp"),
        ("grpc://", {}, "is not the address of a node"),
        ("grpc://127.0.0.1:99999999", {}, "is not the address of a node"),
        ("grpc://127.0.0.1:1/path", {}, "is not the address of a node"),
        ("grpc://token@127.0.0.1:1", {}, "give token= instead"),
        ("grpc://example.org:9980", {}, "in the clear"),
        ("grpc://127.0.0.1:1", {"authority": "ca.pem"}, "grpcs://"),
        ("grpcs://127.0.0.1:1", {"certificate": "c.pem"}, "only one of them"),
        ("grpcs://127.0.0.1:1", {"authority": "/no/such.pem"}, "Cannot read /no/such.pem"),
        ("grpc://127.0.0.1:1", {"colour": "red"}, "colour"),
    ],
)
def test_unusable_address_or_option_is_named(url: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        connect_any(url, **options)


def test_encrypted_node_needs_its_authority_and_the_token(tmp_path: Path) -> None:
    files = make_certificates(tmp_path / "tls")
    security = Security(certificate=files.server.read_bytes(), key=files.server_key.read_bytes())
    with embedded() as system, NodeServer(system, host="localhost", security=security) as server:
        address = server.address.replace("127.0.0.1", "localhost")
        assert address.startswith("grpcs://")

        with connect(address, authority=files.authority, token=security.token) as client:
            assert client.name == system.name
        with pytest.raises(NotAllowed):
            connect(address, authority=files.authority, token="wrong")
        with pytest.raises(Unreachable):
            connect(address, token=security.token)


def test_client_certificate_takes_the_tokens_place(tmp_path: Path) -> None:
    files = make_certificates(tmp_path / "tls")
    security = Security("", files.server.read_bytes(), files.server_key.read_bytes(), files.authority.read_bytes())
    with embedded() as system, NodeServer(system, host="localhost", security=security) as server:
        options = {"authority": files.authority, "environ": {}}

        with connect(server.address, certificate=files.client, key=files.client_key, **options) as client:
            assert client.name == system.name
        with pytest.raises(Unreachable):
            connect(server.address, **options)


def test_call_may_go_to_another_system_of_the_node(node: Node, client: NodeClient) -> None:
    with embedded(system="second") as second:
        second.deploy(Tally)
        node.system.join(second)

        assert client.invoke("tally", "add", {"value": 4}, system="second") == {"total": 4}
        with pytest.raises(NotCapable, match="third"):
            client.invoke("tally", "add", {"value": 4}, system="third")


# -- losing it ---------------------------------------------------------------------------------------------------------------


def test_call_that_was_sent_says_that_its_fate_is_unknown(node: Node, client: NodeClient, gate: Gate) -> None:
    node.system.deploy(Tally)
    errors: list[BaseException] = []

    def call() -> None:
        try:
            client.invoke("tally", "wait", {"gate": "lost"})
        except Unreachable as error:
            errors.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert gate.entered.acquire(timeout=WAIT_S), "the action did not begin"
    node.go_away()
    caller.join(WAIT_S)

    assert "tally.wait had been sent: it may have run, or not" in str(errors[0])


def test_call_to_a_node_that_is_away_says_that_nothing_was_sent(node: Node, client: NodeClient) -> None:
    node.system.deploy(Tally)
    node.go_away()

    with pytest.raises(Unreachable, match=r"tally\.add was not sent"):
        client.invoke("tally", "add", {"value": 1})
    with pytest.raises(Unreachable):
        client.state("tally")


def test_client_goes_on_when_the_node_is_back_and_says_both(node: Node, client: NodeClient, news: list[str]) -> None:
    node.system.deploy(Tally)
    client.invoke("tally", "add", {"value": 1})

    node.go_away()
    until(lambda: any("is lost" in line for line in news), "the news that the connection is lost")
    node.come_back()
    until(lambda: any("is back" in line for line in news), "the news that the connection is back")

    assert client.invoke("tally", "add", {"value": 1}) == {"total": 2}
    assert len(news) == 2


def test_watch_begins_again_and_counts_what_it_may_have_missed(node: Node, client: NodeClient) -> None:
    node.system.deploy(Tally)
    subscription = client.subscribe()

    node.go_away()
    until(lambda: subscription.dropped == 1, "a dropped event for the gap")
    node.come_back()

    def sees_something() -> bool:
        node.system.invoke("tally", "nothing")
        return bool(subscription.drain())

    until(sees_something, "an event after the node came back")
    subscription.close()


class Large(Actor, name="large"):
    text: str = ""

    @action
    def grow(self, megabytes: int) -> int:
        self.text = "x" * (megabytes * 1_000_000)
        return megabytes


def test_watch_passes_on_many_large_states(node: Node, client: NodeClient) -> None:
    node.system.deploy(Large)
    subscription = client.subscribe()
    for megabytes in (*range(1, 15), 40, 40):  # more than a message may have, and at once
        node.system.invoke("large", "grow", {"megabytes": megabytes}, asynchronous=True)
    seen: list[int] = []

    def all_there() -> bool:
        seen.extend(1 for event in subscription.drain() if event.turn is not None)
        return len(seen) == 16

    until(all_there, "the events of 16 turns")
    subscription.close()

    assert subscription.dropped == 0


def test_call_with_a_large_payload_is_alone_in_its_message() -> None:
    """A message may be 65 MiB, and a payload 64."""
    calls = Invocations(cast(NodeConnection, None))
    for number, size in enumerate([1_040_000, 64 * 1024 * 1024, 100, 100]):
        calls._unsent.append((pb.Call(id=number), size))

    sent = [[call.id for call in calls._next_batch().calls] for _ in range(3)]

    assert sent == [[0], [1], [2, 3]]


def test_coroutine_is_told_too_when_the_node_goes_away(node: Node, client: NodeClient, gate: Gate) -> None:
    node.system.deploy(Tally)

    async def ask() -> None:
        waiting = asyncio.ensure_future(client.ainvoke("tally", "wait", {"gate": "lost"}))
        assert await asyncio.to_thread(gate.entered.acquire, timeout=WAIT_S), "the action did not begin"
        await asyncio.to_thread(node.go_away)
        with pytest.raises(Unreachable, match="it may have run"):
            await waiting

    asyncio.run(ask())


def test_history_that_breaks_off_is_an_error_and_no_end(node: Node, client: NodeClient) -> None:
    node.system.deploy(Tally)
    node.system.invoke("tally", "nothing")
    node.system.flush()
    node.go_away()

    with pytest.raises(Unreachable):
        list(client.turns())


def test_watch_that_is_closed_after_its_client_ends_quietly(node: Node, caplog: pytest.LogCaptureFixture) -> None:
    client = node.connect()
    watch = client.subscribe()
    node.server.stop(grace_s=0.0)

    client.close()
    watch.close()
    gc.collect()

    assert [record.getMessage() for record in caplog.records] == []
