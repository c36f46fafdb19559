"""The past of a system: by SQL, its newest turns without reading all of it, and what actors logged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, overload

from runtime.api import Capability, SystemApi
from runtime.clock import as_datetime
from runtime.config import duration_ms
from runtime.errors import BadSetting, StoreUnavailable, shown
from runtime.fields import is_span_s
from runtime.ids import ActorId
from runtime.invocations import actor_name
from runtime.records import Turn
from runtime.wire.codecs.values import decode_value
from workbench.actor_logs import LogLine
from workbench.commands.actors import check_limit
from workbench.commands.invoke import WaitInterrupted
from workbench.presenters.logs import Logs
from workbench.redaction import display
from workbench.results import Entry
from workbench.session import current
from workbench.sql.connection import HistoryConnection
from workbench.sql.query_library import Queries, StandardQuery
from workbench.sql.statement_log import StatementLog

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation

    from workbench.presenters.plot import Plot


def entry(turn: Turn) -> Entry:
    """A finished turn, decoded."""
    return Entry(
        sequence=turn.sequence,
        revision=turn.revision,
        at=as_datetime(turn.finished_us),
        action=turn.action,
        payload=decode_value(turn.payload),
        response=decode_value(turn.response),
        failure="" if turn.failure is None else turn.failure.headline,
        state=decode_value(turn.state.value) if turn.state is not None else None,
        took_ms=(turn.finished_us - turn.started_us) / 1000,
        caller=turn.caller.name if turn.caller is not None else "",
        invocation=turn.invocation,
        definition=turn.definition,
        cause=turn.cause,
    )


# --- Ask the history with SQL -----------------------------------------------------------------------------------------

statements = StatementLog()
"""What this process asked, whichever system it was; `wb.queries.log()` shows it."""


@overload
def query(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> DuckDBPyRelation: ...
@overload
def query(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None, *, plot: Literal[True]) -> Plot: ...
@overload
def query(
    sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None, *, plot: bool
) -> DuckDBPyRelation | Plot: ...
def query(
    sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None, *, plot: bool = False
) -> DuckDBPyRelation | Plot:
    """The rows of a SQL query over everything that was answered before the call, as a DuckDB relation.

    Tables: `actors`, `states`, `revisions`, `invocations`, `failures`, `lifecycle`, `definitions`, `audit`, and one view per
    actor in schema `history`, such as `history.counter`.  `.df()` gives pandas, `.arrow()` Arrow.

    A DataFrame of pandas or polars, an Arrow table or an earlier answer in a variable of the notebook is a table of that name.
    Files and the network are out of reach; `%config Workbench.sql_reads_files = True` opens files.

    Args:
        params: values for `?` (a sequence) or `$name` (a mapping); in a mapping, DataFrames and Arrow tables are tables of that
            name.
        plot: give the obvious picture of the rows instead, which shows itself as an SVG; `.code` is Python that makes it, `.chart`
            the Altair chart.

    Raises:
        BadQuery: not one statement that reads, or one that fails, or with `plot` one without anything to draw.
        NotCapable: the system keeps no history.
        NotInstalled: `plot` needs altair and vl-convert-python, which the extra `notebooks` has.
    """
    relation: DuckDBPyRelation = statements.run(sql, lambda: answer(sql, params))
    try:
        return drawn(relation, sql) if plot else relation
    except KeyboardInterrupt:
        raise WaitInterrupted("The drawing was interrupted; nothing else was.") from None


def answer(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> DuckDBPyRelation:
    """The rows of a query, which is not noted among the statements."""
    try:
        return current.history().query(sql, params)
    except KeyboardInterrupt:
        raise WaitInterrupted("The query was interrupted; nothing else was.") from None


def connection() -> HistoryConnection:
    """A connection of Python's DB-API to the history, read-only and with the limits of `query`.

    For tools that want one: JupySQL (`conn = wb.connection()`, then `%sql conn`), `pandas.read_sql(…, conn)`, polars'
    `read_database`.  Parameters are `?` or `$name`; a statement sees everything that was answered before it.
    """
    return HistoryConnection(query)


def drawn(relation: DuckDBPyRelation, sql: str = "") -> Plot:
    """The picture of the answer to `sql`, without its secrets; where the text is not known, its rows count as no states.

    Complete: what is missing for it is said here, not when it is shown.
    """
    from workbench.presenters.plot import Plot
    from workbench.sql.secrets import without_secrets

    plot = Plot(without_secrets(relation) if display.hides() else relation, of_states=_reads_states_only(sql))
    _ = plot.svg
    return plot


def _reads_states_only(sql: str) -> bool:
    """Whether the rows of a query come from revisions of states, each of which lasts until the next one."""
    sources = current.history().sources(sql) if sql else set[str]()
    return bool(sources) and all(name == "revisions" or name.startswith("history.") for name in sources)


def _from_library(
    query_: StandardQuery, actor: str | None, since: datetime | float | str | None, limit: int
) -> DuckDBPyRelation:
    """The rows of a query of the library."""
    check_limit(limit)
    since_at, system = since_us(since), current.open()
    if actor is not None and Capability.LIST in system.capabilities:
        system.info(actor)
    return query(query_.text(actor, since_at, limit))


queries = Queries(_from_library, statements)
"""The library of queries, as `wb.queries`."""


# --- A time that something is to be later than ------------------------------------------------------------------------


def since_us(since: datetime | float | str | None, *, name: str = "since") -> int:
    """Microseconds since the epoch; 0 for None.

    Args:
        since: an aware datetime, the text of one, or how long ago: seconds, or text such as `"1h"`.
        name: what it is called where it was given, for the message.

    Raises:
        BadSetting: it is none of these.
    """
    if since is None:
        return 0
    if isinstance(since, str):
        return _read(since, name)
    if isinstance(since, datetime):
        return _of(since)
    if not is_span_s(since):
        raise BadSetting(_complaint(since, name))
    return _ago(since)


def _read(text: str, name: str) -> int:
    try:
        return _of(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        return _ago(float(text) if text.replace(".", "", 1).isdigit() else duration_ms(text, name="since") / 1_000)
    except BadSetting:
        raise BadSetting(_complaint(text, name)) from None


def _of(moment: datetime) -> int:
    """A moment without a zone is meant in the reader's own."""
    return round(moment.astimezone().timestamp() * 1_000_000)


