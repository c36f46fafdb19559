"""Completion in the lines of our magics: actors, actions, payload fields, flags and settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from runtime.config import Durability
from runtime.settings import SETTINGS, Kind
from workbench.kernel_ext.all_magics import parser_of
from workbench.kernel_ext.arguments import SUBCOMMANDS
from workbench.kernel_ext.known_names import KnownNames
from workbench.session import Session

_LINE = re.compile(r"\s*(?:[\w\s,.\[\]'\"]+=\s*)?(%{1,2})(\w+)\s+(.*)\Z", re.DOTALL)
_ACTOR_FIRST = {
    "state", "mailbox", "history", "watch", "undeploy", "logs", "failures", "postmortem", "retry", "redeploy", "form",
    "hold", "release", "step", "fault",
}  # fmt: skip
_VALUES = {
    "kind": [kind.value for kind in Kind],
    "durability": [level.value for level in Durability],
    "stateful": ["True", "False"],
}

IDENTIFIER = "workbench.line_matcher"


class LineCompleter:
    """Completes one line up to the cursor.  Never raises, and blocks for at most 50 ms."""

    def __init__(self, session: Session) -> None:
        self._names = KnownNames(session)

    def matcher(self) -> Callable[[CompletionContext], Any]:
        """A matcher for IPython's completer; where it finds something, nothing else is offered."""

        def line_matcher(context: CompletionContext) -> Any:
            fragment, found = self.complete(context.text_until_cursor)
            completions = [SimpleCompletion(text=text, type="workbench") for text in found]
            return {"completions": completions, "matched_fragment": fragment, "suppress": bool(found), "ordered": True}

        marked: Callable[[CompletionContext], Any] = context_matcher(identifier=IDENTIFIER)(line_matcher)
        return marked

    def complete(self, line: str) -> tuple[str, list[str]]:
        """The part of the line that would be replaced, and what by."""
        match = _LINE.match(line)
        if match is None:
            return "", []
        *words, fragment = re.split(r"\s+", match[3])
        found = self._candidates(match[2], [word for word in words if word], fragment)
        name, sign, _ = fragment.partition("=")
        if sign and not fragment.startswith("-"):
            fragment, found = fragment[len(name) + 1 :], [text for text in found if not text.endswith("=")]
        return fragment, [text for text in found if text.startswith(fragment)]

    def _candidates(self, magic: str, words: list[str], fragment: str) -> list[str]:
        if words and words[-1] in _flags_with_value(magic):
            return self._flag_values(words[-1], fragment, _positional(words[:-1], _flags_with_value(magic)))
        if fragment.startswith("-"):
            return [flag for flag in _flags(magic) if flag not in words]
        given = _positional(words, _flags_with_value(magic))
        if magic in ("invoke", "load"):
            return self._for_invoke(given, fragment)
        if magic in _ACTOR_FIRST and not given:
            return self._names.actors(fragment)
        if magic == "form" and len(given) == 1:
            return self._names.actions(given[0])
        if magic == "redeploy" and len(given) == 1:
            return self._names.versions(given[0])
        if magic == "spawn" and not given:
            return list(SUBCOMMANDS)
        if magic == "actor":
            return self._for_actor(given, fragment)
        return []

    def _for_invoke(self, given: list[str], fragment: str) -> list[str]:
        if not given:
            return self._names.actors(fragment)
        if len(given) == 1:
            return self._names.actions(given[0])
        used = {word.partition("=")[0] for word in given[2:]}
        return [f"{name}=" for name in self._names.parameters(given[0], given[1]) if name not in used]

    def _for_actor(self, given: list[str], fragment: str) -> list[str]:
        name, sign, _ = fragment.partition("=")
        if sign:
            return _VALUES.get(name, [])
        used = {word.partition("=")[0] for word in given}
        settings = [f"{setting}=" for setting in SETTINGS if setting not in used and setting != "name"]
        return [*settings, *([] if given else self._names.actors(fragment))]

    def _flag_values(self, flag: str, fragment: str, given: list[str]) -> list[str]:
        if flag in ("--parent", "--actor", "--caller"):
            return self._names.actors(fragment)
        if flag == "--action" and given:
            return self._names.actions(given[0])
        if flag == "--revision" and given:
            return self._names.revisions(given[0])
        return _VALUES.get(flag.lstrip("-"), [])


def _actions_of(magic: str) -> Iterable[Any]:
    parser = parser_of(magic)
    return () if parser is None else parser._actions


def _flags(magic: str) -> list[str]:
    extra = ["--limit"] if magic == "history" else ["--out"] if magic == "query" else []
    return extra + [option for action in _actions_of(magic) for option in action.option_strings]


def _flags_with_value(magic: str) -> list[str]:
    return [option for action in _actions_of(magic) if action.nargs != 0 for option in action.option_strings]


def _positional(words: list[str], with_value: list[str]) -> list[str]:
    """The words that are neither flags nor their values."""
    previous = ["", *words]
    return [
        word
        for word, before in zip(words, previous, strict=False)
        if not word.startswith("--") and before not in with_value
    ]
