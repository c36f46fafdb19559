"""A magic's line as words and values.

IPython hands a line over as typed, quotes included.  Words end at white space outside quotes and brackets, so that
`tags=["a", "b c"]` is one.  A value is a Python literal or JSON, else text; `{expression}` and `$name` are evaluated where the
magic was written and keep their type.
"""

from __future__ import annotations

import ast
import difflib
import json
import re
from collections.abc import Mapping
from typing import Any

from IPython.core.error import UsageError
from IPython.utils.text import FullEvalFormatter

from workbench.commands.history import query

_CLOSING = {"(": ")", "[": "]", "{": "}"}
_QUOTE_MAY_OPEN = re.compile(r"(?:^|[=(\[{,:\s])[bBrRuU]?\Z")
_BRACKET_MAY_OPEN = re.compile(r"(?:^|=)\Z")
_FIELD = re.compile(r"([^\W\d]\w*)=(.*)\Z", re.DOTALL)
_DOLLAR = re.compile(r"\$(\$|[^\W\d]\w*)")
_NAME = re.compile(r"\$([^\W\d]\w*)\Z")

_MISSING = object()


class Names:
    """The variables that a magic's line may mention: those where it was written, then the notebook's."""

    def __init__(self, everywhere: Mapping[str, Any], here: Mapping[str, Any] | None = None) -> None:
        self._variables = {**everywhere, **(here or {})}

    def evaluate(self, expression: str) -> Any:
        """The value of an expression; it runs user code."""
        return eval(expression.strip(), self._variables)  # noqa: S307 - what the user typed in a cell

    def expanded(self, text: str) -> str:
        """`{expression}` and `$name` replaced by their text, as in any magic; `$$` is `$`.  As it is where that fails."""
        text = _DOLLAR.sub(self._by_name, text)
        try:
            return str(FullEvalFormatter().vformat(text, args=[], kwargs=self._variables))
        except Exception:  # noqa: BLE001 - IPython's own rule for lines of magics
            return text

    def _by_name(self, match: re.Match[str]) -> str:
        name = match[1]
        return "$" if name == "$" else str(self._variables[name]) if name in self._variables else match[0]


def split_words(line: str) -> list[str]:
    """The words of a line, quotes kept.

    Raises:
        UsageError: a quote or bracket is not closed.
    """
    words: list[str] = []
    word, quote, brackets = "", "", ""
    for character in line.strip() + " ":
        if quote:
            quote = "" if character == quote and not _is_escaped(word) else quote
        elif character in "'\"" and _QUOTE_MAY_OPEN.search(word):
            quote = character
        elif character in _CLOSING and (brackets or _BRACKET_MAY_OPEN.search(word)):
            brackets += _CLOSING[character]
        elif brackets and character == brackets[-1]:
            brackets = brackets[:-1]
        elif character.isspace() and not brackets:
            words += [word] if word else []
            word = ""
            continue
        word += character
    if quote or brackets:
        raise UsageError(f"No closing {quote or brackets[-1]} in: {word.strip()}")
    return words


def read_word(word: str, names: Names) -> str:
    """A word as text: without its quotes, `{expression}` and `$name` expanded."""
    literal = _literal(word)
    if isinstance(literal, str) and word[:1] in "'\"":
        return names.expanded(literal)
    return names.expanded(word)


def read_value(text: str, names: Names, *, field: str = "") -> Any:
    """The value that a word stands for.

    Raises:
        UsageError: an expression in braces, or a `$name`, cannot be evaluated.
    """
    if match := _NAME.match(text):
        return _evaluated(match[1], text, names, field)
    if text.startswith("{") and text.endswith("}"):
        return _braces(text, names, field)
    literal = _literal(text)
    if isinstance(literal, str):
        return names.expanded(literal)
    if literal is not _MISSING:
        return literal
    expanded = names.expanded(text)
    again = _literal(expanded) if expanded != text else _MISSING
    return expanded if again is _MISSING else again


