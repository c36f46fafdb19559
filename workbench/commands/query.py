"""Ask the history with SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from workbench.commands.interrupted import WaitInterrupted
from workbench.session import current

if TYPE_CHECKING:
    from duckdb import DuckDBPyRelation


def query(sql: str, params: Sequence[Any] | Mapping[str, Any] | None = None) -> DuckDBPyRelation:
    """The rows of a SQL query over everything that was answered before the call, as a DuckDB relation.

    Tables: `actors`, `states`, `revisions`, `invocations`, `failures`, `lifecycle`, `definitions`, `audit`, and one view per
    actor in schema `history`, such as `history.counter`.  `.df()` gives pandas, `.arrow()` Arrow.

    Args:
        params: values for `?` (a sequence) or `$name` (a mapping).

    Raises:
        BadQuery: not one statement that reads, or one that fails; the message says where.
        NotCapable: the system keeps no history.
    """
    try:
        return current.history().query(sql, params)
    except KeyboardInterrupt:
        raise WaitInterrupted("The query was interrupted; nothing else was.") from None
