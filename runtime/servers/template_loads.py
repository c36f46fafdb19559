"""What the actors of each template take, for metrics: as labels templates are few, where actors may be a million."""

from __future__ import annotations

import msgspec

from runtime.drivers.threaded import ThreadedDriver


class TemplateLoad(msgspec.Struct):
    """The active actors that run one template's code."""

    active: int = 0
    waiting: int = 0
    """Messages in their mailboxes."""
    state_bytes: int = 0
    """Their committed states, encoded."""


def template_loads(driver: ThreadedDriver) -> tuple[dict[str, TemplateLoad], int]:
    """By template name; and how many actors are ready and wait for a thread."""
    active, ready = driver.look(lambda engine, _: (list(engine.directory.active.values()), len(engine.ready)))
    loads: dict[str, TemplateLoad] = {}
    for each in active:  # without the engine's lock: turns go on meanwhile
        load = loads.get(each.parent)
        if load is None:
            load = loads[each.parent] = TemplateLoad()
        load.active += 1
        load.waiting += each.waiting
        state = each.state
        load.state_bytes += len(state.value.data) if state is not None else 0
    return loads, ready
