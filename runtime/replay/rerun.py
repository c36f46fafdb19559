"""Recorded turns run again, one after the other, each compared with its record: pure but for the user's own code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from runtime.definition import ActorDefinition
from runtime.errors import FaultInjected, HostFailed, InternalError, InvocationAbandoned, StoreUnavailable, Unreachable
from runtime.hosts.program import Program
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.replay.came import Came, Shape, came_of, parts_that_differ
from runtime.replay.line import Line, Position, given_then
from runtime.replay.side_effects import SideEffects

_FROM_OUTSIDE = {
    each.code: why
    for each, why in (
        (InvocationAbandoned, "it was given up before it ended"),
        (HostFailed, "the process that ran it failed"),
        (FaultInjected, "a fault was injected"),
        (Unreachable, "the process that runs it was not there"),
        (StoreUnavailable, "the store was not there"),
        (InternalError, "a defect of the workbench ended it"),
    )
}
"""Failures that no code of the actor's made: running the turn again says nothing about them."""


class Task(msgspec.Struct, frozen=True, array_like=True):
    """One recorded turn to be run again."""

    turn: Turn
    at: Position | None = None
    """Where it found the actor, where that does not follow from the turn before."""
    skip: str = ""
    """Why it cannot be run; empty if it can."""


class Again(msgspec.Struct, frozen=True, array_like=True):
    """What came of one turn run again."""

    came: Came | None = None
    """None if it came out as recorded, or was not run."""
    recorded: Came | None = None
    """What it led to then, in the shape of the code; None where `came` is None."""
    parts: tuple[str, ...] = ()
    """The parts that differ from the record."""
    skipped: str = ""
    """Why it was not run; empty if it was."""
    used: tuple[str, ...] = ()
    """What it read from outside its context, as far as that was noticed: `time.time`, `random`, …"""
    stopped: tuple[str, ...] = ()
    """Calls that it was not allowed to make, and where; then what came of it says nothing."""


def nothing_used() -> tuple[str, ...]:
    return ()


class Rerun:
    """Runs tasks in their order.  One thread at a time."""

    def __init__(
        self,
        definition: ActorDefinition,
        actor: ActorId,
        *,
        carry: bool,
        used: Callable[[], tuple[str, ...]] = nothing_used,
        side_effects: SideEffects | None = None,
    ) -> None:
        """Raises DefinitionError: a type of the code has no encoding.

        Args:
            carry: each turn starts from the state that the one before led to here; else from the state that it found then,
                so that one difference does not lead to others.
            used: what the user's code has used from outside since it was asked last.
            side_effects: who stops what the code must not do here.
        """
        self.line = Line(definition, actor)
        self.shape = Shape(definition.hash, Program(definition).codec)
        self._carry, self._used = carry, used
        self._side_effects = side_effects or SideEffects()
        self._recorded: Position | None = None

    def run(self, tasks: Iterable[Task]) -> Iterator[Again]:
        """One `Again` for each task."""
        for task in tasks:
            yield self._run(task)

    def _run(self, task: Task) -> Again:
        turn = task.turn
        before = task.at if task.at is not None else self._recorded
        if before is None:
            before = Position(tags=turn.tags_before, revision=turn.revision_before)
        if not self._carry or self._recorded is None:
            self.line.at = before
        self._recorded = after = before.after(turn)
        if skipped := task.skip or _from_outside(turn):
            return Again(skipped=skipped)
        self._used()
        again = self.line.run(given_then(turn))
        used, stopped = self._used(), self._side_effects.stopped()
        if stopped:
            self.line.at = after
            return Again(stopped=stopped, used=used)
        came = came_of(again, self.line.at, self.shape)
        recorded = came_of(turn, after, self.shape)
        parts = parts_that_differ(recorded, came, self.shape)
        return Again(came, recorded, parts, used=used) if parts else Again(used=used)


def _from_outside(turn: Turn) -> str:
    """Why the outcome of a turn was not its code's doing; empty if it was: also if an answer that it got failed so."""
    if turn.failure is None or any(sent.failure is not None for sent in turn.sent):
        return ""
    return _FROM_OUTSIDE.get(turn.failure.code, "")
