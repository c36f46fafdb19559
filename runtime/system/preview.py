"""What would go wrong if a definition were deployed now: looked up, not tried."""

from __future__ import annotations

import msgspec

from runtime.api import ActorInfo, DeployReport, SystemApi
from runtime.authoring.definition import ActorDefinition
from runtime.drivers.thread_driver import ThreadDriver
from runtime.errors import UnknownActor
from runtime.hosts.base import Host
from runtime.hosts.in_process import InProcessHost
from runtime.records import Snapshot, State
from runtime.system import inspection
from runtime.system.redeploy import check_state, compare, unfit


def preview_from_outside(system: SystemApi, definition: ActorDefinition) -> DeployReport:
    """What deploying a definition to a system of another process would change, from what that one shows.

    Nothing is sent there but reads.  The state of the actor of that name is tried here, `@migrate` included; those of a
    template's children are not.

    Raises:
        DefinitionError: the definition cannot be deployed; the message says why.
        NotCapable: the system shows no definitions, or no states.
    """
    host = InProcessHost()
    host.prepare(definition)
    previous = next((each for each in reversed(system.definitions()) if each.name == definition.name), None)
    report = compare(definition, previous)
    info = _info(system, definition.name)
    if info is None or not info.revision:
        return report
    state = system.encoded_state(definition.name)
    current = Snapshot(
        actor=info.id,
        parent=info.parent,
        revision=info.revision,
        state=None if state is None else State(state),
        tags={},
        definition=info.definition,
        at_us=info.last_turn_us,
        status="ACTIVATED",
    )
    aside = check_state(host, definition, current)
    return msgspec.structs.replace(report, revision=info.revision, waiting=info.waiting, dropped_fields=aside)


def _info(system: SystemApi, name: str) -> ActorInfo | None:
    try:
        return system.info(name)
    except UnknownActor:
        return None


_CHECKED = 1_000
"""Active children whose states are tried; those in the store are migrated when they are needed."""


def previewed(driver: ThreadDriver, host: Host, definition: ActorDefinition, report: DeployReport) -> tuple[str, ...]:
    """Sentences for a person; empty when nothing is amiss."""
    warnings = []
    removed = {text.partition("(")[0] for text in report.removed_actions}
    stranded = inspection.waiting_for(driver, definition.name, removed)
    if stranded:
        names = ", ".join(sorted(removed))
        warnings.append(f"{stranded:,} waiting message(s) are for {names}, which would be gone: they would be refused.")
    children = inspection.children(driver, definition.name, _CHECKED)
    misfits = unfit(host, definition, children)
    if misfits:
        name, why = misfits[0]
        warnings.append(
            f"The state of {len(misfits):,} of {len(children):,} active actors does not fit; of {name}: {why}"
        )
    return tuple(warnings)
