"""Completion in the lines of our magics, in the SQL of `%%query`, and in the strings of calls such as `wb.invoke("…", "…")`."""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from runtime.api import SystemApi
from runtime.authoring.settings import SETTINGS, Kind
from runtime.background import start_daemon
from runtime.config import Durability
from runtime.records import IMPLICIT_READS, Turn
from runtime.wire.codecs.values import decode_value
from workbench.commands.history import newest
from workbench.kernel_ext.magics.arguments import SUBCOMMANDS
from workbench.kernel_ext.magics.registry import parser_of
from workbench.presenters.panels.form import Field, fields_of, literals_of
from workbench.redaction import is_secret
from workbench.render.formats import short_id
from workbench.session import Session
from workbench.sql.schema import NAMES

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

_LIBRARY_FLAGS = ("--actor", "--since", "--limit")
"""What may follow the name of a query of the library."""

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
            return self._in_library(match[3]) or self._in_sql(match[3], match[3])
        if match[2] in ("trace", "time", "timeit") and (inside := _MAGIC_INSIDE.match(match[3])):
            return self.complete(inside[1])
        return self._in_magic(match[2], match[3])

    def _in_sql(self, text: str, line: str) -> tuple[str, list[str]]:
        return self._in_variable(line) or self._sql.complete(text)

    def _in_library(self, rest: str) -> tuple[str, list[str]] | None:
        """A query's name, or what follows it; None where it is SQL that is being written."""
        from workbench.commands.history import queries

        *words, fragment = re.split(r"\s+", rest)
        names = [each.name for each in queries]
        if words and words[0] not in (*names, "--log"):
            return None
        if words and words[-1] == "--actor":
            return _fitting(fragment, self._names.actors(fragment))
        flags = (
            [flag for flag in _LIBRARY_FLAGS if flag not in words] if words else [*names, "--log", "--plot", "--out"]
        )
        found = [text for text in flags if text.startswith(fragment)]
        return (fragment, found) if words or found else None

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


# --- Completion of SQL: tables, the `history` views, and their columns ------------------------------------------------
# Asks the actor system, never DuckDB.

COLUMNS: dict[str, tuple[str, ...]] = {
    "actors": (
        "actor", "parent", "kind", "phase", "revision", "definition", "is_deployed", "turns", "failures", "first_at", "last_at",
        "waiting", "oldest_waiting_at", "system",
    ),
    "states": ("actor", "parent", "kind", "revision", "at", "cause", "definition", "tags", "state", "system"),
    "revisions": (
        "actor", "parent", "revision", "at", "cause", "action", "definition", "state", "tags", "system", "sequence",
    ),
    "invocations": (
        "id", "actor", "parent", "action", "caller", "cause", "correlation", "key", "payload", "response", "error_code",
        "error_type", "error", "revision_before", "revision", "enqueued_at", "started_at", "finished_at", "wait_ms", "run_ms",
        "metadata", "definition", "caller_system", "system", "sequence",
    ),
    "failures": (
        "at", "id", "actor", "parent", "action", "type", "text", "trace", "code", "caller", "cause", "correlation", "key",
        "payload", "revision", "definition", "system", "sequence",
    ),
    "lifecycle": ("at", "actor", "event", "revision", "definition", "system"),
    "definitions": ("actor", "definition", "deployed_at", "source", "settings", "fields", "actions"),
    "audit": (
        "at", "who", "notebook", "target", "system", "mode", "act", "actor", "action", "reason", "outcome", "error", "ended_at",
        "payload_bytes", "payload_hash", "id", "calls",
    ),
    "columns": ("view", "name", "type", "actor", "field", "system"),
}  # fmt: skip
"""Of the tables that are always there."""

IN_EVERY_VIEW = ("actor", "revision", "at", "cause", "definition")

_WORD = re.compile(r"[\w.]*\Z")
_AFTER_TABLE_WORD = re.compile(r"\b(?:from|join|describe|summarize)\s+[\w.]*\Z", re.IGNORECASE)
_STARTED = re.compile(r"\b(?:from|join)\s+([\w.\"]+)", re.IGNORECASE)


