"""Settings of a runtime, their units and ranges, and how they are read from text and environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from runtime.errors import BadSetting, nearest, shown
from runtime.fields import LONGEST_S, is_span_s

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)\s*\Z")

DEFAULT_SYSTEM = "spawn-system"


class Durability(StrEnum):
    """What a reply means for the disk (docs/guarantees.md, "What a reply means")."""

    SNAPSHOT = "snapshot"
    """State is written at the snapshot timeout and at deactivation; no history of turns."""
    JOURNAL = "journal"
    """Every turn is recorded, in groups at most 20 ms apart; a kill loses at most the last group."""
    COMMIT = "commit"
    """The reply is released when the turn is on disk, synced."""


def as_durability(value: object) -> Durability:
    """The level of that name.

    Raises:
        BadSetting: there is none; the nearest is named.
    """
    try:
        return Durability(value)  # type: ignore[arg-type]
    except ValueError:
        raise BadSetting(
            f"durability={shown(value)}: there is no such durability. {nearest(str(value), Durability, kind='durability')}"
        ) from None


class RuntimeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How an embedded system runs.  All fields have defaults that suit a notebook."""

    system: str = DEFAULT_SYSTEM
    store_url: str = "memory://"
    """Where history lives: `memory://` or `sqlite:///PATH`."""
    durability: Durability = Durability.JOURNAL
    """For actors whose class does not say."""
    group_interval_ms: int = 10
    """The longest a finished turn waits for company before its group is written; 1 to 20."""
    checkpoint_interval_ms: int = 2_000
    """How often changed states are written as snapshots, which bounds the tail read at opening."""
    keep_revisions: int | None = None
    """Of each actor's past, the newest so many revisions, with the turns that ended at one of them; None for all.

    A turn goes as soon as one of these four settings says so, and with it its idempotency key.  Current states, schedules and
    definitions stay whatever is set here; numbers of turns and revisions go on."""
    keep_invocations: int | None = None
    """Of each actor's past, the newest so many turns; None for all."""
    keep_days: float | None = None
    """Turns that ended so many days ago or less; None for all."""
    keep_turns: int | None = None
    """The newest so many turns of all actors together; None for all."""
    mailbox_limit: int = 100_000
    """Waiting invocations for one actor before `MailboxFull`, for actors whose class does not say."""
    policies: str | os.PathLike[str] | None = None
    """A folder with Spawn's `*.policy` files: who may call what (`runtime.security.access_policies`).  None allows everything."""
    task_workers: int = 0
    """Worker processes for actors of kind `task`, at most; 0 for as many as there are processors, and at least 2."""
    task_idle_s: float = 60.0
    """A worker process without a turn for so long is ended."""
    task_boot_timeout_s: float = 180.0
    """How long a new worker process may take to report."""
    task_call_timeout_s: float | None = None
    """How long an action of a task may run before its worker process is killed; None for as long as it takes."""
    drain_s: float = 5.0
    """For how long a stop goes on with messages that were accepted and wait; what is left then is kept as dead letters."""
    timeout_s: float = 60.0
    """How long a call waits for its answer when it does not say; Spawn's own default."""

    def __post_init__(self) -> None:
        """Raises BadSetting: a value is outside its range; the message says the range."""
        if not self.system:
            raise BadSetting(f"system={shown(self.system)} must be a name: text that is not empty.")
        for name, (kind, low, high) in _RANGES.items():
            _check_range(name, getattr(self, name), kind, low, high)


_RANGES: dict[str, tuple[type, float, float | None]] = {
    "group_interval_ms": (int, 1, 20),
    "checkpoint_interval_ms": (int, 1, None),
    "keep_revisions": (int, 1, None),
    "keep_invocations": (int, 1, None),
    "keep_days": (float, 0, None),
    "keep_turns": (int, 1, None),
    "mailbox_limit": (int, 1, None),
    "drain_s": (float, 0, None),
    "timeout_s": (float, 0, None),
}
"""Setting to its type, its least and its largest value; None for no bound."""


