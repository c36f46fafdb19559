"""What the actions of this process ask of the node that owns their actors."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from runtime.context import Context
from runtime.drivers.calls import check_options, outgoing, told
from runtime.drivers.waiters import BlockingWaiter, LoopPort, Waiter
from runtime.errors import Unreachable, WouldBlock
from runtime.hosts.outgoing import timeout_s
from runtime.ids import RandomIds
from runtime.records import Failure, Invocation, Reply
from runtime.wire.node_values import get_failure, get_value
from runtime.wire.node_work import make_ask
from runtime.wire.workbench.v1 import node_pb2 as pb

_OPTIONS = frozenset({"parent", "system", "metadata", "timeout", "key"})
_DEFAULT_S = 60.0
_BROKEN = Failure(Unreachable.code, "The connection to the node broke before the answer was there.")


class NodeAsks:
    """`Calls` over one connection; when it breaks, whoever waits is told."""

    def __init__(self, send: Callable[[pb.FromHost], None]) -> None:
        self._send = send
        self._numbers, self._ids = itertools.count(1), RandomIds()
        self._waiting: dict[int, tuple[Waiter, Invocation]] = {}
        self._port: LoopPort | None = None
        self._is_broken = False

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        if not turn.is_async:
            name = turn.work.invocation.action
            raise WouldBlock(
                f"ctx.invoke must be awaited, and {name} is a plain def, which cannot await.\n"
                f"Write `ctx.call({actor!r}, {action!r}, …)` there, or make it `async def {name}`."
            )
        if self._port is None:
            self._port = LoopPort(asyncio.get_running_loop())
        invocation, limit_s = self._prepared(turn, actor, action, payload, options, "ctx.invoke")
        waiter = self._port.waiter(invocation, limit_s, default_s=_DEFAULT_S)
        self._submit(turn, invocation, waiter, limit_s)
        return waiter.future

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        if turn.is_async:
            name = turn.work.invocation.action
            raise WouldBlock(
                f"{name} is an async def: waiting here would stop the event loop that all coroutine actions share.\n"
                f"Write `await ctx.invoke({actor!r}, {action!r}, …)`."
            )
        invocation, limit_s = self._prepared(turn, actor, action, payload, options, "ctx.call")
        waiter = BlockingWaiter()
        self._submit(turn, invocation, waiter, limit_s)
        return waiter.wait(invocation, limit_s)

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(told(turn, actor, action, payload, options, self._ids()))

    def answered(self, answer: pb.AskReply) -> None:
        """The node has an answer.  Called on the connection's loop."""
        waiting = self._waiting.pop(answer.id, None)
        if waiting is not None:
            failure = get_failure(answer.failure) if answer.HasField("failure") else None
            _deliver(*waiting, get_value(answer.response), failure)

    def broken(self) -> None:
        """No answer will come any more."""
        self._is_broken = True
        for number in list(self._waiting):
            waiting = self._waiting.pop(number, None)
            if waiting is not None:
                _deliver(*waiting, None, _BROKEN)

    def _prepared(
        self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any], call: str
    ) -> tuple[Invocation, float]:
        check_options(options, _OPTIONS, call)
        invocation = outgoing(turn, actor, action, payload, options, self._ids())
        return invocation, timeout_s(options, _DEFAULT_S)

    def _submit(self, turn: Context, invocation: Invocation, waiter: Waiter, limit_s: float) -> None:
        number = next(self._numbers)
        self._waiting[number] = (waiter, invocation)
        self._send(make_ask(number, turn.work, invocation, limit_s))
        if self._is_broken:
            self.broken()


def _deliver(waiter: Waiter, invocation: Invocation, response: Any, failure: Failure | None) -> None:
    port = waiter.deliver(Reply(invocation.id, response=response, failure=failure))
    if port is not None:
        port.wake()
