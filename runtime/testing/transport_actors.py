"""The actors that the checks of transports call."""

from __future__ import annotations

import threading
from typing import Any

from google.protobuf.wrappers_pb2 import StringValue

from runtime.authoring.actor import Actor, action
from runtime.authoring.context import Context
from runtime.authoring.value import Broadcast, SideEffect, Value

WAIT_S = 10.0


class Gate:
    """Holds actions of this process until a check opens it."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self._open = threading.Event()

    def pass_through(self) -> None:
        self.entered.release()
        if not self._open.wait(WAIT_S):
            raise TimeoutError("no one opened the gate")

    def open(self) -> None:
        self._open.set()


gates: dict[str, Gate] = {}
"""By name, as actors are told of them."""


class Tally(Actor, name="tally", deactivate_timeout="1h", channels="news"):
    total: int = 0
    seen: list[int] = []

    @action
    def add(self, value: int) -> dict[str, int]:
        self.total += value
        self.seen = [*self.seen, value]
        return {"total": self.total}

    @action
    def fail(self, text: str) -> None:
        self.total = -1
        raise LookupError(text)

    @action
    def spoil(self) -> None:
        self.total = "no number"  # type: ignore[assignment]

    @action
    def nothing(self) -> None:
        pass

    @action
    def echo(self, ctx: Context, value: Any = None) -> Any:
        return {"value": value, "metadata": dict(ctx.metadata)}

    @action
    def greet(self, ctx: Context, name: StringValue) -> StringValue:
        return StringValue(value=f"hello {name.value}")

    @action
    def wait(self, gate: str) -> str:
        gates[gate].pass_through()
        return "passed"

    @action
    def receive(self, value: int) -> None:
        self.total += value


class TallyLater(Actor, name="tally", deactivate_timeout="1h", channels="news"):
    """What replaces `Tally`: an action less, one more, a field dropped."""

    total: int = 0
    note: str = "new"

    @action
    def add(self, value: int) -> dict[str, int]:
        self.total += 10 * value
        return {"total": self.total}

    @action
    def describe(self) -> str:
        return f"{self.note} {self.total}"


class Child(Actor, name="child", kind="unnamed", deactivate_timeout="1h"):
    calls: int = 0

    @action
    async def who(self, ctx: Context) -> dict[str, Any]:
        self.calls += 1
        return {"name": ctx.self.name, "calls": self.calls}


class Relay(Actor, name="relay", deactivate_timeout="1h"):
    asked: int = 0

    @action
    async def ask(self, ctx: Context, actor: str, action: str, payload: Any = None) -> Any:
        self.asked += 1
        return await ctx.invoke(actor, action, payload)

    @action
    def call(self, ctx: Context, actor: str, action: str, payload: Any = None) -> Any:
        self.asked += 1
        return ctx.call(actor, action, payload)

    @action
    def tell(self, ctx: Context, value: int, fails: bool = False) -> None:
        ctx.tell("tally", "add", {"value": value})
        if fails:
            raise RuntimeError("after telling")

    @action
    def route(self, value: int) -> Value:
        effect = SideEffect.to("tally", "add", {"value": value})
        return Value.of().response({"sent": value}).effect(effect).broadcast(Broadcast.to("news", {"value": value}))

    @action
    def inside(self, ctx: Context) -> dict[str, Any]:
        return {
            "caller": str(ctx.caller),
            "now": ctx.now().isoformat(),
            "uuid": str(ctx.uuid()),
            "tags": dict(ctx.tags),
        }

    @action
    def tagged(self) -> Value:
        return Value.of().response("tagged").tags({"colour": "red"})
