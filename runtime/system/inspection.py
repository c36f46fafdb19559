"""Looking into a thread driver's engine: consistent views, taken under its lock, as records."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from itertools import islice

import msgspec

from runtime.api import ActorInfo, DeployReport, SystemStatus, Waiting
from runtime.drivers.thread_driver import ThreadDriver
from runtime.engine.activation import Activation, Envelope
from runtime.engine.directory import Directory, Template
from runtime.engine.engine import Engine
from runtime.errors import NotDeployed, SpawnError, UnknownActor
from runtime.ids import ActorId
from runtime.records import Invocation, Phase, Snapshot, State
from runtime.stores.base import StateStore

_SHOWN = 3


def snapshot(driver: ThreadDriver, actor: ActorId) -> Snapshot | None:
    """The actor's committed state: from memory if it is active, else from the store.  Never wakes it."""

    def look(engine: Engine, now_us: int) -> Snapshot | None:
        activation = engine.directory.active.get(actor)
        if activation is None or activation.phase in (Phase.NEW, Phase.LOADING):
            return None
        return activation.snapshot(now_us, "ACTIVATED")

    found = driver.look(look)
    return found if found is not None else driver.store.load(actor)


def template(driver: ThreadDriver, actor: ActorId) -> Template | None:
    """The code behind an actor, if it is deployed."""

    def look(engine: Engine, _: int) -> Template | None:
        activation = engine.directory.active.get(actor)
        return engine.directory.templates.get(activation.parent if activation is not None else actor.name)

    found = driver.look(look)
    if found is None and (stored := driver.store.load(actor)) is not None:
        found = driver.engine.directory.templates.get(stored.parent)
    return found


def names(driver: ThreadDriver) -> set[str]:
    """Deployed, active and stored names, the last up to 10,000."""
    known = driver.look(lambda engine, _: engine.directory.known_names())
    return known | {each.actor.name for each in driver.store.actors(limit=10_000)}


def actions(driver: ThreadDriver, actor: ActorId) -> dict[str, str]:
    """Action to signature.

    Raises:
        UnknownActor: nothing is known under that name.
        NotDeployed: no code is deployed for it.
    """
    found = template(driver, actor)
    if found is None:
        known = info(driver, actor)
        raise NotDeployed(actor.name, known.parent or actor.name, known.revision)
    return found.definition.signatures


def info(driver: ThreadDriver, actor: ActorId) -> ActorInfo:
    """One actor's line.

    Raises:
        UnknownActor: nothing is known under that name.
    """

    def look(engine: Engine, _: int) -> ActorInfo | None:
        activation = engine.directory.active.get(actor)
        return _active(engine, activation) if activation is not None else None

    found = driver.look(look)
    if found is not None:
        return _with_stored(found, driver.store)
    directory = driver.engine.directory
    stored = driver.store.load(actor)
    if stored is not None:
        return _stored(stored, directory)
    if actor.name in directory.templates:
        return _idle(driver.engine, actor.name, directory.templates[actor.name])
    raise UnknownActor(actor.name, names(driver))


def actors(driver: ThreadDriver, *, prefix: str, passive: bool, limit: int) -> list[ActorInfo]:
    """Templates and active actors, then stored ones, by name within each; at most `limit`."""
    rows = driver.look(lambda engine, _: _listed(engine, prefix, limit))
    if passive and len(rows) < limit:
        known = {row.id for row in rows}
        directory = driver.engine.directory
        stored = {each.actor: each for each in driver.store.actors(prefix=prefix, limit=limit)}
        rows = [_with_past(row, stored) for row in rows]
        rows += [_stored(each, directory) for actor, each in stored.items() if actor not in known]
    return rows[:limit]


def _with_past(row: ActorInfo, stored: dict[ActorId, Snapshot]) -> ActorInfo:
    """A deployed actor that is not active has a revision in the store only."""
    past = stored.get(row.id)
    if past is None or row.phase != "passive":
        return row
    return msgspec.structs.replace(row, revision=past.revision, last_turn_us=past.at_us)


