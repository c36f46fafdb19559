"""Values, identities and failures of `workbench.v1` to and from records."""

from __future__ import annotations

from runtime.errors import ActionFailed, SpawnError, rebuild
from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Encoded, Failure, State
from runtime.wire.workbench.v1 import node_pb2 as pb


def put_value(target: pb.Value, value: Encoded | None) -> None:
    """Fill a message's field with a value; None leaves it unset."""
    if value is None:
        return
    if value.type == JSON:
        # From hosts that may send anything: JSON text is UTF-8, and what is not is shown as well as it can be.
        target.json = value.data.decode("utf-8", "replace")
    else:
        target.message.type_url = value.type
        target.message.value = value.data


def get_value(source: pb.Value) -> Encoded | None:
    """The value in a message's field; None when it is unset."""
    kind = source.WhichOneof("kind")
    if kind == "json":
        return Encoded(JSON, source.json.encode())
    if kind == "message":
        return Encoded(source.message.type_url, source.message.value)
    return None


def put_actor(target: pb.ActorId, actor: ActorId | None) -> None:
    if actor is not None:
        target.system, target.name = actor.system, actor.name


def get_actor(source: pb.ActorId) -> ActorId:
    return ActorId(source.system, source.name)


def put_state(target: pb.State, state: State | None) -> None:
    if state is not None:
        put_value(target.value, state.value)
        target.kept_aside = state.kept_aside


def get_state(source: pb.State) -> State | None:
    value = get_value(source.value)
    return None if value is None else State(value, source.kept_aside)


def put_failure(target: pb.Failure, failure: Failure | None) -> None:
    if failure is not None:
        target.code, target.message = failure.code, failure.message
        target.type_name, target.text, target.trace = failure.type_name, failure.text, failure.trace


def get_failure(source: pb.Failure) -> Failure:
    return Failure(source.code, source.message, source.type_name, source.text, source.trace)


def failure_of(error: SpawnError) -> Failure:
    """An error as what crosses the wire: a user's exception keeps its type, text and traceback."""
    if isinstance(error, ActionFailed):
        return Failure(error.code, str(error), error.type_name, error.text, error.trace)
    return Failure(error.code, str(error))


def error_of(failure: Failure, actor: str = "", action: str = "", invocation: str = "") -> SpawnError:
    """The error that a failure from another process means here: its class and message are the same."""
    if failure.code == ActionFailed.code and actor:
        return ActionFailed(actor, action, failure.type_name, failure.text, failure.trace, InvocationId(invocation))
    return rebuild(failure.code, failure.message)
