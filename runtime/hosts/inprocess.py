"""User code in this process.

Between turns the host keeps, per active actor, the decoded fields of the state it was last given: the working copy of the
next turn.  It is a cache and no more: it is used only when the engine's state is the very object it was made from, and it is
dropped when an action fails, so that a failed turn cannot leave anything behind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from runtime.codecs.protobuf_state import MESSAGE
from runtime.codecs.values import decode_value, encode_value
from runtime.config import duration_ms
from runtime.context import Calls, Context, current_turn
from runtime.definition import ActorDefinition
from runtime.errors import ActionFailed, BadResponse, BadState, SpawnError, shown
from runtime.hosts.program import Program, RunnableAction
from runtime.hosts.trace import user_trace
from runtime.ids import ActorId
from runtime.records import CONFIRM_DROPPED, JSON, Effect, Encoded, Failure, Outcome, Publication, Route, State, Work, Workflow
from runtime.value import UNSET, Broadcast, Forward, Pipe, SideEffect, Value

_put_dict = object.__setattr__


class _Started:
    """A turn that is under way: its instance, arguments and context."""

    __slots__ = ("action", "arguments", "aside", "context", "instance", "keywords", "program")

    program: Program
    action: RunnableAction
    instance: Any
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]
    context: Context
    aside: bytes | None


class InProcessHost:
    """Runs actor classes of this process.  Safe from several threads, as long as one actor has one turn at a time."""

    def __init__(self) -> None:
        self._programs: dict[str, Program] = {}
        self._working: dict[ActorId, tuple[State | None, str, dict[str, Any]]] = {}

    def prepare(self, definition: ActorDefinition) -> None:
        self._programs[definition.hash] = Program(definition)

    def is_async(self, work: Work) -> bool:
        action = self._programs[work.definition].actions.get(work.invocation.action)
        return action is not None and action.is_async

    def forget(self, actor: ActorId) -> None:
        self._working.pop(actor, None)

    def initial(self, definition: str) -> State:
        """The state of an actor of that definition before its first turn."""
        state: State = self._programs[definition].codec.initial_state  # type: ignore[attr-defined]
        return state

    def migrated(self, definition: str, state: State) -> State:
        codec = self._programs[definition].codec
        fields, aside = codec.migrate(state)
        sealed, _ = codec.seal(fields, None)
        return State(sealed.value if sealed is not None else self.initial(definition).value, aside)

    def run(self, work: Work, calls: Calls) -> Outcome:
        if work.invocation.action == CONFIRM_DROPPED:
            return self._confirm_dropped(work)
        try:
            started = self._start(work, calls, is_async=False)
        except SpawnError as error:
            return _refused(error)
        token = current_turn.set(started.context)
        try:
            result = started.action.function(started.instance, *started.arguments, **started.keywords)
        except BaseException as error:
            return self._failed(work, started, error)
        finally:
            current_turn.reset(token)
        return self._finish(work, started, result)

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        try:
            started = self._start(work, calls, is_async=True)
        except SpawnError as error:
            return _refused(error)
        token = current_turn.set(started.context)
        try:
            result = await started.action.function(started.instance, *started.arguments, **started.keywords)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            return self._failed(work, started, error)
        finally:
            current_turn.reset(token)
        return self._finish(work, started, result)

    def _confirm_dropped(self, work: Work) -> Outcome:
        program = self._programs[work.definition]
        if work.state is None:
            return Outcome(response=encode_value([], what="the answer"))
        try:
            fields, aside = program.codec.migrate(work.state)
            sealed, _ = program.codec.seal(fields, None)
        except BadState as error:
            return _refused(error)
        names = sorted(decode_value(Encoded(JSON, aside))) if aside else []
        value = sealed.value if sealed is not None else self.initial(work.definition).value
        return Outcome(response=encode_value(names, what="the answer"), state=State(value) if names else None)

    def _start(self, work: Work, calls: Calls, *, is_async: bool) -> _Started:
        started = _Started()
        started.program = program = self._programs[work.definition]
        started.action = action = program.actions[work.invocation.action]
        started.arguments, started.keywords = action.read(work.invocation.payload)
        fields, started.aside = self._fields(work, program)
        started.instance = instance = program.actor_class.__new__(program.actor_class)
        is_message = program.definition.settings.state_type is not None
        if not is_message:
            _put_dict(instance, "__dict__", fields)
        state = fields[MESSAGE] if is_message else fields
        started.context = Context(work, calls, state=state, is_async=is_async)
        if action.context_parameter:
            started.keywords[action.context_parameter] = started.context
            if not action.function.__code__.co_kwonlyargcount:
                _merge_positional(action, started)
        return started

    def _fields(self, work: Work, program: Program) -> tuple[dict[str, Any], bytes | None]:
        """The working copy, and what a migration keeps aside (None: no migration took place)."""
        cached = self._working.pop(work.invocation.actor, None)
        if cached is not None and cached[0] is work.state and cached[1] == work.definition:
            return cached[2], None
        if work.state is None:
            return program.codec.initial(), None
        if work.state_definition == work.definition:
            return program.codec.restore(work.state), None
        return program.codec.migrate(work.state)

    def _finish(self, work: Work, started: _Started, result: Any) -> Outcome:
        value = result if isinstance(result, Value) else None
        try:
            state, back = self._sealed(work, started, value)
            response = encode_value(value.payload if value is not None else result, what="the response")
            workflow = None if value is None else _workflow(value)
        except BadState as error:
            return _refused(error, started)
        except SpawnError as error:
            return _refused(_bad_response(work, error), started)
        self._working[work.invocation.actor] = (state if state is not None else work.state, work.definition, back)
        return Outcome(
            response=response,
            state=state,
            tags=_tags(started, value),
            workflow=workflow,
            checkpoint=value is not None and value.checkpointed,
            sent=tuple(started.context.sent),
            told=tuple(started.context.held),
        )

    def _sealed(self, work: Work, started: _Started, value: Value | None) -> tuple[State | None, dict[str, Any]]:
        codec = started.program.codec
        if value is not None and value.new_state is not UNSET:
            fields = _replaced(started, value.new_state)
        elif started.program.definition.settings.state_type is not None:
            fields = {MESSAGE: started.context.state}
        else:
            fields = started.instance.__dict__
        state, back = codec.seal(fields, work.state)
        if started.aside is not None:
            value_now = state.value if state is not None else work.state.value if work.state is not None else None
            if value_now is not None:
                state = State(value_now, started.aside)
        return state, back

    def _failed(self, work: Work, started: _Started, error: BaseException) -> Outcome:
        trace = user_trace(error)
        if isinstance(error, SpawnError) and not isinstance(error, ActionFailed):
            return _refused(error, started)
        invocation = work.invocation
        failure = Failure(
            ActionFailed.code,
            f"{invocation.actor.name}.{invocation.action} failed with {type(error).__name__}: {error}",
            type(error).__name__,
            str(error),
            trace,
        )
        return Outcome(failure=failure, error=error, sent=tuple(started.context.sent))


def _merge_positional(action: RunnableAction, started: _Started) -> None:
    """Positional arguments around a context parameter: name them all, so that each finds its place."""
    if not started.arguments:
        return
    names = action.function.__code__.co_varnames[1 : action.function.__code__.co_argcount]
    others = [name for name in names if name != action.context_parameter]
    started.keywords.update(zip(others, started.arguments, strict=False))
    started.arguments = ()


def _replaced(started: _Started, new_state: Any) -> dict[str, Any]:
    if started.program.definition.settings.state_type is not None:
        return {MESSAGE: new_state}
    if not isinstance(new_state, Mapping):
        name = started.program.definition.name
        raise BadState(f"The new state of {name} must be a mapping of its fields, not {shown(new_state)}.")
    known = started.instance.__dict__
    for field in new_state:
        if field not in known:
            raise BadState(f"The new state of {started.program.definition.name} has a field {field!r} that is not declared.")
    return {name: new_state.get(name, value) for name, value in known.items()}


def _tags(started: _Started, value: Value | None) -> dict[str, str]:
    if value is not None and value.new_tags is not None:
        return value.new_tags
    return started.context.work.tags


def _workflow(value: Value) -> Workflow | None:
    if not value.effects and value.publication is None and value.route is None:
        return None
    publication = value.publication
    route = value.route
    return Workflow(
        effects=tuple(_effect(effect) for effect in value.effects),
        broadcast=None if publication is None else _publication(publication),
        pipe=Route(route.actor, route.action, route.parent) if isinstance(route, Pipe) else None,
        forward=Route(route.actor, route.action, route.parent) if isinstance(route, Forward) else None,
    )


def _publication(broadcast: Broadcast) -> Publication:
    return Publication(broadcast.channel, encode_value(broadcast.payload, what=f"the broadcast to {broadcast.channel}"))


def _effect(effect: SideEffect) -> Effect:
    delay = effect.delay
    return Effect(
        actor=effect.actor,
        action=effect.action,
        payload=encode_value(effect.payload, what=f"the payload of the effect on {effect.actor}.{effect.action}"),
        parent=effect.parent,
        delay_ms=0 if delay is None else round(delay * 1000) if isinstance(delay, float | int) else duration_ms(delay, name="delay"),
        scheduled_to_us=round(effect.scheduled_to.timestamp() * 1_000_000) if effect.scheduled_to is not None else 0,
        metadata=dict(effect.metadata),
    )


def _bad_response(work: Work, error: SpawnError) -> BadResponse:
    return BadResponse(f"{work.invocation.actor.name}.{work.invocation.action}: {error} The state is as before.")


def _refused(error: SpawnError, started: _Started | None = None) -> Outcome:
    sent = () if started is None else tuple(started.context.sent)
    return Outcome(failure=Failure(error.code, str(error)), error=error, sent=sent)

