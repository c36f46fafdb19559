"""A held actor: what waits for it, and what a step did."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from runtime.api import Waiting
from runtime.records import Turn
from runtime.wire.codecs.values import decode_value
from workbench.presenters.messages import SHORT, call_text
from workbench.redaction import redacted, redacted_text
from workbench.render.formats import duration, plural, short_id
from workbench.render.html import FRAME, Markup, Rendering, code, element, muted
from workbench.render.tables import html_table, local_time
from workbench.render.values import one_line, outline
from workbench.results import Rows


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message that waits: what a condition of `wb.hold` is asked about, and what can be dropped, copied or moved."""

    id: str
    action: str
    payload: Any = None
    caller: str = ""
    """The actor that sent it; empty from outside."""
    key: str = ""
    metadata: dict[str, str] = {}
    enqueued_us: int = 0

    def __repr__(self) -> str:
        return redacted_text(f"{call_text(self.action, self.payload)}, id {short_id(self.id)}")


def message_of(waiting: Waiting) -> Message:
    """Decoded."""
    return Message(
        id=waiting.invocation,
        action=waiting.action,
        payload=decode_value(waiting.payload),
        caller=waiting.caller,
        enqueued_us=waiting.enqueued_us,
    )


class Messages(Rows[Message]):
    """Messages in order; the first column is the number to name one by."""

    __slots__ = ()
    columns = ("number", "message", "from", "since", "id")
    empty = "No message waits."
    noun = "message"

    def cells(self, record: Message) -> Sequence[object]:
        return (
            call_text(record.action, record.payload, 60),
            record.caller,
            local_time(record.enqueued_us),
            short_id(record.id),
        )

    def _lines(self) -> list[Sequence[object]]:
        return [(number, *line) for number, line in enumerate(super()._lines())]


class Stepped(msgspec.Struct, frozen=True, kw_only=True):
    """What one step did."""

    actor: str
    message: Message | None = None
    """The message that was let through; None if none waited."""
    turn: Turn | None = None
    """Its record; None if it was answered without a turn, as a repeated key is."""
    waiting: int = 0
    """Messages behind it."""

    @property
    def response(self) -> Any:
        """What the action answered, decoded."""
        return decode_value(self.turn.response) if self.turn is not None else None

    @property
    def state(self) -> Any:
        """The new state, decoded; None where it did not change."""
        return decode_value(self.turn.state.value) if self.turn is not None and self.turn.state is not None else None

    def __repr__(self) -> str:
        return redacted_text("\n".join(self._lines()))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        first, *rest = self._lines()
        lines = [element("div", code(first)), *(element("div", muted(line)) for line in rest)]
        return Rendering(repr(self), element("div", *lines, style=FRAME)).mimebundle()

    def _lines(self) -> list[str]:
        if self.message is None:
            return [f"No message waits for {self.actor}; it stays held."]
        call = f"{self.actor}.{call_text(self.message.action, self.message.payload, 80)}"
        behind = (
            f"{plural(self.waiting, 'message')} wait{'s' if self.waiting == 1 else ''}."
            if self.waiting
            else "No message waits."
        )
        return [f"{call} {self._outcome()}", *self._change(), behind]

    def _outcome(self) -> str:
        if self.turn is None:
            return "was answered without a turn"
        if self.turn.failure is not None:
            return f"✗ {self.turn.failure.headline}"
        return f"→ {_short(self.response)}"

    def _change(self) -> list[str]:
        turn = self.turn
        if turn is None:
            return []
        took = duration(turn.finished_us - turn.started_us)
        if turn.revision == turn.revision_before:
            return [f"{took}; revision {turn.revision}, unchanged"]
        return [f"{took}; revision {turn.revision_before} → {turn.revision}, state {_short(self.state)}"]


def _short(value: Any) -> str:
    return one_line(outline(redacted(value), SHORT), 80)


def held_rendering(actor: str, headline: str, messages: Messages) -> Rendering:
    """A held actor with its messages and what can be done."""
    hint = "step() · drop(n) · duplicate(n) · move(n, to) · release()"
    text = "\n".join([f"{actor}: {headline}", repr(messages), *([hint] if messages else [])])
    table = html_table(messages.columns, messages._lines(), messages._rest()) if messages else ""
    title = element("div", element("b", actor), f" {headline}")
    below = [Markup(table), element("div", muted(hint))] if messages else [element("div", muted(messages.empty))]
    return Rendering(text, element("div", title, *below, style=FRAME))
