"""Completion in the lines of our magics, in the SQL of `%%query`, and in the strings of calls such as `wb.invoke("…", "…")`."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from runtime.config import Durability
from runtime.settings import SETTINGS, Kind
from workbench.kernel_ext.all_magics import parser_of
from workbench.kernel_ext.arguments import SUBCOMMANDS
from workbench.kernel_ext.call_words import call_words
from workbench.kernel_ext.known_names import KnownNames
from workbench.kernel_ext.sql_words import SqlWords
from workbench.session import Session

_LINE = re.compile(r"\s*(?:[\w\s,.\[\]'\"]+=\s*)?(%{1,2})(\w+)\s+(.*)\Z", re.DOTALL)
_MAGIC_INSIDE = re.compile(r"(?:.*\s)?(%{1,2}\w+\s.*)\Z", re.DOTALL)
_VARIABLE = re.compile(r".*\$(\w*)\Z", re.DOTALL)

_PLAIN = re.compile(r"[^\W\d][\w-]*")
_NO_TEXT = ("True", "False", "None", "true", "false", "null")

_POSITIONAL: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("state", "mailbox", "history", "watch", "undeploy", "logs", "failures", "hold", "release", "step", "fault",
         "contract"),
        ("actor",),
    ),
    **dict.fromkeys(("invoke", "load"), ("actor", "action", "fields")),
    **dict.fromkeys(("restore", "fork", "replay"), ("actor", "revision")),
    **dict.fromkeys(("postmortem", "retry"), ("failure",)),
    "form": ("actor", "action"),
    "redeploy": ("actor", "version"),
    "spawn": ("subcommand",),
    "actor": ("setting",),
}  # fmt: skip
"""What the words of a magic are, in order; the last goes for all that follow where it may come several times."""

_REPEATED = ("fields", "setting")

_OF_FLAG = {
    **dict.fromkeys(("--parent", "--actor", "--actors", "--caller"), "actor"),
    **dict.fromkeys(("--invocation", "--message"), "message"),
    "--action": "action",
    "--revision": "revision",
    "--until": "revision",
    "--code": "version",
    "--without": "message",
}
"""What follows a flag, in whichever magic."""

_FIXED = {
    "kind": [kind.value for kind in Kind],
    "durability": [level.value for level in Durability],
    "stateful": ["True", "False"],
    "subcommand": list(SUBCOMMANDS),
    "mode": ["look", "act"],
}

IDENTIFIER = "workbench.line_matcher"


class LineCompleter:
    """Completes up to the cursor.  Never raises, and blocks for at most 50 ms."""

    def __init__(self, session: Session, variables: Iterable[str] = ()) -> None:
        self._names, self._variables = KnownNames(session), variables
        self._sql = SqlWords(self._names)

    def matcher(self) -> Callable[[CompletionContext], Any]:
        """A matcher for IPython's completer; where it finds something, nothing else is offered."""

        def line_matcher(context: CompletionContext) -> Any:
            above = "\n".join(context.full_text.split("\n")[: context.cursor_line])
            fragment, found = self.complete(context.text_until_cursor, above)
            completions = [SimpleCompletion(text=text, type="workbench") for text in found]
            return {"completions": completions, "matched_fragment": fragment, "suppress": bool(found), "ordered": True}

        marked: Callable[[CompletionContext], Any] = context_matcher(identifier=IDENTIFIER)(line_matcher)
        return marked

    def complete(self, line: str, above: str = "") -> tuple[str, list[str]]:
        """The part of the line that would be replaced, and what by.

        Args:
            above: the lines of the cell before this one.
        """
        match = _LINE.match(line)
        if above.lstrip().startswith("%%query"):
            return self._in_sql(above + "\n" + line, line)
        if match is None:
            return call_words(line, self._names)
        if match[2] == "query":
            return self._in_sql(match[3], match[3])
        if match[2] in ("trace", "time", "timeit") and (inside := _MAGIC_INSIDE.match(match[3])):
            return self.complete(inside[1])
        return self._in_magic(match[2], match[3])

    def _in_sql(self, text: str, line: str) -> tuple[str, list[str]]:
        return self._in_variable(line) or self._sql.complete(text)

    def _in_magic(self, magic: str, rest: str) -> tuple[str, list[str]]:
        *words, fragment = re.split(r"\s+", rest)
        if parser_of(magic) is not None and (variable := self._in_variable(fragment)):
            return variable
        found = self._candidates(magic, [word for word in words if word], fragment)
        name, sign, _ = fragment.partition("=")
        if sign and not fragment.startswith("-"):
            fragment, found = fragment[len(name) + 1 :], [text for text in found if not text.endswith("=")]
        return fragment, [text for text in found if text.startswith(fragment)]

    def _in_variable(self, text: str) -> tuple[str, list[str]] | None:
        """`$name`; None where no such word is being written."""
        match = _VARIABLE.match(text)
        if match is None:
            return None
        names = (name for name in self._variables if not name.startswith("_") and name.startswith(match[1]))
        return match[1], sorted(names)

    def _candidates(self, magic: str, words: list[str], fragment: str) -> list[str]:
        with_value = _flags_with_value(magic)
        given = _positional(words, with_value)
        if words and words[-1] in with_value:
            flag = words[-1]
            kind = _OF_FLAG.get(flag, flag.lstrip("-"))
            return self._of_kind(kind, _positional(words[:-1], with_value), words, fragment)
        if fragment.startswith("-"):
            return _flags_left(magic, words)
        kinds = _POSITIONAL.get(magic, ())
        place = min(len(given), len(kinds) - 1)
        if kinds and (len(given) < len(kinds) or kinds[-1] in _REPEATED):
            return self._of_kind(kinds[place], given, words, fragment)
        # Nothing but a flag can follow; where it is code that follows, that is Python's to complete.
        return _flags_left(magic, words) if magic != "trace" else []

    def _of_kind(self, kind: str, given: list[str], words: list[str], fragment: str) -> list[str]:
        actor, parent = given[0] if given else _after("--actor", words), _after("--parent", words)
        match kind:
            case "actor":
                return self._names.actors(fragment)
            case "action":
                return self._names.actions(actor, parent) if actor else []
            case "fields":
                return self._for_fields(given, parent, fragment)
            case "setting":
                return self._for_actor(given, fragment)
            case "revision":
                return self._names.revisions(actor, fragment) if actor else []
            case "version":
                return self._names.versions(actor)
            case "failure":
                return [*self._names.actors(fragment), *self._names.failures()]
            case "message":
                return self._names.messages(actor)
            case _:
                return _FIXED.get(kind, [])

    def _for_fields(self, given: list[str], parent: str, fragment: str) -> list[str]:
        actor, action, *fields = given
        name, sign, _ = fragment.partition("=")
        if sign:
            quote = fragment[len(name) + 1 :][:1]
            return [_as_word(value, quote) for value in self._names.values(actor, action, name, parent)]
        used = {word.partition("=")[0] for word in fields}
        return [f"{each}=" for each in self._names.parameters(actor, action, parent) if each not in used]

    def _for_actor(self, given: list[str], fragment: str) -> list[str]:
        name, sign, _ = fragment.partition("=")
        if sign:
            return _FIXED.get(name, [])
        used = {word.partition("=")[0] for word in given}
        settings = [f"{setting}=" for setting in SETTINGS if setting not in used and setting != "name"]
        return [*settings, *([] if given else self._names.actors(fragment))]


