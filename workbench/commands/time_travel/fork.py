"""What if: an actor continued from a past revision, beside what really happened."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import accumulate
from typing import Any

import msgspec

from runtime.api import Capability
from runtime.authoring.definition import ActorDefinition
from runtime.errors import BadSetting, InvocationTimeout, Mistake, SpawnError, nearest, shown
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
from workbench.commands.time_travel.lineage import ForkRecord, lineage_of, remember
from workbench.presenters.messages import call_text
from workbench.presenters.time_travel.fork import (  # fmt: skip
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
from workbench.presenters.time_travel.lineage import Lineage
from workbench.presenters.time_travel.replay import sides_text
from workbench.redaction import redacted, redacted_text
from workbench.render.formats import plural, short_hash, short_id
from workbench.render.values import one_line, outline
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
    identity = ActorId(system.name, actor)
    forked = ForkedActor(definition, identity, past.at, answers=answers, allow=allow)
    record = ForkRecord(identity, f"from revision {past.at.revision}", name=name)
    return Fork(forked, past, remember(_edited(record, code, definition, answers)), allow)


class Fork:
    """An actor continued in isolation; what it prints is in `wb.logs()`.  Not for several threads at once."""

    def __init__(
        self, forked: ForkedActor, past: Following, record: ForkRecord, allow: Collection[str] | str = ()
    ) -> None:
        """Made by `wb.fork`, and by `fork` of a fork."""
        self.name = record.name
        self._forked, self._past, self._record, self._allow = forked, past, record, allow
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
    def origin(self) -> str:
        """What it is a fork of, and where it parted."""
        return f"{self.actor} {self._record.parted}"

    @property
    def restorable(self) -> int | None:
        """The revision of the actor itself that it began at; None for a fork of a fork."""
        return self.revision if self._record.parent is None else None

    @property
    def lineage(self) -> Lineage:
        """All forks of this actor that were made in this process: where each parted, with what edit, how it ended."""
        return lineage_of(self._record.actor, _now(self.actor), self._record)

    @property
    def code(self) -> str:
        """Hash of the code that it runs."""
        return self._forked.definition.hash

    @property
    def at(self) -> int:
        """Its revision now."""
        return self._forked.at.revision

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
        """The messages that came after its revision: for `replay`, as they are, edited or in another order.

        Of a fork of a fork, those that the other fork got there.
        """
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
        self._record.edits.append(f"and {call_text(action, payload, 48)}")
        self._record.ended = _ended(self)
        if step.turn.failure is not None:
            raise _error(step.turn)
        return decode_value(step.turn.response)

    def fork(
        self, after: int | None = None, *, code: Code = None, name: str = "", answers: Mapping[str, Any] | None = None
    ) -> Fork:
        """A fork of this fork: it goes on from one of its turns, and is compared with what happened here after that.

        Args:
            after: so many of its `steps`, 0 for where it began; None for all.
            code, name, answers: as for `wb.fork`; None for what this one has.

        Raises:
            BadSetting: it has not had so many turns.
            CodeNotLoaded: the code is not in this process.
        """
        steps = self._forked.steps
        count = len(steps) if after is None else after
        if not 0 <= count <= len(steps):
            raise BadSetting(
                f"after={shown(after)}: the fork has had {plural(len(steps), 'turn')}; give 0 to {len(steps)}."
            )
        positions = list(accumulate(steps, lambda at, step: at.after(step.turn), initial=self._forked.start))
        past = Following(
            positions[count], tuple(each.turn for each in steps[count:]), tuple(positions[count + 1 :]), False
        )
        definition = self._forked.definition if code is None else loaded_code(self.actor, code)
        actor = self._record.actor
        known = {**self._forked.answers, **(answers or {})}
        forked = ForkedActor(definition, actor, past.at, answers=known, allow=self._allow)
        parted = f"after {plural(count, 'turn')} of {self.name or 'a fork'}"
        record = ForkRecord(actor, parted, self._record, name)
        return Fork(forked, past, remember(_edited(record, code, definition, answers)), self._allow)

    def answer(self, answers: Mapping[str, Any]) -> Fork:
        """Say what others answer from now on, by `"actor.action"`; itself."""
        self._forked.answer(answers)
        self._record.given += _answers(answers)
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
        edits = _edits(known, chosen)
        if code is not None:
            self._forked.use(loaded_code(self.actor, code))
            given = self._record.given
            self._record.given = [*(e for e in given if not e.startswith("code ")), f"code {short_hash(self.code)}"]
        self._record.edits = edits
        self._forked.back_to_start()
        self._replayed.clear()
        self._is_replayed = True
        deadline = time.monotonic() + timeout
        for message in chosen:
            self._send(message, deadline, timeout)
        diff = self.diff()
        self._record.ended = _ended(self, diff)
        return diff

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
        parent = self._record.parent
        diff.beside = "really" if parent is None else parent.name or "in the other fork"
        diff.start, diff.name = f"revision {self.revision}", self.name
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


def _edited(
    record: ForkRecord, code: Code, definition: ActorDefinition, answers: Mapping[str, Any] | None
) -> ForkRecord:
    """The same, with what the fork is given at its beginning."""
    record.given += [f"code {short_hash(definition.hash)}"] if code is not None else []
    record.given += _answers(answers or {})
    return record


def _answers(answers: Mapping[str, Any]) -> list[str]:
    return [f"{name} answers {one_line(outline(redacted(answer)), 40)}" for name, answer in answers.items()]


def _edits(known: RecordedMessages, chosen: Sequence[RecordedMessage]) -> list[str]:
    """How the messages that are sent differ from those that came."""
    ids = {each.id for each in chosen}
    gone = [each for each in known if each.id not in ids]
    changed = [each for each in chosen if each.is_edited]
    found = _listed("without", gone) + _listed("with", changed)
    order = [each.id for each in known if each.id in ids]
    return found + (["in another order"] if [each.id for each in chosen] != order else [])


def _listed(word: str, messages: Sequence[RecordedMessage]) -> list[str]:
    """`without add(value=3)`; of several how many, and the first."""
    if not messages:
        return []
    first = call_text(messages[0].action, messages[0].payload, 48)
    return [f"{word} {first}" if len(messages) == 1 else f"{word} {plural(len(messages), 'message')}, first {first}"]


def _ended(fork: Fork, diff: ForkDiff | None = None) -> str:
    """Where a fork stands, and beside what really happened."""
    at = f"revision {fork.at}, {one_line(outline(redacted(fork.state)), 60)}"
    if diff is None:
        return at
    if not diff.state:
        return f"{at}: as {diff.beside}"
    return f"{at}; {diff.beside} → here: {sides_text(diff.state[:2])}"


def _now(actor: str) -> str:
    """Where the actor itself is, as far as the current system knows it."""
    system = current.system
    if system is None:
        return "whose system is stopped"
    with suppress(SpawnError):
        return f"at revision {system.info(actor).revision}"
    return "which the current system does not know"


def lineage(actor: str) -> Lineage:
    """The forks of an actor of the current system that were made in this process.

    Raises:
        UnknownActor: nothing is known under that name.
    """
    system = current.open()
    return lineage_of(ActorId(system.name, actor), f"at revision {system.info(actor).revision}")


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
