"""Tables as text for terminals and logs, and what a column is, in text and in HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from workbench.presenters.wording import shortened
from workbench.redaction import redacted_text


class Column(msgspec.Struct, frozen=True):
    """How one column of a table looks."""

    head: str
    right: bool = False
    """Numbers stand at the right edge."""
    code: bool = False
    """Names and values stand in the code font."""


def aligned(heads: Sequence[Column], rows: Iterable[Sequence[str]], indent: str = "", widest: int = 48) -> str:
    """Aligned columns under their heads; a cell is one line of at most `widest` characters, the last twice that."""
    last = len(heads) - 1
    table = [[c.head for c in heads]]
    table += [[_shown(cell, widest * 2 if i == last else widest) for i, cell in enumerate(row)] for row in rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(heads))]
    lines = (
        "  ".join(cell.rjust(w) if c.right else cell.ljust(w) for cell, w, c in zip(row, widths, heads, strict=True))
        for row in table
    )
    return "\n".join((indent + line).rstrip() for line in lines)


def _shown(cell: str, widest: int) -> str:
    return shortened(redacted_text(cell), widest)
