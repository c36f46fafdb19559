"""Anything at all, sent to our host's endpoint as a proxy would send calls: an answer, and a host that is as it was before."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.clients.proxy.connection import ProxyLink, read_target
from runtime.servers.spawn_host.host import ActorHost
from runtime.testing.raw_host import CALL_PATH, body_of, exchange, post, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.captures import EXCHANGES, SYSTEM
from tests.runtime.servers.real_proxy import RealProxy, Tally, free_port
from tests.runtime.servers.spawn_proxy.test_fuzz import FUZZ, mutated

CALLS = [each.request for each in EXCHANGES if not each.is_to_proxy]


@pytest.fixture(scope="module")
def host() -> Iterator[ActorHost]:
    with RealProxy() as proxy:
        link = ProxyLink(read_target(f"http://127.0.0.1:{proxy.port}"))
        host = ActorHost(link, None, SYSTEM, port=free_port())
        host.app.budget = None  # it would space failures out, which is another test's business
        host.deploy(Tally)
        yield host
        host.close(1.0)
        link.close()


@FUZZ
@given(body=st.binary(max_size=200) | mutated(CALLS))
def test_any_call_gets_an_answer(host: ActorHost, body: bytes) -> None:
    answer = exchange(host.port, post(CALL_PATH, body), timeout_s=120.0)

    assert 200 <= status_of(answer) < 600
    if status_of(answer) == 200:
        assert pb.ActorInvocationResponse.FromString(body_of(answer)).HasField("updated_context")


@FUZZ
@given(data=st.binary(max_size=60), action=st.sampled_from(["add", "fail", "flow", "init", "tick", "get"]))
def test_any_state_and_payload_get_an_answer(host: ActorHost, data: bytes, action: str) -> None:
    call = pb.ActorInvocation(action_name=action)
    call.actor.name, call.actor.system = "Tally", SYSTEM
    for value in (call.current_context.state, call.value):
        value.type_url, value.value = "type.googleapis.com/spawn.JSONType", data

    answer = exchange(host.port, post(CALL_PATH, call.SerializeToString()), timeout_s=120.0)

    assert status_of(answer) in (200, 400, 404, 422, 500)
    assert b"InternalError" not in body_of(answer)


def test_host_is_up_and_has_not_grown_after_all_that(host: ActorHost) -> None:
    before = threading.active_count()
    for _ in range(10):
        for body in CALLS:
            exchange(host.port, post(CALL_PATH, body[:-1]), timeout_s=120.0)

    assert threading.active_count() <= before + 10
    assert host.app.retries._running == {}
