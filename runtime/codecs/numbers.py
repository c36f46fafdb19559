"""Numbers that JSON does not have."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any


def without_json(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """NaN and infinity, wherever they are in plain containers: where, and what to do about it."""
    if isinstance(value, float) and not math.isfinite(value):
        yield path, f"is {value}, which JSON has no number for; use None or text."
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from without_json(f"{path}[{key!r}]", item)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, item in enumerate(value):
            yield from without_json(f"{path}[{index}]", item)
