"""What an action that runs again asks and tells others: answered from a record, collected, and never sent."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from runtime.codecs.values import decode_value, encode_value
from runtime.context import Context
from runtime.drivers.calls import sent
from runtime.drivers.waiters import error_of
from runtime.errors import NotRecorded, SpawnError, WouldBlock
from runtime.hosts.outgoing import ASK_OPTIONS, check_options, outgoing, told
from runtime.ids import CountingIds
from runtime.records import Encoded, Failure, Invocation, Reply, Sent


class RecordedCalls:
    """`Calls` whose answers come from the record of a turn: each question once, told apart by its payload.

    A question that the record has no answer to is refused with `NotRecorded`: a copy asks nobody.
    """

    def __init__(self, recorded: Sequence[Sent], answers: Mapping[str, Any] | None = None) -> None:
        """`answers`: instead of the record, by `"actor.action"`: a value, or a `SpawnError` to raise."""
        self._left = [each for each in recorded if each.asked]
        self._answers = answers or {}
        self._ids = CountingIds()

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        if not turn.is_async:
            raise WouldBlock("ctx.invoke must be awaited, and a plain def cannot await. Write ctx.call there.")
        invocation = self._asked(turn, actor, action, payload, options, "ctx.invoke")

        async def answer() -> Any:
            return self._answer(turn, invocation)

        return answer()

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        if turn.is_async:
            raise WouldBlock("ctx.call would block the event loop of an async def. Write await ctx.invoke there.")
        return self._answer(turn, self._asked(turn, actor, action, payload, options, "ctx.call"))

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(told(turn, actor, action, payload, options, self._ids()))

    def _asked(
        self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any], call: str
    ) -> Invocation:
        check_options(options, ASK_OPTIONS, call)
        return outgoing(turn, actor, action, payload, options, self._ids())

    def _answer(self, turn: Context, question: Invocation) -> Any:
        reply = self._reply(question)
        turn.sent.append(sent(question, reply.response, reply.failure))
        error = error_of(reply, question)
        if error is not None:
            raise error
        return decode_value(reply.response)

    def _reply(self, question: Invocation) -> Reply:
        name = f"{question.actor.name}.{question.action}"
        if name in self._answers:
            return _given(question, self._answers[name])
        same = [each for each in self._left if (each.actor.name, each.action) == (question.actor.name, question.action)]
        for each in same:
            if is_same_value(each.payload, question.payload):
                self._left.remove(each)
                return Reply(question.id, each.reply, each.failure)
        error = NotRecorded(question.actor.name, question.action, with_other_payload=bool(same))
        return Reply(question.id, failure=Failure(error.code, str(error)), error=error)


def _given(question: Invocation, answer: Any) -> Reply:
    if isinstance(answer, SpawnError):
        return Reply(question.id, failure=Failure(answer.code, str(answer)), error=answer)
    what = f"the given answer of {question.actor.name}.{question.action}"
    return Reply(question.id, encode_value(answer, what=what))


def is_same_value(one: Encoded | None, other: Encoded | None) -> bool:
    """Whether two values mean the same: the order of a JSON object's fields does not matter."""
    if one == other:
        return True
    if one is None or other is None:
        return decode_value(one) is None and decode_value(other) is None
    return one.type == other.type and bool(decode_value(one) == decode_value(other))
