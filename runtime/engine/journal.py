"""Finished turns on their way to the store: the total order, and who waits for it.

The order of `record` is the order of the journal.  One group at a time is at the store; while it is, the next one gathers.
A group that fails is tried again as it is, so what a crash keeps is always a prefix.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runtime.engine.activation import Activation
from runtime.engine.commands import Answer
from runtime.ids import ActorId, InvocationId
from runtime.records import Failure, Invocation, Lifecycle, Reply, Snapshot, Turn
from runtime.stores.base import Group


class _Gathering:
    """What the next group will hold, and what happens once it is committed."""

    __slots__ = ("answers", "lifecycle", "scheduled", "settled", "snapshots", "stopping", "turns")

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.snapshots: list[Snapshot] = []
        self.lifecycle: list[Lifecycle] = []
        self.scheduled: list[Invocation] = []
        self.settled: list[str] = []
        self.answers: list[Answer] = []
        self.stopping: list[Activation] = []

    @property
    def is_empty(self) -> bool:
        return not (self.turns or self.snapshots or self.lifecycle or self.scheduled or self.settled)


class Released(msgspec.Struct, frozen=True):
    """What a commit set free."""

    answers: list[Answer]
    stopping: list[Activation]


class Journal:
    """Pure bookkeeping; it neither waits nor writes."""

    __slots__ = ("_at_store", "_gathering", "_keys", "committed", "is_urgent", "sequence")

    def __init__(self, head: int) -> None:
        self.sequence = head
        """The last finished turn."""
        self.committed = head
        """The last turn on disk."""
        self.is_urgent = False
        """A caller waits for the next commit."""
        self._gathering = _Gathering()
        self._at_store: _Gathering | None = None
        self._keys: dict[tuple[ActorId, str], Turn] = {}

    @property
    def unwritten(self) -> int:
        """Finished turns that are not on disk."""
        return self.sequence - self.committed

    @property
    def unwritten_text(self) -> str:
        """The same as the beginning of a sentence, with its verb: "2 answered turns are"."""
        return "1 answered turn is" if self.unwritten == 1 else f"{self.unwritten} answered turns are"

    @property
    def has_work(self) -> bool:
        return self._at_store is None and not self._gathering.is_empty

    def record(self, turn: Turn) -> None:
        """Its sequence is one more than the last."""
        self.sequence = turn.sequence
        self._gathering.turns.append(turn)
        if turn.key and turn.failure is None:
            self._keys[turn.actor, turn.key] = turn

    def save(self, snapshot: Snapshot) -> None:
        self._gathering.snapshots.append(snapshot)

    def schedule(self, invocation: Invocation) -> None:
        """Keep an invocation for later, across restarts."""
        self._gathering.scheduled.append(invocation)

    def settle(self, invocation: Invocation) -> None:
        """A scheduled invocation was executed; written together with its turn."""
        self._gathering.settled.append(invocation.id)

    def mark(self, event: Lifecycle) -> None:
        self._gathering.lifecycle.append(event)

    def hold(self, answer: Answer) -> bool:
        """Keep an answer back until what was recorded so far is on disk; False when it is already."""
        if not self._gathering.is_empty:
            self._gathering.answers.append(answer)
            self.is_urgent = True
        elif self._at_store is not None:
            self._at_store.answers.append(answer)
        else:
            return False
        return True

    def stop_after_commit(self, activation: Activation) -> None:
        self._gathering.stopping.append(activation)

    def used_key(self, actor: ActorId, key: str) -> Turn | None:
        """The turn that used a key and is not yet certain to be found in the store."""
        return self._keys.get((actor, key))

    def take_group(self) -> Group | None:
        """The next group to commit; None while another is at the store, or when there is nothing."""
        if not self.has_work:
            return None
        self._at_store, self._gathering = self._gathering, _Gathering()
        self.is_urgent = False
        at = self._at_store
        settled = set(at.settled)
        return Group(
            turns=tuple(at.turns),
            snapshots=tuple(at.snapshots),
            lifecycle=tuple(at.lifecycle),
            scheduled=tuple(each for each in at.scheduled if each.id not in settled),
            settled=tuple(at.settled),
        )

    def replace(self, turns: Mapping[int, Turn], refused: Mapping[InvocationId, Failure]) -> None:
        """Of the group at the store, these turns are written instead of those with their sequences.

        Who waits for the commit of one that has become a failure, or of a message that is refused, gets that for an answer.
        """
        at = self._at_store
        assert at is not None
        for index, turn in enumerate(at.turns):
            written = turns.get(turn.sequence)
            if written is None:
                continue
            at.turns[index] = written
            if turn.key and self._keys.get((turn.actor, turn.key)) is turn:
                self._keys[turn.actor, turn.key] = written
        failures = {turn.invocation: turn.failure for turn in turns.values() if turn.failure is not None}
        failures |= refused
        at.answers = [_failing(answer, failures) for answer in at.answers]

    def lost(self) -> list[Answer]:
        """Nothing more will be written: the answers that waited for it."""
        parts = [self._gathering] if self._at_store is None else [self._at_store, self._gathering]
        answers = [answer for part in parts for answer in part.answers]
        for part in parts:
            part.answers = []
        return answers

    def group_committed(self) -> Released:
        """The group last taken is on disk."""
        at = self._at_store
        assert at is not None
        self._at_store = None
        for turn in at.turns:
            if turn.key and self._keys.get((turn.actor, turn.key)) is turn:
                del self._keys[turn.actor, turn.key]
        if at.turns:
            self.committed = at.turns[-1].sequence
        return Released(at.answers, at.stopping)


def _failing(answer: Answer, failures: Mapping[InvocationId, Failure]) -> Answer:
    failure = failures.get(answer.reply.invocation)
    if failure is None or answer.reply.failure is not None:
        return answer
    return Answer(answer.waiter, Reply(answer.reply.invocation, None, failure))
