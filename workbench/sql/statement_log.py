"""The last statements that this process asked the history: when, how many rows, how long, how it ended; never what was answered."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from runtime.errors import BadSetting, shown
from workbench.redaction import redacted_text
from workbench.render.tables import local_time
from workbench.results import Rows

REMEMBERED = 1_000
"""So many statements are kept."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One statement that was run, or could not be."""

    at_us: int
    """When it began."""
    sql: str
    rows: int | None
    """How many it answered; None where it failed."""
    took_ms: float
    error: str = ""
    """Why it failed, in one line; empty where it did not."""


class Statements(Rows[Statement]):
    """Statements, oldest first."""

    __slots__ = ()
    columns = ("at", "statement", "rows", "ms", "error")
    empty = "No statements yet. Ask with %query, %%query or wb.query."
    noun = "statement"

    def cells(self, record: Statement) -> Sequence[object]:
        rows = "" if record.rows is None else f"{record.rows:,}"
        text = redacted_text(" ".join(record.sql.split()))
        return local_time(record.at_us), text, rows, f"{record.took_ms:,.1f}", redacted_text(record.error)


class StatementLog:
    """The last statements.  Safe from several threads."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._statements: deque[Statement] = deque(maxlen=remembered)

    def run(self, sql: object, work: Callable[[], Any]) -> Any:
        """The relation that `work` answers, which is noted, as is an error that it raises."""
        at_us, begun = time.time_ns() // 1_000, time.perf_counter()
        try:
            relation = work()
        except BaseException as error:
            self._note(sql, at_us, begun, None, str(error).strip().partition("\n")[0] or type(error).__name__)
            raise
        self._note(sql, at_us, begun, len(relation))
        return relation

    def last(self, limit: int) -> Statements:
        """The last so many, oldest first.

        Raises:
            BadSetting: the limit is less than 1.
        """
        if type(limit) is not int or limit < 1:
            raise BadSetting(f"limit={shown(limit)} must be 1 or more.")
        return Statements(tuple(self._statements)[-limit:])

    def clear(self) -> None:
        """Forget them."""
        self._statements.clear()

    def _note(self, sql: object, at_us: int, begun: float, rows: int | None, error: str = "") -> None:
        text = sql if isinstance(sql, str) else shown(sql)
        took_ms = (time.perf_counter() - begun) * 1_000
        self._statements.append(Statement(at_us=at_us, sql=text, rows=rows, took_ms=took_ms, error=error))
