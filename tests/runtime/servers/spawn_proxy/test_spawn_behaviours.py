"""The behaviours of docs/protocols.md, "Behaviours that Spawn tests", that are the proxy's own, by number.

The others are in `tests/runtime/system/test_spawn_behaviours.py`.
"""

from __future__ import annotations

import json

import pytest

from runtime.testing.raw_host import body_of, post, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.proxies import actor, proxy, registration, send


def test_behaviour_1_registering_five_actors_is_answered_ok() -> None:
    five = registration(*(actor(f"actor-{number}", "act") for number in range(5)))
    with proxy() as running:
        answer = send(running, post("/api/v1/system", five.SerializeToString()))

    assert status_of(answer) == 200
    assert pb.RegistrationResponse.FromString(body_of(answer)).status.status == pb.OK


@pytest.mark.parametrize(("number", "path"), [(3, "readiness"), (4, "liveness")])
def test_behaviours_3_and_4_health_is_answered_with_a_status(number: int, path: str) -> None:
    with proxy() as running:
        answer = send(running, f"GET /health/{path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())

    assert status_of(answer) == 200
    assert json.loads(body_of(answer))["status"]
