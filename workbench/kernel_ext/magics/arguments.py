"""What each magic's line may hold, as data: parsed by argparse, shown by `%magic?`."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import argument, construct_parser

from runtime.config import duration_ms
from runtime.errors import BadSetting
from workbench.kernel_ext.magics.parser import Names, read_fields, read_payload, read_word, split_words

Decorator = Any

ACTOR = argument("actor", help="name of the actor")
INVOKE = (
    ACTOR,
    argument("action", help="name of the action; get answers the state"),
    argument(
        "fields", nargs="*", metavar="field=value", help="the payload: Python literals, JSON, words, or {expressions}"
    ),
    argument("--async", dest="asynchronous", action="store_true", help="send without waiting for the answer"),
    argument("--durable", action="store_true", help="with --async: accepted means on disk; a kill does not lose it"),
    argument("--delay", metavar="TIME", help="run it later: seconds, or text such as 10s"),
    argument("--parent", metavar="TEMPLATE", help="make the actor from this template at its first call"),
    argument("--system", metavar="NAME", help="another actor system of this runtime"),
    argument(
        "--metadata",
        metavar="NAME=TEXT",
        action="append",
        default=[],
        help="goes along as ctx.metadata; may be repeated",
    ),
    argument("--key", metavar="KEY", help="idempotency key: executed once, later calls get the recorded answer"),
    argument("--timeout", metavar="TIME", help="how long to wait: seconds, or text such as 2min (default: 60 s)"),
    argument("--json", metavar="PAYLOAD", help="the whole payload, as JSON in quotes"),
)

ACTOR_CELL = (
    argument("name", nargs="?", help="the actor's name; else the class keyword's, else the class's own in lower case"),
    argument(
        "settings", nargs="*", metavar="setting=value", help="as class keywords: kind=unnamed deactivate_timeout=30s"
    ),
    argument("--preview", action="store_true", help="only show what would change and what would go wrong"),
)
SUBCOMMANDS = ("status", "start", "stop", "serve", "report", "export", "database", "help")
SPAWN = (
    argument("what", nargs="?", default="status", metavar="|".join(SUBCOMMANDS), help="what to do; status if left out"),
    argument("path", nargs="?", help="with report: the file (default: report.html); with export: the folder"),
    argument("--system", metavar="NAME", help="with start: the actor system's name"),
    argument("--store", metavar="STORE", help="with start: sqlite:///PATH, a path, or memory"),
    argument("--durability", metavar="LEVEL", help="with start: snapshot, journal or commit"),
    argument(
        "--drain",
        type=float,
        metavar="SECONDS",
        help="with stop: how long to go on with what was accepted (default: 5)",
    ),
    argument(
        "--grpc-port", type=int, default=0, metavar="N", help="with serve: for other notebooks (default: a free one)"
    ),
    argument(
        "--http-port", type=int, default=0, metavar="N", help="with serve: for Spawn's SDKs (default: a free one)"
    ),
    argument(
        "--host-port",
        type=int,
        action="append",
        metavar="N",
        help="with serve: where a host of SDK actors listens (default: 8090); once for each host process",
    ),
    argument("--actors", metavar="A,B", help="with report and export: only these"),
    argument("--since", metavar="TIME", help="with report: only later; a date with a time, or how long ago: 30min"),
    argument(
        "--force",
        action="store_true",
        help="with report: replace a file that is no report; with export: replace what was changed",
    ),
)
LIBRARY = (
    argument("query", nargs="?", help="name of a query of the library"),
    argument("--actor", metavar="NAME", help="only this actor, or the children of this template"),
    argument("--since", metavar="TIME", help="only later; a date with a time, or how long ago: 30min"),
    argument("--limit", type=int, default=20, metavar="N", help="at most N rows (default: 20)"),
    argument("--log", action="store_true", help="the last statements instead: when, text, rows, duration"),
)


def arguments(*entries: Decorator, is_cell_magic: bool = False) -> Decorator:
    """Decorate a magic with its arguments, in order; `--help` comes by itself.

    Neither the parser nor the text of its help is made before someone asks for them: all of them together would be a quarter
    of the time that loading the extension takes.  IPython's `?` asks `getdoc`.
    """

    def decorate(function: Any) -> Any:
        function.has_arguments, function.decorators = True, []
        for entry in reversed([*entries, argument("--help", action="store_true", help="show this text")]):
            function = entry(function)
        function.is_cell_magic = is_cell_magic
        function.getdoc = lambda: help_of(function)
        return function

    return decorate


def has_parser(function: Any) -> bool:
    """Whether a magic's line is read by a parser."""
    return getattr(function, "has_arguments", False)


@cache
def parser_for(function: Any) -> argparse.ArgumentParser:
    """What reads the line of a magic that was decorated with `arguments`."""
    docstring = function.__doc__
    parser: argparse.ArgumentParser = construct_parser(function)
    function.__doc__ = docstring  # which `construct_parser` replaces by the text of the help
    return parser


