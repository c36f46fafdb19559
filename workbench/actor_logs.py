"""What actors print and log, kept by actor, each line with the invocation that it belongs to.

Bounded everywhere: in lines of an actor, in characters of a line and in characters of all.  What is dropped is the oldest, and it
is counted.  This module knows neither streams nor front ends; `kernel_ext.prints` brings what it is given.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import msgspec

from runtime.ids import ActorId
from runtime.records import Invocation

LINES_OF_ACTOR = 1_000
LINE_CHARACTERS = 4_000
BUNDLE_CHARACTERS = 200_000
"""Something displayed that is larger is kept as text only."""
ACTOR_CHARACTERS = 4_000_000
ALL_CHARACTERS = 16_000_000


class LogLine(msgspec.Struct, eq=False):
    """One line of an actor's log.  The last one may still grow, or be written over by a progress bar."""

    number: int
    """Grows from line to line, over all actors."""
    at_us: int
    actor: ActorId
    action: str
    invocation: str
    kind: str
    """`out` and `err` for what was printed, `display` for what was displayed, else the level of a log record."""
    text: str = ""
    bundle: Mapping[str, Any] | None = None
    """Of something displayed: its content by MIME type."""
    display_id: str = ""
    starts_over: bool = False
    """A carriage return came last: what is written next replaces the text."""
    weight: int = 0
    """Characters that it takes up."""


class _Ring:
    """The last lines of one actor."""

    __slots__ = ("characters", "dropped", "invocation", "lines", "unfinished")

    def __init__(self) -> None:
        self.lines: deque[LogLine] = deque()
        self.characters = 0
        self.dropped = 0
        self.invocation = ""
        self.unfinished: dict[str, LogLine] = {}
        """Lines of the current invocation without an end, by kind."""


class ActorLogs:
    """The logs of a session's actors.  Safe to write and read from every thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rings: OrderedDict[ActorId, _Ring] = OrderedDict()
        """The one that was written last is last."""
        self._characters = 0
        self._number = 0
        self.text_now: Callable[[Mapping[str, Any]], str] = _no_text
        """What something that was displayed says by now, such as a progress bar; empty if it is not known."""

    def write(self, invocation: Invocation, kind: str, text: str) -> None:
        """Append printed text; lines end at newlines, and a carriage return writes the line over."""
        with self._lock:
            ring = self._ring_of(invocation)
            *whole, rest = text.split("\n")
            for part in whole:
                self._print(ring, invocation, kind, part)
                ring.unfinished.pop(kind, None)
            if rest:
                self._print(ring, invocation, kind, rest)
            self._forget_oldest(ring)

    def note(self, invocation: Invocation, level: str, text: str) -> None:
        """Append a log record."""
        with self._lock:
            ring = self._ring_of(invocation)
            self._append(ring, invocation, level, text)
            self._forget_oldest(ring)

    def show(
        self, invocation: Invocation, bundle: Mapping[str, Any], display_id: str = "", *, update: bool = False
    ) -> None:
        """Append something displayed, or with `update` put it in the place of what has the same display id."""
        size = sum(
            len(content) if isinstance(content, (str, bytes)) else len(str(content)) for content in bundle.values()
        )
        with self._lock:
            ring = self._ring_of(invocation)
            line = self._displayed(ring, display_id) if update else None
            if line is None:
                line = self._append(ring, invocation, "display", "")
                line.display_id = display_id
            line.bundle = bundle if size <= BUNDLE_CHARACTERS else None
            self._fill(ring, line, str(bundle.get("text/plain", "")), size if line.bundle is not None else 0)
            self._forget_oldest(ring)

    def lines(self, actor: ActorId | None = None, *, after: int = 0) -> list[LogLine]:
        """Copies of the lines that are kept, oldest first.

        Args:
            actor: None for all actors.
            after: only lines with a higher number.
        """
        with self._lock:
            rings = self._rings.values() if actor is None else filter(None, [self._rings.get(actor)])
            found = [msgspec.structs.replace(line) for ring in rings for line in ring.lines if line.number > after]
        return self._retold(sorted(found, key=lambda line: line.number))

    def last(self, actor: ActorId, count: int) -> list[LogLine]:
        """Copies of an actor's last lines, oldest first, at a cost that depends on `count` alone."""
        with self._lock:
            ring = self._rings.get(actor)
            found = (
                [] if ring is None else [msgspec.structs.replace(line) for line in islice(reversed(ring.lines), count)]
            )
        return self._retold(found[::-1])

    def _retold(self, lines: list[LogLine]) -> list[LogLine]:
        for line in lines:
            if line.bundle is not None and (text := self.text_now(line.bundle)):
                line.text = text[:LINE_CHARACTERS]
        return lines

    def dropped(self, actor: ActorId) -> int:
        """How many of an actor's lines were dropped to make room."""
        with self._lock:
            ring = self._rings.get(actor)
            return ring.dropped if ring is not None else 0

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._rings.clear()
            self._characters = 0

    # -- need the lock -------------------------------------------------------------------------------------------------

    def _ring_of(self, invocation: Invocation) -> _Ring:
        ring = self._rings.get(invocation.actor)
        if ring is None:
            ring = self._rings[invocation.actor] = _Ring()
        self._rings.move_to_end(invocation.actor)
        if ring.invocation != invocation.id:
            ring.invocation = invocation.id
            ring.unfinished.clear()
        return ring

    def _print(self, ring: _Ring, invocation: Invocation, kind: str, text: str) -> None:
        line = ring.unfinished.get(kind)
        if line is None:
            line = ring.unfinished[kind] = self._append(ring, invocation, kind, "")
        before = "" if line.starts_over else line.text
        text = text.rstrip("\r") if (returns := text.endswith("\r")) else text
        over, sign, last = text.rpartition("\r")
        line.starts_over = returns
        self._fill(ring, line, last if sign else before + over + last)

    def _append(self, ring: _Ring, invocation: Invocation, kind: str, text: str) -> LogLine:
        self._number += 1
        line = LogLine(
            self._number, time.time_ns() // 1_000, invocation.actor, invocation.action, str(invocation.id), kind
        )
        ring.lines.append(line)
        self._fill(ring, line, text)
        return line

    def _fill(self, ring: _Ring, line: LogLine, text: str, size: int = 0) -> None:
        line.text = text if len(text) <= LINE_CHARACTERS else text[: LINE_CHARACTERS - 1] + "…"
        weight = max(size, len(line.text))
        ring.characters += weight - line.weight
        self._characters += weight - line.weight
        line.weight = weight

    def _displayed(self, ring: _Ring, display_id: str) -> LogLine | None:
        return next((line for line in reversed(ring.lines) if display_id and line.display_id == display_id), None)

    def _forget_oldest(self, ring: _Ring) -> None:
        while len(ring.lines) > LINES_OF_ACTOR or (ring.characters > ACTOR_CHARACTERS and len(ring.lines) > 1):
            gone = ring.lines.popleft()
            ring.characters -= gone.weight
            self._characters -= gone.weight
            ring.dropped += 1
        while self._characters > ALL_CHARACTERS and len(self._rings) > 1:
            _, silent = self._rings.popitem(last=False)
            self._characters -= silent.characters


def _no_text(_: Mapping[str, Any]) -> str:
    return ""
