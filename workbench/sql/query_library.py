"""Queries that are asked again and again, each with its SQL: `wb.queries.slowest_actions()`, `%query slowest_actions`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from workbench.sql.statement_log import StatementLog, Statements
from workbench.sql.statements import literal

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

LIMIT = 20
"""So many rows where nothing else is said."""

_IS_MEANT = "{actor} IN (actor, parent)"
_TIMES = {
    "invocations": "finished_at", "failures": '"at"', "states": '"at"', "actors": "greatest(last_at, oldest_waiting_at)",
}  # fmt: skip
"""The tables that are narrowed to an actor and a time, and what has the time."""


class Ask(Protocol):
    """Runs a query of the library."""

    def __call__(
        self, query: StandardQuery, actor: str | None, since: datetime | float | str | None, limit: int, /
    ) -> DuckDBPyRelation: ...


@dataclass(frozen=True)
class StandardQuery:
    """A query of the library: call it for its rows, or take its text and write your own with it."""

    what: str
    """What is found, in one line."""
    columns: str
    """What is not plain from the names of the columns."""
    body: str
    """The statement, over everything and without a limit."""
    reads: tuple[str, ...]
    """Its tables, each of which an actor and a time narrow."""
    meant: str = _IS_MEANT
    """The condition for one actor, with `{actor}` for its name."""
    name: str = ""
    ask: Ask | None = None

    def __set_name__(self, _: type, name: str) -> None:
        object.__setattr__(self, "name", name)

    def __get__(self, queries: Queries | None, _: type) -> StandardQuery:
        return self if queries is None else replace(self, ask=queries.ask)

    def __call__(
        self, actor: str | None = None, *, since: datetime | float | str | None = None, limit: int = LIMIT
    ) -> DuckDBPyRelation:
        """The rows, as a DuckDB relation.

        Args:
            actor: only this one, or the children of this template.
            since: only what ended later: a datetime, the text of one, or how long ago: seconds, or text such as `"1h"`.
            limit: at most so many rows.

        Raises:
            UnknownActor: nothing is known under that name.
            BadSetting: `since` is no time, or `limit` is less than 1.
            NotCapable: the system keeps no history.
        """
        assert self.ask is not None, "a query is asked as an attribute of a library"
        return self.ask(self, actor, since, limit)

    @property
    def sql(self) -> str:
        """Its text, over everything, as `%%query` and `wb.query` take it."""
        return self.text()

    def text(self, actor: str | None = None, since_us: int = 0, limit: int = LIMIT) -> str:
        """Its text for one actor, or for what is later than a time in microseconds since 1970."""
        narrow = [part for table in self.reads if (part := self._narrowed(table, actor, since_us))]
        body = self.body.strip()
        if narrow:
            begun = f"WITH {', '.join(narrow)}"
            body = f"{begun}, {body.removeprefix('WITH ')}" if body.startswith("WITH ") else f"{begun}\n{body}"
        return f"{body}\nLIMIT {limit}"

    def _narrowed(self, table: str, actor: str | None, since_us: int) -> str:
        """The table under its own name with the rows that are meant; empty where all are."""
        conditions = [self.meant.format(actor=literal(actor))] if actor is not None else []
        if since_us:
            moment = datetime.fromtimestamp(since_us / 1_000_000, tz=UTC).isoformat()
            conditions.append(f"{_TIMES[table]} >= TIMESTAMPTZ {literal(moment)}")
        return f"{table} AS (FROM main.{table} WHERE {' AND '.join(conditions)})" if conditions else ""

    def getdoc(self) -> str:
        """What IPython's `?` shows."""
        takes = "Takes actor=, since= (how long ago, or a time) and limit=; .sql is the text:"
        return f"{self.what}\n\n{self.columns}\n\n{takes}\n\n{self.sql}"

    def __repr__(self) -> str:
        return f"wb.queries.{self.name}(): {self.getdoc()}"