class SqlWords:
    """Completes a query up to the cursor, with what stands after it left out of account."""

    def __init__(self, names: KnownNames) -> None:
        self._names = names

    def complete(self, text: str) -> tuple[str, list[str]]:
        """The last word, and what it could become.  Never raises, and blocks for at most 50 ms."""
        match = _WORD.search(text)
        assert match is not None
        word = match[0]
        views = {f"history.{_quoted(actor)}": fields for actor, fields in self._names.state_fields().items()}
        if _AFTER_TABLE_WORD.search(text):
            return word, [name for name in [*NAMES, *views] if name.startswith(word)]
        if not word:
            return "", []
        columns = [name for table in _STARTED.findall(text) for name in self._columns_of(table, views)]
        everywhere = columns or [name for each in [*COLUMNS.values(), *views.values()] for name in each]
        found = [name for name in dict.fromkeys([*everywhere, *NAMES, *views]) if name.startswith(word)]
        return word, found

    def _columns_of(self, table: str, views: dict[str, list[str]]) -> tuple[str, ...]:
        if table in views:
            return (*IN_EVERY_VIEW, *(_column(field) for field in views[table]))
        return COLUMNS.get(table, ())


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_]\w*", name) else f'"{name}"'


def _column(field: str) -> str:
    return f"state_{field}" if field.lower() in IN_EVERY_VIEW else field


# --- Completion of calls ----------------------------------------------------------------------------------------------
# Completion inside calls of the Python functions: `wb.invoke("counter", "add", {"value`, `wb.state("counter", 1`.

_WITH_ACTOR = (
    "ainvoke|confirm_dropped|contract|failures|faults|fork|form|history|hold|invoke|load|logs|mailbox|postmortem|redeploy|ref|"
    "release|replay|restore|retry|state|tell|undeploy|versions|watch"
)
_CALL = rf"\b(?:wb|workbench|ctx)\.({_WITH_ACTOR})\(\s*"
_ACTOR = re.compile(_CALL + r"""(['"])([^'"]*)\Z""")
_ACTION = re.compile(_CALL + r"""(['"])([^'"]+)\2\s*,\s*(['"])([^'"]*)\Z""")
_FIELD = re.compile(_CALL + r"""(['"])([^'"]+)\2\s*,\s*(['"])([^'"]+)\4\s*,\s*\{(?:[^{}]*,)?\s*(['"])([^'"]*)\Z""")
_REVISION = re.compile(_CALL + r"""(['"])([^'"]+)\2\s*,\s*(?:revision\s*=\s*)?(\d*)\Z""")

_OF_REF = re.compile(
    r"""\b(?:wb|workbench)\.ref\(\s*(['"])([^'"]+)\1\s*(?:,\s*(?:parent\s*=\s*)?(['"])([^'"]+)\3\s*)?\)\.(\w*)\Z"""
)
_METHODS = ("ainvoke", "invoke", "name", "state", "tell")
"""What every reference has, whatever its actor does."""

_TAKE_ACTION = ("ainvoke", "form", "invoke", "load", "tell")
_TAKE_REVISION = ("fork", "replay", "restore", "state")


def call_words(line: str, names: KnownNames) -> tuple[str, list[str]]:
    """The part of a line of Python that would be replaced, and what by; nothing outside such a call."""
    if "(" not in line:
        return "", []
    if match := _OF_REF.search(line):
        return _fitting(match[5], sorted({*names.actions(match[2], match[4]), *_METHODS}))
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


# --- Names for completion: asked of the system, but never waited for longer than a person notices ---------------------

T = TypeVar("T")

_BUDGET_S = 0.04
_ENOUGH = 200
_REMEMBERED = 500
_SEARCHED = 20_000
"""So many of the last turns are looked through for ids and for values that were given before."""
_VALUES = 10


