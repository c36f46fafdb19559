"""An actor's recorded turns, run again twice: what agrees, what differs, what does not even agree with itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from enum import StrEnum

import msgspec

from runtime.authoring.definition import ActorDefinition
from runtime.errors import HostFailed
from runtime.hosts.pickling import carried
from runtime.hosts.program import Program
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.replay.compare import Shape, TurnOutcome, parts_that_differ
from runtime.replay.rerun import RerunResult, Task
from runtime.replay.runners import CannotCarry, HereRunner, ProcessRunner, Runner
from runtime.replay.sandbox import Position
from runtime.replay.side_effects import checked_kinds

_BATCH_TURNS, _BATCH_BYTES = 200, 8_000_000
_LOOK_S = 0.05
_YEAR_S = 365 * 86_400.0
_OUTSIDES = ((0.0, 1), (-7.3 * _YEAR_S, 4_242))
"""The clock's shift in seconds, and the seed, of each process: the second lives in another year, on another weekday and hour."""


class Verdict(StrEnum):
    """What running a turn again says about it."""

    AGREES = "agrees"
    DIFFERS = "differs"
    """Both runs led to the same, and to something else than the record."""
    VARIES = "varies"
    """Two runs of the same code on the same state and message led to different things: it is not reproducible."""
    SKIPPED = "skipped"
    STOPPED = "stopped"
    """It did something beside its context that is not allowed here, so what came of it says nothing."""


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """One turn, run again."""

    turn: Turn
    """As recorded."""
    verdict: Verdict
    recorded: TurnOutcome | None = None
    """What it led to then, in the shape of the code; None where it agrees or was not run."""
    again: TurnOutcome | None = None
    """What it led to now; None if that was as recorded, or if it was not run."""
    other: TurnOutcome | None = None
    """Where it varies, what the other run led to; None if that was as recorded."""
    parts: tuple[str, ...] = ()
    """The parts that differ: from the record, or, where it varies, between the runs."""
    why: str = ""
    """Of one that was skipped."""
    used: tuple[str, ...] = ()
    """What it read from outside its context, as far as that was noticed."""
    stopped: tuple[str, ...] = ()
    """The calls that were stopped, and where."""


