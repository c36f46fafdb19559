"""The past as a whole: all states at a moment, the actors whose state fulfils a condition, and the revision that began it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runtime.api import SystemApi
from runtime.errors import BadQuery, BadSetting, StoreUnavailable, shown
from runtime.fields import as_text
from workbench.commands.history import entry, last_sequence, need_history, newest, query, since_us
from workbench.results import History
from workbench.session import current

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


def as_of(moment: datetime | float | str) -> DuckDBPyRelation:
    """The state that each actor had at a moment.

    Columns: `actor`, `parent`, `revision`, `at`, `cause`, `definition`, `state`, `tags`, `system`.

    In SQL: `FROM states_at(TIMESTAMPTZ '2026-11-24 10:00+00')`.  Actors are missing whose turns are not recorded
    (`durability="snapshot"`), and those whose turns of that time retention has removed.

    Args:
        moment: a datetime, the text of one (without a zone in the reader's own), or how long ago: seconds, or text such as `"1h"`.

    Raises:
        BadSetting: it is no time.
        NotCapable: the system keeps no history.
    """
    at = datetime.fromtimestamp(since_us(moment, name="moment") / 1_000_000, tz=UTC)
    return query("FROM states_at($moment) ORDER BY system, actor", {"moment": at})


def find(condition: str, *, ever: bool = False) -> DuckDBPyRelation:
    """The actors whose state fulfils a condition now: `actor`, `revision`, `at`, `cause`, `definition`, `state`.

    Every kind of actor is asked whose fields the condition names: `wb.find("cash < 0 AND owner IS NOT NULL")`.

    Args:
        condition: SQL over the fields of a state, as in the views of schema `history`.
        ever: over all recorded revisions: each stretch of them that fulfilled it, with `first_revision`, `last_revision`,
            `since`, `until` (NULL while it lasts), `cause` (the invocation that began it) and the `state` it began with.

    Raises:
        BadSetting: it is no text.
        BadQuery: it is not one condition, or no actor has these fields; the message lists those that there are.
        NotCapable: the system keeps no history.
    """
    condition = as_text(condition, "condition", "give SQL, such as 'cash < 0'.")
    views = _views()
    found = [view for view in views if _accepts(view, condition)]
    if not found:
        raise BadQuery(f"Cannot look for {condition}: no actor has these fields.{_listed()}")
    pattern = _STRETCHES if ever else _NOW
    parts = [pattern.format(view=view, condition=condition, state=views[view]) for view in found]
    return query(f"{' UNION ALL '.join(parts)} ORDER BY ALL")


def _accepts(view: str, condition: str) -> bool:
    """Whether a view has the columns of a condition.  Raises BadQuery: it is none for another reason."""
    try:
        query(f"SELECT * FROM {view} WHERE ({condition}\n) LIMIT 0")
    except BadQuery as error:
        if _NO_COLUMN.search(str(error)):
            return False
        raise
    return True


def _listed() -> str:
    """The fields there are, one line for each view."""
    rows = query(
        "SELECT view, list(name) FROM columns WHERE field IS NOT NULL GROUP BY view ORDER BY view LIMIT 20"
    ).fetchall()
    return "".join(f"\n{view}: {', '.join(names)}" for view, names in rows)


_NO_COLUMN = re.compile(r"column .* not found", re.IGNORECASE)

_NOW = """(
    SELECT actor, revision, "at", cause, definition, {state} AS state FROM (
        SELECT * FROM {view} QUALIFY revision = max(revision) OVER (PARTITION BY actor)
    ) WHERE ({condition}
))"""

_STRETCHES = """(
    SELECT actor, min(revision) AS first_revision, max(revision) AS last_revision, min("at") AS since,
        max_by("next at", revision) AS until, min_by(cause, revision) AS cause, min_by({state}, revision) AS state
    FROM (
        SELECT *, row_number() OVER (PARTITION BY actor ORDER BY revision)
            - row_number() OVER (PARTITION BY actor, "is so" ORDER BY revision) AS "stretch"
        FROM (
            SELECT *, coalesce(({condition}
            ), false) AS "is so", lead("at") OVER (PARTITION BY actor ORDER BY revision) AS "next at" FROM {view}
        )
    ) WHERE "is so" GROUP BY actor, "stretch"
)"""


def _views() -> dict[str, str]:
    """Each view of schema `history`, with an expression for the state of a row."""
    listed = query(
        "SELECT view, coalesce(list(name ORDER BY name) FILTER (field IS NOT NULL), ['state']) "
        "FROM columns GROUP BY view HAVING bool_or(field IS NOT NULL OR name = 'state') ORDER BY view"
    )
    return {view: _as_state(names) for view, names in listed.fetchall()}


def _as_state(names: list[str]) -> str:
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    return f"to_json(struct_pack({', '.join(f'{name} := {name}' for name in quoted)}))"


# --- The revision at which something began ----------------------------------------------------------------------------


class Beginning(History):
    """The turn at which something began to hold, or nothing."""

    __slots__ = ()
    empty = "It does not hold for the last revision."


class Fields(dict[str, Any]):
    """A state whose fields are attributes, too."""

    def __getattr__(self, field: str) -> Any:
        try:
            return self[field]
        except KeyError:
            raise AttributeError(f"The state has no field {field!r}; it has {', '.join(self)}.") from None


def bisect(actor: str, holds: Callable[[Any], object]) -> Beginning:
    """The turn that made the first revision for which something holds, found by halving; empty if it does not hold now.

    `wb.bisect("counter", lambda s: s.total < 0)`.  Reads about twenty states of a million.  Where it began, ended and began again,
    this is one of the beginnings; where it holds at the oldest revision that is kept, this is that one.

    Args:
        holds: gets a state, its fields as attributes and by name; what it raises comes out here.

    Raises:
        UnknownActor: nothing is known under that name.
        NotCapable: the system keeps no history.
        BadSetting: `holds` cannot be called.
    """
    if not callable(holds):
        raise BadSetting(f"holds={shown(holds)} is no function. Give one of the state: lambda s: s.total < 0")
    system = current.open()
    need_history(system)
    with suppress(StoreUnavailable):
        system.flush()

    def held(revision: int) -> bool:
        state = system.state(actor, revision)
        return bool(holds(Fields(state) if isinstance(state, dict) else state))

    last, first = system.info(actor).revision, _oldest(system, actor)
    if first is None or not held(last):
        return Beginning(())
    while first < last:
        middle = (first + last) // 2
        first, last = (first, middle) if held(middle) else (middle + 1, last)
    return _made(system, actor, last)


def _oldest(system: SystemApi, actor: str) -> int | None:
    """The oldest revision of an actor that is kept."""
    turns = (turn for batch in system.turns(actor=actor) for turn in batch if turn.revision > turn.revision_before)
    return next((turn.revision for turn in turns), None)


def _made(system: SystemApi, actor: str, revision: int) -> Beginning:
    until = last_sequence(system, actor, revision)
    found = newest(system, lambda turn: turn.revision == revision > turn.revision_before, 1, actor=actor, until=until)
    return Beginning(map(entry, found))
