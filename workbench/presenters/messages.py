"""Messages and what became of them, put together from the records of turns: the model of a trace."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from runtime.errors import InternalError, Mistake, error_class
from runtime.ids import ActorId
from runtime.records import Encoded, Failure, Invocation, Turn
from runtime.wire.codecs.values import decode_value
from workbench.redaction import redacted
from workbench.render.formats import printable, shortened
from workbench.render.values import Limits, Node, one_line, outline

OUTSIDE = "notebook"
"""The sender of what no actor sent."""

_LAST = 1 << 62
_CALL = 300
"""Characters of a call or an answer in a row that is opened."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way through the system."""

    id: str
    cause: str
    """The message during whose turn it was sent; empty from outside."""
    sender: str
    actor: str
    action: str
    kind: str
    """`call` (someone waits for the answer), `cast`, `effect`, `broadcast`, `pipe`, `forward` or `own` (a timer, an init)."""
    payload: Encoded | None = None
    sent_us: int = 0
    started_us: int = 0
    finished_us: int = 0
    """0 as long as it waits or runs."""
    outcome: str = "pending"
    """`ok`, another key of `presenters.turns.OUTCOMES`, `pending`, or `undelivered`."""
    detail: str = ""
    """Class and text of what went wrong."""
    response: Encoded | None = None
    changed_to: int = 0
    """The revision that it made; 0 if it changed nothing."""
    depth: int = 0
    """How many messages caused it, one after the other."""

    @property
    def is_asked(self) -> bool:
        """Someone gets the answer."""
        return self.kind in ("call", "pipe", "forward")

    @property
    def is_bad(self) -> bool:
        return self.outcome not in ("ok", "pending")

    @property
    def took_us(self) -> int:
        """From sending to the end: what it took for the caller."""
        return max(0, self.finished_us - self.sent_us) if self.finished_us else 0

    @property
    def waited_us(self) -> int:
        return max(0, self.started_us - self.sent_us) if self.started_us else 0

    def call(self, limit: int = 80) -> str:
        """`add(value=5)`."""
        return call_text(self.action, decode_value(self.payload), limit)

    def outcome_text(self, limit: int = 60) -> str:
        """The answer, or what went wrong."""
        if self.outcome == "ok":
            answer = decode_value(self.response)
            return f"→ {one_line(outline(redacted(answer)), limit)}" if self.is_asked and answer is not None else "✓"
        if self.outcome == "pending":
            return "… on its way"
        text = self.detail or self.outcome
        return f"✗ {text if len(text) <= limit else text[: limit - 1] + '…'}"


def messages_of(
    turns: Iterable[Turn],
    roots: Sequence[Invocation] = (),
    pending: Iterable[Invocation] = (),
    lost: Mapping[str, str] | None = None,
) -> tuple[Message, ...]:
    """Every message, in the order of sending; what was sent in a turn comes after the message of that turn.

    Args:
        roots: messages from outside; of one without a turn it is shown that it was sent.
        pending: messages that wait or run.
        lost: why a message was not delivered, by its id.
    """
    by_id = {str(turn.invocation): turn for turn in turns}
    found = {name: _of_turn(turn, by_id.get(turn.cause), roots) for name, turn in by_id.items()}
    for invocation in (*roots, *pending):
        if str(invocation.id) not in found:
            found[str(invocation.id)] = _of_invocation(invocation, by_id.get(invocation.cause), (lost or {}))
    ordered = sorted(found.values(), key=lambda each: (each.sent_us or _LAST, _depth(each, found), each.finished_us))
    return tuple(msgspec.structs.replace(each, depth=_depth(each, found)) for each in ordered)


def _depth(message: Message, known: Mapping[str, Message]) -> int:
    depth, seen = 0, {message.id}
    while (cause := known.get(message.cause)) is not None and cause.id not in seen:
        depth, message = depth + 1, cause
        seen.add(cause.id)
    return depth


def _of_turn(turn: Turn, cause: Turn | None, roots: Sequence[Invocation]) -> Message:
    detail = "" if turn.failure is None else turn.failure.headline
    return Message(
        id=str(turn.invocation),
        cause=turn.cause,
        sender=_sender(turn.caller),
        actor=turn.actor.name,
        action=turn.action,
        kind=_kind(str(turn.invocation), turn.action, turn.actor.name, turn.payload, cause)
        if cause is not None
        else _root_kind(turn, roots),
        payload=turn.payload,
        sent_us=turn.enqueued_us,
        started_us=turn.started_us,
        finished_us=turn.finished_us,
        outcome=outcome_of(turn.failure),
        detail=detail,
        response=turn.response,
        changed_to=turn.revision if turn.revision != turn.revision_before else 0,
    )


def _of_invocation(invocation: Invocation, cause: Turn | None, lost: Mapping[str, str]) -> Message:
    why = lost.get(str(invocation.id), "")
    if cause is not None:
        kind = _kind(str(invocation.id), invocation.action, invocation.actor.name, invocation.payload, cause)
        kind = "cast" if why and kind == "broadcast" else kind  # only what is there hears a broadcast
    else:
        kind = "cast" if invocation.asynchronous or invocation.scheduled_to_us else "call"
    return Message(
        id=str(invocation.id),
        cause=invocation.cause,
        sender=_sender(invocation.caller),
        actor=invocation.actor.name,
        action=invocation.action,
        kind=kind,
        payload=invocation.payload,
        sent_us=cause.finished_us if cause is not None else 0,
        outcome="undelivered" if why else "pending",
        detail=why,
    )


