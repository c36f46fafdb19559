"""What if: an actor continued from a past revision, beside what really happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from runtime.api import Capability
from runtime.errors import InvocationTimeout, Mistake, nearest
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.replay.compare import outcome_of
from runtime.replay.fork import ForkedActor, Step
from runtime.replay.history import Following, following, position_at
from runtime.replay.sandbox import Position, recorded_input
from runtime.wire.codecs.values import decode_value, encode_value
from runtime.wire.node.records import error_of
from workbench.commands.deploy import Code, loaded_code
from workbench.commands.invoke import WaitInterrupted
from workbench.presenters.fork import (  # fmt: skip
    ForkDiff,
    RecordedMessage,
    RecordedMessages,
    SentMessages,
    compared,
    fork_bundle,
    fork_text,
    recorded_message,
    sent_messages,
)
from workbench.redaction import redacted_text
from workbench.render.formats import short_id
from workbench.session import current


def fork(
    actor: str,
    revision: int | None = None,
    *,
    code: Code = None,
    name: str = "",
    answers: Mapping[str, Any] | None = None,
    limit: int = 10_000,
    allow: Collection[str] | str = (),
) -> Fork:
    """Continue an actor from a past revision, in isolation: the actor and all others stay as they are.

        what_if = wb.fork("counter", 3)
        what_if.replay(without="9f3a21")        # the messages that came after, but for one
        what_if.invoke("add", {"value": 5})     # and one that never came

    What it asks others is answered from the record, where they were asked the same, or by `answers`; what it would send is
    listed in `sent`.  It runs in this process, in memory, and is gone with it.  To have the actor itself go on from that
    revision use `wb.restore(actor, revision)`.

    Args:
        revision: of the actor; None for the one it is at.
        code: an actor class that need not be deployed, or the hash of an earlier version; None for the code that is deployed.
        name: what to call it where it is shown.
        answers: what others answer, by `"actor.action"`: `{"prices.of": 5}`.
        limit: so many of the messages that came after the revision can be replayed, the first ones.
        allow: what its actions may do beside their context: `"files"`, `"network"`, `"processes"`, or several of them; else such a
            call raises SideEffectStopped in the action, and so does a change of this process's environment or current directory
            (`"processes"`).  Threads that the action starts are not stopped; see `wb.replay` for what else is not.

    Raises:
        UnknownActor, UnknownRevision: it is not known; the message says which is the oldest revision that is kept.
        CodeNotLoaded: the code is not in this process.
        BadSetting: `allow` names something else.
    """
    system = current.open()
    if Capability.HISTORY in system.capabilities:
        system.flush()
    at = system.info(actor).revision if revision is None else revision
    definition = loaded_code(actor, code)
    if Capability.HISTORY in system.capabilities:
        past = following(system, actor, at, limit)
    else:
        past = Following(position_at(system, actor, at), (), (), False)
    if past.at == Position() and not past.turns:  # it has had no turn at all
        past = msgspec.structs.replace(past, at=Position(tags=dict(definition.settings.tags)))
    forked = ForkedActor(definition, ActorId(system.name, actor), past.at, answers=answers, allow=allow)
    return Fork(forked, past, name)


class Fork:
    """An actor continued in isolation; what it prints is in `wb.logs()`.  Not for several threads at once."""

    def __init__(self, forked: ForkedActor, past: Following, name: str = "") -> None:
        """Made by `wb.fork`."""
        self.name = name
        self._forked, self._past = forked, past
        self._replayed: dict[int, RecordedMessage] = {}
        """Which of the steps are recorded messages."""
        self._is_replayed = False

    @property
    def actor(self) -> str:
        return self._forked.actor.name

    @property
    def revision(self) -> int:
        """Where it began."""
        return self._past.at.revision

    @property
    def code(self) -> str:
        """Hash of the code that it runs."""
        return self._forked.definition.hash

    @property
    def state(self) -> Any:
        """Its state now, decoded."""
        state = self._forked.state
        return None if state is None else decode_value(state.value)

    @property
    def tags(self) -> dict[str, str]:
        """Its tags now."""
        return dict(self._forked.at.tags)

    @property
    def messages(self) -> RecordedMessages:
        """The recorded messages that came after its revision: for `replay`, as they are, edited or in another order."""
        return RecordedMessages(map(recorded_message, self._past.turns))

    @property
    def has_more_messages(self) -> bool:
        """More came after the revision than its limit."""
        return self._past.is_cut

    @property
    def sent(self) -> SentMessages:
        """What it would have sent; it went nowhere."""
        return sent_messages(step.turn for step in self._forked.steps)

    @property
    def steps(self) -> list[Step]:
        """The turns that it has run, oldest first."""
        return list(self._forked.steps)

    def invoke(
        self, action: str, payload: Any = None, *, metadata: Mapping[str, str] | None = None, timeout: float = 60.0
    ) -> Any:
        """Send it a message that was never recorded; the answer, decoded.

        Raises:
            UnknownAction, BadPayload, ActionFailed, NotRecorded: as of `wb.invoke`; its state is as it was.
            InvocationTimeout: the action has not ended in time; the fork goes on without it.
        """
        try:
            step = self._forked.invoke(action, payload, metadata=metadata or {}, timeout_s=timeout)
        except KeyboardInterrupt:
            raise self._interrupted(f"{self.actor}.{action} in the fork") from None
        if step.turn.failure is not None:
            raise _error(step.turn)
        return decode_value(step.turn.response)

    def answer(self, answers: Mapping[str, Any]) -> Fork:
        """Say what others answer from now on, by `"actor.action"`; itself."""
        self._forked.answer(answers)
        return self

    def replay(
        self,
        messages: Iterable[RecordedMessage] | None = None,
        *,
        without: Which | Sequence[Which] = (),
        edit: Edits | None = None,
        code: Code = None,
        until: int | None = None,
        timeout: float = 60.0,
    ) -> ForkDiff:
        """Begin again at the fork's revision, send it the recorded messages that came after, and compare.

        Args:
            messages: these, in this order, instead of all: some of `messages`, perhaps edited (`message.with_payload(value=6)`).
            without: leave these out: ids or their ends, messages, or functions that pick some.
            edit: other payloads by id, or a function that makes one, or gives None for the recorded one.
            code: run this code from now on; see `wb.fork`.
            until: only messages that found the actor before this revision.
            timeout: seconds for all of them.

        Raises:
            NoSuchMessage: an id is not among the recorded ones.
            CodeNotLoaded: the code is not in this process.
            InvocationTimeout: they have not ended in time; the fork stands where it came to.
        """
        known = self.messages
        chosen = [each for each in (known if messages is None else messages) if until is None or each.revision < until]
        chosen = edited(known, messages_without(known, chosen, without), edit or {})
        if code is not None:
            self._forked.use(loaded_code(self.actor, code))
        self._forked.back_to_start()
        self._replayed.clear()
        self._is_replayed = True
        deadline = time.monotonic() + timeout
        for message in chosen:
            self._send(message, deadline, timeout)
        return self.diff()

    def diff(self) -> ForkDiff:
        """What happened in the fork beside what really happened to the actor after that revision."""
        shape, past = self._forked.shape, self._past
        real = [
            (turn, outcome_of(turn, after, shape))
            for turn, after in zip(past.turns, past.after, strict=True)
            if after is not None
        ]
        steps = [(step, self._replayed.get(number)) for number, step in enumerate(self._forked.steps)]
        diff = ForkDiff(compared(real, steps, shape, is_replayed=self._is_replayed))
        ended = past.after[-1] if past.after else past.at
        diff.really = decode_value(shape.of(ended)) if ended is not None else None
        diff.forked = self.state
        return diff

    def __repr__(self) -> str:
        return redacted_text(fork_text(self, self.diff() if self._is_replayed or self._forked.steps else None))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return fork_bundle(self, self.diff() if self._is_replayed or self._forked.steps else None)

    def _send(self, message: RecordedMessage, deadline: float, timeout_s: float) -> None:
        given = recorded_input(message.turn)
        if message.is_edited:
            value = encode_value(message.payload, what=f"the payload of {message.action}")
            given = msgspec.structs.replace(given, invocation=msgspec.structs.replace(given.invocation, payload=value))
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise InvocationTimeout(f"the fork of {self.actor}", message.action, timeout_s)
        self._replayed[len(self._forked.steps)] = message
        try:
            self._forked.run(given, left_s)
        except KeyboardInterrupt:
            raise self._interrupted(f"the replay in the fork at revision {message.revision}") from None

    def _interrupted(self, what: str) -> WaitInterrupted:
        return WaitInterrupted(
            f"Stopped waiting for {what}. The fork stands where it stood; {self.actor} is untouched."
        )


def _error(turn: Turn) -> BaseException:
    assert turn.failure is not None
    return error_of(turn.failure, turn.actor.name, turn.action, turn.invocation)


# --- Which of the recorded messages after a fork's revision are meant, and how they are edited ------------------------

Which = str | RecordedMessage | Callable[[RecordedMessage], object]
"""A recorded message by its id or the end of it, itself, or every one for which a function says yes."""

Edits = Mapping[str, Any] | Callable[[RecordedMessage], Any]
"""Other payloads by id or the end of it, or a function that gives one, or None for the recorded one."""


class NoSuchMessage(Mistake):
    """No recorded message after the fork's revision has that id."""

    code = "no_such_message"


