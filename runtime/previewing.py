"""What would go wrong if a definition were deployed now: looked up, not tried."""

from __future__ import annotations

from runtime import inspection
from runtime.api import DeployReport
from runtime.definition import ActorDefinition
from runtime.drivers.threaded import ThreadedDriver
from runtime.hosts.base import Host
from runtime.redeploy import unfit

_CHECKED = 1_000
"""Active children whose states are tried; those in the store are migrated when they are needed."""


def previewed(driver: ThreadedDriver, host: Host, definition: ActorDefinition, report: DeployReport) -> tuple[str, ...]:
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
