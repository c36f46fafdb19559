"""What a check found, for a person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from runtime.records import Failure, Invocation, Outcome
from runtime.wire.codecs.values import decode_value
from workbench.redaction import redacted_text
from workbench.render.html import Markup, element, join, lines
from workbench.render.tables import cut, plural
from workbench.teaching.interleavings import Moment

_SHOWN_LINES = 24


@dataclass(frozen=True, slots=True)
class CheckReport:
    """True if the exercise is solved; shows itself as text and as static HTML."""

    exercise: str
    wrong: str = ""
    """What is wrong, as a sentence; empty if the exercise is solved."""
    lines: tuple[Line, ...] = ()
    """The shortest way to what is wrong that was found."""
    trace: str = ""
    """The traceback of an action that failed; empty for none."""
    printed: str = ""
    """What the actors printed on that way."""
    crowd: str = ""
    """How many took part, such as `2 clerks`."""
    situations: int = 0
    """How many different situations were looked at."""
    is_complete: bool = True
    """Nothing was left out."""
    note: str = ""
    """What the author of the exercise should know of it; empty for nothing."""

    @property
    def passed(self) -> bool:
        """The exercise is solved."""
        return not self.wrong

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        if self.passed:
            return redacted_text("\n  ".join([f"✓ {self._headline()}", self._effort(), *filter(None, [self.note])]))
        parts = [f"✗ {self._headline()}"]
        if self.lines:
            parts += ["", *_as_text(self.lines[:_SHOWN_LINES]), *self._rest()]
        parts += ["", *(f"  {line}" for line in self.wrong.splitlines())]
        for title, text in self._details():
            parts += ["", f"  {title}", *(f"    {line}" for line in text.rstrip().splitlines())]
        return redacted_text("\n".join(parts))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": str(self._html())}

    def _headline(self) -> str:
        if self.passed:
            return f"{self.exercise}: solved." if self.is_complete else f"{self.exercise}: nothing wrong was found."
        return f"{self.exercise}: not yet." + (f" With {self.crowd}, this can happen:" if self.lines else "")

    def _effort(self) -> str:
        if not self.is_complete:
            return f"Not every order of the messages of {self.crowd} was tried: it stopped after {self._situations()}."
        return f"The messages of {self.crowd} were delivered in every possible order: {self._situations()}."

    def _situations(self) -> str:
        return plural(self.situations, "different situation")

    def _rest(self) -> list[str]:
        hidden = len(self.lines) - _SHOWN_LINES
        return [f"  … and {hidden:,} more"] if hidden > 0 else []

    def _details(self) -> list[tuple[str, str]]:
        details = [("The exception came from:", self.trace), ("Printed on the way:", self.printed)]
        return [(title, text) for title, text in details if text]

    def _html(self) -> Markup:
        mark, colour = ("✓", "#2e7d32") if self.passed else ("✗", "#c62828")
        parts = [element("p", element("b", mark, style=f"color:{colour}"), " ", element("b", self._headline()))]
        if self.passed:
            parts += [element("p", line) for line in (self._effort(), self.note) if line]
        else:
            parts.append(_as_html(self.lines[:_SHOWN_LINES]))
            parts += [element("p", line) for line in self._rest()]
            parts += [element("p", element("b", line)) for line in self.wrong.splitlines()]
            parts += [join((element("p", title), lines(text))) for title, text in self._details()]
        return element("div", *parts, class_="spawn-check")


def _as_text(lines: tuple[Line, ...]) -> list[str]:
    who = max(len(line.who) for line in lines)
    does = max(len(line.does) for line in lines)
    return [
        f"  {number:>2}  {line.who:<{who}}{' → ' if who else ''}{line.does:<{does}}  {line.comes_of_it}".rstrip()
        for number, line in enumerate(lines, start=1)
    ]


def _as_html(turns: tuple[Line, ...]) -> Markup:
    if not turns:
        return Markup()
    rows = [
        element(
            "tr", _cell(str(n), "right"), _cell(line.who), _cell(element("code", line.does)), _cell(line.comes_of_it)
        )
        for n, line in enumerate(turns, start=1)
    ]
    heads = [element("th", name, scope="col", style="text-align:left") for name in ("", "from", "message", "outcome")]
    return element("table", element("thead", element("tr", *heads)), element("tbody", *rows))


def _cell(content: str, align: str = "left") -> Markup:
    return element("td", content, style=f"text-align:{align}")


# --- What happened in a play, as lines that someone can follow with a finger -----------------------------------------


class Line(NamedTuple):
    """One turn."""

    who: str
    """Who sent the message; empty if no one in particular."""
    does: str
    """`account.write(balance=10)`."""
    comes_of_it: str


def told(moments: Sequence[Moment], actors: Collection[str], sender: Callable[[str], str]) -> tuple[Line, ...]:
    """The turns of the given actors and of their children, in the order of their ends.

    A turn that asked others is told by its questions, and again at its end if it has an answer.

    Args:
        sender: who sent the invocation of that id, where no actor did.
    """
    ended = {each.invocation.id for each in moments if each.outcome is not None}
    shown = (each for each in moments if _is_of(each.invocation, actors) and _is_worth_a_line(each, moments, ended))
    return tuple(_line(each, sender) for each in shown)


def switches(lines: Sequence[Line]) -> int:
    """How often another goes on than the one before: fewer are easier to follow."""
    return sum(before.who != after.who for before, after in pairwise(lines))


def _is_of(invocation: Invocation, actors: Collection[str]) -> bool:
    return invocation.actor.name in actors or invocation.parent in actors


def _is_worth_a_line(moment: Moment, moments: Sequence[Moment], ended: Collection[str]) -> bool:
    if moment.outcome is None:
        return moment.invocation.id not in ended
    began_before = any(each.outcome is None and each.invocation is moment.invocation for each in moments)
    return not began_before or moment.outcome.response is not None or moment.outcome.failure is not None


def _line(moment: Moment, sender: Callable[[str], str]) -> Line:
    invocation = moment.invocation
    who = invocation.caller.name if invocation.caller else sender(invocation.id)
    return Line(who, f"{invocation.actor.name}.{invocation.action}({_arguments(invocation)})", _end(moment.outcome))


def _arguments(invocation: Invocation) -> str:
    payload = decode_value(invocation.payload)
    if payload is None:
        return ""
    if isinstance(payload, dict):
        return cut(", ".join(f"{name}={value!r}" for name, value in payload.items()))
    return cut(repr(payload))


def _end(outcome: Outcome | None) -> str:
    if outcome is None:
        return "never ends"
    if outcome.failure is not None:
        return cut(_failure(outcome.failure))
    answer: Any = decode_value(outcome.response)
    return "done" if answer is None else cut(f"answers {answer!r}")


def _failure(failure: Failure) -> str:
    return f"fails: {failure.headline}"
