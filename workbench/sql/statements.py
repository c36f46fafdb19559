"""Statements for DuckDB: names and texts that come from data are made safe, and an interrupt of the cell stops what runs.

An actor, a field or a system may be called anything.  Every name reaches SQL text through `quoted` and every text through
`literal`; there is no other way in.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from runtime.background import start_daemon

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def quoted(name: str) -> str:
    """A name as a SQL identifier, always in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


class UniqueNames:
    """Gives names that DuckDB can tell apart: it does not look at case, so the second of `Total` and `total` is numbered.

    Who comes first keeps its name, whatever comes later.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in taken}

    def claim(self, wanted: str) -> str:
        """The wanted name, or `wanted_2`, `wanted_3`, …; `_` for the empty name, which SQL does not have."""
        name, number = wanted or "_", 1
        while name.lower() in self._taken:
            number += 1
            name = f"{wanted or '_'}_{number}"
        self._taken.add(name.lower())
        return name


# --- Statements that an interrupt of the cell can stop ----------------------------------------------------------------
# Most DuckDB statements do not notice a signal before they end.  So on the main thread, the only one that gets a
# `KeyboardInterrupt`, they run beside it: the main thread only waits, and stops the statement when it is interrupted.

T = TypeVar("T")

_RETRY_S = 0.02


def run(connection: DuckDBPyConnection, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """All rows of one statement.

    Raises:
        KeyboardInterrupt: the cell was interrupted; the statement had no effect and the connection stays usable.
    """
    return interruptible(connection, lambda: connection.execute(sql, values).fetchall())


@contextmanager
def transaction(connection: DuckDBPyConnection) -> Iterator[None]:
    """All statements inside take effect, or on any error or interrupt none."""
    from duckdb import TransactionException

    try:
        run(connection, "BEGIN")
        yield
        run(connection, "COMMIT")
    except BaseException:
        with suppress(TransactionException):  # it had not begun
            connection.rollback()
        raise


def interruptible(connection: DuckDBPyConnection, work: Callable[[], T]) -> T:
    """What `work` returns or raises, with its statements on `connection` stopped at an interrupt.

    Raises:
        KeyboardInterrupt: once `work` has ended; what it returned is dropped.
    """
    if threading.current_thread() is not threading.main_thread():
        return work()
    answer: Future[T] = Future()
    worker = start_daemon("wb-query", _fulfil, answer, work)
    try:
        return answer.result()
    except KeyboardInterrupt:
        # Again and again: an interrupt between two statements of the work is lost.
        while worker.is_alive():
            connection.interrupt()
            worker.join(_RETRY_S)
        raise


def _fulfil(answer: Future[T], work: Callable[[], T]) -> None:
    try:
        answer.set_result(work())
    except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
        answer.set_exception(error)
