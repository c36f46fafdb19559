"""Live panels in a notebook.  Importing this package costs nothing; anywidget is imported by the first panel."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from runtime.api import SystemApi

if TYPE_CHECKING:
    from workbench.widgets.panel import Panel
    from workbench.widgets.source import OnIntent


def actor_panel(system: SystemApi, actor: str, on_intent: OnIntent | None = None) -> Panel:
    """See `workbench.widgets.panels.actor_panel`."""
    from workbench.widgets import panels

    return panels.actor_panel(system, actor, on_intent)


def system_panel(system: SystemApi, on_intent: OnIntent | None = None, *, topology: bool = False) -> Panel:
    """See `workbench.widgets.panels.system_panel`."""
    from workbench.widgets import panels

    return panels.system_panel(system, on_intent, topology=topology)


def form_panel(system: SystemApi, actor: str, action: str = "", parent: str = "") -> Panel:
    """See `workbench.widgets.panels.form_panel`."""
    from workbench.widgets import panels

    return panels.form_panel(system, actor, action, parent)


def fresh_pictures() -> list[tuple[str, dict[str, Any]]]:
    """See `workbench.widgets.panels.fresh_pictures`; empty if no panel was ever opened."""
    opening = sys.modules.get("workbench.widgets.panels")
    return [] if opening is None else list(opening.fresh_pictures())


def close_all() -> None:
    """Close every panel and end the publisher's thread; does nothing if no panel was ever opened."""
    opening = sys.modules.get("workbench.widgets.panels")
    if opening is not None:
        opening.close_all()
