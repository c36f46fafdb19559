"""Every invocation that a proxy had us run, and its answer, in a journal of our own: the history that Spawn does not keep.

One thread writes.  What comes while a group is being written is the next group, so a proxy never waits for the disk; a kill
loses what was not yet written, as at `durability="journal"`.
"""

from __future__ import annotations

import logging
import queue
import time
from collections import OrderedDict

import msgspec

from runtime.background import Backoff, start_daemon
from runtime.errors import SpawnError, StoreUnavailable
from runtime.ids import ActorId, InvocationId
from runtime.records import RESTORE, Outcome, State, StoredDefinition, Turn, Work
from runtime.stores.base import Group, StateStore

_MOST_WAITING = 100_000
_MOST_GROUP = 1_000
_MOST_ACTORS = 20_000
_CHECKPOINT_S = 2.0
_LONGEST_PAUSE_S = 5.0
_log = logging.getLogger("runtime.servers")


class _Entry(msgspec.Struct):
    """A turn to record."""

    work: Work
    outcome: Outcome
    state: State
    initial: State
    finished_us: int


class _Known(msgspec.Struct):
    """How an actor is in the journal."""

    revision: int
    state: State | None
    tags: dict[str, str]


class HostJournal:
    """A journal over a state store, which it owns.  `record` may be called by any thread."""

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._entries: queue.Queue[_Entry | None] = queue.Queue(_MOST_WAITING)
        self._known: OrderedDict[ActorId, _Known] = OrderedDict()
        self._sequence = store.head()
        self._problem = ""
        self._is_stopping = False
        self._thread = start_daemon("wb-host-journal", self._run)

    @property
    def url(self) -> str:
        return self._store.url

    def check(self) -> None:
        """Whether another turn can be recorded.

        Raises:
            StoreUnavailable: too many wait already; the action was not run.
        """
        if self._entries.full():
            raise StoreUnavailable(
                f"{_MOST_WAITING:,} turns wait for the journal {self._store.url}, which cannot be written: {self._problem}\n"
                "Nothing is run until it can be; what was answered is kept and written then."
            )

    def record(self, work: Work, outcome: Outcome, state: State, initial: State) -> None:
        """Note a turn that has ended, with the state after it."""
        self._entries.put(_Entry(work, outcome, state, initial, time.time_ns() // 1_000))

    def save(self, definition: StoredDefinition) -> None:
        """Keep a definition's source."""
        self._store.save_definition(definition)

    def close(self, timeout_s: float = 10.0) -> bool:
        """Write what is noted and release the store; False if that was not possible in time."""
        if not self._is_stopping:
            self._is_stopping = True
            self._entries.put(None)
            self._thread.join(timeout_s)
            self._store.close()
        return not self._thread.is_alive() and not self._problem

    # -- the writing thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        checkpoint_at = time.monotonic() + _CHECKPOINT_S
        while True:
            entries, is_last = self._gather()
            if entries and not self._write(entries):
                return
            if time.monotonic() >= checkpoint_at or is_last:
                self._checkpoint()
                checkpoint_at = time.monotonic() + _CHECKPOINT_S
            if is_last:
                return

    def _gather(self) -> tuple[list[_Entry], bool]:
        """What is there to be written, waiting for the first of it; and whether it is the last."""
        first = self._entries.get()
        entries: list[_Entry] = []
        while first is not None:
            entries.append(first)
            if len(entries) >= _MOST_GROUP:
                return entries, False
            try:
                first = self._entries.get_nowait()
            except queue.Empty:
                return entries, False
        return entries, True

    def _write(self, entries: list[_Entry]) -> bool:
        """Commit, however long it takes; False when given up because of `close`."""
        backoff = Backoff(0.05, _LONGEST_PAUSE_S)
        group: Group | None = None
        while True:
            try:
                if group is None:
                    group = self._group(entries)
                self._store.commit(group)
            except SpawnError as error:
                if not self._problem:
                    _log.error("The journal %s cannot be written: %s", self._store.url, error)
                self._problem = str(error)
            else:
                self._problem = ""
                self._trim()
                return True
            if self._is_stopping:
                return False
            time.sleep(backoff.next_s())

    def _group(self, entries: list[_Entry]) -> Group:
        """The entries as turns; on an error nothing of them is remembered, so that they can be made again."""
        sequence = self._sequence
        try:
            return Group(turns=tuple(turn for entry in entries for turn in self._turns(entry)))
        except SpawnError:
            self._sequence = sequence
            self._known.clear()
            raise

    def _checkpoint(self) -> None:
        try:
            self._store.checkpoint()
        except SpawnError as error:
            _log.warning("The journal %s has no new checkpoint: %s", self._store.url, error)

    # -- turns ---------------------------------------------------------------------------------------------------------

    def _turns(self, entry: _Entry) -> list[Turn]:
        """The turn, after one that says so if the proxy came with another state than the last one here."""
        work, outcome = entry.work, entry.outcome
        actor = work.invocation.actor
        known = self._last(actor)
        turns: list[Turn] = []
        before = work.state or entry.initial
        if before.value != (known.state or entry.initial).value:
            turns.append(self._turn(entry, known, RESTORE, before, Outcome()))
            known.revision += 1
        known.state = before if turns else known.state
        turns.append(self._turn(entry, known, work.invocation.action, entry.state, outcome))
        last = turns[-1]
        known.revision, known.state = last.revision, last.state or known.state
        return turns

    def _last(self, actor: ActorId) -> _Known:
        known = self._known.get(actor)
        if known is None:
            stored = self._store.load(actor)
            known = _Known(0, None, {}) if stored is None else _Known(stored.revision, stored.state, dict(stored.tags))
            self._known[actor] = known
        self._known.move_to_end(actor)
        return known

    def _trim(self) -> None:
        """Forget the actors that were not called for longest; all their turns are in the store."""
        while len(self._known) > _MOST_ACTORS:
            self._known.popitem(last=False)

    def _turn(self, entry: _Entry, known: _Known, action: str, state: State, outcome: Outcome) -> Turn:
        work, invocation = entry.work, entry.work.invocation
        is_restoring = action == RESTORE
        failed = outcome.failure is not None
        is_changed = is_restoring or (not failed and outcome.state is not None)
        tags = outcome.tags if not failed and outcome.tags is not None and outcome.tags != work.tags else None
        self._sequence += 1
        return Turn(
            sequence=self._sequence,
            invocation=InvocationId(f"{invocation.id}-restored") if is_restoring else invocation.id,
            actor=invocation.actor,
            parent=work.parent,
            action=action,
            correlation=invocation.id,
            cause="",
            caller=invocation.caller,
            key="",
            payload=state.value if is_restoring else invocation.payload,
            metadata=invocation.metadata,
            enqueued_us=work.now_us,
            started_us=work.now_us,
            finished_us=work.now_us if is_restoring else max(entry.finished_us, work.now_us),
            now_us=work.now_us,
            seed=work.seed,
            sent=outcome.messages,
            tags_before=work.tags,
            tags_after=tags,
            failure=outcome.failure,
            response=None if failed else outcome.response,
            revision_before=known.revision,
            revision=known.revision + 1 if is_changed or tags is not None else known.revision,
            state=state if is_changed else None,
            definition=work.definition,
            workflow=None if failed else outcome.workflow,
        )
