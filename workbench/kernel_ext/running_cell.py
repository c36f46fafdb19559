"""The text of the running cell, and the file name under which its code is known to debuggers and tracebacks.

A cell magic gets its body without the cell's first lines.  Compiled as it comes, line numbers would be off and breakpoints
set in the cell would never hit: ipykernel names a cell's file after the *whole raw text* of the cell.  So the raw text is
remembered when a cell begins, and a body is padded to the lines it has there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CellCode:
    """A cell's body, ready to compile: `source` has the body at the cell's own line numbers."""

    source: str
    filename: str


class RunningCell:
    """Remembers the raw text of the cell that runs."""

    def __init__(self) -> None:
        self._raw = ""

    def began(self, info: Any) -> None:
        """Callback for IPython's `pre_run_cell`."""
        self._raw = info.raw_cell or ""

    def code(self, shell: Any, magic: str, body: str) -> CellCode:
        """The body of the running cell, which begins with `%%magic`.

        Its lines are put where `inspect` and tracebacks look for them.
        """
        lines_before = _lines_before(self._raw, magic, body)
        source = "\n" * lines_before + body
        # Under this name the kernel has put the translated cell, `get_ipython().run_cell_magic(…)`.  The source takes its
        # place, without the magic's line: what shows tracebacks parses it.
        raw = self._raw if lines_before else source
        return CellCode(source, shell.compile.cache(source, shell.execution_count, raw_code=raw))


def _lines_before(raw: str, magic: str, body: str) -> int:
    """How many lines of the raw cell come before the body; 0 if the body is not that cell's."""
    lines = raw.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if first == len(lines) or not lines[first].strip().startswith(f"%%{magic}"):
        return 0
    same = [line.strip() for line in lines[first + 1 :]] == [line.strip() for line in body.splitlines()]
    return first + 1 if same else 0
