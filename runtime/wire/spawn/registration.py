"""Actors as a host registers them: from the wire to definitions without a class, and from our classes to the wire."""

from __future__ import annotations

import dataclasses
import hashlib
import platform
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from runtime.authoring.definition import ActionSpec, ActorDefinition
from runtime.authoring.settings import Channel, Kind, Settings, Subject
from runtime.errors import DefinitionError, shown
from runtime.fields import LONGEST_S
from runtime.records import IMPLICIT_READS, INIT_NAMES, Encoded
from runtime.wire.pb.eigr.functions.protocol.actors import protocol_pb2 as old
from runtime.wire.pb.spawn.actors import actor_pb2
from runtime.wire.pb.spawn.actors.protocol_pb2 import RegistrationRequest, ServiceInfo
from runtime.wire.spawn.messages import PREFIX, Dialect, presumed_dialect, spoken_dialect, state_of, to_any

OWN_ACTIONS = "spawn."
"""Names of the runtime's own actions start like this; no host may register one, and no client may invoke one."""

_KINDS = {
    actor_pb2.UNKNOW_KIND: Kind.NAMED,
    actor_pb2.NAMED: Kind.NAMED,
    actor_pb2.UNNAMED: Kind.UNNAMED,
    actor_pb2.POOLED: Kind.POOLED,
    actor_pb2.PROXY: Kind.NAMED,
    # Its code is in a process of its own already; a worker process of ours could not run it.
    actor_pb2.TASK: Kind.NAMED,
    actor_pb2.PROJECTION: Kind.PROJECTION,
}
_LONGEST_NAME = 1_000
_DEACTIVATE_MS = 10_000
_SNAPSHOT_MS = 2_000


class ForeignCode:
    """Stands for the function of an action whose code is in another process."""

    __slots__ = ("digest",)

    def __init__(self, digest: str = "") -> None:
        self.digest = digest

    def __call__(self, *_: object, **__: object) -> None:
        raise TypeError("This action's code is in another process.")


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """One actor of a registration."""

    definition: ActorDefinition
    initial: Encoded | None
    """The state of an actor that has none yet."""


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """What a host announced."""

    service: str
    """What it calls itself, for people: `lab-host 0.0.1, python3, lab 0.0.1`."""
    dialect: Dialect
    actors: tuple[Registered, ...]


def read_registration(body: bytes) -> RegistrationRequest:
    """A registration in either dialect; `Metadata.channel_group` comes out in its new form.

    Raises:
        DecodeError: it is neither.
    """
    try:
        request = RegistrationRequest.FromString(body)
    except DecodeError:
        return _with_old_channels(body)
    for actor in request.actor_system.registry.actors.values():
        for channel in actor.metadata.channel_group:
            _reinterpret(channel)
    return request


def _with_old_channels(body: bytes) -> RegistrationRequest:
    """Old SDKs send one topic as a string where others have a list of channels."""
    former = old.RegistrationRequest.FromString(body)
    topics = {}
    for name, actor in former.actor_system.registry.actors.items():
        topics[name] = actor.metadata.channel_group
        actor.metadata.channel_group = ""
    request = RegistrationRequest.FromString(former.SerializeToString())
    for name, topic in topics.items():
        if topic:
            request.actor_system.registry.actors[name].metadata.channel_group.add(topic=topic)
    return request


def _reinterpret(channel: actor_pb2.Channel) -> None:
    """Some words, such as `event`, happen to be a message with unknown fields; a channel without a topic is none."""
    if not channel.topic and (text := channel.SerializeToString()):
        channel.Clear()
        channel.topic = text.decode("utf-8", "replace")


def get_registration(request: RegistrationRequest) -> Registration:
    """The actors of a registration as definitions.

    Raises:
        DefinitionError: an actor without a name, or with a setting that cannot be.
    """
    service = request.service_info
    actors = list(request.actor_system.registry.actors.values())
    shown_by = spoken_dialect(*(actor.state.state for actor in actors))
    about = describe(service)
    return Registration(
        service=about,
        dialect=shown_by or presumed_dialect(service),
        actors=tuple(_registered(actor, about) for actor in actors),
    )


def _empty_state(state_type: str | None) -> Encoded | None:
    """What an actor begins with that names its state's message and sends none: that message, empty.

    See docs/protocols.md, "Registration defaults".
    """
    return Encoded(PREFIX + state_type, b"") if state_type and "." in state_type else None


