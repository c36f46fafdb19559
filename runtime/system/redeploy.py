"""What changes when a definition replaces another: compared here, shown by the workbench."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from runtime.api import DeployReport, FieldChange
from runtime.authoring.advice import advice
from runtime.authoring.definition import ActorDefinition
from runtime.authoring.settings import as_keywords
from runtime.errors import BadState, DefinitionError
from runtime.hosts.base import Host
from runtime.records import Snapshot, StoredDefinition


def stored(definition: ActorDefinition, now_us: int) -> StoredDefinition:
    """The definition as a store keeps it."""
    return StoredDefinition(
        hash=definition.hash,
        name=definition.name,
        source=definition.source,
        settings=definition.settings.as_text(),
        fields=definition.field_types,
        actions=definition.signatures,
        deployed_us=now_us,
        classes=dict(definition.classes),
    )


def compare(new: ActorDefinition, old: ActorDefinition | StoredDefinition | None) -> DeployReport:
    """The report of replacing `old` by `new`, without what only a running system knows."""
    if old is None:
        return DeployReport(
            actor=new.name,
            definition=new.hash,
            added_actions=tuple(f"{name}{text}" for name, text in new.signatures.items()),
            fields=tuple(FieldChange(name, "added", kind) for name, kind in new.field_types.items()),
            notes=advice(new),
        )
    before = old if isinstance(old, StoredDefinition) else stored(old, 0)
    actions = new.signatures
    return DeployReport(
        actor=new.name,
        definition=new.hash,
        previous=before.hash,
        changed=before.hash != new.hash,
        added_actions=tuple(f"{name}{text}" for name, text in actions.items() if name not in before.actions),
        removed_actions=tuple(f"{name}{text}" for name, text in before.actions.items() if name not in actions),
        changed_actions=_changed_actions(new, old, before.actions),
        changed_settings=_changed_settings(new.settings.as_text(), before.settings),
        fields=_fields(new.field_types, before.fields),
        notes=advice(new),
    )


def _changed_actions(
    new: ActorDefinition, old: ActorDefinition | StoredDefinition, before: Mapping[str, str]
) -> tuple[str, ...]:
    changed = []
    for name, text in new.signatures.items():
        if name not in before:
            continue
        if before[name] != text:
            changed.append(f"{name}{before[name]} -> {name}{text}")
        elif isinstance(old, ActorDefinition) and new.actions[name].limit != old.actions[name].limit:
            limits = [each.actions[name].limit or "none" for each in (old, new)]
            changed.append(f"{name} (timeout: {limits[0]} -> {limits[1]})")
        elif isinstance(old, ActorDefinition) and _body(new, name) != _body(old, name):
            changed.append(f"{name} (body)")
    return tuple(changed)


def _body(definition: ActorDefinition, action: str) -> tuple[object, ...]:
    function = definition.actions[action].function
    code = getattr(function, "__code__", None)
    if code is None:  # it runs elsewhere: the process that has the code says whether it is the same
        return (getattr(function, "digest", ""),)
    return code.co_code, code.co_names, tuple(c for c in code.co_consts if not hasattr(c, "co_code"))


def _changed_settings(new: Mapping[str, object], old: Mapping[str, object]) -> tuple[str, ...]:
    now, before = as_keywords(_as_stored(new)), as_keywords(_as_stored(old))
    changed = {name: (before.get(name), value) for name, value in now.items() if before.get(name) != value}
    return tuple(f"{name}: {old_value!r} -> {value!r}" for name, (old_value, value) in changed.items())


def _as_stored(settings: Mapping[str, object]) -> dict[str, object]:
    """A store gives lists back where tuples were."""
    plain: dict[str, object] = msgspec.json.decode(msgspec.json.encode(settings))
    return plain


def _fields(new: Mapping[str, str], old: Mapping[str, str]) -> tuple[FieldChange, ...]:
    changes = []
    for name, kind in new.items():
        if name not in old:
            changes.append(FieldChange(name, "added", kind))
        elif old[name] != kind:
            changes.append(FieldChange(name, "retyped", f"{old[name]} -> {kind}"))
        else:
            changes.append(FieldChange(name, "kept", kind))
    return (*changes, *(FieldChange(name, "dropped", kind) for name, kind in old.items() if name not in new))


def unfit(host: Host, definition: ActorDefinition, states: Iterable[Snapshot]) -> list[tuple[str, str]]:
    """Actors whose state does not fit a new definition, each with the reason."""
    found = []
    for each in states:
        try:
            check_state(host, definition, each)
        except DefinitionError as error:
            found.append((each.actor.name, str(error.__cause__).partition("\n")[0]))
    return found


def check_state(host: Host, definition: ActorDefinition, current: Snapshot | None) -> tuple[str, ...]:
    """Whether the named actor's state fits a new definition; the names of the fields it would keep aside.

    Raises:
        DefinitionError: a stored value does not fit; the earlier definition should stay.
    """
    if current is None or current.state is None or current.definition == definition.hash:
        return ()
    try:
        migrated = host.migrated(definition.hash, current.state)
    except BadState as error:
        raise DefinitionError(f"The new definition of {definition.name} was not deployed. {error}") from error
    return tuple(msgspec.json.decode(migrated.dropped_fields)) if migrated.dropped_fields else ()
