"""A trace: the messages that a block of code set in motion, or the chain that one message belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from workbench.presenters.messages import OUTSIDE, Message
from workbench.presenters.sequence_diagram import (
    MOST_ACTORS,
    MOST_MESSAGES,
    participants_of,
    sequence_mermaid,
    sequence_svg,
)
from workbench.redaction import redacted_text
from workbench.render.formats import duration, plural, short_id
from workbench.render.html import FRAME, Column, Markup, aligned, bundle, code, element, muted, table
from workbench.results import to_pandas, to_polars

_MOST_ROWS = 120
_COLUMNS = (
    Column("at", right=True), Column("message", code=True), Column("kind"), Column("waited", right=True),
    Column("took", right=True), Column("came of it", code=True), Column("id", code=True),
)  # fmt: skip


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the tracing itself took."""

    own_us: int = 0
    """Starting, reading and putting together."""
    settled_us: int = 0
    """Waiting for messages that were still on their way when the block had ended."""
    events: int = 0
    dropped: int = 0
    """Events that did not fit; then messages are missing."""


class Trace:
    """Messages in the order of sending; shows itself as a sequence diagram, a table, text and mermaid."""

    def __init__(
        self, messages: Sequence[Message] = (), *, cost: Cost | None = None, focus: str = "", hidden: int = 0
    ) -> None:
        self.messages = tuple(messages)
        self.cost = cost or Cost()
        self.focus = focus
        """The message that was asked about; empty for none."""
        self.hidden = hidden
        """Messages that a filter left out."""

    def only(
        self,
        *,
        actor: str | None = None,
        action: str | None = None,
        kind: str | None = None,
        failed: bool = False,
        slower_ms: float = 0.0,
    ) -> Trace:
        """Those messages that an actor sent or got, of an action, of a kind, that failed, or took longer."""

        def fits(each: Message) -> bool:
            return (
                (actor is None or actor in (each.actor, each.sender))
                and (action is None or action == each.action)
                and (kind is None or kind == each.kind)
                and (not failed or each.is_bad)
                and each.took_us >= slower_ms * 1_000
            )

        kept = [each for each in self.messages if fits(each)]
        hidden = self.hidden + len(self.messages) - len(kept)
        return Trace(kept, cost=self.cost, focus=self.focus, hidden=hidden)

    def rows(self) -> list[dict[str, Any]]:
        """A dict for each message, for a data frame."""
        return [
            {
                "sent_us": m.sent_us, "sender": m.sender, "actor": m.actor, "action": m.action, "kind": m.kind,
                "waited_us": m.waited_us, "took_us": m.took_us, "outcome": m.outcome, "detail": m.detail, "id": m.id,
                "cause": m.cause,
            }
            for m in self.messages
        ]  # fmt: skip

    def df(self) -> Any:
        """The messages as a pandas DataFrame."""
        return to_pandas(self.rows())

    def pl(self) -> Any:
        """The messages as a polars DataFrame."""
        return to_polars(self.rows())

    def __iter__(self) -> Iterator[Message]:
        return iter(self.messages)

    def __len__(self) -> int:
        return len(self.messages)

    # -- how it shows itself -------------------------------------------------------------------------------------------

    @property
    def svg(self) -> str:
        """The diagram of the first 60 messages, as a picture of its own."""
        return sequence_svg(self._drawn(), self.summary, self.focus)

    @property
    def mermaid(self) -> str:
        """The same for mermaid."""
        return sequence_mermaid(self._drawn(), self.summary)

    @property
    def summary(self) -> str:
        """`3 messages between 2 actors in 1.4 ms, 1 failed`."""
        actors = [name for name in participants_of(self.messages) if name != OUTSIDE]
        ends = [each.finished_us or each.sent_us for each in self.messages]
        starts = [each.sent_us for each in self.messages if each.sent_us]
        took = f" in {duration(max(ends) - min(starts))}" if starts else ""
        bad = sum(each.is_bad for each in self.messages)
        pending = sum(each.outcome == "pending" for each in self.messages)
        more = [f"{bad} failed"] if bad else []
        more += [f"{pending} still on the way"] if pending else []
        more += [f"{plural(self.hidden, 'other')} left out"] if self.hidden else []
        counted = f"{plural(len(self.messages), 'message')} between {plural(len(actors), 'actor')}"
        return ", ".join([counted + took, *more])

    @property
    def own_cost(self) -> str:
        """What the tracing itself cost, and what it missed."""
        text = f"Tracing took {duration(self.cost.own_us)} of its own ({plural(self.cost.events, 'event')})"
        if self.cost.settled_us > 50_000:
            text += f", and waited {duration(self.cost.settled_us)} for what was still on its way"
        if self.cost.dropped:
            text += f"; {plural(self.cost.dropped, 'event')} did not fit, so messages are missing"
        return f"{text}."

    def __repr__(self) -> str:
        if not self.messages:
            return redacted_text(self._nothing())
        rows = [self._cells(each, indent=True) for each in islice(self.messages, _MOST_ROWS)]
        lines = [aligned(_COLUMNS, rows, widest=72)]
        rest = len(self.messages) - _MOST_ROWS
        lines += [f"… and {plural(rest, 'more message')}"] if rest > 0 else []
        return redacted_text("\n".join([*lines, f"{self.summary}.", *([] if self.focus else [self.own_cost])]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if not self.messages:
            return bundle(repr(self), element("div", muted(self._nothing()), style=FRAME))
        return bundle(repr(self), self._html(), svg=self.svg, mermaid=redacted_text(self.mermaid))

    def _nothing(self) -> str:
        if self.hidden:
            return f"None of {plural(self.hidden, 'message')} fits."
        return "No actor got a message."

    def _html(self) -> Markup:
        drawn = self._drawn()
        parts = [_scrolling(sequence_svg(drawn, self.summary, self.focus))]
        rest = self.messages[len(drawn) :]
        if rest:
            more = [_scrolling(sequence_svg(piece, "further messages", self.focus)) for piece in _pieces(rest)]
            undrawn = len(rest) - sum(len(piece) for piece in _pieces(rest))
            more += (
                [element("div", muted(f"… and {plural(undrawn, 'more message')}, see .messages"))] if undrawn else []
            )
            parts.append(_details(f"Show the other {plural(len(rest), 'message')}", more))
        rows = [self._cells(each, indent=True, as_html=True) for each in islice(self.messages, _MOST_ROWS)]
        parts.append(_details("As a table", [table(_COLUMNS, rows)]))
        parts.append(element("div", muted(f"{self.summary}. {'' if self.focus else self.own_cost}")))
        return element("div", *parts, style=FRAME)

    def _drawn(self) -> tuple[Message, ...]:
        """The first messages, up to the limits of a picture that a person can take in."""
        return _fitting(self.messages)

    def _cells(self, each: Message, *, indent: bool, as_html: bool = False) -> list[str]:
        start_us = min((m.sent_us for m in self.messages if m.sent_us), default=0)
        blank = ("\u00a0\u00a0" if as_html else "  ") * min(each.depth, 12) if indent else ""
        mark = "▶ " if each.id == self.focus else ""
        at = f"+{duration(max(0, each.sent_us - start_us))}" if each.sent_us else ""
        took = duration(each.took_us) if each.finished_us else ""
        waited = duration(each.waited_us) if each.started_us else ""
        name = f"{blank}{mark}{each.sender} → {each.actor}.{each.call(48)}"
        shown = code(name) if as_html else name
        return [at, shown, each.kind, waited, took, each.outcome_text(), short_id(each.id)]


def _fitting(messages: Sequence[Message]) -> tuple[Message, ...]:
    names: set[str] = set()
    chosen: list[Message] = []
    for each in islice(messages, MOST_MESSAGES):
        names |= {each.sender, each.actor}
        if len(names) > MOST_ACTORS and chosen:
            break
        chosen.append(each)
    return tuple(chosen)


def _pieces(messages: Sequence[Message], most: int = 4) -> list[tuple[Message, ...]]:
    pieces: list[tuple[Message, ...]] = []
    while messages and len(pieces) < most:
        pieces.append(_fitting(messages))
        messages = messages[len(pieces[-1]) :]
    return pieces


def _scrolling(picture: Markup) -> Markup:
    """A picture in its own size; one that is wider than the page scrolls, by the keyboard, too."""
    return element("div", picture, style="overflow-x:auto;max-width:100%", tabindex="0")


def _details(summary: str, content: Sequence[Markup]) -> Markup:
    return element("details", element("summary", summary, style="cursor:pointer"), *content)
