"""What a proxy asks of a host and what the host answers: `Work` and `Outcome` as Spawn's messages, read from both ends."""

from __future__ import annotations

from runtime.ids import ActorId, InvocationId
from runtime.records import NOOP, Encoded, Invocation, Outcome, State, Work
from runtime.wire.pb.spawn.actors.protocol_pb2 import ActorInvocation, ActorInvocationResponse
from runtime.wire.spawn.messages import (
    Dialect,
    get_id,
    get_workflow,
    payload_of,
    put_id,
    put_messages,
    put_workflow,
    set_payload,
    state_of,
    texts,
    to_any,
)

_NOOP = Encoded(NOOP, b"")


def make_call(work: Work, initial: State | None, dialect: Dialect, *, is_signal: bool = False) -> ActorInvocation:
    """The call that has a host run a turn.

    Args:
        initial: the state of an actor that has none yet.
        is_signal: the runtime's own call, of an init action or a timer, whose payload is an explicit nothing.
    """
    invocation = work.invocation
    call = ActorInvocation(action_name=invocation.action)
    context = call.current_context
    put_id(call.actor, invocation.actor, work.parent)
    put_id(context.self, invocation.actor, work.parent)
    state = work.state or initial
    if state is not None:
        to_any(state.value, context.state, dialect)
    if invocation.caller is not None:
        put_id(call.caller, invocation.caller)
        put_id(context.caller, invocation.caller)
    if invocation.metadata:
        context.metadata.update(invocation.metadata)
    if work.tags:
        context.tags.update(work.tags)
    set_payload(call, _NOOP if is_signal and invocation.payload is None else invocation.payload, dialect)
    return call


def get_outcome(
    response: ActorInvocationResponse, work: Work, initial: State | None, *, may_clear_tags: bool
) -> Outcome:
    """What a host's answer means for the turn.

    A state that equals the current one is no change.  Tags that are not in the answer stay, unless `may_clear_tags`: on the
    wire, no tags and an empty map are the same, and most SDKs never send any.

    Raises:
        BadSetting: a time in it is outside its range.
    """
    context = response.updated_context
    tags = texts(context.tags)
    value = state_of(context.state) if context.HasField("state") else None
    current = work.state or initial
    is_same = value is None or (current is not None and value == current.value)
    state = None if value is None or is_same else State(value)
    if work.is_init:  # of an init action only state and tags count (docs/protocols.md, "Init names")
        return Outcome(state=state, tags=tags or None)
    return Outcome(
        response=payload_of(response, response.WhichOneof("payload")),
        state=state,
        tags=tags if tags or may_clear_tags else None,
        workflow=get_workflow(response.workflow) if response.HasField("workflow") else None,
        checkpoint=response.checkpoint,
    )


# -- the other end -------------------------------------------------------------------------------------------------------


def get_work(
    call: ActorInvocation,
    *,
    turn: int,
    definition: str,
    invocation_id: InvocationId,
    now_us: int,
    seed: int,
    is_init: bool,
) -> Work:
    """The turn that a proxy asks for.  `state_definition` stays empty: which version of the code wrote it is not on the wire."""
    context = call.current_context
    value = state_of(context.state) if context.HasField("state") else None
    return Work(
        activation=get_id(call.actor),
        turn=turn,
        invocation=Invocation(
            id=invocation_id,
            actor=get_id(call.actor),
            action=call.action_name,
            payload=payload_of(call, call.WhichOneof("payload")),
            caller=get_id(call.caller) if call.HasField("caller") else None,
            metadata=texts(context.metadata),
        ),
        parent=call.actor.parent or call.actor.name,
        definition=definition,
        state=None if value is None else State(value),
        state_definition="",
        tags=texts(context.tags),
        revision=0,
        now_us=now_us,
        seed=seed,
        is_init=is_init,
    )


def make_answer(
    actor: ActorId, outcome: Outcome, state: Encoded, tags: dict[str, str], now_us: int, dialect: Dialect
) -> ActorInvocationResponse:
    """A host's answer to a turn that succeeded.

    It always has the context, the state and the tags, and never the checkpoint flag: without the one a real proxy runs the
    action again, with the other it crashes the actor (docs/protocols.md, "A host's answer").
    """
    answer = ActorInvocationResponse(actor_name=actor.name, actor_system=actor.system)
    to_any(state, answer.updated_context.state, dialect)
    answer.updated_context.tags.update(tags)
    set_payload(answer, outcome.response, dialect)
    if outcome.workflow is not None:
        put_workflow(answer.workflow, outcome.workflow, actor, now_us, dialect)
    if outcome.told:
        put_messages(answer.workflow, outcome.told, dialect)
    return answer
