"""Recorded turns run again, one after the other, each compared with its record: pure but for the user's own code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

import msgspec

from runtime.authoring.definition import ActorDefinition
from runtime.background import start_daemon
from runtime.errors import (
    ActionTimeout,
    FaultInjected,
    HostFailed,
    InternalError,
    InvocationAbandoned,
    InvocationTimeout,
    StoreUnavailable,
    Unreachable,
)
from runtime.hosts.in_process import InProcessHost
from runtime.hosts.program import Program
from runtime.ids import ActorId
from runtime.records import Outcome, Sent, Turn, Work
from runtime.replay.compare import Shape, TurnOutcome, outcome_of, parts_that_differ
from runtime.replay.sandbox import ActorSandbox, Position, RecordedCalls, recorded_input
from runtime.replay.side_effects import SideEffects

_FROM_OUTSIDE = {
    each.code: why
    for each, why in (
        (InvocationAbandoned, "it was given up before it ended"),
        (ActionTimeout, "it took longer than its limit"),
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


class RerunResult(msgspec.Struct, frozen=True, array_like=True):
    """What came of one turn run again."""

    came: TurnOutcome | None = None
    """None if it came out as recorded, or was not run."""
    recorded: TurnOutcome | None = None
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
        self.line = ActorSandbox(definition, actor)
        self.shape = Shape(definition.hash, Program(definition).codec)
        self._carry, self._used = carry, used
        self._side_effects = side_effects or SideEffects()
        self._recorded: Position | None = None

    def run(self, tasks: Iterable[Task]) -> Iterator[RerunResult]:
        """One `RerunResult` for each task."""
        for task in tasks:
            yield self._run(task)

    def _run(self, task: Task) -> RerunResult:
        turn = task.turn
        before = task.at if task.at is not None else self._recorded
        if before is None:
            before = Position(tags=turn.tags_before, revision=turn.revision_before)
        if not self._carry or self._recorded is None:
            self.line.at = before
        self._recorded = after = before.after(turn)
        if skipped := task.skip or _from_outside(turn):
            return RerunResult(skipped=skipped)
        self._used()
        again = self.line.run(recorded_input(turn))
        used, stopped = self._used(), self._side_effects.stopped()
        if stopped:
            self.line.at = after
            return RerunResult(stopped=stopped, used=used)
        came = outcome_of(again, self.line.at, self.shape)
        recorded = outcome_of(turn, after, self.shape)
        parts = parts_that_differ(recorded, came, self.shape)
        return RerunResult(came, recorded, parts, used=used) if parts else RerunResult(used=used)


def _from_outside(turn: Turn) -> str:
    """Why the outcome of a turn was not its code's doing; empty if it was: also if an answer that it got failed so."""
    if turn.failure is None or any(sent.failure is not None for sent in turn.sent):
        return ""
    return _FROM_OUTSIDE.get(turn.failure.code, "")


# --- One recorded turn, run once more on a copy: against the code of today, touching nothing --------------------------
# The action gets the message, the state, the clock reading and the seed that it got then.  What it asks of other actors
# is answered from the record; what it would send is collected and not sent; a file that it would write, a connection or
# a process is stopped.


def run_again(definition: ActorDefinition, work: Work, recorded: Sequence[Sent], *, timeout_s: float = 60.0) -> Outcome:
    """What the turn comes to now.  `Outcome.told` has the messages that would have been sent.

    Args:
        work: as the failed turn was given it; which definition ran then does not matter, its state is migrated.
        recorded: what the action asked then, with the answers.

    Raises:
        DefinitionError: a type has no encoding.
        InvocationTimeout: the action has not ended in time; its thread is left to itself.
    """
    host = InProcessHost()
    host.prepare(definition)
    turn = _as_copy(work, definition)
    calls = RecordedCalls(recorded)

    def run() -> Outcome:
        with SideEffects().guard():
            return asyncio.run(host.arun(turn, calls)) if host.is_async(turn) else host.run(turn, calls)

    try:
        return run_with_deadline(run, timeout_s)
    except TimeoutError:
        name = f"the copy of {work.invocation.actor.name}"
        raise InvocationTimeout(name, work.invocation.action, timeout_s) from None


def _as_copy(work: Work, definition: ActorDefinition) -> Work:
    """The same turn under today's definition; its actor is of a system of its own, so that its log is not the original's."""
    actor = msgspec.structs.replace(work.invocation.actor, system=f"copy of {work.invocation.actor.system}")
    invocation = msgspec.structs.replace(work.invocation, actor=actor)
    return msgspec.structs.replace(work, activation=actor, invocation=invocation, definition=definition.hash)


# --- A user's code on a thread of its own, waited for a bounded time --------------------------------------------------

T = TypeVar("T")

_LOOK_S = 0.2


def run_with_deadline(run: Callable[[], T], timeout_s: float) -> T:
    """What `run` gives, on a new thread that knows nothing of this one's turn.

    An interrupt ends the wait at once.  A thread that does not end in time is left to itself.

    Raises:
        TimeoutError: it has not ended in time.
        Exception: what `run` raises.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(run())
        except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
            errors.append(error)

    thread = start_daemon("wb-copy", body)
    waited_s = 0.0
    while thread.is_alive() and waited_s < timeout_s:
        part_s = min(_LOOK_S, timeout_s - waited_s)
        thread.join(part_s)
        waited_s += part_s
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]
