"""Live panels for the session's system: what `wb.watch`, `wb.dashboard` and `wb.form` show."""

from __future__ import annotations

import logging
import uuid
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from runtime.errors import BadSetting
from workbench import widgets
from workbench.redaction import HIDDEN, REMEMBERED, display, is_from_actor, redacted, redacted_text
from workbench.render.html import bundle, element, muted
from workbench.session import current

if TYPE_CHECKING:
    from workbench.widgets.panel import Panel


def watch(actor: str) -> Panel:
    """A live panel of an actor: its state, its mailbox and its last turns, also while another cell is busy.

    Raises:
        UnknownActor: nothing is known under that name.
    """
    return widgets.actor_panel(current.open(), actor)


def dashboard(show: str = "actors") -> Panel:
    """A live panel of the whole system; each of its actors opens in it.

    Args:
        show: what it begins with: `actors`, a list that is searched and sorted, or `topology`, who calls whom.

    Raises:
        BadSetting: it shows neither.
    """
    if show not in ("actors", "topology"):
        raise BadSetting(f"A dashboard shows 'actors' or 'topology', not {show!r}.")
    return widgets.system_panel(current.open(), topology=show == "topology")


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


class TransientLine:
    """A line among the outputs of a cell that is emptied later, so that nothing of it is saved but its place."""

    def __init__(self, publisher: Any) -> None:
        """`publisher`: IPython's, which may be used by any thread that runs in the context of the cell."""
        self._publisher = publisher

    def show(self, text: str) -> Callable[[], object]:
        """Show it; called, the answer takes it away."""
        token = {"display_id": uuid.uuid4().hex}
        self._publisher.publish(bundle(text, element("div", muted(text))), transient=token)
        return lambda: self._publisher.publish(bundle("", ""), transient=token, update=True)


# --- Secrets ----------------------------------------------------------------------------------------------------------
# A state or an answer is a plain value, and a query's rows are a relation of DuckDB's: a cell shows them in its own way.
# So their formatters look whether they come from actors, and show them by the same rule as everything else.

_RELATION = "duckdb._relation", "DuckDBPyRelation"
_OLDER_RELATION = "_duckdb", "DuckDBPyRelation"


class Secrets:
    """Hides secrets in the values that one shell displays, and says so the first time, until it is removed."""

    def __init__(self, shell: Any, tell: Callable[[str], object] = print) -> None:
        self._shell, self._tell = shell, tell
        self._is_told = False
        self._before: dict[type, Any] = {}

    def install(self) -> None:
        """From now on."""
        display.values, display.has_hidden = deque(maxlen=REMEMBERED), False
        for kind in (dict, list, tuple):
            self._before[kind] = self._formatter.for_type(kind)
            self._formatter.for_type(kind, self._show_container)
        for name in (_RELATION, _OLDER_RELATION):
            self._formatter.for_type_by_name(*name, _show_relation)
            self._bundles.for_type_by_name(*name, _relation_bundle)
        display.takes_messages = lambda kind: self._formatter.for_type(kind, _show_message)
        self._shell.events.register("post_run_cell", self._tell_once)

    def remove(self) -> None:
        """Values are displayed as everywhere."""
        self._shell.events.unregister("post_run_cell", self._tell_once)
        for kind, before in self._before.items():
            self._formatter.for_type(kind, before)
        self._before.clear()
        ours = _show_relation, _relation_bundle, _show_message
        for formatter in (self._formatter, self._bundles):
            for printers in (formatter.deferred_printers, formatter.type_printers):
                for kind in [kind for kind, printer in printers.items() if printer in ours]:
                    del printers[kind]
        display.values, display.takes_messages, display.shows_secrets = None, None, False

    @property
    def _formatter(self) -> Any:
        return self._shell.display_formatter.formatters["text/plain"]

    @property
    def _bundles(self) -> Any:
        return self._shell.display_formatter.mimebundle_formatter

    def _show_container(self, value: Any, printer: Any, cycle: bool) -> None:
        hidden = redacted(value) if not cycle and is_from_actor(value) else value
        self._before[type(value)](hidden, printer, cycle)

    def _tell_once(self, *_: object) -> None:
        """Callback for IPython's `post_run_cell`."""
        if not display.has_hidden or self._is_told:
            return
        self._is_told = True
        self._tell(
            f"{HIDDEN} stands for a value under a secret's name, such as password or token: a notebook saves what it shows. "
            "%config Workbench.show_secrets = True shows those of your own actors."
        )


def _show_message(message: Any, printer: Any, _: bool) -> None:
    printer.text(redacted_text(repr(message)))


def _show_relation(relation: Any, printer: Any, _: bool) -> None:
    from workbench.presenters.query_rows import as_shown, as_text
    from workbench.sql.answer_tables import answer_table

    table = answer_table(as_shown(relation))
    printer.text(as_text(relation) if table is None else table[0])


def _relation_bundle(relation: Any) -> Any:
    """A table of ours; of any other answer what it says of itself to front ends, from DuckDB 2 on."""
    from workbench.presenters.query_rows import as_bundle, as_shown
    from workbench.sql.answer_tables import answer_table

    table = answer_table(as_shown(relation))
    return as_bundle(relation) if table is None else bundle(*table)