class KnownNames:
    """Actors, actions, parameters and revisions of the running system.  Starts nothing and never raises.

    A system that is slow to answer, such as one across a network, is asked in a short-lived thread; what it says too late is
    there for the next time.
    """

    def __init__(self, session: Session, budget_s: float = _BUDGET_S) -> None:
        self._session, self._budget_s = session, budget_s
        self._cache: dict[tuple[str, ...], Any] = {}
        self._asking: set[tuple[str, ...]] = set()

    def actors(self, prefix: str) -> list[str]:
        """Names of actors that begin so."""

        def ask(system: SystemApi) -> list[str]:
            return [info.id.name for info in system.actors(prefix=prefix, limit=_ENOUGH)]

        return self._ask(("actors", prefix), ask, [])

    def actions(self, actor: str, parent: str = "") -> list[str]:
        """What can be asked of an actor, or of one that its template would make."""
        return [*self._signatures(parent or actor), IMPLICIT_READS[0]]

    def parameters(self, actor: str, action: str, parent: str = "") -> list[str]:
        """Names of an action's payload fields."""
        return [field.name for field in self._fields(parent or actor, action)]

    def values(self, actor: str, action: str, parameter: str, parent: str = "") -> list[str]:
        """What can be given for a parameter: those that its type allows, else its default and what was given before."""
        field = next(
            (each for each in self._fields(parent or actor, action) if each.name == parameter), Field(parameter)
        )
        allowed = literals_of(field.type)
        if allowed:
            return list(allowed)
        default = [field.default] if field.default not in ("", "...") else []
        return list(dict.fromkeys([*default, *self._given_before(actor, action, parameter)]))

    def versions(self, actor: str) -> list[str]:
        """Hashes of the versions of an actor's code, the last one first."""

        def ask(system: SystemApi) -> list[str]:
            known = [each for each in system.definitions() if each.name == actor]
            return [each.hash[:8] for each in sorted(known, key=lambda each: -each.deployed_us)]

        return self._ask(("versions", actor), ask, [])

    def revisions(self, actor: str, prefix: str = "") -> list[str]:
        """Numbers of an actor's revisions that begin so, the newest first.  Reads its last one only, however many there are."""
        last = self._ask(("revision", actor), lambda system: system.info(actor).revision, 0)
        return beginning_with(prefix, last, _ENOUGH)

    def failures(self) -> list[str]:
        """Ids of the last turns that failed, the newest first."""

        def ask(system: SystemApi) -> list[str]:
            return _ids(newest(system, lambda turn: turn.failure is not None, 20, searched=_SEARCHED))

        return self._ask(("failures",), ask, [])

    def messages(self, actor: str) -> list[str]:
        """Ids of the last messages, of an actor or of all, the newest first."""

        def ask(system: SystemApi) -> list[str]:
            return _ids(newest(system, lambda turn: not actor or turn.actor.name == actor, 20, searched=_SEARCHED))

        return self._ask(("messages", actor), ask, [])

    def state_fields(self) -> dict[str, list[str]]:
        """Every template that ever had a definition, with the fields of its state."""

        def ask(system: SystemApi) -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for each in system.definitions():
                known = found.setdefault(each.name, [])
                known += [name for name in each.fields if name not in known]
            return found

        return self._ask(("fields",), ask, {})

    def _given_before(self, actor: str, action: str, parameter: str) -> list[str]:
        if is_secret(parameter):
            return []

        def is_wanted(turn: Turn) -> bool:
            return turn.action == action and turn.actor.name == actor and turn.payload is not None

        def ask(system: SystemApi) -> list[str]:
            payloads = [decode_value(turn.payload) for turn in newest(system, is_wanted, 50, searched=_SEARCHED)]
            given = [each[parameter] for each in reversed(payloads) if isinstance(each, dict) and parameter in each]
            texts = (repr(value) for value in given if isinstance(value, (str, int, float, bool, type(None))))
            return list(dict.fromkeys(text for text in texts if len(text) <= 40))[:_VALUES]

        return self._ask(("values", actor, action, parameter), ask, [])

    def _fields(self, actor: str, action: str) -> tuple[Field, ...]:
        return fields_of(self._signatures(actor).get(action, "()"))

    def _signatures(self, actor: str) -> dict[str, str]:
        return self._ask(("actions", actor), lambda system: system.actions(actor), {})

    def _ask(self, question: tuple[str, ...], ask: Callable[[SystemApi], T], default: T) -> T:
        system = self._session.system
        if system is None:
            return default
        answered = threading.Event()

        def run() -> None:
            try:
                if len(self._cache) > _REMEMBERED:
                    self._cache.clear()
                self._cache[question] = ask(system)
            except Exception:  # noqa: BLE001 - no name is worth an error under someone's fingers
                self._cache.pop(question, None)
            finally:
                self._asking.discard(question)
                answered.set()

        if question not in self._asking:
            self._asking.add(question)
            start_daemon("wb-completion", run)
            answered.wait(self._budget_s)
        found: T = self._cache.get(question, default)
        return found


def _ids(turns: list[Turn]) -> list[str]:
    return [short_id(str(turn.invocation)) for turn in reversed(turns)]


# --- Numbers by how they begin ----------------------------------------------------------------------------------------


def beginning_with(prefix: str, last: int, limit: int) -> list[str]:
    """The numbers from 1 to `last` whose digits begin with `prefix`, the largest first, at most `limit`.

    Takes no longer for a million than for ten.
    """
    if not prefix:
        return [str(number) for number in range(last, max(0, last - limit), -1)]
    if not prefix.isdecimal() or prefix.startswith("0"):
        return []
    found: list[str] = []
    for more in range(len(str(last)) - len(prefix), -1, -1):
        first, end = int(prefix) * 10**more, (int(prefix) + 1) * 10**more
        newest = min(last, end - 1)
        found += [str(number) for number in range(newest, max(first - 1, newest - limit + len(found)), -1)]
    return found[:limit]
