"""The request side of everything that was recorded from a real proxy, sent to ours: an equal answer, or a listed difference."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.servers.spawn_proxy.server import RunningProxy, serve
from runtime.system.embedded import embedded
from runtime.testing.raw_host import RawHost, body_of, exchange, post, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.captures import (
    EXCHANGES,
    RAW,
    SYSTEM,
    Exchange,
    LabHost,
    registration,
    to_host,
    unreachable_actor,
)
from tests.workbench.kernel_ext.kernel import until

README = (Path(__file__).parents[4] / "runtime" / "README.md").read_text("utf-8")
QUICK_S = 60.0


@dataclass(frozen=True)
class Here:
    """What we answer where a real proxy answers otherwise, and the row of the README that says why."""

    row: str
    status: int
    said: str = ""
    """Name of the status in the answer; empty for an answer that is no message of the protocol."""
    text: str = ""
    """Is in the answer's message."""


def _refused(row: str, status: int, text: str, said: str = "ERROR") -> Here:
    return Here(row, status, said, text)


_HOST = "an answer of a host that is not 2xx"
_RETRY = "a host that fails"
_BODY = "a body that is no request"
_TYPE = "content type"
DIFFERENCES = {
    "health_GET_api_v1_nope": Here("a path that is not there", 404),
    "health_GET_api_v1_system": Here("a method that is not served", 405),
    "register_ct_application_x-protobuf": _refused(_TYPE, 415, "application/octet-stream"),
    "register_ct_text_plain": _refused(_TYPE, 415, "text/plain"),
    "register_ct_None": _refused(_TYPE, 415, "nothing"),
    "register_ct_application_json": _refused(_TYPE, 415, "application/json"),
    "register_garbage": _refused(_BODY, 400, "no RegistrationRequest"),
    "register_empty": _refused(_BODY, 400, "actor_system"),
    "register_no_service_info": Here("a registration without service_info", 200, "OK"),
    "default_action_state": _refused("unknown action", 404, "Action [state] not found for Actor [Counter]"),
    "invoke_unknown_action": _refused("unknown action", 404, "Action [Nope] not found for Actor [Counter]"),
    "get_state_endpoint": Here("reading a state with GET", 200, "OK"),
    "err_host_500_valid": _refused(_HOST, 500, "HTTP 500"),
    "err_host_404_valid": _refused(_HOST, 500, "HTTP 404"),
    "err_host_garbage": _refused(_RETRY, 502, "not protobuf"),
    "err_host_garbage_backoff": _refused(_RETRY, 502, "not protobuf"),
    "err_host_500_body": _refused(_RETRY, 500, "boom"),
    "err_host_500_empty": _refused(_RETRY, 500, "HTTP 500"),
    "err_host_200_empty": _refused(_RETRY, 502, "body is empty"),
    "err_host_200_empty_default": _refused(_RETRY, 502, "body is empty"),
    "err_host_no_context": Here("an answer without updated_context", 200, "OK"),
    "err_host_slow_rt2000": _refused("request-timeout", 504, "did not answer within 2 s"),
    "err_host_slow_65s": _refused(_RETRY, 503, "did not answer within 3 s"),
    "err_host_down_rt2000": _refused(_RETRY, 503, "cannot be reached"),
    "err_host_down_default": _refused(_RETRY, 503, "cannot be reached"),
    "err_wrong_system": _refused("another actor system", 501, "serves the actor system lab-system"),
    "err_unknown_actor_async_rt2000": _refused("unknown actor", 404, "Actor Ghost not found", "ACTOR_NOT_FOUND"),
    "err_unknown_actor_rt2000": _refused("unknown actor", 404, "Actor Ghost not found", "ACTOR_NOT_FOUND"),
    "err_unknown_actor_default": _refused("unknown actor", 404, "Actor Ghost not found", "ACTOR_NOT_FOUND"),
    "wf_PipeBad": _refused("unknown action", 404, "Action [NoSuch] not found for Actor [P2]"),
    "wf_PipeGhost": _refused("unknown actor", 404, "Actor GhostX not found", "ACTOR_NOT_FOUND"),
    "spawn_unknown_parent": _refused("spawning from an unknown template", 404, "Actor NoTpl", "ACTOR_NOT_FOUND"),
    "spawn_no_parent": _refused("spawning from an unknown template", 400, "a parent"),
    "invoke_register_ref_unknown": _refused("spawning from an unknown template", 404, "NoTpl", "ACTOR_NOT_FOUND"),
    "invoke_checkpoint_flag": Here("checkpoint", 200, "OK"),
    "invoke_pooled_1": Here("pooled invocations", 200, "OK"),
    "invoke_pooled_2": Here("pooled invocations", 200, "OK"),
    "health_GET_metrics": Here("metrics", 200),
    "metrics_after_traffic": Here("metrics", 200),
    "register_ok": Here("proxy_info", 200, "OK"),
    "register_ct_application_protobuf": Here("proxy_info", 200, "OK"),
    "register_ct_application_octet-streamcharset=utf-8": Here("proxy_info", 200, "OK"),
    "register_other_system": Here("proxy_info", 200, "OK"),
}
"""By label; what is not here has to be equal."""

REQUESTS = [each for each in EXCHANGES if each.is_to_proxy]


@dataclass(frozen=True)
class Replayed:
    """What came of a request here."""

    status: int
    body: bytes
    seconds: float
    calls: list[pb.ActorInvocation]


