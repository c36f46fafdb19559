"""A proxy under test: clients and hosts that say what a test wants, byte by byte where it matters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.wrappers_pb2 import StringValue

from runtime.servers.spawn_proxy.server import RunningProxy, serve
from runtime.system.embedded import embedded
from runtime.testing.raw_host import Raw, body_of, exchange, ok, post, status_of
from runtime.wire.pb.spawn.actors import actor_pb2 as actors
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb

SYSTEM = "lab"
OLD, NEW = "eigr.functions.protocol", "spawn"


@contextmanager
def proxy(host_port: int = 1, *, store: str = "memory://", **options: Any) -> Iterator[RunningProxy]:
    """A proxy over a system, in memory unless a store is named, whose hosts listen on `host_port`."""
    with embedded(system=SYSTEM, store=store, key=bytes(range(32))) as system:
        running = serve(system, http_port=0, host_port=host_port, **options)
        try:
            yield running
        finally:
            running.close(2.0)


def port_of(running: RunningProxy) -> int:
    return int(running.address.rpartition(":")[2])


def text(value: str) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(StringValue(value=value))
    return packed


def json_text(value: str, dialect: str = NEW) -> AnyMessage:
    """JSON as an SDK of that dialect packs it."""
    return AnyMessage(
        type_url=f"type.googleapis.com/{dialect}.JSONType", value=pb.JSONType(content=value).SerializeToString()
    )


def actor(
    name: str, *names: str, state: AnyMessage | None = None, kind: int = actors.NAMED, **settings: Any
) -> actors.Actor:
    """An actor to register, with actions."""
    made = actors.Actor(actions=[actors.Action(name=each) for each in names])
    made.id.name, made.id.system = name, SYSTEM
    made.state.SetInParent()
    if state is not None:
        made.state.state.CopyFrom(state)
    made.settings.CopyFrom(actors.ActorSettings(kind=kind, stateful=True, **settings))
    made.metadata.SetInParent()
    return made


def registration(*registered: actors.Actor, minor: int = 1) -> pb.RegistrationRequest:
    request = pb.RegistrationRequest()
    request.service_info.service_name = "test-host"
    request.service_info.protocol_minor_version = minor
    request.actor_system.name = SYSTEM
    for each in registered:
        request.actor_system.registry.actors[each.id.name].CopyFrom(each)
    return request


def register(running: RunningProxy, *registered: actors.Actor, host_port: int | None = None, minor: int = 1) -> None:
    query = f"?host-port={host_port}" if host_port is not None else ""
    body = registration(*registered, minor=minor).SerializeToString()
    answer = send(running, post(f"/api/v1/system{query}", body))
    response = pb.RegistrationResponse.FromString(body_of(answer))
    assert status_of(answer) == 200, response


def request(name: str, action: str, value: AnyMessage | None = None, **fields: Any) -> pb.InvocationRequest:
    made = pb.InvocationRequest(action_name=action, value=value, **fields)
    made.system.name = SYSTEM
    made.actor.id.name, made.actor.id.system = name, SYSTEM
    return made


def send(running: RunningProxy, data: bytes) -> bytes:
    return exchange(port_of(running), data, timeout_s=120.0)


def invoke(
    running: RunningProxy, name: str, action: str, value: AnyMessage | None = None, **fields: Any
) -> tuple[int, pb.InvocationResponse]:
    """Status and answer of an invocation."""
    body = request(name, action, value, **fields).SerializeToString()
    answer = send(running, post(f"/api/v1/system/{SYSTEM}/actors/{name}/invoke", body))
    return status_of(answer), pb.InvocationResponse.FromString(body_of(answer))


def counting(call: pb.ActorInvocation) -> pb.ActorInvocationResponse:
    """Counts in a text state, and answers the count."""
    state = StringValue()
    call.current_context.state.Unpack(state)
    count = str(int(state.value or "0") + 1)
    answer = pb.ActorInvocationResponse(value=text(count))
    answer.updated_context.state.CopyFrom(text(count))
    return answer


def answering(answer: Callable[[pb.ActorInvocation], pb.ActorInvocationResponse]) -> Callable[[bytes], Raw]:
    """For `RawHost`."""
    return lambda body: ok(answer(pb.ActorInvocation.FromString(body)).SerializeToString())


def count_of(response: pb.InvocationResponse) -> str:
    said = StringValue()
    assert response.value.Unpack(said), response
    return said.value