def _check_range(name: str, value: object, kind: type, low: float, high: float | None) -> None:
    if value is None and name.startswith("keep_"):
        return
    is_number = isinstance(value, (int, float) if kind is float else int) and not isinstance(value, bool)
    if is_number and low <= value <= (value if high is None else high):  # type: ignore[operator]
        return
    what = "a whole number" if kind is int else "a number"
    bounds = f"{low:g} or more" if high is None else f"from {low:g} to {high:g}"
    none = ", or None for no limit" if name.startswith("keep_") else ""
    raise BadSetting(f"{name}={shown(value)} is outside its range: expected {what}, {bounds}{none}.")


def check_seconds(name: str, value: object) -> None:
    """Raises BadSetting: it is not a number of seconds, 0 or more."""
    _check_range(name, value, float, 0, None)


def duration_ms(value: object, *, name: str) -> int:
    """Milliseconds from an int (already milliseconds) or from text such as `"10s"`, `"1.5 min"`, `"250ms"`.

    Raises:
        BadSetting: for anything else, for a negative value, and for more than 100 years.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return int(_within_range(value, value, name))
    if isinstance(value, str) and (match := _DURATION.match(value)):
        return round(_within_range(float(match[1]) * _UNITS_MS[match[2]], value, name))
    raise BadSetting(f'{name}={shown(value)} is not a duration. Use milliseconds as an int, or text such as "10s".')


def _within_range(milliseconds: float, given: object, name: str) -> float:
    if milliseconds <= LONGEST_S * 1_000:
        return milliseconds
    raise BadSetting(
        f"{name}={shown(given)} is more than {LONGEST_S * 1_000:,} ms (100 years), the longest span of time."
    )


def delay_us(value: object, *, name: str = "delay") -> int:
    """Microseconds from seconds as a number, from 0 to 100 years, or from text such as `"10s"`.

    Raises:
        BadSetting: for anything else.
    """
    if is_span_s(value):
        return round(float(value) * 1_000_000)  # type: ignore[arg-type]
    if isinstance(value, str) and _DURATION.match(value):
        return duration_ms(value, name=name) * 1_000
    raise BadSetting(
        f'{name}={shown(value)} is no time. Give seconds, from 0 to {LONGEST_S:,} (100 years), or text such as "10s" or "250ms".'
    )


def duration_text(milliseconds: int) -> str:
    """`"10s"`, `"1min"`, `"250ms"`: what `duration_ms` reads as so many milliseconds."""
    for unit in ("d", "h", "min", "s"):
        if milliseconds and milliseconds % _UNITS_MS[unit] == 0:
            return f"{milliseconds // _UNITS_MS[unit]}{unit}"
    return f"{milliseconds}ms"


def key_from_environment(environ: Mapping[str, str] = os.environ) -> bytes | None:
    """The 32 bytes of `SPAWN_STATESTORE_KEY` (base64), or None when it is not set.

    Raises:
        BadSetting: it is set and is not base64 of 32 bytes.
    """
    text = environ.get("SPAWN_STATESTORE_KEY", "")
    return key_of(text, "SPAWN_STATESTORE_KEY") if text else None


def old_keys_from_environment(environ: Mapping[str, str] = os.environ) -> list[bytes]:
    """The keys of `SPAWN_STATESTORE_OLD_KEYS`, separated by commas: they open what was written before the key was changed.

    Raises:
        BadSetting: one of them is not base64 of 32 bytes.
    """
    texts = environ.get("SPAWN_STATESTORE_OLD_KEYS", "").split(",")
    return [key_of(text.strip(), "Each of SPAWN_STATESTORE_OLD_KEYS") for text in texts if text.strip()]


def key_of(text: str, name: str) -> bytes:
    """A key from its base64; `name` says whose it is.

    Raises:
        BadSetting: it is not base64 of 32 bytes; its value is not shown.
    """
    import base64
    import binascii

    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise BadSetting(
            f"{name} must be base64 of 32 bytes (its value is not shown here).\n"
            'Make one with: python -c "import base64, os; print(base64.b64encode(os.urandom(32)).decode())"'
        )
    return key