def messages_without(
    known: RecordedMessages, messages: Iterable[RecordedMessage], which: Which | Sequence[Which]
) -> list[RecordedMessage]:
    """`messages` but for those.

    Raises:
        NoSuchMessage: an id is not among the known ones.
    """
    several = [which] if isinstance(which, (str, RecordedMessage)) or callable(which) else list(which)
    gone = {each.id for one in several for each in _picked(known, one)}
    return [each for each in messages if each.id not in gone]


def edited(known: RecordedMessages, messages: Iterable[RecordedMessage], edits: Edits) -> list[RecordedMessage]:
    """`messages`, those of `edits` with another payload.

    Raises:
        NoSuchMessage: an id is not among the known ones.
    """
    payload_of = edits if callable(edits) else _by_id(known, edits)
    return [_with(each, payload_of(each)) for each in messages]


def _picked(known: RecordedMessages, which: Which) -> list[RecordedMessage]:
    if isinstance(which, RecordedMessage):
        return [which]
    if callable(which):
        return [each for each in known if which(each)]
    found = [each for each in known if which and each.id.endswith(which)]
    if len(found) != 1:
        what = "more than one recorded message ends with" if found else "no recorded message has"
        ids = [short_id(each.id) for each in known]
        raise NoSuchMessage(f"After the fork's revision {what} the id {which!r}. {nearest(which, ids, kind='message')}")
    return found


def _by_id(known: RecordedMessages, edits: Mapping[str, Any]) -> Callable[[RecordedMessage], Any]:
    by_id = {_picked(known, which)[0].id: payload for which, payload in edits.items()}
    return lambda message: by_id.get(message.id)


def _with(message: RecordedMessage, payload: Any) -> RecordedMessage:
    return message if payload is None else message.with_payload(payload)
