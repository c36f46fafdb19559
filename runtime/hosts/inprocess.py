"""User code in this process.

Between turns the host keeps, for actors that had one lately, the decoded fields of the state they were last given: the
working copy of the next turn.  It is a cache and no more: it is used only when the engine's state is the very object it was
made from, and the program the very one that decoded it.  It is dropped when an action fails, so that a failed turn cannot
leave anything behind.
"""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from runtime.codecs.base import StateCodec
from runtime.codecs.protobuf_state import MESSAGE
from runtime.codecs.values import decode_value, encode_value
from runtime.context import Calls, Context, current_turn
from runtime.definition import ActorDefinition
from runtime.errors import BadPayload, BadResponse, BadState, SpawnError
from runtime.hosts.capsules import Capsules
from runtime.hosts.outcomes import (
    checkpoint_of,
    failed,
    failed_around,
    refused,
    replaced_fields,
    tags_of,
    workflow_of,
)
from runtime.hosts.program import Program, RunnableAction
from runtime.hosts.working import WorkingCopies
from runtime.ids import ActorId
from runtime.records import JSON, Encoded, Outcome, State, Work
from runtime.value import UNSET, Value

_put = object.__setattr__
_NOTHING_SENT: tuple[Any, ...] = ()


class _Turn(msgspec.Struct):
    """A turn that is under way.  A `Struct`, since it is made for every turn."""

    program: Program
    action: RunnableAction
    context: Context
    instance: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    fields: dict[str, Any]
    aside: bytes | None
    """What a migration kept beside the state; None when there was no migration."""


class InProcessHost:
    """Runs actor classes of this process.  Safe from several threads, as long as one actor has one turn at a time.

    Whatever a user's code raises, in an action or around it, is the outcome of the turn: `run` and `arun` raise nothing, but for a
    coroutine that is cancelled or closed from outside.
    """

    def __init__(self) -> None:
        self.capsules = Capsules()
        """The last failed turns."""
        self._programs: dict[str, Program] = {}
        self._coroutines: set[tuple[str, str]] = set()
        """Definition and action of those that are coroutines.  Replaced, never changed in place: any thread reads it."""
        self._working = WorkingCopies()

    def prepare(self, definition: ActorDefinition) -> None:
        """See `Host.prepare`.  Also takes another class of the same hash: what was defined last is what runs."""
        program = Program(definition)
        coroutines = {(definition.hash, name) for name, action in program.actions.items() if action.is_async}
        self._coroutines = {each for each in self._coroutines if each[0] != definition.hash} | coroutines
        self._programs[definition.hash] = program

    def definition(self, definition: str) -> ActorDefinition | None:
        """A definition that was prepared here, by its hash."""
        program = self._programs.get(definition)
        return program.definition if program is not None else None

    def is_async(self, work: Work) -> bool:
        return bool(self._coroutines) and (work.definition, work.invocation.action) in self._coroutines

    def forget(self, actor: ActorId) -> None:
        self._working.take(actor)

    def initial(self, definition: str) -> State:
        """The state of an actor of that definition before its first turn."""
        return self._programs[definition].codec.initial_state

    def migrated(self, definition: str, state: State) -> State:
        codec = self._programs[definition].codec
        fields, aside = codec.migrate(state)
        sealed, _ = codec.seal(fields, None)
        return State(sealed.value if sealed is not None else codec.initial_state.value, aside)

    def run(self, work: Work, calls: Calls) -> Outcome:
        try:
            turn = self._begin(work, calls, is_async=False)
            if turn is None:
                return self._forget_aside(work)
        except BaseException as error:  # noqa: BLE001 - code of the user's reads payloads and states, too
            return failed_around(work, None, error)
        token = current_turn.set(turn.context)
        try:
            result = turn.action.function(turn.instance, *turn.arguments, **turn.keywords)
        except BaseException as error:  # noqa: BLE001 - whatever an action raises is the outcome of its turn
            return self.capsules.keep(work, failed(work, turn.context, error))
        finally:
            current_turn.reset(token)
        try:
            return self._end(work, turn, result)
        except BaseException as error:  # noqa: BLE001 - code of the user's compares and encodes states and responses
            return self.capsules.keep(work, failed_around(work, turn.context, error))

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        try:
            turn = self._begin(work, calls, is_async=True)
        except BaseException as error:  # noqa: BLE001 - as in `run`
            return failed_around(work, None, error)
        assert turn is not None
        token = current_turn.set(turn.context)
        try:
            result = await turn.action.function(turn.instance, *turn.arguments, **turn.keywords)
        except GeneratorExit as error:
            if is_being_closed(error):
                raise
            return self.capsules.keep(work, failed(work, turn.context, error))
        except asyncio.CancelledError as error:
            if _is_given_up():
                raise
            return self.capsules.keep(work, failed(work, turn.context, error))
        except BaseException as error:  # noqa: BLE001 - whatever an action raises is the outcome of its turn
            return self.capsules.keep(work, failed(work, turn.context, error))
        finally:
            current_turn.reset(token)
        try:
            return self._end(work, turn, result)
        except BaseException as error:  # noqa: BLE001 - code of the user's compares and encodes states and responses
            return self.capsules.keep(work, failed_around(work, turn.context, error))

    def _begin(self, work: Work, calls: Calls, *, is_async: bool) -> _Turn | None:
        """Arguments, instance and context; None for the runtime's own action, which has no function."""
        program = self._programs[work.definition]
        action = program.actions.get(work.invocation.action)
        if action is None:
            return None
        arguments, keywords = action.read(work.invocation.payload)
        cached = self._working.take(work.activation)
        if cached is not None and cached[0] is work.state and cached[1] is program:
            fields, aside = cached[2], None
        else:
            fields, aside = _restored(work, program.codec)
        instance, state = program.new(), fields
        if program.is_message:
            state = fields[MESSAGE]
        else:
            _put(instance, "__dict__", fields)
        context = Context(work, calls, state, is_async)
        if action.context_parameter:
            arguments, keywords = action.with_context(arguments, keywords, context)
        return _Turn(program, action, context, instance, arguments, keywords, fields, aside)

    def _end(self, work: Work, turn: _Turn, result: Any) -> Outcome:
        context = turn.context
        if context.used_tags is not None or isinstance(result, Value) or turn.aside is not None:
            return self._end_fully(work, turn, result)
        program = turn.program
        fields = turn.fields if program.is_message else turn.instance.__dict__
        try:
            state, back = program.codec.seal(fields, work.state)
            response = encode_value(result, what="the response")
        except SpawnError as error:
            return self.capsules.keep(work, refused(_of_response(work, error), context))
        self._working.put(work.activation, (work.state if state is None else state, turn.program, back))
        return Outcome(
            response=response,
            state=state,
            tags=work.tags,
            sent=tuple(context.sent) if context.sent else _NOTHING_SENT,
            told=tuple(context.held) if context.held else _NOTHING_SENT,
        )

    def _end_fully(self, work: Work, turn: _Turn, result: Any) -> Outcome:
        """The end of a turn that used its tags or returned a `Value`, or whose state was migrated."""
        value = result if isinstance(result, Value) else Value.of(result)
        context, codec = turn.context, turn.program.codec
        fields = turn.fields if turn.program.is_message else turn.instance.__dict__
        try:
            if value.new_state is not UNSET:
                fields = replaced_fields(turn.program, fields, value.new_state)
            state, back = codec.seal(fields, work.state)
            if turn.aside is not None:
                state = _with_aside(state, work.state, turn.aside)
            response = encode_value(value.payload, what="the response")
        except SpawnError as error:
            return self.capsules.keep(work, refused(_of_response(work, error), context))
        try:
            tags, workflow, checkpoint = _tags_after(work, context, value), workflow_of(value), checkpoint_of(value)
        except SpawnError as error:
            return self.capsules.keep(work, refused(_unchanged(work, error), context))
        self._working.put(work.activation, (work.state if state is None else state, turn.program, back))
        return Outcome(
            response=response,
            state=state,
            tags=tags,
            workflow=workflow,
            checkpoint=checkpoint,
            sent=tuple(context.sent),
            told=tuple(context.held),
        )

    def _forget_aside(self, work: Work) -> Outcome:
        """`CONFIRM_DROPPED`: the names of the fields whose kept values are now gone."""
        codec = self._programs[work.definition].codec
        try:
            fields, aside = codec.migrate(work.state) if work.state is not None else (codec.initial(), b"")
            sealed, _ = codec.seal(fields, None)
        except BadState as error:
            return refused(error)
        names = sorted(decode_value(Encoded(JSON, aside))) if aside else []
        state = State((sealed or codec.initial_state).value) if names else None
        return Outcome(response=encode_value(names, what="the names"), state=state)


