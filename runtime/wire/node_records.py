"""What one sees of a system, to and from `workbench.v1`.  Fields of messages and records have the same names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from runtime.api import ActorInfo, DeployReport, FieldChange, SystemStatus, Waiting
from runtime.ids import InvocationId
from runtime.records import StoredDefinition
from runtime.wire.node_values import get_actor, get_value, put_actor, put_value
from runtime.wire.workbench.v1 import node_pb2 as pb

R = TypeVar("R", bound=msgspec.Struct)


def shared_fields(record: type[msgspec.Struct], message: Any) -> tuple[str, ...]:
    """Names of the plain fields that a record and a message have in common."""
    plain = {f.name for f in message.DESCRIPTOR.fields if f.message_type is None and not f.is_repeated}
    return tuple(name for name in record.__struct_fields__ if name in plain)


_INFO = shared_fields(ActorInfo, pb.ActorInfo)
_STATUS = shared_fields(SystemStatus, pb.SystemStatus)
_WAITING = tuple(name for name in shared_fields(Waiting, pb.Waiting) if name != "invocation")
_REPORT = shared_fields(DeployReport, pb.DeployReport)
_LISTS = ("added_actions", "removed_actions", "changed_actions", "changed_settings", "kept_aside", "notes")


def put_info(target: pb.ActorInfo, info: ActorInfo) -> None:
    put_actor(target.id, info.id)
    _put(target, info, _INFO)


def get_info(source: pb.ActorInfo) -> ActorInfo:
    return ActorInfo(id=get_actor(source.id), **_got(source, _INFO))


def put_status(target: pb.SystemStatus, status: SystemStatus) -> None:
    _put(target, status, _STATUS)
    target.problems.extend(status.problems)
    target.guests.extend(status.guests)


def get_status(source: pb.SystemStatus) -> SystemStatus:
    return SystemStatus(**_got(source, _STATUS), problems=tuple(source.problems), guests=tuple(source.guests))


def put_waiting(target: pb.Waiting, waiting: Waiting) -> None:
    target.invocation = waiting.invocation
    _put(target, waiting, _WAITING)
    put_value(target.payload, waiting.payload)


def get_waiting(source: pb.Waiting) -> Waiting:
    return Waiting(
        invocation=InvocationId(source.invocation), payload=get_value(source.payload), **_got(source, _WAITING)
    )


def put_stored(target: pb.StoredDefinition, stored: StoredDefinition) -> None:
    target.hash, target.name, target.source = stored.hash, stored.name, stored.source
    target.settings_json = msgspec.json.encode(stored.settings, enc_hook=str).decode()
    target.fields.update(stored.fields)
    target.actions.update(stored.actions)
    target.deployed_us = stored.deployed_us


def get_stored(source: pb.StoredDefinition) -> StoredDefinition:
    return StoredDefinition(
        hash=source.hash,
        name=source.name,
        source=source.source,
        settings=msgspec.json.decode(source.settings_json or "{}", type=dict[str, Any]),
        fields=dict(source.fields),
        actions=dict(source.actions),
        deployed_us=source.deployed_us,
    )


def put_report(target: pb.DeployReport, report: DeployReport) -> None:
    _put(target, report, _REPORT)
    for name in _LISTS:
        getattr(target, name).extend(getattr(report, name))
    for field in report.fields:
        target.fields.add(name=field.name, change=field.change, detail=field.detail)


def get_report(source: pb.DeployReport) -> DeployReport:
    lists: dict[str, Any] = {name: tuple(getattr(source, name)) for name in _LISTS}
    fields = tuple(FieldChange(each.name, each.change, each.detail) for each in source.fields)
    return DeployReport(fields=fields, **lists, **_got(source, _REPORT))


def _put(target: Any, record: msgspec.Struct, names: Iterable[str]) -> None:
    for name in names:
        setattr(target, name, getattr(record, name))


def _got(source: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}
