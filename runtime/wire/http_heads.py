"""Heads of HTTP messages that came before: most clients send the same one again and again.

The parser reads a head once.  When the very same bytes come again, with a body exactly as long as they announce and nothing
after it, what the parser would say is known.  Anything else is the parser's: what is new, long, chunked or in pieces.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")

_MOST, _LONGEST = 2_048, 1_024
_END = b"\r\n\r\n"


class KnownHeads(Generic[T]):
    """What was read in up to 2,048 heads of up to 1 KiB each.  Belongs to one loop."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[T, int]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def read(self, data: bytes) -> tuple[T, bytes] | None:
        """What `data` says and its body, if it is one whole message whose head is known."""
        end = data.find(_END) + 4
        found = self._known.get(data[:end])
        if found is None or len(data) - end != found[1]:
            return None
        return found[0], data[end:]

    def remember(self, data: bytes, length: int, said: T) -> None:
        """Note what the parser read in `data`, which it took as one whole message with a body of `length`.

        The body's length must be in the head, as `Content-Length`, or follow from it, as none.  Nothing is noted if there
        is more in `data` than that one message.
        """
        end = data.find(_END) + 4
        if len(data) - end != length or end > _LONGEST:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[data[:end]] = said, length