def as_declared(actor: Registered, declared: Mapping[str, Any]) -> Registered:
    """The actor with other settings than its host registered; `declared` has fields of `Settings`."""
    own = actor.definition
    kind = declared.get("kind", own.settings.kind)
    state_type = declared.get("state_type", own.settings.state_type)
    settings = msgspec.structs.replace(
        own.settings,
        **{
            **declared,
            "kind": Kind.NAMED if kind is Kind.TASK else kind,
            "state_type": getattr(getattr(state_type, "DESCRIPTOR", None), "full_name", state_type),
        },
    )
    is_given = actor.initial is not None and actor.initial != _empty_state(own.settings.state_type)
    initial = actor.initial if is_given else _empty_state(settings.state_type)
    digest = _digest(settings, own.actions.values(), initial)
    return Registered(definition=dataclasses.replace(own, settings=settings, hash=digest), initial=initial)


def describe(service: ServiceInfo) -> str:
    """A host in words."""
    parts = (
        f"{service.service_name} {service.service_version}".strip(),
        service.service_runtime,
        f"{service.support_library_name} {service.support_library_version}".strip(),
    )
    return ", ".join(part for part in parts if part)[:_LONGEST_NAME] or "an unnamed host"


def _registered(actor: actor_pb2.Actor, about: str) -> Registered:
    name = actor.id.name
    if not name or len(name) > _LONGEST_NAME or "\0" in name:
        raise DefinitionError(
            f"Cannot register an actor named {shown(name)}: a name is text of 1 to 1000 characters without NUL."
        )
    settings = _settings(name, actor)
    actions = {spec.name: spec for spec in _actions(name, actor)}
    initial = state_of(actor.state.state) if actor.state.HasField("state") else None
    initial = initial or _empty_state(settings.state_type)
    digest = _digest(settings, actions.values(), initial)
    source = f"# Registered by {about}; its code is there.\n{str(actor).rstrip()}\n"
    definition = ActorDefinition(name, digest, settings, actions, (), source)
    return Registered(definition=definition, initial=initial)


def _settings(name: str, actor: actor_pb2.Actor) -> Settings:
    given = actor.settings
    kind = _KINDS.get(given.kind)
    if kind is None:
        raise DefinitionError(f"Cannot register {name}: there is no kind of actor with number {given.kind}.")
    low = max(given.min_pool_size, 0)
    projection = given.projection_settings
    channels = tuple(Channel(each.topic, each.action or "receive") for each in actor.metadata.channel_group)
    return Settings(
        name=name,
        kind=kind,
        # Several instances behind one name have no state in common.
        stateful=given.stateful and kind is not Kind.POOLED,
        state_type=given.state_type or None,
        # Zero is what a contract's unset option sends (docs/protocols.md, "Registration defaults"): it means the default.
        deactivate_timeout_ms=_positive(given.deactivation_strategy.timeout.timeout) or _DEACTIVATE_MS,
        snapshot_timeout_ms=_positive(given.snapshot_strategy.timeout.timeout) or _SNAPSHOT_MS,
        channels=channels,
        tags=dict(actor.state.tags),
        pool=(low, max(given.max_pool_size, low, 1)),
        sourceable=projection.sourceable,
        subjects=tuple(_subject(each) for each in projection.subjects),
        events_retention_ms=_positive(projection.events_retention_strategy.duration_ms) or None,
    )


def _subject(subject: actor_pb2.ProjectionSubject) -> Subject:
    try:
        start = subject.start_time.ToDatetime(UTC) if subject.HasField("start_time") else None
    except (ValueError, OverflowError) as error:
        raise DefinitionError(f"The start time of a subject, {subject.actor}, is none: {error}.") from error
    return Subject(subject.actor, subject.source_action, subject.action, start)


def _positive(milliseconds: int) -> int:
    """A span of time as it is used: not below 0, and at most 100 years."""
    return min(max(milliseconds, 0), LONGEST_S * 1_000)


def _actions(name: str, actor: actor_pb2.Actor) -> Iterator[ActionSpec]:
    names = [each.name for each in actor.actions]
    for action in [*names, *(each.action.name for each in actor.timer_actions)]:
        if not action or len(action) > _LONGEST_NAME or action.startswith(OWN_ACTIONS):
            raise DefinitionError(f"Cannot register {name}: {shown(action)} is not a name that an action may have.")
    init = next((action for action in names if action in INIT_NAMES), None)
    if any(
        action in IMPLICIT_READS for action in names
    ):  # then all five go to the host (docs/protocols.md, "Implicit reads")
        names += IMPLICIT_READS
    yield from (_action(action, "init" if action == init else "action") for action in names)
    for timer in actor.timer_actions:
        if timer.seconds <= 0:
            raise DefinitionError(
                f"Cannot register {name}: its timer {timer.action.name!r} has no interval (milliseconds)."
            )
        yield _action(timer.action.name, "timer", _positive(timer.seconds))


