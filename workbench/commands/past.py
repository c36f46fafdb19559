"""The past as a whole: all states at a moment, the actors whose state fulfils a condition, and the revision that began it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from runtime.api import SystemApi
from runtime.errors import BadQuery, BadSetting, Mistake, StoreUnavailable, nearest, shown
from runtime.fields import as_text
from workbench.commands.history import answer, entry, last_sequence, need_history, newest, query, since_us
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
        answer(f"SELECT * FROM {view} WHERE ({condition}\n) LIMIT 0")
    except BadQuery as error:
        if _NO_COLUMN.search(str(error)):
            return False
        raise
    return True


def _listed() -> str:
    """The fields there are, one line for each view."""
    rows = answer(
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
        last("next at" ORDER BY revision) AS until, min_by(cause, revision) AS cause, min_by({state}, revision) AS state
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
    listed = answer(
        "SELECT view, coalesce(list(name ORDER BY name) FILTER (field IS NOT NULL), ['state']) "
        "FROM columns GROUP BY view HAVING bool_or(field IS NOT NULL OR name = 'state') ORDER BY view"
    )
    return {view: _as_state(names) for view, names in listed.fetchall()}


def _as_state(names: list[str]) -> str:
    quoted = ['"' + name.replace('"', '""') + '"' for name in names]
    return f"to_json(struct_pack({', '.join(f'{name} := {name}' for name in quoted)}))"


# --- Words in messages, answers, errors and logs ----------------------------------------------------------------------

_HITS = """
WITH parts AS (
    SELECT finished_at AS "at", actor, action, id AS invocation, cause, sequence, map_from_entries([
        ('name', {name}), ('message', {message}), ('answer', {answer}), ('error', {error})
    ]) AS texts
    FROM invocations WHERE finished_at >= $since AND ($actor IS NULL OR actor = $actor)
    UNION ALL
    SELECT "at", actor, action, invocation, NULL, NULL, MAP {{'log': {log}}} FROM log_lines
), hits AS (
    SELECT *, list_filter(map_entries(texts), lambda part: {some}) AS found
    FROM parts WHERE {every}
)
SELECT "at", actor, action, invocation, cause, list_transform(found, lambda part: part.key) AS found_in,
    array_to_string(list_transform(found, lambda part: left(part.value, 500)), chr(10)) AS text
FROM hits ORDER BY "at", sequence
"""


def search(
    words: str | re.Pattern[str], *, actor: str | None = None, since: datetime | float | str | None = None
) -> DuckDBPyRelation:
    """The turns and log lines in which all words occur, oldest first, whatever their case.

    Columns: `at`, `actor`, `action`, `invocation`, `cause` (of the message), `found_in` (`name`, `message`, `answer`, `error` or
    `log`) and `text`, the parts in which a word was found.  Looks through what is recorded and the log lines that are in memory,
    without an index or a file; a message of a contract is searched by its fields' names and values.  Values under a secret's
    name are not looked at: what is searched is what a cell would show.

    Args:
        words: parts of words are found, too: `wb.search("order-17 refused")`; or a compiled pattern, in RE2's syntax.
        actor: only this one.
        since: only from this time on: a datetime, the text of one, or how long ago.

    Raises:
        BadSetting: there is no word in it, or `since` is no time.
        BadQuery: the pattern is not one that DuckDB knows.
        NotCapable: the system keeps no history.
    """
    wanted = [words.pattern] if isinstance(words, re.Pattern) else _words(words)
    test = "regexp_matches({}, $w{})" if isinstance(words, re.Pattern) else "contains(lower({}), lower($w{}))"
    whole = "array_to_string(map_values(texts), chr(10))"
    sql = _HITS.format(
        some=" OR ".join(test.format("coalesce(part.value, '')", number) for number in range(len(wanted))),
        every=" AND ".join(test.format(whole, number) for number in range(len(wanted))),
        **_searched(),
    )
    from_us = since_us(since)
    values = {f"w{number}": word for number, word in enumerate(wanted)}
    at = datetime.fromtimestamp(from_us / 1_000_000, tz=UTC)
    return query(sql, {**values, "actor": actor, "since": at, "log_lines": _log_lines(actor, from_us)})


def _searched() -> dict[str, str]:
    """SQL for each part of a turn that is searched, without its secrets."""
    from workbench.sql.secrets import searched_json, searched_text

    return {
        "name": searched_text("concat_ws(' ', actor, action, key)"),
        "message": searched_json("payload::VARCHAR"),
        "answer": searched_json("response::VARCHAR"),
        "error": searched_text("concat_ws(': ', nullif(error_type, ''), nullif(error, ''))"),
        "log": searched_text("text"),
    }


def _words(text: str) -> list[str]:
    words = as_text(text, "words", "give words as text, or a compiled pattern.").split()
    if not words:
        raise BadSetting("There is no word to search for: words is empty.")
    return words


def _log_lines(actor: str | None, from_us: int) -> Any:
    import pyarrow as pa

    text = pa.string()
    kinds = {"at": pa.timestamp("us", tz="UTC"), "actor": text, "action": text, "invocation": text, "text": text}
    lines = [
        {
            "at": line.at_us,
            "actor": line.actor.name,
            "action": line.action,
            "invocation": line.invocation,
            "text": line.text,
        }
        for line in current.logs.lines(None)
        if line.at_us >= from_us and actor in (None, line.actor.name)
    ]
    return pa.Table.from_pylist(lines, schema=pa.schema(kinds))


# --- The revision at which something began ----------------------------------------------------------------------------


class Beginning(History):
    """The turn at which something began to hold, or nothing."""

    __slots__ = ()
    empty = "It does not hold for the last revision."


class UnknownField(Mistake, AttributeError, KeyError):
    """A state has no field of that name."""

    code = "unknown_field"

    def __init__(self, field: str, fields: Iterable[str]) -> None:
        listed = sorted(fields)
        close = nearest(field, listed, kind="field")
        super().__init__(
            f"The state has no field {field!r}; it has {', '.join(listed)}. {close if '?' in close else ''}".rstrip()
        )

    __str__ = Exception.__str__  # and not that of KeyError, which is a `repr`


class Fields(dict[str, Any]):
    """A state whose fields are attributes, too; a field that is named as a method of `dict` is the field."""

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("__") and name in self:
            return self[name]
        return super().__getattribute__(name)

    def __getattr__(self, name: str) -> Any:
        raise UnknownField(name, self)

    def __missing__(self, name: str) -> Any:
        raise UnknownField(name, self)


def bisect(actor: str, holds: Callable[[Any], object]) -> Beginning:
    """The turn that made the first revision for which something holds, found by halving; empty if it does not hold now.

    `wb.bisect("counter", lambda s: s.total < 0)`.  Reads about twenty states of a million.  Where it began, ended and began again,
    this is one of the beginnings; where it holds at the oldest revision that is kept, this is that one.

    Args:
        holds: gets a state, its fields as attributes and by name; what it raises comes out here.

    Raises:
        UnknownField: it asks for a field that the state has not.
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
        try:
            return bool(holds(Fields(state) if isinstance(state, dict) else state))
        except Exception as error:
            current.show_plainly(error)
            raise

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
