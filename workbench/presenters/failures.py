"""Failed turns and messages that could not be delivered, as lists, and what a message did that was tried on a copy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from runtime.errors import UnknownLetter
from runtime.hosts.capsules import Capsule
from runtime.records import DeadLetter, Failure, Invocation, Outcome, Sent, Turn
from runtime.wire.codecs.values import decode_value
from workbench.presenters.messages import call_text, outcome_of
from workbench.redaction import redacted, redacted_text
from workbench.render.formats import short_id
from workbench.render.html import ERROR, FRAME, bundle, code, element
from workbench.render.tables import local_time, plural
from workbench.render.values import one_line, outline, state_changes
from workbench.results import Rows


class Failed(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """One failed turn, as the journal or this process remembers it."""

    invocation: Invocation
    """The message."""
    failure: Failure
    at_us: int
    revision: int
    """The actor's revision when it was processed; a failed turn makes none."""
    definition: str
    sent: tuple[Sent, ...] = ()
    turn: Turn | None = None
    """Its record; None for an actor whose turns are not recorded."""
    capsule: Capsule | None = None
    """With live frames, for the last ones of this process."""
    retried: str = ""
    """How a retry ended: `succeeded` or `failed`; empty if there was none."""

    @property
    def id(self) -> str:
        """The invocation's id."""
        return str(self.invocation.id)

    @property
    def actor(self) -> str:
        return self.invocation.actor.name

    @property
    def action(self) -> str:
        return self.invocation.action

    @property
    def payload(self) -> Any:
        """The message's payload, decoded."""
        return decode_value(self.invocation.payload)

    @property
    def error(self) -> BaseException | None:
        """The exception itself, while this process remembers it."""
        return self.capsule.error if self.capsule is not None else None

    @property
    def outcome(self) -> str:
        """A key of `presenters.turns.OUTCOMES`."""
        return outcome_of(self.failure)

    @property
    def what(self) -> str:
        """Class and text of what went wrong: the first line."""
        return self.failure.headline

    def __repr__(self) -> str:
        return redacted_text(f"{self.actor}.{self.action} {self.outcome} ({self.what}), id {short_id(self.id)}")


def failed_of_turn(turn: Turn, capsule: Capsule | None = None, retried: str = "") -> Failed:
    """From the journal."""
    assert turn.failure is not None
    message = Invocation(
        id=turn.invocation,
        actor=turn.actor,
        action=turn.action,
        payload=turn.payload,
        parent=turn.parent if turn.parent != turn.actor.name else "",
        caller=turn.caller,
        cause=turn.cause,
        correlation=turn.correlation,
        key=turn.key,
        metadata=turn.metadata,
    )
    return Failed(
        invocation=message,
        failure=turn.failure,
        at_us=turn.finished_us,
        revision=turn.revision_before,
        definition=turn.definition,
        sent=turn.sent,
        turn=turn,
        capsule=capsule,
        retried=retried,
    )


def failed_of_capsule(capsule: Capsule) -> Failed:
    """From memory, for a turn that is not in the journal (yet)."""
    work = capsule.work
    return Failed(
        invocation=work.invocation,
        failure=capsule.failure,
        at_us=work.now_us,
        revision=work.revision,
        definition=work.definition,
        sent=capsule.sent,
        capsule=capsule,
    )


class Failures(Rows[Failed]):
    """Failed turns, oldest first."""

    columns = ("at", "actor", "message", "what went wrong", "retried", "id")
    empty = "Nothing has failed."
    noun = "failed turn"
    undelivered = 0
    """Messages that could not be delivered, and that no one waited for."""

    def row(self, record: Failed) -> dict[str, Any]:
        return {
            "at_us": record.at_us, "actor": record.actor, "action": record.action, "payload": record.payload,
            "outcome": record.outcome, "what": record.what, "revision": record.revision, "definition": record.definition,
            "retried": record.retried, "id": record.id,
        }  # fmt: skip

    def cells(self, record: Failed) -> Sequence[object]:
        wrong = record.what if record.outcome == "raised" else f"{record.outcome}: {record.what}"
        message = call_text(record.action, record.payload, 60)
        return local_time(record.at_us), record.actor, message, wrong, record.retried, short_id(record.id)

    def _rest(self) -> str:
        letters = f"{plural(self.undelivered, 'message')} could not be delivered: see %failures --undelivered."
        return "\n".join(filter(None, [super()._rest(), letters if self.undelivered else ""]))

    def __repr__(self) -> str:
        return redacted_text(super().__repr__() if self or not self.undelivered else f"{self.empty}\n{self._rest()}")


