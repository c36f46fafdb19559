"""The versions of an actor's code: a list of them, and one with its source."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import msgspec

from runtime.records import StoredDefinition
from workbench.presenters.availability import is_available
from workbench.redaction import redacted_source
from workbench.render.formats import short_hash
from workbench.render.html import CODE_FONT, FRAME, Markup, bundle, element, muted, source
from workbench.render.tables import cut, local_time
from workbench.results import Rows


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an actor's code."""

    definition: StoredDefinition
    is_current: bool = False
    """It is deployed now."""
    is_here: bool = False
    """This process has run its code, so it can be deployed again without executing any stored text."""

    @property
    def hash(self) -> str:
        return self.definition.hash

    @property
    def source(self) -> str:
        return self.definition.source


class Versions(Rows[Version]):
    """Versions, the one deployed last at the end."""

    __slots__ = ()
    columns = ("version", "deployed last", "is", "actions", "state fields")
    empty = "No version of it is stored."
    noun = "version"

    def cells(self, record: Version) -> Sequence[object]:
        what = "deployed now" if record.is_current else "in memory" if record.is_here else "stored as text"
        known = record.definition
        return (
            short_hash(known.hash), local_time(known.deployed_us), what, cut(", ".join(known.actions)),
            cut(", ".join(known.fields)),
        )  # fmt: skip


class Earlier:
    """An earlier version that exists as text only: shown before anybody decides to execute it."""

    def __init__(self, version: Version, current: str, code: str) -> None:
        """`current` is the source deployed now, `code` what puts the version back."""
        self.version, self._current = version, current
        self.code = code
        """A cell that defines it again."""

    @property
    def source(self) -> str:
        return self.version.source

    @property
    def difference(self) -> str:
        """From the code deployed now to this, as a unified diff; empty if nothing is deployed or nothing differs."""
        if not self._current:
            return ""
        lines = difflib.unified_diff(
            self._current.splitlines(),
            self.source.splitlines(),
            "deployed now",
            short_hash(self.version.hash),
            lineterm="",
            n=2,
        )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"{self._headline()}\n\n{redacted_source(self.code)}\n\n{self._next()}"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        style = f"font-family:{CODE_FONT};background:none;margin:4px 0"
        parts = [element("div", self._headline()), element("pre", source(self.code), style=style)]
        if self.difference:
            diff = element("pre", *(_line(each) for each in self.difference.splitlines()), style=style)
            parts.append(
                element("details", element("summary", "Against the code deployed now", style="cursor:pointer"), diff)
            )
        html = element("div", *parts, element("div", muted(self._next())), style=FRAME)
        return bundle(repr(self), html)

    def _headline(self) -> str:
        stored = self.version.definition
        at = local_time(stored.deployed_us)
        return f"Version {short_hash(stored.hash)} of {stored.name}, deployed last {at}. Nothing was executed."

    def _next(self) -> str:
        name, version = self.version.definition.name, short_hash(self.version.hash)
        if not is_available("undeploy"):
            return "To go back to it takes an attachment to act: nothing can be deployed while one only looks."
        return (
            f"To go back to it, run this as a cell, or execute the stored text with "
            f'wb.redeploy("{name}", "{version}", execute=True).'
        )


def _line(text: str) -> Markup:
    weight = "" if text[:1] == " " else "font-weight:600"
    return element("span", source(text), element("br"), style=weight)