class Queries:
    """The library of queries, each an attribute that is called for its rows and has its text as `.sql`.

    All of them take `actor=` (one actor, or a template for its children), `since=` and `limit=`.
    """

    def __init__(self, ask: Ask, log: StatementLog) -> None:
        self.ask, self._log = ask, log

    slowest_actions = StandardQuery(
        "Find the actions whose turns take longest, by the time that 95 of 100 turns keep within.",
        "slowest is the id of the turn that took longest; total_ms the time of all.",
        """
SELECT parent, action, count(*) AS turns, round(median(run_ms), 3) AS median_ms,
    round(quantile_cont(run_ms, 0.95), 3) AS p95_ms, max(run_ms) AS max_ms, round(sum(run_ms), 3) AS total_ms,
    arg_max(id, run_ms) AS slowest
FROM invocations GROUP BY parent, action
ORDER BY p95_ms DESC, parent, action""",
        reads=("invocations",),
    )

    hottest_actors = StandardQuery(
        "Find the actors that are busy for most of the time.",
        "busy_ms is the time of all turns of the actor; share what part it is of that of all that are asked for.",
        """
SELECT actor, parent, count(*) AS turns, count(error_code) AS failures, round(sum(run_ms), 3) AS busy_ms,
    round(sum(run_ms) / nullif(sum(sum(run_ms)) OVER (), 0), 4) AS share,
    round(avg(wait_ms), 3) AS mean_wait_ms, max(finished_at) AS last_at
FROM invocations GROUP BY actor, parent
ORDER BY busy_ms DESC, turns DESC, actor""",
        reads=("invocations",),
    )

    growing_mailboxes = StandardQuery(
        "Find the actors that do not keep up: messages wait now, or the later ones waited longer than the earlier ones.",
        "most_waiting is how many recorded messages waited at once at most; the waits are medians of the first and the second\n"
        "half of an actor's turns.",
        """
WITH steps AS (
    SELECT actor, enqueued_at AS moment, 1 AS step FROM invocations
    UNION ALL SELECT actor, started_at, -1 FROM invocations
), depths AS (
    SELECT actor, moment, sum(step) OVER (PARTITION BY actor ORDER BY moment, step ROWS UNBOUNDED PRECEDING) AS depth
    FROM steps
), peaks AS (
    SELECT actor, max(depth)::BIGINT AS most_waiting, arg_max(moment, depth) AS most_waiting_at FROM depths GROUP BY actor
), halves AS (
    SELECT actor, wait_ms, ntile(2) OVER (PARTITION BY actor ORDER BY sequence) AS half FROM invocations
), waits AS (
    SELECT actor, median(wait_ms) FILTER (half = 1) AS earlier_wait_ms, median(wait_ms) FILTER (half = 2) AS later_wait_ms
    FROM halves GROUP BY actor
)
SELECT actor, waiting, oldest_waiting_at, most_waiting, most_waiting_at, earlier_wait_ms, later_wait_ms
FROM actors LEFT JOIN peaks USING (actor) LEFT JOIN waits USING (actor)
WHERE waiting > 0 OR later_wait_ms > earlier_wait_ms
ORDER BY waiting DESC NULLS LAST, later_wait_ms - earlier_wait_ms DESC NULLS LAST, actor""",
        reads=("invocations", "actors"),
    )

    retries = StandardQuery(
        "Find the messages that were sent again after they had failed, and how that ended.",
        "error is that of the last attempt that failed; last the id of the last attempt. The same action of the same actor\n"
        "with the same payload counts as the same message, from its first failure to its next success.",
        """
WITH attempts AS (
    SELECT *, count(*) FILTER (error_code IS NULL) OVER (
        PARTITION BY actor, action, payload::VARCHAR ORDER BY sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS successes_before
    FROM invocations
)
SELECT actor, action, any_value(payload) AS payload, count(*) AS attempts,
    CASE WHEN count(error_code) < count(*) THEN 'succeeded' ELSE 'failed' END AS outcome,
    arg_max(coalesce(error_type, error_code), sequence) FILTER (error_code IS NOT NULL) AS error,
    max(finished_at) AS last_at, arg_max(id, sequence) AS last
FROM attempts GROUP BY actor, action, payload::VARCHAR, successes_before HAVING count(*) > 1
ORDER BY attempts DESC, last_at DESC""",
        reads=("invocations",),
    )

    gaps = StandardQuery(
        "Find the times in which no turn ran, the longest first.",
        "The last three columns are the turn that ended the gap. With an actor, the times in which that one did nothing.",
        """
WITH turns AS (
    SELECT *, max(finished_at) OVER (ORDER BY started_at, sequence ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS idle_since
    FROM invocations
)
SELECT idle_since AS since, started_at AS until, started_at - idle_since AS gap, actor, action, id
FROM turns WHERE started_at > idle_since
ORDER BY gap DESC, until""",
        reads=("invocations",),
    )

    who_calls_whom = StandardQuery(
        "Count the calls between actors, children together under their template.",
        "caller is NULL for calls from outside; actors is how many were called. With an actor, the calls to it and by it.",
        """
WITH callers AS (SELECT DISTINCT system, actor, parent FROM main.invocations)
SELECT coalesce(callers.parent, called.caller) AS caller, called.parent AS actor, called.action, count(*) AS calls,
    count(DISTINCT called.actor) AS actors, count(error_code) AS failures, round(median(run_ms), 3) AS median_ms
FROM invocations AS called
LEFT JOIN callers ON callers.actor = called.caller AND callers.system = coalesce(called.caller_system, called.system)
GROUP BY ALL
ORDER BY calls DESC, caller NULLS FIRST, called.parent, called.action""",
        reads=("invocations",),
        meant="{actor} IN (actor, parent, caller)",
    )

    largest_states = StandardQuery(
        "Find the actors with the largest states.",
        "bytes is the length of the state as JSON; share what part it is of all states that are asked for.",
        """
SELECT actor, parent, strlen(state::VARCHAR) AS bytes,
    round(strlen(state::VARCHAR) / nullif(sum(strlen(state::VARCHAR)) OVER (), 0), 4) AS share, revision, "at"
FROM states WHERE state IS NOT NULL
ORDER BY bytes DESC, actor""",
        reads=("states",),
    )

    failures_by_cause = StandardQuery(
        "Count the failures by what went wrong; texts that differ only in numbers are one.",
        "text is the first line of the error, with # for each number; last is the id of the last turn that failed so.",
        """
SELECT type, regexp_replace(split_part(text, chr(10), 1), '[0-9]+', '#', 'g') AS text, parent, action,
    count(*) AS failures, count(DISTINCT actor) AS actors, max("at") AS last_at, arg_max(id, sequence) AS last
FROM failures GROUP BY ALL
ORDER BY failures DESC, last_at DESC""",
        reads=("failures",),
    )

    def log(self, limit: int = LIMIT) -> Statements:
        """The last statements of this kernel, oldest first: time, text, rows and duration, or the error; never what was answered.

        Those of `%query`, `wb.query` and of this library; `.df()` gives all columns.

        Args:
            limit: at most so many; 1,000 are kept.

        Raises:
            BadSetting: `limit` is less than 1.
        """
        return self._log.last(limit)

    def __iter__(self) -> Iterator[StandardQuery]:
        names = [name for name, each in vars(Queries).items() if isinstance(each, StandardQuery)]
        return (getattr(self, name) for name in names)

    def __repr__(self) -> str:
        lines = [f"  {each.name:<18} {each.what}" for each in self]
        return "\n".join(["Queries, each as wb.queries.NAME() or %query NAME; .sql is the text:", *lines])
