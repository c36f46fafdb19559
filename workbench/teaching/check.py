"""`wb.check`: is an exercise solved?"""

from __future__ import annotations

import contextvars
import ctypes
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TextIO

from runtime.authoring.definition import ActorDefinition, define
from runtime.errors import BadSetting, NotCapable, UnknownActor, nearest
from runtime.hosts.tracebacks import code_place
from runtime.records import Failure
from workbench.render.tables import plural
from workbench.session import current
from workbench.teaching.exercise import Exercise
from workbench.teaching.interleavings import Exploration, Play
from workbench.teaching.report import CheckReport, Line, switches, told


def check(exercise: Exercise | str) -> CheckReport:
    """Run the actors that are deployed for an exercise under every order in which messages can arrive.

    They run apart, from their first state: what the deployed actors have in store is neither used nor changed.  The report is
    true if the exercise is solved, and shows the shortest way to go wrong if it is not.

    Args:
        exercise: an `Exercise`, or the name of one that comes with the workbench.

    Raises:
        BadSetting: there is no exercise of that name.
        UnknownActor: an actor that the exercise asks for is not deployed.
        NotCapable: the current system's actors are not defined in this process.
    """
    if isinstance(exercise, str):
        exercise = _named(exercise)
    return Running(exercise, [_deployed(actor, exercise) for actor in exercise.actors]).report()


def _named(name: str) -> Exercise:
    from workbench.teaching.exercises import EXERCISES

    if name not in EXERCISES:
        raise BadSetting(f"There is no exercise {name!r}. {nearest(name, EXERCISES, kind='exercise')}")
    return EXERCISES[name]


def _deployed(actor: str, exercise: Exercise) -> ActorDefinition:
    system = current.open()
    look: Callable[[str], ActorDefinition | None] | None = getattr(system, "deployed", None)
    if look is None:
        raise NotCapable(
            f"check {actor}", system.name, "only actors that are defined in this notebook can be run apart."
        )
    definition = look(actor)
    if definition is None:
        error = UnknownActor(actor, (info.id.name for info in system.actors() if info.deployed))
        error.add_note(f"The exercise {exercise.name!r} needs it: run the cell that defines it, then check again.")
        raise error
    return definition


# --- Runs an examination beside the caller, so that code of a learner that never ends can be given up -----------------

_LOOK_S = 0.05
_PATIENCE = 10
"""Times the seconds of an exercise: so long a check may take where its actions wait, or the machine has other things to do."""
_LAST_WORDS_S = 2.0


class GivenUp(BaseException):
    """Raised inside an action that is taking too long; no `except Exception` holds it up."""


class Running:
    """One examination in a thread of its own."""

    def __init__(self, exercise: Exercise, definitions: Sequence[ActorDefinition]) -> None:
        self._exercise = exercise
        self._stop = threading.Event()
        self._examination = Examination(exercise, definitions, is_stopped=self._stop.is_set)
        self._report: CheckReport | None = None
        self._error: BaseException | None = None
        self._at = (0, 0)
        """Where the examination was at the last look."""
        self._began_s = 0.0
        self._since_s = 0.0
        """How much it had computed when it came there."""
        self._thread = threading.Thread(target=self._run, name="wb-check", daemon=True)

    def report(self) -> CheckReport:
        """What it found, after `Exercise.seconds` of computing at the latest.  An interrupt ends the examination too."""
        contextvars.Context().run(self._thread.start)
        self._began_s = time.monotonic()
        deadline, stuck = self._began_s + self._exercise.seconds * _PATIENCE, ""
        try:
            while self._thread.is_alive() and time.monotonic() < deadline and not stuck:
                self._thread.join(_LOOK_S)
                stuck = self._endless()
                if self._computed_s() >= self._exercise.seconds:
                    break
        finally:
            stuck = self._end(stuck)
        if self._error is not None:
            raise self._error
        return self._report if self._report is not None else self._never_ended(stuck)

    def _endless(self) -> str:
        """What has computed for longer than one action may, as a sentence; empty as long as nothing has."""
        play, used_s = self._examination.play, self._computed_s()
        at = (id(play), 0 if play is None else len(play.witness.moments))
        if at != self._at:
            self._at, self._since_s = at, used_s
        limit_s = self._exercise.action_seconds
        if used_s - self._since_s <= limit_s or not self._thread.is_alive():
            return ""
        return f"{self._now()} has not ended after {limit_s:g} s of computing{self._place()}. Does it loop for ever?"

    def _computed_s(self) -> float:
        """Processor time of the examination; where it is not measured, time."""
        if not hasattr(time, "pthread_getcpuclockid") or self._thread.ident is None or not self._thread.is_alive():
            return time.monotonic() - self._began_s
        try:
            return time.clock_gettime(time.pthread_getcpuclockid(self._thread.ident))
        except OSError:  # it has ended just now
            return self._since_s

    def _place(self) -> str:
        frame = sys._current_frames().get(self._thread.ident or 0)
        return "" if frame is None else f", at {code_place(frame)}"

    def _end(self, stuck: str) -> str:
        """Stop the thread; what it was stuck in, as a sentence, if it was."""
        self._stop.set()
        if not stuck:
            self._thread.join(_LAST_WORDS_S)
        if not self._thread.is_alive() or self._thread.ident is None:
            return stuck
        seconds = self._exercise.seconds
        stuck = (
            stuck or f"{self._now()} has not ended after {seconds:g} s{self._place()}. Does it wait, or loop, for ever?"
        )
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread.ident), ctypes.py_object(GivenUp))
        return stuck

    def _run(self) -> None:
        try:
            with caught(self._printed):
                self._report = self._examination.run()
        except GivenUp:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            self._error = error

    def _printed(self, text: str) -> None:
        if self._examination.play is not None:
            self._examination.play.printed.append(text)

    def _now(self) -> str:
        play = self._examination.play
        moment = play.witness.moments[-1] if play is not None and play.witness.moments else None
        return f"{moment.invocation.actor.name}.{moment.invocation.action}" if moment is not None else "The check"

    def _never_ended(self, stuck: str) -> CheckReport:
        wrong = stuck or f"The check has not ended after {self._exercise.seconds:g} s."
        return CheckReport(self._exercise.name, wrong=wrong, is_complete=False)


