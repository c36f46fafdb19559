"""A `SystemApi` whose actors do what a test says, without an engine."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from runtime.api import ActorInfo, Capability, SystemStatus, Waiting
from runtime.clock import Clock, ManualClock
from runtime.errors import SystemStopped, UnknownActor
from runtime.ids import ActorId, InvocationId
from runtime.records import Event, EventKind, Failure, Turn

EVERYTHING = frozenset(Capability)


class FakeSubscription:
    """Bounded as the real one: the oldest is dropped and counted."""

    def __init__(self, limit: int) -> None:
        self.events: deque[Event] = deque()
        self.limit = limit
        self.dropped = 0
        self.is_closed = False

    def put(self, event: Event) -> None:
        if len(self.events) >= self.limit:
            self.events.popleft()
            self.dropped += 1
        self.events.append(event)

    def drain(self) -> list[Event]:
        events, self.events = list(self.events), deque()
        return events

    def close(self) -> None:
        self.is_closed = True


class FakeSystem:
    """Holds the actors a test puts into it and counts what is read."""

    def __init__(self, clock: Clock | None = None, capabilities: frozenset[Capability] = EVERYTHING) -> None:
        self.name = "fake-system"
        self.capabilities = capabilities
        self.clock = clock or ManualClock()
        self.error: Exception | None = None
        self.store_error = ""
        self.unwritten = 0
        """Last turns that the journal does not give yet."""
        self.reads: dict[str, int] = {}
        self.subscriptions: list[FakeSubscription] = []
        self._lock = threading.RLock()
        self._infos: dict[str, ActorInfo] = {}
        self._states: dict[str, Any] = {}
        self._past: dict[tuple[str, int], Any] = {}
        self._mailboxes: dict[str, list[Waiting]] = {}
        self._journal: list[Turn] = []

    # --- what a test does ---

    def put(self, name: str, state: Any = None, *, kind: str = "named", parent: str = "", **fields: Any) -> None:
        """Have an actor."""
        with self._lock:
            self._infos[name] = ActorInfo(
                id=ActorId(self.name, name),
                parent=parent or name,
                kind=kind,
                **{"phase": "ready", "definition": "d" * 64, "deployed": True, **fields},
            )
            self._states[name] = state

    def remember(self, name: str, revision: int, state: Any) -> None:
        """Have a past state."""
        self._past[name, revision] = state

    def turn(
        self,
        name: str,
        action: str,
        state: Any = None,
        *,
        failure: Failure | None = None,
        took_us: int = 900,
        caller: str = "",
        is_journaled: bool = True,
    ) -> Turn:
        """One finished turn; with a state the revision grows."""
        with self._lock:
            info, now = self._infos[name], self.clock.now_us()
            changed = state is not None and failure is None
            revision = info.revision + changed
            turn = make_turn(
                len(self._journal) + 1 if is_journaled else 0,
                info.id,
                action,
                failure=failure,
                finished_us=now,
                took_us=took_us,
                revision_before=info.revision,
                revision=revision,
                caller=caller,
                parent=info.parent,
            )
            if changed:
                self._states[name] = state
            self._infos[name] = msgspec.structs.replace(
                info,
                revision=revision,
                turns=info.turns + 1,
                failures=info.failures + (failure is not None),
                last_turn_us=now,
            )
            if is_journaled:
                self._journal.append(turn)
            for subscription in self.subscriptions:
                subscription.put(Event(EventKind.TURN, now, info.id, turn))
            return turn

    def queue(self, name: str, actions: list[str], running: str = "", since_us: int = 0) -> None:
        """What is in a mailbox now."""
        with self._lock:
            now = self.clock.now_us()
            entries = [
                Waiting(
                    invocation="i-run",
                    action=running,
                    caller="",
                    enqueued_us=now,
                    running=True,
                    started_us=since_us or now,
                )
            ]
            waiting = [
                Waiting(invocation=f"i-{i}", action=a, caller="", enqueued_us=now) for i, a in enumerate(actions)
            ]
            self._mailboxes[name] = (entries if running else []) + waiting
            self._infos[name] = msgspec.structs.replace(
                self._infos[name],
                waiting=len(actions),
                oldest_waiting_us=now if actions else 0,
                action=running,
                action_started_us=(since_us or now) if running else 0,
                phase="running" if running else "ready",
            )

    # --- SystemApi ---

    def info(self, actor: str) -> ActorInfo:
        self._count("info")
        with self._lock:
            if actor not in self._infos:
                raise UnknownActor(actor, self._infos)
            return self._infos[actor]

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        self._count("actors")
        with self._lock:
            return [self._infos[n] for n in sorted(self._infos) if n.startswith(prefix)][:limit]

    def state(self, actor: str, revision: int | None = None) -> Any:
        self._count("state")
        with self._lock:
            return self._states.get(actor) if revision is None else self._past[actor, revision]

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        self._count("mailbox")
        with self._lock:
            return self._mailboxes.get(actor, [])[:limit]

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        self._count("turns")
        committed = self._journal[: len(self._journal) - self.unwritten]
        yield [t for t in committed if t.sequence > after and actor in (None, t.actor.name)]

    def subscribe(self, *, limit: int = 10_000) -> FakeSubscription:
        self._count("subscribe")
        self.subscriptions.append(FakeSubscription(limit))
        return self.subscriptions[-1]

    def status(self) -> SystemStatus:
        self._count("status")
        with self._lock:
            return SystemStatus(
                system=self.name,
                store="sqlite:///fake.db",
                running=True,
                actors=len(self._infos),
                waiting=sum(i.waiting for i in self._infos.values()),
                turns=len(self._journal),
                sequence=len(self._journal),
                committed=len(self._journal) - self.unwritten,
                store_error=self.store_error,
            )

    def stop(self) -> None:
        """From now on everything is refused."""
        self.error = SystemStopped(self.name)

    def _count(self, what: str) -> None:
        self.reads[what] = self.reads.get(what, 0) + 1
        if self.error is not None:
            raise self.error


def make_turn(
    sequence: int,
    actor: ActorId,
    action: str,
    *,
    failure: Failure | None = None,
    finished_us: int = 1_700_000_000_000_000,
    took_us: int = 900,
    waited_us: int = 100,
    revision_before: int = 0,
    revision: int = 0,
    caller: str = "",
    parent: str = "",
) -> Turn:
    """A turn with the parts that panels show."""
    started = finished_us - took_us
    return Turn(
        sequence=sequence,
        invocation=InvocationId(f"i-{sequence}"),
        actor=actor,
        parent=parent or actor.name,
        action=action,
        correlation="",
        cause="",
        caller=ActorId(actor.system, caller) if caller else None,
        key="",
        payload=None,
        metadata={},
        enqueued_us=started - waited_us,
        started_us=started,
        finished_us=finished_us,
        now_us=started,
        seed=0,
        sent=(),
        tags_before={},
        tags_after=None,
        failure=failure,
        response=None,
        revision_before=revision_before,
        revision=revision,
        state=None,
        definition="d" * 64,
    )
