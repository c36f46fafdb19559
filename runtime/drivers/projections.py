"""Actors that follow others: a projection gets the state of its subjects after each of their successful turns.

Events are not sent, they are read: from the committed journal, in its order, by one thread, from where the projection last
was.  That place is a tag which changes in the same turn as the projection's state, so

* an event is delivered at least once, and acknowledged by the turn that processed it; a turn that failed is not repeated
  while the system runs, and is after a restart if nothing later succeeded;
* the order is strict, over all subjects of a projection;
* a projection that is deployed late, or was away, catches up, and can be sent back in time (`replay`).

Promises of spawn-protocol §2.13, on which Spawn's own implementation falls short; see runtime/README.md.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Iterator
from typing import Protocol

import msgspec

from runtime.clock import Clock, as_datetime
from runtime.ids import ActorId, IdSource
from runtime.records import CURSOR_TAG, SOURCE_METADATA, Encoded, Invocation, Turn
from runtime.settings import Settings, Subject
from runtime.statestores.base import StateStore

_MOST_WAITING = 1_000
"""Events put into a projection's mailbox before the thread waits for it to work some off."""
_PATIENCE_S = 0.05


class Port(Protocol):
    """What projections need of a driver."""

    def deliver(self, invocation: Invocation) -> None:
        """Submit a message that nobody waits for."""
        ...

    def waiting(self, actor: ActorId) -> int:
        """Messages in an actor's mailbox."""
        ...


class _Follower(msgspec.Struct):
    """A projection and how far it was served."""

    actor: ActorId
    settings: Settings
    position: int


class Projections:
    """Serves all projections of one system."""

    def __init__(self, system: str, store: StateStore, clock: Clock, ids: IdSource, port: Port) -> None:
        self._system, self._store, self._clock, self._ids, self._port = system, store, clock, ids, port
        self._followers: dict[str, _Follower] = {}
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._sourceable: dict[str, bool] = {}
        self._is_stopped = False
        self._thread: threading.Thread | None = None

    def follow(self, settings: Settings) -> None:
        """Serve a projection that was deployed, or deployed anew, from where it last was."""
        actor = ActorId(self._system, settings.name)
        known = self._followers.get(settings.name)
        position = known.position if known is not None else self._position(actor)
        with self._lock:
            self._followers[settings.name] = _Follower(actor, settings, position)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="wb-projections", daemon=True)
                contextvars.Context().run(self._thread.start)
        self._changed.set()

    def replay(self, name: str, since_us: int) -> None:
        """Deliver again what ended at or after `since_us`, then go on as before.

        Raises:
            KeyError: no projection of that name is served.
        """
        with self._lock:
            follower = self._followers[name]
            follower.position = 0
            follower.settings = msgspec.structs.replace(
                follower.settings,
                subjects=tuple(_not_before(subject, since_us) for subject in follower.settings.subjects),
            )
        self._changed.set()

    def notify(self) -> None:
        """Turns were committed."""
        if self._thread is not None:
            self._changed.set()

    def stop(self) -> None:
        self._is_stopped = True
        self._changed.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(1.0)

    def _position(self, actor: ActorId) -> int:
        snapshot = self._store.load(actor)
        return int(snapshot.tags.get(CURSOR_TAG, "0")) if snapshot is not None else 0

    def _run(self) -> None:
        while not self._is_stopped:
            self._changed.wait()
            self._changed.clear()
            with self._lock:
                followers = list(self._followers.values())
            for follower in followers:
                self._serve(follower)

    def _serve(self, follower: _Follower) -> None:
        for turn in self._unserved(follower):
            if self._is_stopped or follower is not self._followers.get(follower.settings.name):
                return
            for subject in follower.settings.subjects:
                if self._concerns(subject, follower.settings, turn):
                    self._deliver(follower, subject, turn)

    def _unserved(self, follower: _Follower) -> Iterator[Turn]:
        for batch in self._store.turns(after=follower.position):
            for turn in batch:
                if turn.sequence > follower.position:
                    yield turn
                    follower.position = max(follower.position, turn.sequence)

    def _concerns(self, subject: Subject, settings: Settings, turn: Turn) -> bool:
        if turn.failure is not None or turn.action != subject.source_action:
            return False
        if subject.actor not in (turn.actor.name, turn.parent) or not self._is_sourceable(turn):
            return False
        oldest_us = round(subject.start_time.timestamp() * 1_000_000) if subject.start_time is not None else 0
        if settings.events_retention_ms is not None:
            oldest_us = max(oldest_us, self._clock.now_us() - settings.events_retention_ms * 1_000)
        return turn.finished_us >= oldest_us

    def _is_sourceable(self, turn: Turn) -> bool:
        if turn.definition not in self._sourceable:
            self._sourceable.update({d.hash: bool(d.settings.get("sourceable")) for d in self._store.definitions()})
        return self._sourceable.get(turn.definition, False)

    def _deliver(self, follower: _Follower, subject: Subject, turn: Turn) -> None:
        while self._port.waiting(follower.actor) >= _MOST_WAITING and not self._is_stopped:
            time.sleep(_PATIENCE_S)
        self._port.deliver(
            Invocation(
                id=self._ids(),
                actor=follower.actor,
                action=subject.action,
                payload=self._state(turn),
                caller=turn.actor,
                cause=turn.invocation,
                correlation=turn.correlation,
                metadata={**turn.metadata, SOURCE_METADATA: str(turn.sequence)},
                asynchronous=True,
            )
        )

    def _state(self, turn: Turn) -> Encoded | None:
        """The source's state after the turn, which may be an earlier turn's."""
        if turn.state is not None:
            return turn.state.value
        snapshot = self._store.state_at(turn.actor, turn.revision)
        return snapshot.state.value if snapshot is not None and snapshot.state is not None else None


def _not_before(subject: Subject, since_us: int) -> Subject:
    return msgspec.structs.replace(subject, start_time=as_datetime(since_us))
