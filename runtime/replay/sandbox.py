"""An actor continued in isolation: its state, and the turns that one runs on it here.

Nothing of it is anywhere else: no mailbox, no store, no other actor.  What its actions ask is answered from a record; what
they send is collected in the turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, Self

import msgspec

from runtime.authoring.context import Context
from runtime.authoring.definition import ActorDefinition
from runtime.authoring.settings import Kind
from runtime.drivers.action_calls import asked
from runtime.drivers.replies import error_of
from runtime.errors import NotRecorded, SpawnError, UnknownAction
from runtime.hosts.action_calls import build_call, build_tell
from runtime.hosts.in_process import InProcessHost
from runtime.ids import ActorId, CountingIds
from runtime.records import (
    CONFIRM_DROPPED,
    IMPLICIT_READS,
    RESTORE,
    Encoded,
    Failure,
    Invocation,
    Outcome,
    Reply,
    Sent,
    State,
    Turn,
    Work,
)  # fmt: skip
from runtime.wire.codecs.values import decode_answer, decode_value, encode_value


class Position(msgspec.Struct, frozen=True, array_like=True):
    """Where an actor stands between two turns."""

    state: State | None = None
    """None before the first change."""
    definition: str = ""
    """The definition that wrote the state; empty if that is not known."""
    tags: dict[str, str] = {}
    revision: int = 0

    def after(self, turn: Turn) -> Position:
        """Where it stands after a recorded turn."""
        if turn.failure is not None:
            return self
        state, definition = (self.state, self.definition) if turn.state is None else (turn.state, turn.definition)
        tags = turn.tags_before if turn.tags_after is None else turn.tags_after
        return Position(state, definition, tags, turn.revision)


class TurnInput(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn is given."""

    invocation: Invocation
    now_us: int
    """The clock reading of `ctx.now()`."""
    seed: int
    recorded: tuple[Sent, ...] = ()
    """What the action asked then, with the answers."""


def recorded_input(turn: Turn) -> TurnInput:
    """What a recorded turn was given."""
    invocation = Invocation(
        id=turn.invocation,
        actor=turn.actor,
        action=turn.action,
        payload=turn.payload,
        caller=turn.caller,
        cause=turn.cause,
        correlation=turn.correlation,
        key=turn.key,
        metadata=turn.metadata,
    )
    return TurnInput(invocation=invocation, now_us=turn.now_us, seed=turn.seed, recorded=turn.sent)


