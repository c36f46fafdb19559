"""Completion inside calls of the Python functions: `wb.invoke("counter", "add", {"value`, `wb.state("counter", 1`."""

from __future__ import annotations

import re

from workbench.kernel_ext.known_names import KnownNames

_WITH_ACTOR = (
    "ainvoke|confirm_dropped|contract|failures|faults|fork|form|history|hold|invoke|load|logs|mailbox|postmortem|redeploy|ref|"
    "release|replay|restore|retry|state|tell|undeploy|versions|watch"
)
_CALL = rf"\b(?:wb|workbench|ctx)\.({_WITH_ACTOR})\(\s*"
_ACTOR = re.compile(_CALL + r"""(['"])([^'"]*)\Z""")
_ACTION = re.compile(_CALL + r"""(['"])([^'"]+)\2\s*,\s*(['"])([^'"]*)\Z""")
_FIELD = re.compile(_CALL + r"""(['"])([^'"]+)\2\s*,\s*(['"])([^'"]+)\4\s*,\s*\{(?:[^{}]*,)?\s*(['"])([^'"]*)\Z""")
_REVISION = re.compile(_CALL + r"""(['"])([^'"]+)\2\s*,\s*(?:revision\s*=\s*)?(\d*)\Z""")

_TAKE_ACTION = ("ainvoke", "form", "invoke", "load", "tell")
_TAKE_REVISION = ("fork", "replay", "restore", "state")


def call_words(line: str, names: KnownNames) -> tuple[str, list[str]]:
    """The part of a line of Python that would be replaced, and what by; nothing outside such a call."""
    if "(" not in line:
        return "", []
    if (match := _FIELD.search(line)) and match[1] in _TAKE_ACTION:
        return _fitting(match[7], names.parameters(match[3], match[5]))
    if (match := _ACTION.search(line)) and match[1] in _TAKE_ACTION:
        return _fitting(match[5], names.actions(match[3]))
    if (match := _REVISION.search(line)) and match[1] in _TAKE_REVISION:
        return _fitting(match[4], names.revisions(match[3], match[4]))
    if match := _ACTOR.search(line):
        return _fitting(match[3], names.actors(match[3]))
    return "", []


def _fitting(fragment: str, found: list[str]) -> tuple[str, list[str]]:
    return fragment, [text for text in found if text.startswith(fragment)]