def _with_aside(new: State | None, old: State | None, aside: bytes) -> State | None:
    """A migrated state with what the migration keeps aside; None if both are as they were."""
    if new is not None:
        return State(new.value, aside)
    if old is None or old.kept_aside == aside:
        return None
    return State(old.value, aside)


def is_being_closed(error: GeneratorExit) -> bool:
    """Whether it was raised by closing the coroutine that caught it, rather than by what that awaited."""
    return error.__traceback__ is None or error.__traceback__.tb_next is None


def _is_given_up() -> bool:
    """Whether the turn was cancelled from outside; else the action awaited something that was cancelled."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # without a loop, nobody cancels
        return False
    return task is None or task.cancelling() > 0


def _restored(work: Work, codec: StateCodec) -> tuple[dict[str, Any], bytes | None]:
    """A working copy made anew, and what a migration keeps aside (None: no migration took place)."""
    if work.state is None:
        return codec.initial(), None
    if work.state_definition == work.definition:
        return codec.restore(work.state), None
    return codec.migrate(work.state)


def _tags_after(work: Work, context: Context, value: Value) -> dict[str, str]:
    """What the turn leaves: a copy, so that what the action changes later changes no record."""
    given = context.used_tags if value.new_tags is None else value.new_tags
    return work.tags if given is None else tags_of(given)


def _unchanged(work: Work, error: SpawnError) -> SpawnError:
    """The same error, which also says that nothing happened."""
    name = f"{work.invocation.actor.name}.{work.invocation.action}"
    told = type(error)(
        f"{name}: {error}\nThe turn was refused; the state of {work.invocation.actor.name} is as it was before."
    )
    told.__cause__ = error.__cause__
    return told


def _of_response(work: Work, error: SpawnError) -> SpawnError:
    """The same error; what makes a payload bad makes a response bad."""
    if not isinstance(error, BadPayload):
        return error
    name = f"{work.invocation.actor.name}.{work.invocation.action}"
    bad = BadResponse(f"{name}: {error} The state of {work.invocation.actor.name} is as it was before.")
    bad.__cause__ = error
    return bad