def _sender(caller: ActorId | None) -> str:
    return caller.name if caller is not None else OUTSIDE


def _root_kind(turn: Turn, roots: Sequence[Invocation]) -> str:
    if turn.caller == turn.actor and not turn.cause:
        return "own"
    mine = next((each for each in roots if each.id == turn.invocation), None)
    return "cast" if mine is not None and (mine.asynchronous or mine.scheduled_to_us) else "call"


def _kind(invocation: str, action: str, actor: str, payload: Encoded | None, cause: Turn) -> str:
    """How the turn `cause` sent that message."""
    if any(sent.invocation == invocation and sent.asked for sent in cause.sent):
        return "call"
    workflow = cause.workflow
    if workflow is not None:
        for name, route in (("pipe", workflow.pipe), ("forward", workflow.forward)):
            if route is not None and (route.actor, route.action) == (actor, action):
                return name
        if any((effect.actor, effect.action) == (actor, action) for effect in workflow.effects):
            return "effect"
        if workflow.broadcast is not None and workflow.broadcast.payload == payload:
            return "broadcast"
    return "cast"


# --- The record of a turn as one row: how it ended, told apart by cause -----------------------------------------------

OUTCOMES = {
    "ok": "succeeded",
    "raised": "the action raised; the state is as it was",
    "abandoned": "given up before it ended; the state is as it was",
    "refused": "its result could not be kept; the state is as it was",
    "rejected": "never ran: the call did not fit",
    "failed": "the system could not run it",
    "defect": "a defect of the workbench",
}
"""Every outcome a row can show, with what it means."""

REJECTED = "rejected"

_BY_CODE = {
    "action_failed": "raised",
    "action_timeout": "abandoned",
    "timeout": "abandoned",
    "abandoned": "abandoned",
    "bad_state": "refused",
    "bad_response": "refused",
}


class TurnRow(msgspec.Struct, frozen=True, array_like=True):
    """One finished turn.  Array-like: ten of them travel to the browser with every update."""

    sequence: int
    action: str
    outcome: str
    """A key of `OUTCOMES`."""
    detail: str
    """Of a failure: its class and text, one line."""
    took_us: int
    waited_us: int
    revision: int
    changed: bool
    """The turn made this revision."""
    finished_us: int
    caller: str
    """The calling actor; empty from outside."""
    invocation: str
    call: str = ""
    """The action with its arguments, without secrets; empty where only the row is wanted."""
    answer: str = ""
    """Likewise; empty for none."""


def turn_row(turn: Turn, *, with_texts: bool = False) -> TurnRow:
    """The row of one turn; the same turn always gives the same row.

    Args:
        with_texts: also what was asked and answered, which costs as much as all the rest ten times.
    """
    return TurnRow(
        sequence=turn.sequence,
        action=turn.action,
        outcome=outcome_of(turn.failure),
        detail=_detail(turn.failure),
        took_us=max(0, turn.finished_us - turn.started_us),
        waited_us=max(0, turn.started_us - turn.enqueued_us),
        revision=turn.revision,
        changed=turn.revision != turn.revision_before,
        finished_us=turn.finished_us,
        caller=turn.caller.name if turn.caller else "",
        invocation=turn.invocation,
        call=call_text(turn.action, decode_value(turn.payload), _CALL) if with_texts else "",
        answer=_answer(turn) if with_texts else "",
    )


def _answer(turn: Turn) -> str:
    if turn.failure is not None or turn.response is None:
        return ""
    return one_line(outline(redacted(decode_value(turn.response)), SHORT), _CALL)


def outcome_of(failure: Failure | None) -> str:
    """The key of `OUTCOMES` for a failure, by its code; codes of a later version fall under `failed`."""
    if failure is None:
        return "ok"
    if failure.code in _BY_CODE:
        return _BY_CODE[failure.code]
    kind = error_class(failure.code)
    if issubclass(kind, InternalError):
        return "defect"
    return REJECTED if issubclass(kind, Mistake) else "failed"


def _detail(failure: Failure | None) -> str:
    if failure is None:
        return ""
    return shortened(failure.headline, 160)


# --- A message as one would write the call: `take(amount=30)` ---------------------------------------------------------

SHORT = Limits(depth=3, items=8, nodes=30, characters=60)


def call_text(action: str, payload: Any, limit: int = 120) -> str:
    """The action with its payload's fields as arguments, without secrets; at most `limit` characters."""
    node = outline(redacted(payload), SHORT)
    text = "" if payload is None else one_line(node, 10 * limit)
    if node.kind == "map":
        text = ", ".join([*(f"{name}={_value(item)}" for name, item in node.items), *(["…"] if node.more else [])])
    shown = f"{printable(action)}({text})"
    return shown if len(shown) <= limit else shown[: limit - 2] + "…)"


def _value(node: Node) -> str:
    return one_line(node, 200)