def _action(name: str, role: str, every_ms: int = 0) -> ActionSpec:
    return ActionSpec(name, ForeignCode(), (), takes_any=True, is_async=True, role=role, every_ms=every_ms)


def _digest(settings: Settings, actions: Iterable[ActionSpec], initial: Encoded | None) -> str:
    """Equal for hosts of every language and dialect that register the same actor."""
    shape = (settings.as_text(), sorted((spec.name, spec.role, spec.every_ms) for spec in actions), initial)
    return hashlib.blake2b(msgspec.msgpack.encode(shape, order="deterministic"), digest_size=8).hexdigest()


# --- Actors of this process as a host announces them to a proxy -------------------------------------------------------

_KIND_NUMBERS = {
    Kind.NAMED: actor_pb2.NAMED,
    Kind.UNNAMED: actor_pb2.UNNAMED,
    Kind.POOLED: actor_pb2.POOLED,
    Kind.TASK: actor_pb2.NAMED,
    Kind.PROJECTION: actor_pb2.PROJECTION,
}


class Announced(msgspec.Struct, frozen=True):
    """An actor to register, and the state of one that has none yet."""

    definition: ActorDefinition
    initial: Encoded


def make_registration(
    announced: Iterable[Announced], system: str, service: str, version: str, *, is_real: bool
) -> RegistrationRequest:
    """What has a proxy know these actors.

    Everything is there whose absence crashes a real one: `metadata`, and a state with a value.

    See docs/protocols.md, "Registration defaults".

    Args:
        is_real: the proxy is Spawn's own, where POOLED does not work: such actors are announced as NAMED.
    """
    request = RegistrationRequest()
    info = request.service_info
    info.service_name, info.service_version = service, version
    info.service_runtime = f"python {platform.python_version()}"
    info.support_library_name, info.support_library_version = "spawn-workbench", version
    info.protocol_major_version, info.protocol_minor_version = 1, 2
    request.actor_system.name = system
    request.actor_system.registry.SetInParent()
    for each in announced:
        name = each.definition.name
        _put_actor(request.actor_system.registry.actors[name], each, system, is_real=is_real)
    return request


def _put_actor(target: actor_pb2.Actor, announced: Announced, system: str, *, is_real: bool) -> None:
    definition = announced.definition
    target.id.name, target.id.system = definition.name, system
    to_any(announced.initial, target.state.state, Dialect.NEW)
    target.state.tags.update(definition.settings.tags)
    _put_settings(target.settings, definition, is_real=is_real)
    for spec in definition.actions.values():
        if spec.role == "timer":
            target.timer_actions.add(seconds=spec.every_ms).action.name = spec.name
        else:
            target.actions.add(name=spec.name)
    target.metadata.SetInParent()
    for channel in definition.settings.channels:
        target.metadata.channel_group.add(topic=channel.topic, action=channel.action)


def _put_settings(target: actor_pb2.ActorSettings, definition: ActorDefinition, *, is_real: bool) -> None:
    settings = definition.settings
    target.kind = _KIND_NUMBERS[settings.kind]
    if is_real and settings.kind is Kind.POOLED:
        target.kind = actor_pb2.NAMED
    target.stateful = settings.stateful
    # Zero would be a busy loop in a real proxy (docs/protocols.md, "Registration defaults").
    target.deactivation_strategy.timeout.timeout = max(1, settings.deactivate_timeout_ms)
    target.snapshot_strategy.timeout.timeout = max(1, settings.snapshot_timeout_ms)
    target.min_pool_size, target.max_pool_size = settings.pool
    projection = target.projection_settings
    projection.sourceable = settings.sourceable
    if settings.events_retention_ms is not None:
        projection.events_retention_strategy.duration_ms = settings.events_retention_ms
    for subject in settings.subjects:
        added = projection.subjects.add(actor=subject.actor, source_action=subject.source_action, action=subject.action)
        if subject.start_time is not None:
            added.start_time.FromDatetime(subject.start_time)
    if not settings.sourceable and not settings.subjects:
        target.ClearField("projection_settings")
