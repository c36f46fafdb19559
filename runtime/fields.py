"""What a field of a record may hold: text that UTF-8 can hold, maps of text, times and spans of time within their ranges.

A record is written as bytes and read again by later versions, in other processes and by SQL.  So whatever comes from a user or
over a wire passes one of these functions before it becomes part of a record: what they give back is of exactly the built-in
type, and can be encoded.  A subclass of `str` (a `StrEnum`, say) becomes plain text.

None of them calls a user's code, apart from `repr` of a value that is refused and a `Mapping` that is no dict.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from runtime.errors import BadSetting, shown, type_name

LATEST_US = 253_402_300_799_999_999
"""The last microsecond of the year 9999, the latest time that every reader of a store can show."""

LARGEST = 2**63 - 1
"""The largest number that every store can keep."""

LONGEST_S = 3_155_760_000
"""A hundred years: the longest delay, time-out or interval, in seconds."""


def as_text(value: Any, field: str, wanted: str) -> str:
    """The value as plain text.

    Raises:
        BadSetting: it is no text, or has a lone surrogate, which UTF-8 cannot hold; the message begins with `field`, and ends
            with `wanted` where it is no text.
    """
    if type(value) is not str:
        if not issubclass(type(value), str):
            raise BadSetting(f"{field} is {shown(value)} ({type_name(value)}); {wanted}")
        value = str.__str__(value)
    if not value.isascii():
        _check_encodable(value, field)
    plain: str = value
    return plain


def as_name(value: Any, field: str, wanted: str) -> str:
    """The value as the name of an actor, an action, a channel or a system: text without NUL, which databases do not take.

    Raises:
        BadSetting: it is none; the message begins with `field`.
    """
    if type(value) is str and value.isprintable():  # then it has no NUL, and nothing that UTF-8 cannot hold
        return value
    name = as_text(value, field, wanted)
    if "\0" in name:
        raise BadSetting(f"{field} is {shown(name)}, which has a NUL character; a name has none.")
    return name


def as_names(value: Any, field: str) -> frozenset[str]:
    """A collection of names, which is no text itself.

    Raises:
        BadSetting: it is none, or something in it is no name; the message begins with `field`.
    """
    if isinstance(value, (str, bytes)) or not isinstance(value, Collection):
        raise BadSetting(f"{field} is {shown(value)} ({type_name(value)}); give a list of names.")
    return frozenset(as_name(each, f"an entry of {field}", "names are text.") for each in value)


def as_texts(value: Any, field: str) -> dict[str, str]:
    """A map of text to text, as a dict that no one else has.

    Raises:
        BadSetting: it is no mapping, or something in it is no text; the message names the entry.
    """
    if type(value) is not dict and not isinstance(value, Mapping):
        raise BadSetting(f"{field} is {shown(value)} ({type_name(value)}); give a mapping of names to texts.")
    texts = dict(value)
    for name, text in texts.items():
        if type(name) is not str or type(text) is not str or not (name.isascii() and text.isascii()):
            return {_key(name, field): _entry(text, name, field) for name, text in texts.items()}
    return texts


def _key(name: Any, field: str) -> str:
    return as_text(name, f"a name in {field}", "names are text.")


def _entry(text: Any, name: str, field: str) -> str:
    return as_text(text, f"{field}[{shown(name)}]", f"{field} {'is' if field.endswith('metadata') else 'are'} text.")


def _check_encodable(text: str, field: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise BadSetting(
            f"{field} is {shown(text)}, which cannot be kept: {text[error.start]!a} is half of a surrogate pair, and UTF-8 has "
            "none."
        ) from None


def as_time_us(moment: Any, field: str) -> int:
    """Microseconds since the epoch of an aware `datetime`, from 1970 to 9999.

    Raises:
        BadSetting: it is no datetime, has no time zone, or is outside that range.
    """
    if not isinstance(moment, datetime):
        raise BadSetting(f"{field} is {shown(moment)} ({type_name(moment)}); it is a datetime with a time zone.")
    try:
        if moment.tzinfo is None or moment.utcoffset() is None:
            raise BadSetting(f"{field}={moment} has no time zone; use datetime.now(UTC) + …, for instance.")
        at_us = round(moment.timestamp() * 1_000_000)
    except (ValueError, OverflowError, TypeError) as error:
        raise BadSetting(f"{field} is {shown(moment)}, which is no usable time: {error}") from error
    return checked_time_us(at_us, field)


def checked_time_us(at_us: int, field: str) -> int:
    """A time as it came over a wire, in microseconds since the epoch; 0 is none.

    Raises:
        BadSetting: before 1970, or after 9999.
    """
    if 0 <= at_us <= LATEST_US:
        return at_us
    raise BadSetting(
        f"{field} is {at_us // 1_000_000:,} s since 1970, outside its range: from 0, which is at once, to the year 9999."
    )


def as_number(value: Any, field: str, low: int = 0) -> int:
    """A whole number, from `low` to what 64 bits with a sign can hold.

    Raises:
        BadSetting: it is none, or outside that range; the message begins with `field`.
    """
    number = value if type(value) is int or not issubclass(type(value), int) else int.__int__(value)
    if type(number) is int and type(value) is not bool and low <= number <= LARGEST:
        return number
    raise BadSetting(f"{field}={shown(value)} is not a whole number from {low} to {LARGEST:,}.")


def as_flag(value: Any, field: str) -> bool:
    """True or False.

    Raises:
        BadSetting: it is something else; the message begins with `field`.
    """
    if type(value) is bool:
        return value
    raise BadSetting(f"{field}={shown(value)} is neither True nor False.")


def is_span_s(seconds: Any) -> bool:
    """Whether this is a span of time: a number of seconds from 0 to `LONGEST_S`."""
    kind = type(seconds)
    if kind is not int and kind is not float and (kind is bool or not issubclass(kind, (int, float))):
        return False
    return 0 <= seconds <= LONGEST_S and not math.isnan(seconds)


def as_timeout_s(seconds: Any, field: str = "timeout") -> float:
    """How long to wait, in seconds, from 0 to 100 years.

    Raises:
        BadSetting: it is no number, or outside that range.
    """
    if is_span_s(seconds):
        return float(seconds)
    raise BadSetting(f"{field}={shown(seconds)} is not a number of seconds from 0 to {LONGEST_S:,} (100 years).")


def recordable(text: Any) -> str:
    """Text of an error, made fit to be recorded: plain, and with escapes in place of what UTF-8 cannot hold."""
    plain = text if type(text) is str else str.__str__(text) if issubclass(type(text), str) else shown(text)
    return plain if plain.isascii() else plain.encode("utf-8", "backslashreplace").decode()