class ActorSandbox:
    """The actor.  One thread at a time; `with` ends its event loop, which it has only once an action is a coroutine."""

    def __init__(
        self,
        definition: ActorDefinition,
        actor: ActorId,
        at: Position = Position(),  # noqa: B008 - frozen
        *,
        answers: Mapping[str, Any] | None = None,
    ) -> None:
        """Raises DefinitionError: a type of the code has no encoding.

        Args:
            answers: what others answer, instead of the record, by `"actor.action"`.
        """
        self.at = at
        """May be set: the next turn starts there."""
        self.answers = dict(answers or {})
        self._actor = actor
        self._loop: asyncio.Runner | None = None
        self.use(definition)

    def use(self, definition: ActorDefinition) -> None:
        """Run this code from the next turn on.

        Raises:
            DefinitionError: a type of it has no encoding; what ran before runs on.
        """
        host = InProcessHost()
        host.prepare(definition)
        self._host, self.definition = host, definition
        self._keeps_state = definition.settings.stateful and definition.settings.kind is not Kind.POOLED

    def run(self, given: TurnInput) -> Turn:
        """Run one turn, and stand where it leads: a failed one leads nowhere."""
        work = self._work(given)
        outcome = self._outcome(work, given)
        if not self._keeps_state:
            outcome.state = None
        turn = _turn(work, outcome)
        self.at = self.at.after(turn)
        return turn

    @property
    def state(self) -> State | None:
        """The state now, in the shape of the code; that before the first turn if there was none.

        Raises:
            BadState: a stored value does not fit the code.
        """
        if self.at.state is None:
            return self._host.initial(self.definition.hash)
        if self.at.definition == self.definition.hash:
            return self.at.state
        return self._host.migrated(self.definition.hash, self.at.state)

    def _work(self, given: TurnInput) -> Work:
        invocation = msgspec.structs.replace(given.invocation, actor=self._actor)
        return Work(
            activation=self._actor,
            turn=0,
            invocation=invocation,
            parent=self.definition.name,
            definition=self.definition.hash,
            state=self.at.state,
            state_definition=self.at.definition,
            tags=self.at.tags,
            revision=self.at.revision,
            now_us=given.now_us,
            seed=given.seed,
        )

    def _outcome(self, work: Work, given: TurnInput) -> Outcome:
        action = work.invocation.action
        if action not in self.definition.actions:
            return self._without_code(work, action)
        calls = RecordedCalls(given.recorded, self.answers)
        if not self._host.is_async(work):
            return self._host.run(work, calls)
        if self._loop is None:
            self._loop = asyncio.Runner()
        return self._loop.run(self._host.arun(work, calls))

    def _without_code(self, work: Work, action: str) -> Outcome:
        """What the runtime answers itself."""
        if action in IMPLICIT_READS:
            state = self.state
            return Outcome(response=None if state is None else state.value)
        if action == RESTORE:
            payload = work.invocation.payload
            return Outcome() if payload is None else Outcome(state=State(payload))
        if action == CONFIRM_DROPPED:
            return self._host.run(work, RecordedCalls(()))
        error = UnknownAction(
            work.invocation.actor.name, action, self.definition.actions, methods=self.definition.plain_methods
        )
        return Outcome(failure=Failure(error.code, str(error)), error=error)

    def close(self) -> None:
        """End the event loop; what still runs on it is cancelled.  Safe to call twice."""
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _turn(work: Work, outcome: Outcome) -> Turn:
    """The record of a turn of a line, in the form of one of a journal."""
    invocation, is_good = work.invocation, outcome.failure is None
    state = outcome.state if is_good else None
    tags = outcome.tags if is_good and outcome.tags != work.tags else None
    return Turn(
        sequence=0,
        invocation=invocation.id,
        actor=invocation.actor,
        parent=work.parent,
        action=invocation.action,
        correlation=invocation.correlation or invocation.id,
        cause=invocation.cause,
        caller=invocation.caller,
        key=invocation.key,
        payload=invocation.payload,
        metadata=invocation.metadata,
        enqueued_us=work.now_us,
        started_us=work.now_us,
        finished_us=work.now_us,
        now_us=work.now_us,
        seed=work.seed,
        sent=outcome.messages,
        tags_before=work.tags,
        tags_after=tags,
        failure=outcome.failure,
        response=outcome.response if is_good else None,
        revision_before=work.revision,
        revision=work.revision + (state is not None or tags is not None),
        state=state,
        definition=work.definition,
        workflow=outcome.workflow if is_good else None,
    )


# --- Calls of replayed actions ----------------------------------------------------------------------------------------
# What an action that runs again asks and tells others: answered from a record, collected, and never sent.


class RecordedCalls:
    """`Calls` whose answers come from the record of a turn: each question once, told apart by its payload.

    A question that the record has no answer to is refused with `NotRecorded`: a copy asks no one.
    """

    def __init__(self, recorded: Sequence[Sent], answers: Mapping[str, Any] | None = None) -> None:
        """`answers`: instead of the record, by `"actor.action"`: a value, or a `SpawnError` to raise."""
        self._left = [each for each in recorded if each.asked]
        self._answers = answers or {}
        self._ids = CountingIds()

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        invocation = self._asked(turn, actor, action, payload, options)

        async def answer() -> Any:
            return self._answer(turn, invocation)

        return answer()

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        return self._answer(turn, self._asked(turn, actor, action, payload, options))

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(build_tell(turn, actor, action, payload, options, self._ids()))

    def _asked(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Invocation:
        return build_call(turn, actor, action, payload, options, self._ids())

    def _answer(self, turn: Context, question: Invocation) -> Any:
        reply = self._reply(question)
        turn.sent.append(asked(question, reply.response, reply.failure))
        error = error_of(reply, question)
        if error is not None:
            raise error
        return decode_answer(reply.response)

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