def _listed(engine: Engine, prefix: str, limit: int) -> list[ActorInfo]:
    matching = (each for each in engine.directory.active.values() if each.id.name.startswith(prefix))
    rows = [_active(engine, each) for each in islice(matching, limit)]
    active = {row.id.name for row in rows}
    templates = engine.directory.templates.items()
    rows += [_idle(engine, name, each) for name, each in templates if name not in active and name.startswith(prefix)]
    return sorted(rows, key=lambda row: row.id.name)


def _active(engine: Engine, activation: Activation) -> ActorInfo:
    template = engine.directory.templates.get(activation.parent)
    waiting, running = activation.mailbox, activation.running
    return ActorInfo(
        id=activation.id,
        parent=activation.parent,
        kind=template.definition.settings.kind if template is not None else "",
        phase=_phase(engine, activation),
        revision=activation.revision,
        waiting=activation.waiting,
        definition=template.definition.hash if template is not None else activation.state_definition,
        deployed=template is not None,
        turns=activation.turns,
        failures=activation.failures,
        last_turn_us=activation.last_active_us if activation.turns else 0,
        oldest_waiting_us=waiting[0].enqueued_us if waiting else 0,
        action=running.invocation.action if running is not None else "",
        action_started_us=activation.started_us if running is not None else 0,
        durability=str(template.durability) if template is not None else "",
        state_bytes=_size(activation.state),
        snapshot_due_us=activation.snapshot_due_us if activation.unsaved else 0,
        deactivation_due_us=_deactivation_us(activation, template),
    )


def _with_stored(info: ActorInfo, store: StateStore) -> ActorInfo:
    """With what a kill now would leave of an active actor; without, while the store cannot be read."""
    stored = None
    with suppress(SpawnError):
        stored = store.load(info.id)
    if stored is None:
        return info
    return msgspec.structs.replace(
        info,
        stored_revision=stored.revision,
        stored_us=stored.at_us,
        stored_bytes=_size(stored.state),
        stored_status=stored.status,
    )


def _size(state: State | None) -> int:
    return len(state.value.data) if state is not None else 0


def _deactivation_us(activation: Activation, template: Template | None) -> int:
    if template is None or activation.phase is not Phase.READY or activation.waiting:
        return 0
    return activation.last_active_us + template.definition.settings.deactivate_timeout_ms * 1_000


def _phase(engine: Engine, activation: Activation) -> str:
    """In one word; what keeps a ready actor from working is said instead."""
    if activation.phase is not Phase.READY:
        return "loading" if activation.phase is Phase.NEW else activation.phase.name.lower()
    if activation.suspended is not None and activation.suspended.is_suspended:
        return "suspended"
    return "held" if engine.breakpoints.is_stopped(activation.id) else "ready"


def _idle(engine: Engine, name: str, template: Template) -> ActorInfo:
    actor = ActorId(engine.options.system, name)
    counts = engine.directory.counts(actor)
    return ActorInfo(
        id=actor,
        parent=name,
        kind=template.definition.settings.kind,
        phase="template" if template.has_children else "passive",
        definition=template.definition.hash,
        deployed=True,
        turns=counts.turns,
        failures=counts.failures,
    )


def _stored(stored: Snapshot, directory: Directory) -> ActorInfo:
    template, counts = directory.templates.get(stored.parent), directory.counts(stored.actor)
    return ActorInfo(
        id=stored.actor,
        parent=stored.parent,
        kind=template.definition.settings.kind if template is not None else "",
        phase="passive",
        revision=stored.revision,
        definition=stored.definition,
        deployed=template is not None,
        turns=counts.turns,
        failures=counts.failures,
        last_turn_us=stored.at_us,
        durability=str(template.durability) if template is not None else "",
        state_bytes=_size(stored.state),
        stored_revision=stored.revision,
        stored_us=stored.at_us,
        stored_bytes=_size(stored.state),
        stored_status=stored.status,
    )


