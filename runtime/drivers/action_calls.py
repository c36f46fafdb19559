"""How messages that an action sends reach other actors under the thread driver."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

from runtime.authoring.context import Context
from runtime.drivers.replies import BlockingWaiter, LoopPort, ReplyPort
from runtime.hosts.action_calls import build_call, build_tell, timeout_s
from runtime.records import Encoded, Failure, Invocation, Reply, Sent

if TYPE_CHECKING:
    from runtime.drivers.thread_driver import ThreadDriver


class _Recording:
    """A waiter that notes the reply in the turn before it passes it on."""

    __slots__ = ("_inner", "_invocation", "_turn")

    def __init__(self, turn: Context, invocation: Invocation, inner: Any) -> None:
        self._turn, self._invocation, self._inner = turn, invocation, inner

    def deliver(self, reply: Reply) -> ReplyPort | None:
        self._turn.sent.append(asked(self._invocation, reply.response, reply.failure))
        port: ReplyPort | None = self._inner.deliver(reply)
        return port


def asked(invocation: Invocation, reply: Encoded | None, failure: Failure | None) -> Sent:
    """The record of an answered question."""
    return Sent(invocation.actor, invocation.action, invocation.payload, invocation.id, True, reply, failure)


class ThreadCalls:
    """`Calls` over a `ThreadDriver`."""

    def __init__(self, driver: ThreadDriver, ids: Any) -> None:
        self._driver, self._ids = driver, ids
        self._port: LoopPort | None = None

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        invocation = build_call(turn, actor, action, payload, options, self._ids())
        if self._driver.coroutines.endings:
            self._driver.coroutines.absorb()
        loop = asyncio.get_running_loop()
        if self._port is None or self._port.loop is not loop:
            self._port = LoopPort(loop)
        limit_s = self._timeout(options)
        waiter = self._port.waiter(invocation, limit_s, default_s=self._driver.config.timeout_s)
        self._driver.submit(invocation, _Recording(turn, invocation, waiter))
        return waiter.future

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        invocation = build_call(turn, actor, action, payload, options, self._ids())
        limit_s = self._timeout(options)
        waiter = BlockingWaiter(self._driver.callers)
        self._driver.submit(invocation, _Recording(turn, invocation, waiter))
        worker = self._driver.current_worker()
        if worker is not None:
            self._driver.pool.yield_slot(worker)
        return waiter.wait(invocation, limit_s)

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(build_tell(turn, actor, action, payload, options, self._ids()))

    def _timeout(self, options: Mapping[str, Any]) -> float:
        return timeout_s(options, self._driver.config.timeout_s)
