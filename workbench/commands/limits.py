"""How much is asked for."""

from __future__ import annotations

from runtime.errors import BadSetting


def check_limit(limit: int) -> None:
    """Nothing, for a number of lines that can be shown.

    Raises:
        BadSetting: it is less than 1.
    """
    if limit < 1:
        raise BadSetting(f"limit={limit} must be 1 or more.")
