"""Which values are secrets, told by their names: they are not shown in outputs, which are saved and sent around."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "‹hidden›"

_WORDS = (
    r"passw(?:or)?d|passphrase|secret|token|credential|authorization|cookie|api_?key|access_?key|private_?key|pin_?code"
    r"|\bcvv\b|\biban\b"
)
_SECRET = re.compile(_WORDS, re.IGNORECASE)

_STRING = r"[rbf]{0,2}(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
_NAMED = rf"(?P<name>[\"']?[\w.-]*(?:{_WORDS})[\w.-]*[\"']?)"
_IN_TEXT = re.compile(
    rf"{_NAMED}(?P<is>\s*[:=]+\s*(?:Bearer\s+|Basic\s+)?)(?P<value>{_STRING}|[^\s,;)\]}}]+)", re.IGNORECASE
)
_IN_SOURCE = re.compile(
    rf"{_NAMED}(?P<is>\s*(?::\s*[\w\[\], .|]+)?(?:[=!]=|[:=])\s*)(?P<value>{_STRING}|[-+]?\d[\w.]*)", re.IGNORECASE
)
_IN_ADDRESS = re.compile(r"(?P<before>\w://[^/\s:@'\"]*:)[^@\s/'\"]+(?P<after>@)")


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


def redacted_text(text: str) -> str:
    """A text for reading, such as a log line, with what stands behind a secret's name and in addresses hidden."""
    return _hidden(_IN_TEXT, text)


def redacted_source(text: str) -> str:
    """A program's text with the literals hidden that a secret's name is given."""
    return _hidden(_IN_SOURCE, text)


def secrets_in_source(text: str) -> list[str]:
    """The secrets' names that a program's text gives a value; empty texts and zeros are none."""
    given = [(match["name"].strip("'\""), match["value"]) for match in _IN_SOURCE.finditer(text)]
    names = [name for name, value in given if value.strip("rbfRBF'\"0.") != ""]
    return list(dict.fromkeys([*names, *(["an address"] if _IN_ADDRESS.search(text) else [])]))


def _hidden(pattern: re.Pattern[str], text: str) -> str:
    text = _IN_ADDRESS.sub(rf"\g<before>{HIDDEN}\g<after>", text)
    return pattern.sub(rf"\g<name>\g<is>{HIDDEN}", text)