class DeadLetters(Rows[DeadLetter]):
    """Messages without a receiver, oldest first."""

    _discard: Callable[[Collection[DeadLetter]], int]
    columns = ("at", "to", "message", "from", "why", "id")
    empty = "Every message was delivered."
    noun = "message"

    @classmethod
    def of(cls, letters: Iterable[DeadLetter], discard: Callable[[Collection[DeadLetter]], int]) -> DeadLetters:
        """`discard` gives them up, and counts those that there still were."""
        made = cls(letters)
        made._discard = discard
        return made

    def discard(self, *which: DeadLetter | str) -> int:
        """Give messages up for good, also over a restart; how many.  It is recorded in the audit.

        Args:
            which: some of these, actors' names, or ids or their ends; all that are listed if left out.

        Raises:
            UnknownLetter: none of these is meant by one of `which`; nothing is discarded.
            NotAllowed: the system is attached only to look.
            NotCapable: it is a node of an older version.
        """
        return self._discard([each for one in which for each in self._meant(one)] if which else self)

    def _meant(self, which: DeadLetter | str) -> list[DeadLetter]:
        if isinstance(which, DeadLetter):
            return [which]
        found = [
            each
            for each in self
            if which and (each.invocation.actor.name == which or each.invocation.id.endswith(which))
        ]
        if not found:
            raise UnknownLetter(which)
        return found

    def row(self, record: DeadLetter) -> dict[str, Any]:
        message = record.invocation
        sender = message.caller.name if message.caller else ""
        return {
            "at_us": record.at_us, "actor": message.actor.name, "action": message.action, "sender": sender,
            "payload": decode_value(message.payload), "why": record.why, "id": str(message.id),
        }  # fmt: skip

    def cells(self, record: DeadLetter) -> Sequence[object]:
        message = record.invocation
        call = call_text(message.action, decode_value(message.payload), 60)
        sender, why = message.caller.name if message.caller else "", record.why.partition("\n")[0]
        return local_time(record.at_us), message.actor.name, call, sender, why, short_id(str(message.id))


# --- What came of a message that was tried on a copy of its actor -----------------------------------------------------


class Tried:
    """The outcome on a copy; true if the message succeeded there.  Nothing of the actor was changed."""

    def __init__(self, message: Invocation, before: Any, outcome: Outcome) -> None:
        self.message, self.before, self.outcome = message, before, outcome

    @property
    def response(self) -> Any:
        """What it would answer, decoded."""
        return decode_value(self.outcome.response)

    @property
    def state(self) -> Any:
        """The state that it would leave."""
        return self.before if self.outcome.state is None else decode_value(self.outcome.state.value)

    @property
    def error(self) -> BaseException | None:
        """What it would fail with; None if it would succeed."""
        return self.outcome.error

    @property
    def sends(self) -> tuple[Invocation, ...]:
        """What it would send to others."""
        return self.outcome.told

    def __bool__(self) -> bool:
        return self.outcome.failure is None

    def __repr__(self) -> str:
        return redacted_text("\n".join([self._headline(), *(f"  {name:<7} {text}" for name, text in self._facts())]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        head = element("strong", self._headline(), style="" if self else f"color:{ERROR}")
        facts = [element("div", f"{name} ", code(text)) for name, text in self._facts()]
        return bundle(repr(self), element("div", head, *facts, style=FRAME))

    def _headline(self) -> str:
        name = f"{self.message.actor.name}.{self.message.action}"
        failure = self.outcome.failure
        if failure is not None:
            return f"✗ On a copy {name} still fails: {failure.headline}"
        return f"✓ On a copy {name} answers {one_line(outline(redacted(self.response)))}"

    def _facts(self) -> Iterator[tuple[str, str]]:
        if self:
            for change in state_changes(redacted(self.before), redacted(self.state)) or ["unchanged"]:
                yield "state", change
        for told in self.sends:
            yield "sends", f"{told.actor.name}.{call_text(told.action, decode_value(told.payload))}"
        yield "", f"The actor is untouched; in place: %retry {short_id(str(self.message.id))}"