def mailbox(driver: ThreadDriver, actor: ActorId, limit: int) -> list[Waiting]:
    """What the actor is doing and what waits for it; empty for one that is not active."""

    def look(engine: Engine, _: int) -> list[Waiting]:
        activation = engine.directory.active.get(actor)
        if activation is None:
            return []
        running = (
            [_waiting(activation.running.envelope, activation.started_us)] if activation.running is not None else []
        )
        return running + [_waiting(each) for each in islice(activation.mailbox or (), limit - len(running))]

    return driver.look(look)


def _waiting(envelope: Envelope, started_us: int = 0) -> Waiting:
    invocation = envelope.invocation
    return Waiting(
        invocation=invocation.id,
        action=invocation.action,
        caller=invocation.caller.name if invocation.caller is not None else "",
        enqueued_us=envelope.enqueued_us,
        running=started_us > 0,
        payload=invocation.payload,
        started_us=started_us,
    )


def pending(driver: ThreadDriver, correlations: Collection[str]) -> list[Invocation]:
    """Messages of these chains that wait in a mailbox or are being processed; those that are due later are not among them."""

    def look(engine: Engine, _: int) -> list[Invocation]:
        found = []
        for each in engine.directory.active.values():
            if each.running is not None:
                found.append(each.running.invocation)
            if each.mailbox is not None or each.outside is not None:
                found += [envelope.invocation for envelope in (*(each.mailbox or ()), *(each.outside or ()))]
        return [invocation for invocation in found if (invocation.correlation or invocation.id) in correlations]

    return driver.look(look)


def status(driver: ThreadDriver, base: SystemStatus) -> SystemStatus:
    """`base` with counts over the whole system."""

    def look(engine: Engine, _: int) -> SystemStatus:
        active = engine.directory.active.values()
        return msgspec.structs.replace(
            base,
            actors=len(active),
            waiting=sum(each.waiting for each in active),
            turns=sum(each.turns for each in active),
            sequence=engine.journal.sequence,
            committed=engine.journal.committed,
            store_error=engine.store_error,
            dropped_events=engine.feed.dropped,
            loop_blocked_by=str(driver.coroutines.blocker or ""),
            problems=(*engine.problems, *_unreadable(driver.store), *driver.problems.last[-3:]),
        )

    return driver.look(look)


def _unreadable(store: StateStore) -> tuple[str, ...]:
    """One line about what does not decode in a store; adapters of others need not know it."""
    found = store.quarantined() if hasattr(store, "quarantined") else []
    if not found:
        return ()
    shown = "; ".join(str(each) for each in found[:_SHOWN])
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    advice = f"`python -m runtime check {store.url}` lists all of it, --repair makes a copy without."
    return (f"Cannot be read whole in the store: {shown}{more}. {advice}",)


def children(driver: ThreadDriver, template: str, limit: int) -> list[Snapshot]:
    """The states of the active actors that run a template's code, the named actor included; at most `limit`."""

    def look(engine: Engine, now_us: int) -> list[Snapshot]:
        loaded = (each for each in engine.directory.children(template) if each.phase >= Phase.READY)
        return [each.snapshot(now_us, "ACTIVATED") for each in islice(loaded, limit)]

    return driver.look(look)


def waiting_for(driver: ThreadDriver, template: str, actions: Collection[str]) -> int:
    """How many messages wait for one of these actions of a template's actors."""

    def look(engine: Engine, _: int) -> int:
        waiting = (
            e for each in engine.directory.children(template) for e in (*(each.mailbox or ()), *(each.outside or ()))
        )
        return sum(envelope.invocation.action in actions for envelope in waiting)

    return driver.look(look)


def with_counts(
    driver: ThreadDriver, report: DeployReport, actor: ActorId, dropped_fields: tuple[str, ...]
) -> DeployReport:
    """A deploy report with what only the running system knows."""

    def look(engine: Engine, _: int) -> DeployReport:
        own = engine.directory.active.get(actor)
        children = list(engine.directory.children(actor.name))
        return msgspec.structs.replace(
            report,
            children=len(children),
            waiting=sum(each.waiting for each in children),
            revision=own.revision if own is not None else report.revision,
            dropped_fields=dropped_fields,
        )

    return driver.look(look)