class Replay:
    """Runs tasks again while it is iterated.  One thread; `close` it, or iterate to the end: then its processes are gone."""

    def __init__(
        self,
        definition: ActorDefinition,
        actor: ActorId,
        *,
        carry: bool = False,
        timeout_s: float = 60.0,
        allow: Collection[str] | str = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Starts nothing yet.

        Args:
            allow: what actions may do beside their context: `files`, `network`, `processes`; each of them happens twice.
            carry: each turn starts from the state that the one before led to here, not from the one that it found then.
            timeout_s: for all turns together, from when its processes are there; then `stopped` says where it ended.
            clock: seconds, for the time-out.

        Raises:
            BadSetting: `allow` names something else.
        """
        self._allowed = checked_kinds(allow)
        self._definition, self._actor, self._carry = definition, actor, carry
        self.shape = Shape(definition.hash, Program(definition).codec)
        """How the code reads states."""
        self._timeout_s, self._clock = timeout_s, clock
        self._deadline = math.inf
        self._runners: list[Runner] = []
        self.not_carried = ""
        """Why this process ran it and not two others; empty if those did."""
        self.stopped = ""
        """Why it ended before the last turn; empty if it did not."""
        self.position: Position | None = None
        """Where the last turn led, with `carry` and after the end; None if that cannot be said."""

    @property
    def pids(self) -> list[int]:
        """The processes that run it now."""
        return [each.pid for each in self._runners if isinstance(each, ProcessRunner)]

    def run(self, tasks: Iterable[Task]) -> Generator[Replayed, None, None]:
        """One `Replayed` for each task, in order.

        Raises:
            DefinitionError: a type of the code has no encoding.
        """
        try:
            self._runners = self._started()
            self._deadline = self._clock() + self._timeout_s
            for batch in _batches(tasks):
                yield from self._run(batch)
                if self.stopped:
                    return
            if self._carry:
                self.position = self._runners[0].position()
        finally:
            self.close()

    def close(self) -> None:
        """End what runs.  Safe to call twice."""
        runners, self._runners = self._runners, []
        for each in runners:
            each.close()

    def _started(self) -> list[Runner]:
        try:
            return list(self._processes())
        except CannotCarry as error:
            self.not_carried = str(error)
            return [
                HereRunner(self._definition, self._actor, carry=self._carry, allowed=self._allowed) for _ in _OUTSIDES
            ]

    def _processes(self) -> list[ProcessRunner]:
        pickled = _pickled(self._definition)
        started: list[ProcessRunner] = []
        try:
            for shift_s, seed in _OUTSIDES:
                runner = ProcessRunner(
                    pickled, self._actor, carry=self._carry, shift_s=shift_s, seed=seed, allowed=self._allowed
                )
                started.append(runner)
            for each in started:
                each.wait_until_ready()
        except BaseException:
            for each in started:
                each.close()
            raise
        return started

    def _run(self, batch: list[Task]) -> Iterator[Replayed]:
        if self._is_time_over(batch[0]):
            return
        for each in self._runners:
            each.give(batch)
        results: list[list[RerunResult]] = [[] for _ in self._runners]
        shown = 0
        while shown < len(batch):
            for runner, taken in zip(self._runners, results, strict=True):
                if len(taken) < len(batch) and not self._take(runner, taken, batch):
                    return
            done = min(map(len, results))
            for index in range(shown, done):
                yield self._verdict(batch[index], *(taken[index] for taken in results))
            shown = done
            if shown < len(batch) and self._is_time_over(batch[shown]):
                return

    def _is_time_over(self, next_one: Task) -> bool:
        if self._clock() < self._deadline:
            return False
        turn = next_one.turn
        place = f"{turn.action} at revision {turn.revision_before}"
        self.stopped = f"the time of {self._timeout_s:g} s was over at {place}"
        return True

    def _take(self, runner: Runner, taken: list[RerunResult], batch: list[Task]) -> bool:
        try:
            taken += runner.take(_LOOK_S)
        except HostFailed as error:
            turn = batch[len(taken)].turn
            self.stopped = f"{turn.action} at revision {turn.revision_before}: {error}"
            return False
        return True

    def _verdict(self, task: Task, one: RerunResult, other: RerunResult) -> Replayed:
        if one.skipped:
            return Replayed(turn=task.turn, verdict=Verdict.SKIPPED, why=one.skipped)
        used = tuple(dict.fromkeys((*one.used, *other.used)))
        if stopped := tuple(dict.fromkeys((*one.stopped, *other.stopped))):
            return Replayed(turn=task.turn, verdict=Verdict.STOPPED, used=used, stopped=stopped)
        if one.came is None and other.came is None:
            return Replayed(turn=task.turn, verdict=Verdict.AGREES, used=used)
        if one.came is None or other.came is None:
            varying = one.parts or other.parts
        else:
            varying = parts_that_differ(one.came, other.came, self.shape)
        verdict = Verdict.VARIES if varying else Verdict.DIFFERS
        parts = varying or one.parts
        return Replayed(
            turn=task.turn,
            verdict=verdict,
            recorded=one.recorded or other.recorded,
            again=one.came,
            other=other.came if varying else None,
            parts=parts,
            used=used,
        )


def _pickled(definition: ActorDefinition) -> bytes:
    try:
        return carried(definition)
    except Exception as error:  # noqa: BLE001 - a user's object may raise anything when it is pickled
        raise CannotCarry(f"{type(error).__name__}: {error}") from None


def _batches(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Bounded in number and size, so that a history of any length takes the same memory."""
    batch: list[Task] = []
    size = 0
    for task in tasks:
        batch.append(task)
        state = task.turn.state
        size += len(state.value.data) if state is not None else 0
        if len(batch) >= _BATCH_TURNS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch
