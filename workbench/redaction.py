"""Which values are secrets, told by their names: they are not shown in outputs, which are saved and sent around."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "‹hidden›"

_SECRET = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|authorization|cookie|api_?key|access_?key|private_?key|pin_?code|\bcvv\b|\biban\b",
    re.IGNORECASE,
)


def is_secret(name: object) -> bool:
    """Whether a field, parameter or variable of that name holds something that is not for other eyes."""
    return isinstance(name, str) and _SECRET.search(name) is not None


def redacted(value: Any) -> Any:
    """The value with secrets replaced, in mappings and lists at any depth; others as they are."""
    if isinstance(value, Mapping):
        return {key: HIDDEN if is_secret(key) and item is not None else redacted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item) for item in value]
    return value