@pytest.fixture(scope="module")
def host() -> Iterator[RawHost]:
    with RawHost(LabHost().answer) as host:
        yield host


@pytest.fixture(scope="module")
def proxy(host: RawHost) -> Iterator[RunningProxy]:
    with embedded(system=SYSTEM) as system:
        running = serve(system, http_port=0, host_port=host.port, host_timeout_s=3.0)
        send(running, post("/api/v1/system", registration()))
        with socket.create_server(("127.0.0.1", 0)) as unused:
            port = unused.getsockname()[1]
        send(running, post(f"/api/v1/system?host-port={port}", unreachable_actor()))
        yield running
        running.close()


@pytest.fixture(scope="module")
def replayed(proxy: RunningProxy, host: RawHost) -> dict[str, Replayed]:
    """All recorded requests, in the order of the recording."""
    came = {}
    for each in REQUESTS:
        came[each.label] = replay(proxy, host, each)
        if each.label == "invoke_sync_ok":  # two calls that were not recorded came after this one
            replay(proxy, host, each)
            replay(proxy, host, each)
    return came


def send(proxy: RunningProxy, request: bytes) -> bytes:
    return exchange(int(proxy.address.rpartition(":")[2]), request, timeout_s=120.0)


def replay(proxy: RunningProxy, host: RawHost, recorded: Exchange) -> Replayed:
    before, started = len(host.calls), time.monotonic()
    if recorded.method == "POST":
        answer = send(proxy, post(recorded.path, recorded.request, content_type=recorded.content_type))
    else:
        answer = send(proxy, f"{recorded.method} {recorded.path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n".encode())
    seconds = time.monotonic() - started
    calls = host.wait_for_calls(before + len(_calls_of(recorded)))[before:]
    # What its workflow sent to others is at the host too before the next request: those calls are not that one's.
    until(lambda: not proxy.system.driver.look(lambda engine, _: engine.is_at_work), f"{recorded.label} is over")
    return Replayed(
        status_of(answer), body_of(answer), seconds, [pb.ActorInvocation.FromString(call) for call in calls]
    )


def _calls_of(recorded: Exchange) -> list[Exchange]:
    if recorded.label.startswith("wf_"):
        return to_host(f"{recorded.label}_")
    return [each for each in EXCHANGES if not each.is_to_proxy and each.label == recorded.label]


@pytest.mark.parametrize("recorded", REQUESTS, ids=lambda each: each.label)
def test_recorded_request_gets_an_equal_answer_or_a_listed_one(
    recorded: Exchange, replayed: dict[str, Replayed]
) -> None:
    got = replayed[recorded.label]
    here = DIFFERENCES.get(recorded.label)

    if here is None:
        assert got.status == recorded.status
        assert _meaning(recorded, got.body) == _meaning(recorded, recorded.response)
        return
    assert got.status == here.status
    assert f"\n| {here.row} |" in README
    if here.said:
        status = (
            recorded.parsed(got.body).status
            if recorded.response_kind
            else pb.InvocationResponse.FromString(got.body).status
        )
        assert pb.Status.Name(status.status) == here.said
        assert here.text in status.message


def _meaning(recorded: Exchange, body: bytes) -> Any:
    return recorded.parsed(body) if recorded.response_kind else body


@pytest.mark.parametrize("recorded", REQUESTS, ids=lambda each: each.label)
def test_every_recorded_request_is_answered_at_once(recorded: Exchange, replayed: dict[str, Replayed]) -> None:
    assert replayed[recorded.label].seconds < QUICK_S


@pytest.mark.parametrize("recorded", [each for each in REQUESTS if _calls_of(each)], ids=lambda each: each.label)
def test_host_is_called_as_a_real_proxy_calls_it(recorded: Exchange, replayed: dict[str, Replayed]) -> None:
    expected = [pb.ActorInvocation.FromString(each.request) for each in _calls_of(recorded)]
    got = replayed[recorded.label].calls

    assert _comparable(got) == _comparable(expected)


def _comparable(calls: list[pb.ActorInvocation]) -> list[str]:
    """Without the states, which depend on calls that were not recorded, and the callers of effects, which we set."""
    comparable = []
    for call in calls:
        copy = pb.ActorInvocation()
        copy.CopyFrom(call)
        if copy.current_context.HasField("state"):
            copy.current_context.state.value = b""
        if "effmeta" in copy.current_context.metadata and copy.caller.name != "EffCaller":
            copy.ClearField("caller")
            copy.current_context.ClearField("caller")
        comparable.append(str(copy))
    return sorted(comparable)


def test_no_call_reaches_the_host_twice(replayed: dict[str, Replayed]) -> None:
    failing = [label for label in replayed if label.startswith("err_host")]

    assert {label: len(replayed[label].calls) for label in failing if len(replayed[label].calls) > 1} == {}


@pytest.mark.parametrize(
    "name", sorted(name.removesuffix(".req") for name in RAW if name.endswith(".req") and ".to_" not in name)
)
def test_raw_request_is_answered_with_a_length(name: str, proxy: RunningProxy) -> None:
    answer = send(proxy, RAW[f"{name}.req"])

    assert b"content-length: " in answer
    assert status_of(RAW[f"{name}.res"]) == status_of(answer) or status_of(answer) in (400, 404, 405, 415)


def test_every_difference_is_of_a_recorded_request() -> None:
    assert set(DIFFERENCES) <= {each.label for each in REQUESTS}
