"""Live panels for the session's system: what `wb.watch`, `wb.dashboard` and `wb.form` show."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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


# --- Panels -----------------------------------------------------------------------------------------------------------
# How a live panel is displayed in a notebook: as two outputs, so that the saved notebook shows something too.
#
# A front end that has no kernel, or does not save the state of widgets, has nothing but an error for a widget, whatever
# else its output holds.  So beside the widget goes a still picture, an output of its own that hides as long as the
# widget lives on the page. At the end of each cell the pictures of all panels are brought up to date.

_PANEL = "workbench.widgets.panel", "Panel"

_log = logging.getLogger(__name__)


class Panels:
    """Displays the panels of one shell, until it is removed; leaves a terminal alone, which has no widgets."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._undo: list[Callable[[], object]] = []

    def install(self) -> None:
        """From now on."""
        if getattr(self._shell, "kernel", None) is None:
            return
        self._formatter.for_type_by_name(*_PANEL, self._display_first)
        self._undo.append(self._forget)
        self._shell.events.register("post_run_cell", self._refresh)
        self._undo.append(lambda: self._shell.events.unregister("post_run_cell", self._refresh))

    def remove(self) -> None:
        """Panels are displayed as any widget."""
        while self._undo:
            self._undo.pop()()

    @property
    def _formatter(self) -> Any:
        return self._shell.display_formatter.ipython_display_formatter

    def _display_first(self, panel: Panel) -> None:
        """The formatter has come upon a panel by its name, and knows its class from now on.

        Not the class that it has seen: every widget with traits of its own is of a class of its own.
        """
        from workbench.widgets.panel import Panel

        self._formatter.for_type(Panel, self._display)
        self._display(panel)

    def _display(self, panel: Panel) -> None:
        (live, metadata), (picture, _) = panel.outputs()
        self._shell.display_pub.publish(live, metadata)
        self._shell.display_pub.publish(picture, transient={"display_id": panel.token})

    def _forget(self) -> None:
        self._formatter.deferred_printers.pop(_PANEL, None)
        printers, ours = self._formatter.type_printers, (self._display, self._display_first)
        for kind in [kind for kind, printer in printers.items() if printer in ours]:
            del printers[kind]

    def _refresh(self, *_: object) -> None:
        """Callback for IPython's `post_run_cell`.  Never raises."""
        try:
            for token, picture in widgets.fresh_pictures():
                self._shell.display_pub.publish(picture, transient={"display_id": token}, update=True)
        except Exception:  # noqa: BLE001 - whatever a system's client does, the user's cell has ended well
            _log.debug("the still pictures of panels could not be brought up to date", exc_info=True)
