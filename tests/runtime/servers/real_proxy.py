"""A real proxy as our host meets it, and actors, for the tests of the host."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from google.protobuf.wrappers_pb2 import StringValue

from runtime.authoring.actor import Actor, action, init, timer
from runtime.authoring.context import Context
from runtime.authoring.value import Broadcast, SideEffect, Value
from runtime.servers.spawn_host.host import ActorHost
from runtime.testing.raw_host import CALL_PATH, Raw, RawHost, body_of, exchange, ok, post, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.captures import EXCHANGES, SYSTEM

UP = ok(b'{"status":"up"}', content_type="application/json")
ACCEPTED = next(each.response for each in EXCHANGES if each.label == "register_ok")
WAIT_S = 120.0


class Counter(Actor, name="Counter", state_type=StringValue):
    """The actor of the recordings: its state is a text."""

    @action(name="Incr")
    def incr(self, ctx: Context, said: StringValue) -> Value:
        number = int(ctx.state.value or "0") + 1
        return Value.of(StringValue(value=f"n={number}"), StringValue(value=str(number)))


class Tally(Actor, name="Tally", channels=[("news", "add")], tags={"colour": "red"}, deactivate_timeout="10s"):
    total: int = 0

    @init
    def begin(self) -> None:
        self.total = max(self.total, 100)

    @action
    def add(self, value: int = 1) -> dict[str, int]:
        self.total += value
        return {"total": self.total}

    @action
    def fail(self) -> None:
        raise LookupError("no such thing")

    @action
    def flow(self, ctx: Context) -> Value:
        ctx.tell("other", "told", {"value": 1})
        value = Value.of({"done": True}).effect(SideEffect.to("other", "effect", delay="1s")).checkpoint()
        return value.broadcast(Broadcast.to("news", {"value": 2})).tags({"colour": "blue"})

    @timer(every="1h")
    def tick(self) -> None:
        self.total += 1


class Gated(Actor, name="Gated"):
    """Waits in its action until a test opens the gate."""

    gate = threading.Event()
    runs = 0

    @action
    def wait(self) -> str:
        type(self).runs += 1
        assert type(self).gate.wait(WAIT_S)
        return "passed"


class RealProxy(RawHost):
    """Healthy, and takes every registration."""

    def __init__(self, port: int = 0) -> None:
        super().__init__(self._answer, port)
        self.accepts = ok(ACCEPTED)

    def _answer(self, _: bytes) -> Raw:
        return UP if " /health" in self.messages[-1].start else self.accepts

    def registrations(self) -> list[pb.RegistrationRequest]:
        return [pb.RegistrationRequest.FromString(m.body) for m in list(self.messages) if m.start.startswith("POST")]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def until(condition: Callable[[], object], what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"within {WAIT_S:g} s, this did not happen: {what}"
        time.sleep(0.005)


def call(name: str, action_name: str, state: Any = None, value: Any = None, **fields: Any) -> pb.ActorInvocation:
    made = pb.ActorInvocation(action_name=action_name, value=value, **fields)
    made.actor.name, made.actor.system = name, SYSTEM
    if state is not None:
        made.current_context.state.CopyFrom(state)
    return made


def ask(host: ActorHost, message: pb.ActorInvocation) -> tuple[int, bytes]:
    answer = exchange(host.port, post(CALL_PATH, message.SerializeToString()))
    return status_of(answer), body_of(answer)


def answered(host: ActorHost, message: pb.ActorInvocation) -> pb.ActorInvocationResponse:
    status, body = ask(host, message)
    assert status == 200, body
    return pb.ActorInvocationResponse.FromString(body)