def read_fields(words: list[str], names: Names) -> dict[str, Any]:
    """`name=value` words as a payload.

    Raises:
        UsageError: a word is not of that form, or a name comes twice.
    """
    fields: dict[str, Any] = {}
    for word in words:
        match = _FIELD.match(word)
        if match is None:
            raise UsageError(f"Expected field=value, found {word!r}.")
        if match[1] in fields:
            raise UsageError(f"Field {match[1]!r} is given twice.")
        fields[match[1]] = read_value(match[2], names, field=match[1])
    return fields


def read_payload(text: str, names: Names) -> Any:
    """A whole payload: JSON, a Python literal, or an expression.

    Raises:
        UsageError: it is none of these.
    """
    literal = _literal(text.strip())
    if literal is not _MISSING:
        return literal
    try:
        return names.evaluate(text)
    except Exception as error:  # noqa: BLE001 - the user's expression
        raise UsageError(f"The payload is neither JSON nor a Python value: {type(error).__name__}: {error}") from None


def _braces(text: str, names: Names, field: str) -> Any:
    """`{expression}`, or a dict display such as `{"a": x}` or `{}`."""
    literal = _literal(text)
    if isinstance(literal, dict):
        return literal
    inner = text[1:-1].strip()
    try:
        ast.parse(inner, mode="eval")
    except SyntaxError:
        return _evaluated(text, text, names, field)
    return _evaluated(inner, text, names, field)


def _evaluated(expression: str, text: str, names: Names, field: str) -> Any:
    try:
        return names.evaluate(expression)
    except Exception as error:  # noqa: BLE001 - the user's expression
        where = f" for field {field!r}" if field else ""
        raise UsageError(f"Cannot evaluate {text}{where}: {type(error).__name__}: {error}") from None


def _literal(text: str) -> Any:
    """The JSON or Python literal, or `_MISSING`.  Python first: its quotes may be single."""
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        value = _MISSING
    if value is not _MISSING and not isinstance(value, (complex, set)) and value is not Ellipsis:
        return value
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _MISSING


def _is_escaped(text: str) -> bool:
    """Whether an odd number of backslashes stands at the end."""
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


# --- `%query`: SQL with the notebook's variables ----------------------------------------------------------------------

_ONE_WORD = re.compile(r"\w+(?=\s*(--|\Z))")

# Strings, quoted names and comments are passed over; what is left of `$name` is a parameter.
_TOKENS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$([^\W\d]\w*)""", re.DOTALL)


def run_query(sql: str, variables: Mapping[str, Any]) -> Any:
    """The relation of a query whose `$name` parameters are variables.

    Raises:
        UsageError: no SQL, or a parameter without a variable.
    """
    if not sql:
        raise UsageError("Write the SQL beside %query or below %%query, such as: SELECT * FROM actors")
    names = parameters(sql)
    missing = [name for name in names if name not in variables]
    if missing:
        raise UsageError(f"The query uses ${missing[0]}, but this notebook has no variable {missing[0]!r}.")
    return query(sql, {name: variables[name] for name in names} or None)


def parameters(sql: str) -> list[str]:
    """Names of the `$name` parameters, each once, outside strings and comments."""
    return list(dict.fromkeys(match[1] for match in _TOKENS.finditer(sql) if match[1]))


def named_query(line: str) -> bool:
    """Whether a line is no SQL but names a query of the library, or asks for the log.

    Raises:
        UsageError: it is one word that is nearly the name of one.
    """
    from workbench.commands.history import queries

    names = [each.name for each in queries]
    word = _ONE_WORD.match(line)
    if re.match(r"--log(?!\S)", line) or (word and word[0] in names):
        return True
    if word and (close := difflib.get_close_matches(word[0], names, n=1)):
        raise UsageError(f"There is no query {word[0]!r} in the library. Did you mean {close[0]}?")
    return False
