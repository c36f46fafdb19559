"""What was written, as a cell shows it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from workbench.store_place import shown_path


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A file or folder that was written: where, what it is, and what to know about it."""

    path: Path
    what: str
    size: int = 0
    """Bytes; 0 where that says nothing."""
    lines: tuple[str, ...] = ()
    """What else there is to say."""

    def __fspath__(self) -> str:
        return str(self.path)

    def __repr__(self) -> str:
        size = f" ({_kilobytes(self.size)})" if self.size else ""
        return "\n".join([f"{self.what}: {shown_path(str(self.path))}{size}", *(f"  {line}" for line in self.lines)])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        first, *rest = repr(self).split("\n")
        more = f'<pre style="white-space:pre-wrap;margin:0">{escape(chr(10).join(rest))}</pre>' if rest else ""
        return {"text/plain": repr(self), "text/html": f"<div>{self._linked(escape(first))}{more}</div>"}

    def _linked(self, text: str) -> str:
        """As a link where the notebook's page can follow one: to a file below its folder, never to the disk as such."""
        if not self.path.is_file() or not self.path.is_relative_to(Path.cwd()):
            return text
        address = quote(self.path.relative_to(Path.cwd()).as_posix())
        return f'<a href="{address}" target="_blank" rel="noopener">{text}</a>'


def _kilobytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 1_000_000 else f"{max(1, round(size / 1_000))} kB"