# --- Looks for a way in which an exercise goes wrong ------------------------------------------------------------------


_SAME_INPUT = "All calls of this exercise had the same input, so code that answers a constant would pass, too: let `setup` vary it."


class Examination:
    """Plays an exercise for one size after the other, until one goes wrong or all are done."""

    def __init__(
        self, exercise: Exercise, definitions: Sequence[ActorDefinition], *, is_stopped: Callable[[], bool]
    ) -> None:
        self._exercise = exercise
        self._definitions = [*definitions, *map(define, exercise.cast)]
        self._is_stopped = is_stopped
        self.situations = 0
        self.is_complete = True
        self.play: Play | None = None
        """What is being played just now; may be looked at by another thread."""

    def run(self) -> CheckReport:
        """The report.  The smallest size that goes wrong is told by its shortest ending that does."""
        size = 0
        for size in self._exercise.sizes:
            wrong = self._wrong_endings(size)
            if wrong:
                return self._failed(min(wrong, key=self._length))
            if self._is_stopped():
                break
        crowd = self._crowd(size) if len(self._exercise.sizes) == 1 else f"up to {self._crowd(size)}"
        return CheckReport(
            self._exercise.name,
            crowd=crowd,
            situations=self.situations,
            is_complete=self.is_complete,
            note=self._note(),
        )

    def _note(self) -> str:
        inputs = [
            (call.action, repr(call.payload)) for size in self._exercise.sizes for call in self._exercise.setup(size)
        ]
        has_payloads = any(payload != "None" for _, payload in inputs)
        return _SAME_INPUT if has_payloads and len(inputs) > 1 and len(set(inputs)) == 1 else ""

    def _wrong_endings(self, size: int) -> list[Play]:
        exploration = Exploration(lambda: self._begin(size), self._exercise.bound, self._is_stopped)
        wrong = []
        for play in exploration.endings():
            if play.wrong():
                wrong.append(play)
            play.close()
            if play.is_endless:
                break
        self.situations += exploration.situations
        self.is_complete = self.is_complete and exploration.is_complete
        return wrong

    def _begin(self, size: int) -> Play:
        self.play = Play(self._exercise, self._definitions, size)
        return self.play

    def _length(self, play: Play) -> tuple[int, int, tuple[Line, ...]]:
        lines = self._lines(play)
        return len(lines), switches(lines), lines

    def _lines(self, play: Play) -> tuple[Line, ...]:
        return told(play.witness.moments, self._exercise.actors, play.sender)

    def _failed(self, play: Play) -> CheckReport:
        return CheckReport(
            self._exercise.name,
            wrong=play.wrong(),
            lines=self._lines(play),
            trace=_trace(play),
            printed="".join(play.printed),
            crowd=self._crowd(play.size),
            situations=self.situations,
            is_complete=self.is_complete,
        )

    def _crowd(self, size: int) -> str:
        return plural(size, self._exercise.callers)


def _trace(play: Play) -> str:
    failures = [moment.outcome.failure for moment in play.witness.moments if moment.outcome is not None]
    return next((failure.trace for failure in failures if isinstance(failure, Failure) and failure.trace), "")


# --- What one thread prints and what its actors log, kept apart from what all others do -------------------------------

_ACTORS_LOGGER = "runtime.actors"

Take = Callable[[str], object]


@contextmanager
def caught(take: Take) -> Iterator[None]:
    """Give `take` what this thread prints and what actors log in it meanwhile."""
    thread = threading.get_ident()
    with ExitStack() as stack:
        for name in ("stdout", "stderr"):
            stack.enter_context(_diverted(name, thread, take))
        stack.enter_context(_unlogged(thread, take))
        yield


class _Sorted:
    """A standard stream that gives one thread's text to someone else; for all other threads it is as before."""

    def __init__(self, original: TextIO, thread: int, take: Take) -> None:
        self._original, self._thread, self._take = original, thread, take

    def write(self, text: str) -> int:
        if threading.get_ident() != self._thread:
            return self._original.write(text)
        self._take(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


@contextmanager
def _diverted(name: str, thread: int, take: Take) -> Iterator[None]:
    original = getattr(sys, name)
    mine = _Sorted(original, thread, take)
    setattr(sys, name, mine)
    try:
        yield
    finally:
        if getattr(sys, name) is mine:
            setattr(sys, name, original)


@contextmanager
def _unlogged(thread: int, take: Take) -> Iterator[None]:
    """Without this, lines of an actor that only plays would stand in the log of the real one of that name."""

    def keep(record: logging.LogRecord) -> bool:
        if record.thread != thread:
            return True
        take(f"{getattr(record, 'line', None) or record.getMessage()}\n")
        return False

    logger = logging.getLogger(_ACTORS_LOGGER)
    logger.addFilter(keep)
    try:
        yield
    finally:
        logger.removeFilter(keep)
