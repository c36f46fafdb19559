"""Live panels for the session's system: what `wb.watch`, `wb.dashboard` and `wb.form` show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import widgets
from workbench.session import current

if TYPE_CHECKING:
    from workbench.widgets.panel import Panel


def watch(actor: str) -> Panel:
    """A live panel of an actor: its state, its mailbox and its last turns, also while another cell is busy.

    Raises:
        UnknownActor: nothing is known under that name.
    """
    return widgets.actor_panel(current.open(), actor)


def dashboard() -> Panel:
    """A live panel of the whole system."""
    return widgets.system_panel(current.open())


def form(actor: str, action: str = "", *, parent: str = "") -> Panel:
    """A form made from an action's signature, with a history of the calls, each copyable as code.

    Args:
        action: offered first; all others can be chosen.
        parent: the template to make the actor from at its first call.

    Raises:
        UnknownActor, UnknownAction: there is none of that name.
    """
    return widgets.form_panel(current.open(), actor, action, parent)
