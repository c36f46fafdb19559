"""A time that something is to be later than."""

from __future__ import annotations

import time
from datetime import datetime

from runtime.config import duration_ms
from runtime.errors import BadSetting, shown


def since_us(since: datetime | float | str | None) -> int:
    """Microseconds since the epoch; 0 for None.

    Args:
        since: an aware datetime, the text of one, or how long ago: seconds, or text such as `"1h"`.

    Raises:
        BadSetting: it is none of these.
    """
    if since is None:
        return 0
    if isinstance(since, str):
        return _read(since)
    if isinstance(since, datetime):
        return _of(since)
    if since < 0:
        raise BadSetting(_complaint(since))
    return _ago(since)


def _read(text: str) -> int:
    try:
        return _of(datetime.fromisoformat(text))
    except ValueError:
        pass
    try:
        return _ago(float(text) if text.replace(".", "", 1).isdigit() else duration_ms(text, name="since") / 1_000)
    except BadSetting:
        raise BadSetting(_complaint(text)) from None


def _of(moment: datetime) -> int:
    """A moment without a zone is meant in the reader's own."""
    return round(moment.astimezone().timestamp() * 1_000_000)


def _ago(seconds: float) -> int:
    return time.time_ns() // 1_000 - round(seconds * 1_000_000)


def _complaint(since: object) -> str:
    return f"since={shown(since)} is no time. Give an aware datetime, or how long ago: seconds, or text such as '1h'."
