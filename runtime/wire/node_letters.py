"""Messages that could not be delivered, to and from `workbench.v1`."""

from __future__ import annotations

from runtime.ids import InvocationId
from runtime.records import DeadLetter, Invocation
from runtime.wire.node_values import get_actor, get_value, put_actor, put_value
from runtime.wire.workbench.v1 import node_pb2 as pb


def put_letter(target: pb.DeadLetter, letter: DeadLetter) -> None:
    invocation = letter.invocation
    target.at_us, target.code, target.why = letter.at_us, letter.code, letter.why
    target.invocation, target.action, target.parent = invocation.id, invocation.action, invocation.parent
    target.cause, target.correlation, target.key = invocation.cause, invocation.correlation, invocation.key
    put_actor(target.actor, invocation.actor)
    put_actor(target.caller, invocation.caller)
    put_value(target.payload, invocation.payload)
    target.metadata.update(invocation.metadata)
    target.kept = letter.kept


def get_letter(source: pb.DeadLetter) -> DeadLetter:
    invocation = Invocation(
        id=InvocationId(source.invocation),
        actor=get_actor(source.actor),
        action=source.action,
        payload=get_value(source.payload),
        parent=source.parent,
        caller=get_actor(source.caller) if source.HasField("caller") else None,
        cause=source.cause,
        correlation=source.correlation,
        key=source.key,
        metadata=dict(source.metadata),
    )
    return DeadLetter(at_us=source.at_us, invocation=invocation, code=source.code, why=source.why, kept=source.kept)
