"""Path templates of `google.api.http`: `/v1/{name=shelves/*}/books/**:read` as a pattern, and which of two is more specific."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from runtime.errors import ContractError

_VARIABLE = re.compile(r"\{([\w.]+)(?:=([^{}]*))?\}")
_STARS = re.compile(r"(\*\*|\*)")
_PATTERNS = {"*": "[^/]+", "**": ".*"}
_SLASH = re.compile("(%2f)", re.IGNORECASE)

Rank = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class PathTemplate:
    """One template, ready to be matched."""

    text: str
    pattern: re.Pattern[str]
    variables: tuple[str, ...]
    """Paths of request fields, in the order of the pattern's groups."""
    spanning: frozenset[str]
    """Those of them that may hold more than one segment."""
    rank: Rank
    """Sorts more specific templates first: literal segments before `*` before `**`."""

    def values(self, path: str) -> list[tuple[str, str]] | None:
        """The variables' values in a path that was sent; None if it does not match."""
        match = self.pattern.fullmatch(path)
        if match is None:
            return None
        return [(name, self._decoded(name, text)) for name, text in zip(self.variables, match.groups(), strict=True)]

    def _decoded(self, name: str, text: str) -> str:
        """Within several segments an escaped slash stays escaped, so that it is told from those between them."""
        if name not in self.spanning:
            return unquote(text)
        return "".join(part if _SLASH.fullmatch(part) else unquote(part) for part in _SLASH.split(text))

    def described(self) -> tuple[str, tuple[str, ...]]:
        """The path as OpenAPI writes it, and the names in it that stand for segments without a variable."""
        unnamed: list[str] = []

        def name(_: re.Match[str]) -> str:
            unnamed.append(f"segment{len(unnamed) + 1}")
            return "{" + unnamed[-1] + "}"

        shown = _VARIABLE.sub(lambda match: "{" + match[1] + "}", self.text)
        return _STARS.sub(name, shown), tuple(unnamed)


def read_template(text: str, owner: str) -> PathTemplate:
    """The template that a rule's path is; `owner` names its method in complaints.

    Raises:
        ContractError: it is none.
    """
    if not text.startswith("/"):
        raise ContractError(f"{owner}: the path {text!r} of its google.api.http rule does not begin with a slash.")
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        raise ContractError(f"{owner}: the path {text!r} has a brace without its match.")
    found = list(_VARIABLE.finditer(text))
    variables = tuple(match[1] for match in found)
    if len(set(variables)) != len(variables):
        raise ContractError(f"{owner}: the path {text!r} has a variable twice.")
    spanning = frozenset(match[1] for match in found if "/" in (match[2] or "") or "**" in (match[2] or ""))
    return PathTemplate(text, re.compile("".join(_pattern(text, found))), variables, spanning, _rank(text))


def _pattern(text: str, variables: list[re.Match[str]]) -> Iterator[str]:
    position = 0
    for match in variables:
        yield _segments(text[position : match.start()])
        yield f"({_segments(match[2] or '*')})"
        position = match.end()
    yield _segments(text[position:])


def _segments(text: str) -> str:
    return "".join(_PATTERNS.get(part) or re.escape(part) for part in _STARS.split(text))


def _rank(text: str) -> Rank:
    flat = _VARIABLE.sub(lambda match: match[2] or "*", text)
    return tuple(_segment_rank(segment) for segment in flat.split("/")[1:])


def _segment_rank(segment: str) -> tuple[int, int]:
    wildness = 2 if "**" in segment else 1 if "*" in segment else 0
    return wildness, -len(segment)
