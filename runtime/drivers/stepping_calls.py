"""What a stepped system hands out instead of threads: places for replies, and calls that wait for a step."""

from __future__ import annotations

from collections.abc import Awaitable, Generator, Mapping
from typing import Any, Protocol

from runtime.codecs.values import decode_value
from runtime.context import Context
from runtime.drivers.calls import outgoing, sent, told
from runtime.drivers.waiters import error_of
from runtime.errors import InternalError, InvocationTimeout, WouldBlock
from runtime.ids import IdSource
from runtime.records import Invocation, Reply


class Stepper(Protocol):
    """What calls need of the driver."""

    @property
    def ids(self) -> IdSource: ...

    def submit(self, invocation: Invocation, waiter: object) -> None: ...

    def step(self) -> object | None: ...


class Pending:
    """The place for one reply."""

    __slots__ = ("invocation", "reply")

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.reply: Reply | None = None

    @property
    def is_done(self) -> bool:
        return self.reply is not None

    def deliver(self, reply: Reply) -> None:
        if self.reply is not None:
            raise InternalError(f"Invocation {self.invocation.id} was answered twice.")
        self.reply = reply

    def result(self) -> Any:
        """The decoded response.

        Raises:
            InvocationTimeout: there is no reply yet.
            SpawnError: what the reply says.
        """
        if self.reply is None:
            raise InvocationTimeout(self.invocation.actor.name, self.invocation.action, 0.0)
        error = error_of(self.reply, self.invocation)
        if error is not None:
            raise error
        return decode_value(self.reply.response)


class Asked(Pending):
    """A question of a coroutine action; awaiting it suspends the action until a step resumes it."""

    __slots__ = ("_turn",)

    def __init__(self, invocation: Invocation, turn: Context) -> None:
        super().__init__(invocation)
        self._turn = turn

    def deliver(self, reply: Reply) -> None:
        super().deliver(reply)
        self._turn.sent.append(sent(self.invocation, reply.response, reply.failure))

    def __await__(self) -> Generator[Asked, None, Any]:
        while not self.is_done:
            yield self
        return self.result()


class SteppingCalls:
    """`Calls` of actions under a stepping driver."""

    def __init__(self, driver: Stepper) -> None:
        self._driver = driver

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        if not turn.is_async:
            raise WouldBlock("ctx.invoke must be awaited; in a plain def use ctx.call.")
        invocation = outgoing(turn, actor, action, payload, options, self._driver.ids())
        asked = Asked(invocation, turn)
        self._driver.submit(invocation, asked)
        return asked

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        if turn.is_async:
            raise WouldBlock("ctx.call would block here; in an async def use await ctx.invoke.")
        invocation = outgoing(turn, actor, action, payload, options, self._driver.ids())
        asked = Asked(invocation, turn)
        self._driver.submit(invocation, asked)
        while not asked.is_done and self._driver.step() is not None:
            pass
        return asked.result()

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(told(turn, actor, action, payload, options, self._driver.ids()))
