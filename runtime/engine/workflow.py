"""What a successful turn sets in motion, in Spawn's order (docs/protocols.md, "Workflow order").

That order is: messages of `ctx.tell` and effects, broadcast, then pipe or forward, whose answer the original caller gets.

Everything here runs outside the activation: the actor goes on with its next message at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runtime.errors import CallCycle
from runtime.ids import ActorId, IdSource
from runtime.records import SOURCE_METADATA, Effect, Encoded, Invocation, Publication, Route, Turn


def effects(turn: Turn, origin: Invocation, ids: IdSource, now_us: int) -> Iterator[Invocation]:
    """The side effects of a turn; their metadata is the request's, overlaid with their own."""
    for effect in turn.workflow.effects if turn.workflow is not None else ():
        yield Invocation(
            id=ids(),
            actor=ActorId(effect.system or turn.actor.system, effect.actor),
            action=effect.action,
            payload=effect.payload,
            parent=effect.parent,
            caller=effect.caller or turn.actor,
            cause=turn.invocation,
            correlation=turn.correlation,
            metadata={**_carried(origin), **effect.metadata},
            asynchronous=True,
            scheduled_to_us=_when(effect, now_us),
        )


def _when(effect: Effect, now_us: int) -> int:
    return effect.scheduled_to_us or (now_us + effect.delay_ms * 1_000 if effect.delay_ms else 0)


def deliveries(
    turn: Turn, publication: Publication, receivers: Iterable[tuple[ActorId, str, str]], ids: IdSource
) -> Iterator[Invocation]:
    """A broadcast, one invocation for each receiver (actor, parent, action), without the request's metadata."""
    for actor, parent, action in receivers:
        yield Invocation(
            id=ids(),
            actor=actor,
            action=action,
            payload=publication.payload,
            parent=parent,
            caller=turn.actor,
            cause=turn.invocation,
            correlation=turn.correlation,
            asynchronous=True,
        )


def routed(turn: Turn, origin: Invocation, ids: IdSource, after_commit: bool) -> Invocation | None:
    """The invocation that answers in this turn's place: a pipe gets the response, a forward the original payload.

    Args:
        after_commit: whoever answers does so when this turn is on disk.

    Raises:
        CallCycle: the route comes back to an action it already went through.
    """
    workflow = turn.workflow
    if workflow is None or (workflow.pipe is None and workflow.forward is None):
        return None
    if workflow.pipe is not None:
        return _along(workflow.pipe, turn.response, turn, origin, ids, after_commit)
    assert workflow.forward is not None
    return _along(workflow.forward, origin.payload, turn, origin, ids, after_commit)


def _along(
    route: Route, payload: Encoded | None, turn: Turn, origin: Invocation, ids: IdSource, after_commit: bool
) -> Invocation:
    hops = (*origin.hops, f"{turn.actor.name}.{turn.action}")
    if f"{route.actor}.{route.action}" in hops:
        raise CallCycle((*hops, f"{route.actor}.{route.action}"))
    return Invocation(
        id=ids(),
        actor=ActorId(turn.actor.system, route.actor),
        action=route.action,
        payload=payload,
        parent=route.parent,
        caller=turn.actor,
        cause=turn.invocation,
        correlation=turn.correlation,
        metadata=_carried(origin),
        path=origin.path,
        hops=hops,
        after_commit=after_commit,
    )


def _carried(origin: Invocation) -> dict[str, str]:
    """The request's metadata, without the place of a projection: that is the place of this one, not of whoever comes next."""
    if SOURCE_METADATA not in origin.metadata:
        return origin.metadata
    return {name: text for name, text in origin.metadata.items() if name != SOURCE_METADATA}
