"""Which values are secrets, told by their names, and the one rule for when they are hidden.

A notebook saves its outputs, and they are sent around.  So whatever the workbench shows goes through here, and a secret in it is
`HIDDEN`: values by the names of their fields, texts of errors and logs by what stands in them.  `display.shows_secrets` shows
them in one's own kernel; never those of an attached system, and never in a file that the workbench writes (`always_hidden`).

A value that is asked for as one (a state, an answer, the rows of a query) stays that value: it is hidden where a cell shows it,
and nowhere else.  For that `from_actor` remembers which values came from actors.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

HIDDEN = "‹hidden›"

T = TypeVar("T")


# --- When secrets are hidden ------------------------------------------------------------------------------------------


class Display:
    """What the outputs of this process show.  Its fields are read and set by any thread."""

    def __init__(self) -> None:
        self.shows_secrets = False
        """The user's setting for their own actors."""
        self.is_attached = False
        """The current system belongs to another process: its secrets stay hidden whatever the setting."""
        self.has_hidden = False
        """Something was hidden since this was last set back."""
        self.values: deque[tuple[Any, frozenset[int]]] | None = None
        """Values from actors that have secrets, the last ones, each with the ids of its containers that do; None where nothing
        displays values by itself."""
        self.takes_messages: Callable[[type], object] | None = None
        """Is told the class of each protobuf message that came from an actor: its text is not made here."""

    def hides(self) -> bool:
        """Whether secrets are hidden in what is shown now, by this thread."""
        return _is_for_a_file.get() or self.is_attached or not self.shows_secrets


_is_for_a_file: ContextVar[bool] = ContextVar("is_for_a_file", default=False)

display = Display()
"""Of this process, as there is one session."""


@contextmanager
def always_hidden() -> Iterator[None]:
    """Secrets are hidden in what is made within, whatever the setting: it goes into a file."""
    token = _is_for_a_file.set(True)
    try:
        yield
    finally:
        _is_for_a_file.reset(token)


def hides(name: object) -> bool:
    """Whether a value under that name is to be hidden in what is shown now."""
    if not is_secret(name) or not display.hides():
        return False
    display.has_hidden = True
    return True


# --- Which values of a notebook came from actors ----------------------------------------------------------------------

REMEMBERED = 64
"""Values with secrets, the last ones, that are known to come from actors."""


def from_actor(value: T) -> T:
    """The same value; where it has secrets, it is remembered that a cell must not show them."""
    values = display.values
    if values is not None and type(value) in (dict, list, tuple):
        ids: set[int] = set()
        if _note_containers(value, ids):
            values.append((value, frozenset(ids)))
    elif display.takes_messages is not None and hasattr(value, "DESCRIPTOR"):
        display.takes_messages(type(value))
    return value


def is_from_actor(value: object) -> bool:
    """Whether a container is one that `from_actor` has seen, or a part of one, and has a secret in it."""
    return any(id(value) in ids for _, ids in tuple(display.values or ()))


def _note_containers(value: Any, ids: set[int]) -> bool:
    """Whether there is a secret in a value; the ids of all containers for which that is so are added."""
    if isinstance(value, Mapping):
        found = [_note_containers(item, ids) or is_secret(key) for key, item in value.items()]
    elif type(value) in (list, tuple):
        found = [_note_containers(item, ids) for item in value]
    else:
        return False
    has_one = any(found)
    if has_one:
        ids.add(id(value))
    return has_one


# --- What is a secret -------------------------------------------------------------------------------------------------

_WORDS = (
    r"passw(?:or)?d|passphrase|secret|token|credential|authorization|cookie|api_?key|access_?key|private_?key|pin_?code"
    r"|\bcvv\b|\biban\b"
)
SECRET_WORDS = _WORDS
"""The same as a regular expression for other engines; case does not matter."""
_STEMS = (
    "passw", "passphrase", "secret", "token", "credential", "authorization", "cookie", "apikey", "api_key", "accesskey",
    "access_key", "privatekey", "private_key", "pincode", "pin_code", "cvv", "iban",
)  # fmt: skip
"""One of them is in every such name; looked for one by one they are found ten times as fast."""
SECRET_STEMS = tuple(stem.encode() for stem in _STEMS)
"""The same for bytes in lower case."""
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
    return _redacted(value) if display.hides() else value


def _redacted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: HIDDEN if item is not None and hides(key) else _redacted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    if type(value) is tuple:
        return tuple(_redacted(item) for item in value)
    return value


def redacted_text(text: str) -> str:
    """A text for reading, such as a log line, with what stands behind a secret's name and in addresses hidden.

    Cheap for a text that has none.
    """
    return _hidden(_IN_TEXT, text) if has_secrets(text) and display.hides() else text


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
    return _hidden(_IN_SOURCE, text) if display.hides() else text


def secrets_in_source(text: str) -> list[str]:
    """The secrets' names that a program's text gives a value; empty texts and zeros are none."""
    given = [(match["name"].strip("'\""), match["value"]) for match in _IN_SOURCE.finditer(text)]
    names = [name for name, value in given if value.strip("rbfRBF'\"0.") != ""]
    return list(dict.fromkeys([*names, *(["an address"] if _IN_ADDRESS.search(text) else [])]))


def _hidden(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.sub(_replacement, _IN_ADDRESS.sub(rf"\g<before>{HIDDEN}\g<after>", text))
    display.has_hidden = display.has_hidden or found != text
    return found


def _replacement(match: re.Match[str]) -> str:
    is_harmless = _TYPE.match(match["value"]) or match["value"].strip("'\"") in (HIDDEN, "…")
    return match[0] if is_harmless else f"{match['name']}{match['is']}{HIDDEN}"
