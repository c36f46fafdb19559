"""The client of a proxy: what it refuses, and what it makes of the answers of a real one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from runtime.api import Capability
from runtime.clients.proxy.client import SpawnProxyClient
from runtime.errors import (
    BadSetting,
    HostFailed,
    InvocationTimeout,
    NotAllowed,
    NotCapable,
    SpawnError,
    UnknownAction,
    UnknownActor,
    Unreachable,
)
from runtime.system.connect import connect
from runtime.testing.raw_host import Raw, RawHost, ok
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.captures import EXCHANGES

UP = ok(b'{"status":"up"}', content_type="application/json; charset=utf-8")
BARE_500 = Raw(b"HTTP/1.1 500 Internal Server Error\r\n\r\n", then_hang_up=True)
HANGING_415 = Raw(b"HTTP/1.1 415 Unsupported Media Type\r\n\r\n")


def recorded(label: str) -> Raw:
    """The answer of a real proxy."""
    exchange = next(each for each in EXCHANGES if each.label == label and each.is_to_proxy)
    return ok(exchange.response, status=f"{exchange.status} Whatever")


class RealProxy(RawHost):
    """Speaks as a real proxy: healthy, and with one answer to everything else."""

    def __init__(self, answer: Raw = UP) -> None:
        super().__init__(self._answer)
        self.other = answer

    def _answer(self, _: bytes) -> Raw:
        return UP if " /health" in self.messages[-1].start else self.other

    def posts(self) -> list[str]:
        return [message.start for message in self.messages if message.start.startswith("POST")]


@pytest.fixture
def real() -> Iterator[RealProxy]:
    with RealProxy() as proxy:
        yield proxy


def attached(proxy: RealProxy, mode: str = "act", **options: Any) -> SpawnProxyClient:
    client = connect(f"http://127.0.0.1:{proxy.port}", mode=mode, system="lab-system", **options)
    assert isinstance(client, SpawnProxyClient)
    return client


# -- looking -------------------------------------------------------------------------------------------------------------

ACTING: dict[str, Callable[[SpawnProxyClient], Any]] = {
    "invoke": lambda client: client.invoke("Counter", "Incr"),
    "implicit read": lambda client: client.invoke("Counter", "get"),
    "asynchronous": lambda client: client.invoke("Counter", "Incr", asynchronous=True),
    "ainvoke": lambda client: asyncio.run(_awaited(client)),
    "state": lambda client: client.state("Counter"),
    "spawn": lambda client: client.spawn("u1", "User"),
    "deploy": lambda client: client.deploy(object),
    "undeploy": lambda client: client.undeploy("Counter"),
    "restore": lambda client: client.restore("Counter", 1),
}


async def _awaited(client: SpawnProxyClient) -> Any:
    return await client.ainvoke("Counter", "Incr")


@pytest.mark.parametrize("what", ACTING)
def test_looking_refuses_what_acts_and_sends_nothing(real: RealProxy, what: str) -> None:
    with attached(real, mode="look") as client, pytest.raises(NotAllowed, match="--mode act"):
        ACTING[what](client)

    assert real.posts() == []


def test_looking_is_the_default_and_shows_health_and_metrics(real: RealProxy) -> None:
    real.other = ok(b"spawn_invoke_stop_duration 7680\n", content_type="text/plain")
    with connect(f"http://127.0.0.1:{real.port}") as client:  # type: ignore[attr-defined]
        assert isinstance(client, SpawnProxyClient)
        assert client.capabilities == frozenset()
        assert client.health() == {"liveness": True, "readiness": True}
        assert "7680" in client.metrics()
        status = client.status()
        assert (status.running, status.told) == (True, "7,680 invocations since it was started")


@pytest.mark.parametrize("name", ["actors", "definitions", "subscribe", "turns", "lifecycle", "retention_mark"])
def test_what_a_proxy_does_not_offer_is_refused_with_its_reason(real: RealProxy, name: str) -> None:
    with attached(real) as client, pytest.raises(NotCapable, match="a proxy"):
        getattr(client, name)()


# -- acting on a real proxy ------------------------------------------------------------------------------------------------


def test_real_proxy_offers_invocations_only(real: RealProxy) -> None:
    with attached(real) as client:
        assert client.capabilities == {Capability.INVOKE}


def test_invocation_is_sent_as_spawn_expects_it_and_its_answer_decoded(real: RealProxy) -> None:
    real.other = recorded("invoke_sync_ok")
    with attached(real) as client:
        answer = client.invoke("Counter", "Incr", StringValue(value="hello"))

    sent = next(each for each in EXCHANGES if each.label == "invoke_sync_ok" and each.is_to_proxy)
    assert answer == StringValue(value="n=1")
    assert pb.InvocationRequest.FromString(real.calls[-1]) == pb.InvocationRequest.FromString(sent.request)
    assert real.posts() == [f"POST {sent.path} HTTP/1.1"]


def test_state_is_asked_of_the_actor_where_a_proxy_does_not_show_it(real: RealProxy) -> None:
    real.other = recorded("default_action_get")
    with attached(real) as client:
        assert client.state("Counter") == StringValue(value="7")
        with pytest.raises(NotCapable, match="present state"):
            client.state("Counter", revision=1)


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        pytest.param(recorded("err_unknown_actor_default"), UnknownActor, "Actor Ghost not found", id="unknown actor"),
        pytest.param(recorded("invoke_unknown_action"), UnknownAction, "Action \\[Nope\\]", id="unknown action"),
        pytest.param(recorded("err_host_garbage_backoff"), HostFailed, "Error on invoke Actor", id="crashed actor"),
        pytest.param(BARE_500, HostFailed, "did not say why", id="bare 500"),
        pytest.param(HANGING_415, HostFailed, "HTTP 415", id="415 that hangs"),
        pytest.param(Raw(then_hang_up=True), Unreachable, "may have run", id="no HTTP answer at all"),
        pytest.param(ok(b"\xff\xff"), HostFailed, "did not say why", id="no message"),
    ],
)
def test_error_of_a_real_proxy_is_raised_as_what_it_means(
    real: RealProxy, answer: Raw, kind: type[SpawnError], text: str
) -> None:
    real.other = answer
    with attached(real) as client, pytest.raises(kind, match=text):
        client.invoke("Counter", "Incr", timeout=120)

    assert len(real.posts()) == 1


def test_silent_proxy_ends_the_wait_at_its_deadline(real: RealProxy) -> None:
    real.other = Raw(after=threading.Event())
    with attached(real) as client, pytest.raises(InvocationTimeout, match=r"Counter\.Incr") as raised:
        client.invoke("Counter", "Incr", timeout=0.2)

    assert "a proxy does not show which" in str(raised.value)
    assert "Spawn's protocol has no idempotency keys" in str(raised.value)
    assert "%mailbox" not in str(raised.value)


def test_keys_and_pinned_revisions_are_not_for_real_proxies(real: RealProxy) -> None:
    with attached(real) as client:
        with pytest.raises(NotCapable, match="idempotency"):
            client.invoke("Counter", "Incr", key="k")
        with pytest.raises(NotCapable, match="pinned"):
            client.restore("Counter", 1)

    assert real.posts() == []


@pytest.mark.parametrize("dialect", ["spawn", "eigr.functions.protocol"])
def test_json_is_sent_in_the_dialect_that_was_chosen(real: RealProxy, dialect: str) -> None:
    real.other = recorded("invoke_async_ok")
    with attached(real, dialect=dialect) as client:
        client.invoke("Counter", "Incr", {"a": 1})

    assert pb.InvocationRequest.FromString(real.calls[-1]).value.type_url == f"type.googleapis.com/{dialect}.JSONType"


# -- connecting ------------------------------------------------------------------------------------------------------------


def test_nobody_there_is_said_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]

    with pytest.raises(Unreachable, match=f"http://127.0.0.1:{port}"):
        connect(f"http://127.0.0.1:{port}")


def test_server_that_is_no_proxy_is_told_apart() -> None:
    page = RawHost(lambda _: ok(b"<html>", content_type="text/html"))
    with page, pytest.raises(Unreachable, match="not a Spawn proxy"):
        connect(f"http://127.0.0.1:{page.port}")


@pytest.mark.parametrize(
    ("url", "options", "text"),
    [
        ("http://127.0.0.1:9001/path", {}, "not the address"),
        ("http://user:secret@127.0.0.1", {}, "secret into the URL"),
        ("http://127.0.0.1:99999", {}, "not the address"),
        ("http://127.0.0.1", {"certificate": "c.pem"}, "needs its key"),
        ("http://127.0.0.1", {"authority": "a.pem"}, "https://"),
        ("http://127.0.0.1", {"mod": "act"}, "Did you mean mode"),
    ],
)
def test_unusable_target_is_refused(url: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(BadSetting, match=text):
        connect(url, **options)


@pytest.mark.parametrize("options", [{"mode": "acting"}, {"dialect": "esperanto"}])
def test_mode_and_dialect_are_among_those_there_are(real: RealProxy, options: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match="There is no"):
        connect(f"http://127.0.0.1:{real.port}", **options)
