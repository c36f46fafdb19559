"""DuckDB's errors as one message for whoever wrote the query."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import duckdb

from runtime.errors import BadQuery

_MISSING_TABLE = re.compile(r'Table with name "?(.+?)"? does not exist')
_CLASS = re.compile(r"^(?:[A-Z]\w*(?: [A-Za-z]\w*)? )?Error: ")
_LISTED_TABLES = 30


def complaint(error: duckdb.Error, tables: Sequence[str] = ()) -> BadQuery:
    """What is wrong with a query, where, and which tables there are if that is what was missed."""
    text = _CLASS.sub("", str(error)).strip()
    what, _, place = text.partition("\n\nLINE ")
    what = "\n".join([_explained(what, error, tables), *([f"LINE {place.rstrip()}"] if place else [])])
    return BadQuery(f"Cannot run the query. {what}")


def _explained(what: str, error: duckdb.Error, tables: Sequence[str]) -> str:
    missing = _MISSING_TABLE.search(what)
    if missing and tables:
        return f"There is no table {missing[1]}.{_meant(missing[1], tables)}\n{_listed(tables)}"
    if "requires the extension" in what:
        return f"{what.splitlines()[0]}.\nNothing is fetched here; put the file on disk and name its path."
    if isinstance(error, duckdb.OutOfMemoryException):
        first = what.splitlines()[0]
        return f"{first}\nSelect fewer rows or columns: nothing is put on disk, where states are kept encrypted only."
    # Without the signatures of all functions that were considered.
    lines = what.partition("\n\tCandidate functions")[0].splitlines()
    return "\n".join(line for line in lines if line.strip())


def _meant(missing: str, tables: Sequence[str]) -> str:
    """Looks at the last part of each name: who writes `counter` means `history.counter`."""
    by_last = {_last(table): table for table in reversed(tables)}
    close = difflib.get_close_matches(_last(missing), by_last, n=2, cutoff=0.6)
    return f" Did you mean {' or '.join(by_last[name] for name in close)}?" if close else ""


def _last(name: str) -> str:
    return name.rpartition(".")[2].strip('"').lower()


def _listed(tables: Sequence[str]) -> str:
    more = f" and {len(tables) - _LISTED_TABLES:,} more" if len(tables) > _LISTED_TABLES else ""
    return f"Tables: {', '.join(tables[:_LISTED_TABLES])}{more}."
