"""Names that come from data, made safe for SQL.

An actor, a field or a system may be called anything.  Every name reaches SQL text through `quoted` and every text through
`literal`; there is no other way in.
"""

from __future__ import annotations

from collections.abc import Iterable


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