def _as_word(value: str, quote: str) -> str:
    """A value in code as one writes it in a magic's line: a plain word needs no quotes."""
    if value[:1] not in ("'", '"') or quote == value[0]:
        return value
    text = value[1:-1]
    return text if _PLAIN.fullmatch(text) and text not in _NO_TEXT and quote != '"' else f'"{text}"' if quote else value


def _actions_of(magic: str) -> Iterable[Any]:
    parser = parser_of(magic)
    return () if parser is None else parser._actions


def _flags_left(magic: str, words: list[str]) -> list[str]:
    extra = ["--out"] if magic == "query" else []
    return [
        option
        for option in [*extra, *(option for action in _actions_of(magic) for option in action.option_strings)]
        if option not in words or option == "--metadata"
    ]


def _flags_with_value(magic: str) -> list[str]:
    return [option for action in _actions_of(magic) if action.nargs != 0 for option in action.option_strings]


def _after(flag: str, words: list[str]) -> str:
    """The word that follows a flag; empty if the flag is not there."""
    return next((word for before, word in itertools.pairwise(words) if before == flag), "")


def _positional(words: list[str], with_value: list[str]) -> list[str]:
    """The words that are neither flags nor their values."""
    previous = ["", *words]
    return [
        word
        for word, before in zip(words, previous, strict=False)
        if not word.startswith("--") and before not in with_value
    ]
