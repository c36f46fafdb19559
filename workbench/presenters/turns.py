"""The record of a turn as one row: how it ended, told apart by cause."""

from __future__ import annotations

import msgspec

from runtime.errors import InternalError, Mistake, error_class
from runtime.records import Failure, Turn
from workbench.presenters.wording import shortened

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

_BY_CODE = {
    "action_failed": "raised",
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


def turn_row(turn: Turn) -> TurnRow:
    """The row of one turn; the same turn always gives the same row."""
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
    )


def outcome_of(failure: Failure | None) -> str:
    """The key of `OUTCOMES` for a failure, by its code; codes of a later version fall under `failed`."""
    if failure is None:
        return "ok"
    if failure.code in _BY_CODE:
        return _BY_CODE[failure.code]
    kind = error_class(failure.code)
    if issubclass(kind, InternalError):
        return "defect"
    return "rejected" if issubclass(kind, Mistake) else "failed"


def _detail(failure: Failure | None) -> str:
    if failure is None:
        return ""
    if failure.type_name:
        return shortened(f"{failure.type_name}: {failure.text}" if failure.text else failure.type_name, 160)
    return shortened(failure.message.partition("\n")[0], 160)
