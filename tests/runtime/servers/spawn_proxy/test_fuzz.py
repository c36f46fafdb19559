"""Anything at all, sent to every endpoint: always an answer, and a server that is as it was before."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from runtime.servers.spawn_proxy.server import RunningProxy
from runtime.testing.raw_host import Raw, RawHost, exchange, ok, post, status_of
from tests.runtime.servers.captures import EXCHANGES
from tests.runtime.servers.proxies import actor, answering, counting, invoke, port_of, proxy, register, send

PATHS = [
    "/api/v1/system",
    "/api/v1/system/lab/actors/spawn",
    "/api/v1/system/lab/actors/spawn?revision=1",
    "/api/v1/system/lab/actors/counter/invoke",
    "/api/v1/system/lab/actors/counter",
    "/api/v1/host?host-port=1",
    "/health",
    "/health/readiness",
    "/metrics",
]
SEEDS = [each.request for each in EXCHANGES if each.is_to_proxy and each.request]
FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def mutated(draw: st.DrawFn, seeds: Sequence[bytes] = SEEDS) -> bytes:
    """A recorded message with pieces cut out, doubled, or overwritten."""
    body = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        end = draw(st.integers(start, min(len(body), start + 12)))
        body[start:end] = draw(st.sampled_from([b"", bytes(body[start:end]) * 2]) | st.binary(max_size=8))
    return bytes(body)


@pytest.fixture(scope="module")
def running() -> Iterator[RunningProxy]:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        yield running


@FUZZ
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=300) | mutated())
def test_any_body_at_any_endpoint_gets_an_answer(running: RunningProxy, path: str, body: bytes) -> None:
    assert 200 <= status_of(send(running, post(path, body))) < 600


@FUZZ
@given(data=st.binary(min_size=1, max_size=300))
def test_any_bytes_get_an_answer_or_wait_for_more(running: RunningProxy, data: bytes) -> None:
    # Empty lines before a request are passed over (RFC 9112 §2.2): of nothing else, the server may wait for more.
    assume(data.strip(b"\r\n"))
    # The empty line ends whatever may have been the head of a request.
    answer = exchange(port_of(running), data.replace(b"\n", b" ") + b"\r\n\r\n", timeout_s=120.0)

    assert status_of(answer) >= 400


@FUZZ
@given(answer=st.binary(max_size=300) | mutated())
def test_any_answer_of_a_host_is_an_outcome(answer: bytes) -> None:
    FUZZED.answer = ok(answer)

    status, response = invoke(FUZZED.running, "fuzzed", "add")

    assert status in (200, 502)
    assert response.status.status


class Fuzzed:
    """A host whose next answer a test says."""

    running: RunningProxy
    answer = Raw()


FUZZED = Fuzzed()


@pytest.fixture(scope="module", autouse=True)
def fuzzed(running: RunningProxy) -> Iterator[None]:
    with RawHost(lambda _: FUZZED.answer) as host:
        FUZZED.running = running
        register(running, actor("fuzzed", "add"), host_port=host.port)
        yield


def test_server_is_up_and_has_not_grown_after_all_that(running: RunningProxy) -> None:
    before = (threading.active_count(), _memory_bytes(), len(list(Path("/proc/self/fd").iterdir())))
    for _ in range(20):
        for body in SEEDS:
            send(running, post("/api/v1/system/lab/actors/counter/invoke", body[:-1]))
    after = (threading.active_count(), _memory_bytes(), len(list(Path("/proc/self/fd").iterdir())))

    assert invoke(running, "counter", "add")[0] == 200
    assert after[0] <= before[0] + 10
    assert after[1] - before[1] < 30_000_000
    assert after[2] <= before[2] + 50


def _memory_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4_096
