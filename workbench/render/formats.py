"""How numbers, times and names are worded, the same in text, HTML and widgets."""

from __future__ import annotations

import re
from datetime import UTC, datetime

_MICRO, _MILLI, _MINUTE, _HOUR, _DAY = 1, 1_000, 60, 3_600, 86_400
_PLAIN_NAME = re.compile(r"[\w./:-]+")


def count(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def plural(number: int, noun: str, nouns: str = "") -> str:
    """`1 turn`, `12,345 turns`; `nouns` for a plural that is not made with s."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def duration(microseconds: int) -> str:
    """`850 µs`, `12.3 ms`, `3.2 s`, `2 min 5 s`, `3 h 2 min`, `2 d 3 h`; a negative one (a clock set back) is 0."""
    if microseconds < _MILLI:
        return f"{max(0, microseconds)} µs"
    if microseconds < 999_950:
        return f"{microseconds / 1_000:.3g} ms"
    seconds = microseconds / 1_000_000
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, big, small_size, small in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= size:
            return f"{whole // size} {big} {whole % size // small_size} {small}"
    return f"{whole} s"


def size(number: int) -> str:
    """`214 B`, `1.5 kB`, `12.3 MB`: decimal units, three digits."""
    amount: float = number
    for unit in ("B", "kB", "MB"):
        if amount < (1_000 if unit == "B" else 999.5):
            return f"{amount:.3g} {unit}" if unit != "B" else f"{number} B"
        amount /= 1_000
    return f"{amount:.3g} GB" if amount < 999.5 else f"{count(round(amount))} GB"


def age(at_us: int, now_us: int) -> str:
    """`just now`, `12 s ago`, `3 h ago`; empty for a time that never was (0)."""
    if not at_us:
        return ""
    seconds = max(0, now_us - at_us) // 1_000_000
    if seconds < 1:
        return "just now"
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago"


def clock_time(at_us: int) -> str:
    """`2023-11-14 22:13:20.123` in UTC; empty for 0."""
    if not at_us:
        return ""
    return datetime.fromtimestamp(at_us / 1_000_000, tz=UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def short_hash(text: str) -> str:
    """The first 8 characters of a definition's hash: enough to tell two apart on a screen."""
    return text[:8]


def short_id(invocation: str) -> str:
    """The last 6 characters of an invocation's id: those of one session begin alike.  Commands take the end of an id for it."""
    return invocation[-6:]


def printable(text: str) -> str:
    """A text with its control and direction characters escaped, so that no name can repaint a terminal or a table."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shortened(text: str, limit: int = 80) -> str:
    """`printable` and at most `limit` characters, the last of them an ellipsis if something was cut."""
    return printable(text if len(text) <= limit else text[: limit - 1] + "…")


def is_plain_name(name: str) -> bool:
    """True if a name can stand in a line magic as it is."""
    return _PLAIN_NAME.fullmatch(name) is not None
