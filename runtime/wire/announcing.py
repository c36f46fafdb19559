"""Actors of this process as a host announces them to a proxy."""

from __future__ import annotations

import platform
from collections.abc import Iterable

import msgspec

from runtime.definition import ActorDefinition
from runtime.records import Encoded
from runtime.settings import Kind
from runtime.wire.dialect import Dialect
from runtime.wire.pb.spawn.actors import actor_pb2
from runtime.wire.pb.spawn.actors.protocol_pb2 import RegistrationRequest
from runtime.wire.values import to_any

_KINDS = {
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

    Everything is there whose absence crashes a real one: `metadata`, and a state with a value (ground truth §3).

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
    target.kind = _KINDS[settings.kind]
    if is_real and settings.kind is Kind.POOLED:
        target.kind = actor_pb2.NAMED
    target.stateful = settings.stateful
    # Zero would be a busy loop in a real proxy (ground truth §7).
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