def _ago(seconds: float) -> int:
    return time.time_ns() // 1_000 - round(seconds * 1_000_000)


def _complaint(since: object, name: str) -> str:
    return f"{name}={shown(since)} is no time. Give a datetime or its text, or how long ago: seconds, or text such as '1h'."


# --- The newest turns of a system, without reading its whole past -----------------------------------------------------

_FIRST_WINDOW = 4_096
_GROWTH = 8


def need_history(system: SystemApi) -> None:
    """Nothing, where there is a past to read.

    Raises:
        NotCapable: the system keeps none, with its reason.
    """
    if Capability.HISTORY not in system.capabilities:
        next(iter(system.turns()), None)


def newest(
    system: SystemApi,
    is_wanted: Callable[[Turn], bool],
    limit: int,
    *,
    actor: str | None = None,
    after: int = 0,
    until: int | None = None,
    searched: int | None = None,
) -> list[Turn]:
    """The last `limit` turns that are wanted, oldest first; the past is read in growing pieces until there are enough.

    What cannot be written just now is not among them.

    Args:
        after: only turns with a higher sequence.
        until: only turns with this sequence or a lower one; None for all.
        searched: how far back to look, in turns of the whole system; None for all.

    Raises:
        NotCapable: the system keeps no history.
    """
    need_history(system)
    with suppress(StoreUnavailable):
        system.flush()
    found: list[Turn] = []
    end, window = system.status().committed if until is None else until, _FIRST_WINDOW
    first = max(after, end - searched) if searched is not None else after
    while end > first and len(found) < limit:
        start = max(first, end - window)
        found = [turn for turn in _between(system, start, end, actor) if is_wanted(turn)] + found
        end, window = start, window * _GROWTH
    return found[-limit:]


def last_sequence(system: SystemApi, actor: str, revision: int) -> int:
    """A sequence that no turn of an actor up to that revision exceeds, and few later ones keep within.

    Raises:
        NotCapable: the system keeps no history.
    """
    return sequences_around(system, actor, revision)[1]


def sequences_around(system: SystemApi, actor: str, revision: int) -> tuple[int, int]:
    """Two sequences: turns of an actor up to the first ended at that revision or before, none up to it comes after the second.

    Found by halving, since revisions only grow: a past of a million turns is not read for it.

    Raises:
        NotCapable: the system keeps no history.
    """
    first, end = 0, system.status().committed
    while end - first > _FIRST_WINDOW:
        middle = (first + end) // 2
        turn = next((turn for batch in system.turns(after=middle, actor=actor) for turn in batch), None)
        if turn is None or turn.revision > revision:
            end = middle
        else:
            first = turn.sequence
    return first, end


def _between(system: SystemApi, start: int, end: int, actor: str | None) -> Iterator[Turn]:
    for batch in system.turns(after=start, actor=actor):
        for turn in batch:
            if turn.sequence > end:
                return
            yield turn


# --- What actors print and log ----------------------------------------------------------------------------------------


def logs(actor: str | None = None, limit: int = 1_000, *, invocation: str = "") -> Logs:
    """The last lines that actors printed and logged, oldest first, each with the invocation that it belongs to.

    `print`, `ctx.log`, `logging` and progress bars inside an action end up here, as long as the extension is loaded; in a script
    they go where a script's output goes.  Bounded: 1,000 lines of an actor are kept.

    Args:
        actor: None for all actors.
        invocation: only what belongs to this one; the end of its id will do.

    Raises:
        UnknownActor: nothing is known under that name.
        BadSetting: `limit` is less than 1.
    """
    check_limit(limit)
    is_elsewhere = current.attached is not None
    if actor is None:
        return Logs.of(_chosen(None, invocation, limit), is_elsewhere=is_elsewhere)
    system = current.open()
    identity = ActorId(system.name, actor_name(actor))
    found = _chosen(identity, invocation, limit)
    if not found and Capability.LIST in system.capabilities:
        system.info(actor)
    return Logs.of(found, whose=actor, dropped=current.logs.dropped(identity), is_elsewhere=is_elsewhere)


def _chosen(actor: ActorId | None, invocation: str, limit: int) -> list[LogLine]:
    lines = current.logs.lines(actor)
    return [line for line in lines if line.invocation.endswith(invocation)][-limit:]