def help_of(function: Any) -> str:
    """Usage, description with examples, and arguments of a magic."""
    text = parser_for(function).format_help().removeprefix("::\n\n")
    return text.replace("  %", "  %%", 1) if function.is_cell_magic else text


def parsed(function: Any, line: str) -> argparse.Namespace | None:
    """A magic's arguments, words still quoted; None after `--help`, which was shown.

    Raises:
        UsageError: a flag is unknown (the nearest is named), or a word is missing.
    """
    words = split_words(line)
    parser = parser_for(function)
    if "--help" in words or "-h" in words:
        print(help_of(function))  # noqa: T201 - the user asked for it in a cell
        return None
    try:
        return parser.parse_intermixed_args(words)
    except UsageError as error:
        raise UsageError(_explained(str(error), parser, words)) from None


def _explained(message: str, parser: argparse.ArgumentParser, words: list[str]) -> str:
    flags = [option for action in parser._actions for option in action.option_strings]
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in flags]
    if unknown and "unrecognized" in message:
        close = difflib.get_close_matches(unknown[0], flags, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(flags)}."
        return f"%{parser.prog} has no flag {unknown[0]}. {hint}"
    if "required" in message:
        return f"{_missing(message, parser)} See %{parser.prog}?"
    return message[:1].upper() + message[1:]


def _missing(message: str, parser: argparse.ArgumentParser) -> str:
    """Which words are missing: argparse counts those that may be left out among them."""
    optional = {_shown_name(action) for action in parser._actions if action.nargs in ("*", "?")}
    named = [name for name in message.partition(": ")[2].split(", ") if name not in optional]
    words = [_shown_name(action) for action in parser._get_positional_actions() if action.nargs is None]
    return f"%{parser.prog} needs {' and '.join(named)}: %{parser.prog} {' '.join(words).upper()}."


def _shown_name(action: argparse.Action) -> str:
    return str(action.metavar or action.dest)


@dataclass(frozen=True)
class Call:
    """One `%invoke`, read."""

    actor: str
    action: str
    payload: Any = None
    options: Mapping[str, Any] = field(default_factory=dict)


def read_call(given: argparse.Namespace, names: Names, cell: str | None) -> Call:
    """The call that a line, and perhaps a cell with the payload, stands for.

    Raises:
        UsageError: the payload comes from two places, or a part cannot be read.
    """
    places = [bool(given.fields), given.json is not None, cell is not None]
    if sum(places) > 1:
        raise UsageError("Give the payload once: as field=value words, with --json, or in the cell.")
    options = {
        "asynchronous": given.asynchronous,
        "durable": given.durable,
        "delay": None if given.delay is None else read_seconds(read_word(given.delay, names), "--delay"),
        "parent": None if given.parent is None else read_word(given.parent, names),
        "system": None if given.system is None else read_word(given.system, names),
        "metadata": _metadata(given.metadata, names),
        "key": None if given.key is None else read_word(given.key, names),
        "timeout": None if given.timeout is None else read_seconds(read_word(given.timeout, names), "--timeout"),
    }
    actor, action = read_word(given.actor, names), read_word(given.action, names)
    return Call(actor, action, _payload(given, names, cell), {k: v for k, v in options.items() if v})


def read_settings(given: argparse.Namespace, names: Names) -> dict[str, Any]:
    """The name and the settings beside `%%actor`; a first word with `=` is a setting.

    Raises:
        UsageError: a word is not of the form setting=value.
    """
    words = [*([given.name] if given.name else []), *given.settings]
    settings: dict[str, Any] = {}
    if words and "=" not in words[0]:
        settings["name"] = read_word(words.pop(0), names)
    return {**settings, **read_fields(words, names)}


def _payload(given: argparse.Namespace, names: Names, cell: str | None) -> Any:
    if cell is not None:
        return read_payload(cell, names)
    if given.json is not None:
        text = given.json
        return read_payload(text[1:-1] if text[:1] in "'\"" and text[:1] == text[-1:] else text, names)
    return read_fields(given.fields, names) if given.fields else None


def read_seconds(text: str, flag: str) -> float:
    """Seconds from a number or from text such as `10s`.

    Raises:
        UsageError: it is neither.
    """
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return duration_ms(text, name=flag) / 1000
    except BadSetting:
        raise UsageError(f"{flag}: {text!r} is no time. Give seconds, or text such as 50ms, 10s or 2min.") from None


def _metadata(pairs: list[str], names: Names) -> dict[str, str]:
    read = {}
    for given in pairs:
        is_quoted = given[:1] in "'\"" and given[:1] == given[-1:]
        pair = given[1:-1] if is_quoted else given
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise UsageError(f"Expected --metadata NAME=TEXT, found {pair!r}.")
        read[name] = read_word(text, names)
    return read
