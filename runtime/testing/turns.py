"""A made-up past: turns as an engine would record them, for tests of whatever stores or reads turns."""

from __future__ import annotations

import msgspec

from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Encoded, Failure, Snapshot, State, Turn

SYSTEM = "checks"
_START_US = 1_700_000_000_000_000


def actor_id(name: str, system: str = SYSTEM) -> ActorId:
    return ActorId(system, name)


def json_state(data: bytes) -> State:
    """A state of JSON text."""
    return State(Encoded(JSON, data))


class TurnHistory:
    """Makes turns that follow on one another, and knows what each actor must be like after them."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.actors: dict[ActorId, Snapshot] = {}
        """What a store that holds these turns has to give back."""
        self._revisions: dict[tuple[ActorId, int], Snapshot] = {}

    def turn(
        self,
        name: str,
        state: bytes | State | None = None,
        *,
        key: str = "",
        tags: dict[str, str] | None = None,
        fails: bool | Failure = False,
        system: str = SYSTEM,
        parent: str = "",
        definition: str = "d1",
    ) -> Turn:
        """The next turn; without `state` and `tags` it changes nothing.  `fails` may be the failure itself."""
        actor, sequence = actor_id(name, system), len(self.turns) + 1
        before = self.actors.get(actor)
        new = json_state(state) if isinstance(state, bytes) else state
        revision = before.revision if before else 0
        turn = Turn(
            sequence=sequence,
            invocation=InvocationId(f"i-{sequence}"),
            actor=actor,
            parent=parent or name,
            action="act",
            correlation=f"i-{sequence}",
            cause="",
            caller=None,
            key=key,
            payload=Encoded(JSON, b'{"value": %d}' % sequence),
            metadata={},
            enqueued_us=_START_US + 3 * sequence,
            started_us=_START_US + 3 * sequence + 1,
            finished_us=_START_US + 3 * sequence + 2,
            now_us=_START_US + 3 * sequence + 1,
            seed=sequence,
            sent=(),
            tags_before=before.tags if before else {},
            tags_after=tags,
            failure=Failure("action_failed", "it failed", "ValueError", "no") if fails is True else fails or None,
            response=None if fails else Encoded(JSON, b"%d" % sequence),
            revision_before=revision,
            revision=revision + 1 if new else revision,
            state=new,
            definition=definition,
        )
        self._follow(turn, before)
        return turn

    def batch(self, count: int, *names: str) -> tuple[Turn, ...]:
        """`count` turns that change the named actors in turn."""
        return tuple(self.turn(names[i % len(names)], b'{"total": %d}' % (len(self.turns) + 1)) for i in range(count))

    def snapshot(self, name: str, state: bytes, *, status: str = "ACTIVATED", system: str = SYSTEM) -> Snapshot:
        """The actor one revision on, as a snapshot that no turn records."""
        actor = actor_id(name, system)
        before = self.actors.get(actor)
        snapshot = Snapshot(
            actor=actor,
            parent=name,
            revision=before.revision + 1 if before else 1,
            state=json_state(state),
            tags=before.tags if before else {},
            definition="d1",
            at_us=_START_US + 3 * len(self.turns) + 2,
            status=status,
        )
        self.actors[actor] = snapshot
        return snapshot

    def at(self, name: str, revision: int, system: str = SYSTEM) -> Snapshot | None:
        """The actor at a past revision that a turn made."""
        return self._revisions.get((actor_id(name, system), revision))

    def _follow(self, turn: Turn, before: Snapshot | None) -> None:
        self.turns.append(turn)
        after = Snapshot(
            actor=turn.actor,
            parent=turn.parent,
            revision=turn.revision,
            state=turn.state or (before.state if before else None),
            tags=turn.tags_before if turn.tags_after is None else turn.tags_after,
            definition=turn.definition if turn.state or not before or not before.revision else before.definition,
            at_us=turn.finished_us,
        )
        if before is not None and turn.state is None and turn.tags_after is None and before.revision > 0:
            after = before
        self.actors[turn.actor] = after
        if turn.state is not None or (turn.actor, turn.revision) in self._revisions:
            self._revisions[turn.actor, turn.revision] = after


def alike(left: Snapshot | None, right: Snapshot | None) -> bool:
    """Equal but for the time: a store may say when it wrote, or when the turn ended."""
    if left is None or right is None:
        return left is right
    return msgspec.structs.replace(left, at_us=0) == msgspec.structs.replace(right, at_us=0)
