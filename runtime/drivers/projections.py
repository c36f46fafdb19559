"""Actors that follow others: a projection gets the state of its subjects after each of their successful turns.

Events are not sent, they are read: from the committed journal, in its order, from where the projection last was, by a thread
for each projection, so that a slow one keeps no other waiting.  That place is a tag which changes in the same turn as the
projection's state, so

* an event is delivered at least once, and acknowledged by the turn that processed it; one that was refused (the store failed, the
  mailbox was full, the code was undeployed) is sent again, with all behind it.  An action that failed has run, and is not run
  again while the system lives; after a restart it is, if nothing later succeeded;
* the order is strict, over all subjects of a projection;
* a projection that is deployed late, or was away, catches up, and can be sent back in time (`replay`).

What retention has removed before a projection saw it is gone for it as well.  Spawn promises these things
(docs/protocols.md, "Projections"), and its own implementation falls short of them; see runtime/README.md.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from functools import partial
from typing import Protocol

import msgspec

from runtime import errors
from runtime.authoring.settings import Settings, Subject
from runtime.background import Backoff
from runtime.clock import Clock
from runtime.drivers.service import Problems, ServiceThread
from runtime.errors import shown_text
from runtime.ids import ActorId, IdSource
from runtime.records import CURSOR_TAG, SOURCE_METADATA, Encoded, Invocation, Reply, Turn
from runtime.stores.base import StateStore

_FIRST_PAUSE_S = 0.05
_LONGEST_PAUSE_S = 2.0

_log = logging.getLogger(__name__)


class Port(Protocol):
    """What projections need of a driver."""

    def submit(self, invocation: Invocation, waiter: object) -> None:
        """Take a message; the waiter gets its answer from some thread."""
        ...


class _Follower(msgspec.Struct, eq=False):
    """A projection and how far it was served.  Only the serving thread changes `position` and `again`."""

    actor: ActorId
    settings: Settings
    window: Window
    position: int
    """Every event up to here was sent."""
    changed: threading.Event
    """There may be something to do."""
    is_served: bool = True
    since_us: int | None = None
    """A replay from that time was asked for."""
    again: tuple[int, int] = (0, 0)
    """The replay under way: of what is up to that sequence, what ended before that time is passed over."""


class Projections:
    """Serves all projections of one system."""

    def __init__(
        self, system: str, store: StateStore, clock: Clock, ids: IdSource, port: Port, problems: Problems
    ) -> None:
        self._problems = problems
        self._system, self._store, self._clock, self._ids, self._port = system, store, clock, ids, port
        self._followers: dict[str, _Follower] = {}
        self._lock = threading.Lock()
        self._sourceable: dict[str, bool] = {}
        self._threads: list[ServiceThread] = []
        self._is_stopped = False

    def follow(self, settings: Settings) -> None:
        """Serve a projection that was deployed, or deployed anew, from where it last was."""
        with self._lock:
            follower = self._followers.get(settings.name)
            if follower is None:
                follower = self._followers[settings.name] = self._begin(settings)
            follower.settings, follower.is_served = settings, True
        follower.changed.set()

    def leave(self, name: str) -> None:
        """A projection was undeployed, if it is one; `follow` goes on where it is now."""
        if (follower := self._followers.get(name)) is not None:
            follower.is_served = False

    def replay(self, name: str, since_us: int) -> None:
        """Deliver again what ended at or after `since_us`, then go on as before.

        Raises:
            KeyError: no projection of that name is served.
        """
        follower = self._followers[name]
        if not follower.is_served:
            raise KeyError(name)
        follower.since_us = since_us
        follower.changed.set()

    def notify(self) -> None:
        """Turns were committed."""
        for follower in self._followers.copy().values():
            follower.changed.set()

    def stop(self) -> None:
        self._is_stopped = True
        for follower in self._followers.copy().values():
            follower.window.close()
            follower.changed.set()
        for thread in self._threads:
            thread.join(1.0)

    def _begin(self, settings: Settings) -> _Follower:
        actor = ActorId(self._system, settings.name)
        # Others may send to it as well: half of a small mailbox is left to them.
        most = MOST_WAITING if settings.mailbox is None else max(1, min(MOST_WAITING, settings.mailbox // 2))
        follower = _Follower(actor, settings, Window(most), self._position(actor), threading.Event())
        thread = ServiceThread(partial(self._run, follower), f"wb-projection-{actor.name}", self._problems)
        self._threads.append(thread)
        thread.start()
        return follower

    def _position(self, actor: ActorId) -> int:
        snapshot = self._store.load(actor)
        return int(snapshot.tags.get(CURSOR_TAG, "0")) if snapshot is not None else 0

    def _run(self, follower: _Follower) -> None:
        backoff, is_behind = Backoff(_FIRST_PAUSE_S, _LONGEST_PAUSE_S), False
        while not self._is_stopped:
            follower.changed.wait(backoff.next_s() if is_behind else None)
            follower.changed.clear()
            is_behind = follower.is_served and not self._served(follower)
            if not is_behind:
                backoff.reset()

    def _served(self, follower: _Follower) -> bool:
        """Send what there is; False if it has to be tried again, because something was refused or the journal not readable."""
        try:
            self._serve(follower)
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is tried again
            _log.warning("The projection %s waits: %s", follower.actor.name, shown_text(error))
            follower.position = self._settled(follower)
            return False
        reached = follower.position
        follower.position = self._settled(follower)
        return follower.position == reached

    def _settled(self, follower: _Follower) -> int:
        """How far the projection has processed, or refused for good, what it was sent; waits for the answers."""
        refused = follower.window.drained()
        return follower.position if refused is None else refused - 1

    def _serve(self, follower: _Follower) -> None:
        if (since_us := follower.since_us) is not None:
            follower.since_us, follower.again, follower.position = None, (follower.position, since_us), 0
        settings = follower.settings
        for turn in self._unserved(follower):
            concerned = [subject for subject in settings.subjects if self._concerns(subject, follower, turn)]
            for subject in concerned:
                # The place is passed with the last of what one turn sets in motion.
                place = turn.sequence if subject is concerned[-1] else turn.sequence - 1
                if not self._send(follower, subject, turn, place):
                    return
            follower.position = turn.sequence
            if self._is_stopped or follower.settings is not settings or follower.since_us is not None:
                follower.changed.set()
                return

    def _unserved(self, follower: _Follower) -> Iterator[Turn]:
        start = follower.position
        for batch in self._store.turns(after=start):
            yield from (turn for turn in batch if turn.sequence > start)

    def _concerns(self, subject: Subject, follower: _Follower, turn: Turn) -> bool:
        if turn.failure is not None or turn.action != subject.source_action:
            return False
        if subject.actor not in (turn.actor.name, turn.parent) or not self._is_sourceable(turn):
            return False
        until, since_us = follower.again
        if turn.sequence <= until:
            return turn.finished_us >= since_us
        return turn.finished_us >= self._oldest_us(subject, follower.settings)

    def _oldest_us(self, subject: Subject, settings: Settings) -> int:
        oldest_us = round(subject.start_time.timestamp() * 1_000_000) if subject.start_time is not None else 0
        if settings.events_retention_ms is None:
            return oldest_us
        return max(oldest_us, self._clock.now_us() - settings.events_retention_ms * 1_000)

    def _is_sourceable(self, turn: Turn) -> bool:
        if turn.definition not in self._sourceable:
            self._sourceable.update({d.hash: bool(d.settings.get("sourceable")) for d in self._store.definitions()})
        return self._sourceable.get(turn.definition, False)

    def _send(self, follower: _Follower, subject: Subject, turn: Turn, place: int) -> bool:
        """Send one event when there is room; False when an earlier one was refused."""
        if not follower.window.room():
            return False
        self._port.submit(self._event(follower, subject, turn, place), follower.window.sending(turn.sequence))
        return True

    def _event(self, follower: _Follower, subject: Subject, turn: Turn, place: int) -> Invocation:
        return Invocation(
            id=self._ids(),
            actor=follower.actor,
            action=subject.action,
            payload=self._state(turn),
            caller=turn.actor,
            cause=turn.invocation,
            correlation=turn.correlation,
            metadata={**turn.metadata, SOURCE_METADATA: str(place)},
        )

    def _state(self, turn: Turn) -> Encoded | None:
        """The source's state after the turn, which may be an earlier turn's."""
        if turn.state is not None:
            return turn.state.value
        snapshot = self._store.state_at(turn.actor, turn.revision)
        return snapshot.state.value if snapshot is not None and snapshot.state is not None else None


# --- Acknowledgements -------------------------------------------------------------------------------------------------
# Which of the events that a projection was sent it has processed: a window between sending and the answer.

MOST_WAITING = 1_000
"""Events sent ahead of the one that is processed."""

_NOT_RUN = frozenset(
    error.code
    for error in (
        errors.ActorSuspended,
        errors.MailboxFull,
        errors.NotDeployed,
        errors.StoreUnavailable,
        errors.SystemStopped,
        errors.UnknownActor,
    )
)
"""Refusals that pass: the action did not run, and the event has to be sent again."""


class Window:
    """Events sent in order to one actor.  One thread sends; answers may come from any.

    It opens with the first answer: until then the actor may have to be brought into memory, which can fail, and whatever was sent
    behind it would be refused, and overtake it when sent again.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        """`most` is how many may be without an answer, 1 or more."""
        self._most = most
        self._changed = threading.Condition()
        self._unanswered = 0
        self._is_open = False
        self._is_closed = False
        self._refused: int | None = None

    def room(self) -> bool:
        """Wait until another event may be sent; False when one was refused, or nothing is to be sent any more."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_stuck or self._unanswered < (self._most if self._is_open else 1))
            return not self._is_stuck

    def sending(self, sequence: int) -> Acknowledgement:
        """Where the answer of the event with that sequence goes."""
        with self._changed:
            self._unanswered += 1
        return Acknowledgement(self, sequence)

    def answered(self, sequence: int, reply: Reply) -> None:
        """An event was processed, or refused."""
        with self._changed:
            self._unanswered -= 1
            self._is_open = True
            if reply.failure is not None and reply.failure.code in _NOT_RUN:
                self._refused = sequence if self._refused is None else min(self._refused, sequence)
            self._changed.notify_all()

    def drained(self) -> int | None:
        """Wait until everything is answered; the first event that was refused, which closes the window, or None."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._unanswered == 0)
            refused, self._refused, self._is_open = self._refused, None, False
            return refused

    def close(self) -> None:
        """Let no one wait any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @property
    def _is_stuck(self) -> bool:
        return self._is_closed or self._refused is not None


class Acknowledgement(msgspec.Struct, eq=False):
    """A waiter (`replies.Waiter`) for the answer to one event."""

    window: Window
    sequence: int

    def deliver(self, reply: Reply) -> None:
        """Called once, by any thread."""
        self.window.answered(self.sequence, reply)
