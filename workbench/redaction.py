"""Which values are secrets, told by their names: they are not shown in outputs, which are saved and sent around.

Whatever shows itself in a notebook goes through here: values by the names of their fields, texts of errors and logs by what
stands in them.  What a user asks for as a value, and gets as one (`wb.state`, an answer, the rows of a query, the payload of a
failure), is that value, and is shown as Python shows it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "‹hidden›"

_WORDS = (
    r"passw(?:or)?d|passphrase|secret|token|credential|authorization|cookie|api_?key|access_?key|private_?key|pin_?code"
    r"|\bcvv\b|\biban\b"
)
_STEMS = (
    "passw", "passphrase", "secret", "token", "credential", "authorization", "cookie", "apikey", "api_key", "accesskey",
    "access_key", "privatekey", "private_key", "pincode", "pin_code", "cvv", "iban",
)  # fmt: skip
"""One of them is in every such name; looked for one by one they are found ten times as fast."""
_SECRET = re.compile(_WORDS, re.IGNORECASE)

_STRING = r"[rbf]{0,2}(?:\"{3}[\s\S]*?\"{3}|'{3}[\s\S]*?'{3}|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')"
# From the beginning of a word on, without going back in it: the time is linear, whatever the text.
_NAMED = rf"(?<![\w.-])(?P<name>[\"']?(?>[\w.-]*?(?:{_WORDS}))[\w.-]*+[\"']?)"
_GROUP = r"\[[^\]\n]*\]?|\{[^}\n]*\}?|\([^)\n]*\)?"
_EXPECTED = r":?\s+expected [^\n]{0,120}?,? (?:and got|but got|got|found) "
"""As messages of ours say what does not fit."""
_IN_TEXT = re.compile(
    rf"{_NAMED}(?P<is>\s*[:=]+\s*(?:Bearer\s+|Basic\s+)?(?!expected )|{_EXPECTED})"
    rf"(?P<value>{_STRING}|{_GROUP}|[^\s,;)\]}}]+)",
    re.IGNORECASE,
)
_TYPE = re.compile(r"(?:str|int|float|bool|bytes|dict|list|tuple|set|datetime|None|Any)(?=\W|\Z)")
"""What stands behind a parameter's name in a signature."""
_IN_SOURCE = re.compile(
    rf"{_NAMED}(?P<is>\s*(?::\s*[\w\[\], .|]+)?(?:[=!]=|[:=])\s*)(?P<value>{_STRING}|[-+]?\d[\w.]*)", re.IGNORECASE
)
_IN_ADDRESS = re.compile(r"(?P<before>\w://[^/\s:@'\"]*:)[^@\s/'\"]+(?P<after>@)")


def is_secret(name: object) -> bool:
    """Whether a field, parameter or variable of that name holds something that is not for other eyes."""
    return isinstance(name, str) and _SECRET.search(name) is not None


def redacted(value: Any) -> Any:
    """The value with secrets replaced, in mappings, lists and tuples at any depth; others as they are."""
    if isinstance(value, Mapping):
        return {key: HIDDEN if is_secret(key) and item is not None else redacted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [redacted(item) for item in value]
    if type(value) is tuple:
        return tuple(redacted(item) for item in value)
    return value


def redacted_text(text: str) -> str:
    """A text for reading, such as a log line, with what stands behind a secret's name and in addresses hidden.

    Cheap for a text that has none.
    """
    return _hidden(_IN_TEXT, text) if has_secrets(text) else text


def has_secrets(text: str) -> bool:
    """Whether there may be something to hide in a text; quick."""
    folded = text.casefold()
    return "@" in text or any(stem in folded for stem in _STEMS)


def redacted_texts(value: Any) -> Any:
    """What is about to be shown, as plain values, with `redacted_text` for every text in it, at any depth."""
    if isinstance(value, str):
        return redacted_text(value)
    if isinstance(value, dict):
        return {key: redacted_texts(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted_texts(item) for item in value]
    return value


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
    return pattern.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    is_harmless = _TYPE.match(match["value"]) or match["value"].strip("'\"") in (HIDDEN, "…")
    return match[0] if is_harmless else f"{match['name']}{match['is']}{HIDDEN}"
