"""Opens panels and closes them: the functions behind `wb.watch` and `wb.dashboard`."""

from __future__ import annotations

import weakref
from typing import Any

from runtime.api import Capability, SystemApi
from runtime.errors import UnknownAction
from workbench.session import current
from workbench.widgets.actor_source import ActorSource
from workbench.widgets.form_source import FormSource
from workbench.widgets.panel import Panel
from workbench.widgets.publisher import PanelState, Publisher
from workbench.widgets.source import OnIntent, Source, StatusReading
from workbench.widgets.system_source import SystemSource

_publisher = Publisher()
_open: weakref.WeakSet[Panel] = weakref.WeakSet()
_statuses: weakref.WeakValueDictionary[int, StatusReading] = weakref.WeakValueDictionary()
"""By the id of its system, which lives as long as the panels that read it."""


def actor_panel(system: SystemApi, actor: str, on_intent: OnIntent | None = None) -> Panel:
    """A live panel of one actor.

    Args:
        on_intent: called on a thread of its own with type and data of what is clicked and is not about the panel alone.

    Raises:
        UnknownActor: nothing is known under that name.
    """
    if Capability.LIST in system.capabilities:
        system.info(actor)
    source = ActorSource(system, actor, current.logs, _status_of(system))
    return _opened(source, f"panel of actor {actor!r} in {system.name!r}", on_intent)


def system_panel(system: SystemApi, on_intent: OnIntent | None = None, *, topology: bool = False) -> Panel:
    """A live panel of all actors of a system, as a list or as a `topology`; one of them can be opened in it."""
    source = SystemSource(system, current.logs, _status_of(system), topology=topology)
    return _opened(source, f"panel of actor system {system.name!r}", on_intent)


def form_panel(system: SystemApi, actor: str, action: str = "", parent: str = "") -> Panel:
    """A form that calls an actor's actions, with a history of its calls.

    Raises:
        UnknownActor: nothing is known under that name.
        UnknownAction: the actor has no such action.
    """
    known = system.actions(parent or actor)
    if action and action not in known:
        raise UnknownAction(actor, action, known)
    return _opened(FormSource(system, actor, action, parent), f"form of {actor!r} in {system.name!r}", None)


def fresh_pictures() -> list[tuple[str, dict[str, Any]]]:
    """`display_id` and content of every still picture on the page that is out of date: for the end of a cell."""
    given_out = [panel for panel in list(_open) if panel.is_given_out]
    if given_out:
        _publisher.catch_up()
    pictures = [(panel.token, panel.fresh_picture()) for panel in given_out]
    return [(token, picture) for token, picture in pictures if picture is not None]


def close_all() -> None:
    """Close every panel and end the publisher's thread."""
    for panel in list(_open):
        panel.close()
    _publisher.stop()


def _status_of(system: SystemApi) -> StatusReading:
    reading = _statuses.get(id(system))
    if reading is None:
        reading = _statuses[id(system)] = StatusReading(system)
    return reading


def _opened(source: Source, title: str, on_intent: OnIntent | None) -> Panel:
    clock = _publisher.clock
    entry = PanelState(source, on_intent)
    panel = Panel(title, entry.read(clock.now_us()), lambda: entry.still(clock.now_us()))
    panel.on_msg(lambda _, content, __: _publisher.receive(entry, content))
    panel.on_display = lambda: _publisher.refresh(entry)
    panel.on_close = lambda: _forget(panel, entry)
    _open.add(panel)
    _publisher.add(entry, panel)
    return panel


def _forget(panel: Panel, entry: PanelState) -> None:
    _publisher.remove(entry)
    _open.discard(panel)
