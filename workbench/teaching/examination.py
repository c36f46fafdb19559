"""Looks for a way in which an exercise goes wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from runtime.definition import ActorDefinition, define
from runtime.records import Failure
from workbench.tables import plural
from workbench.teaching.exercise import Exercise
from workbench.teaching.explore import Exploration
from workbench.teaching.play import Play
from workbench.teaching.report import CheckReport
from workbench.teaching.words import Line, switches, told


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
        return CheckReport(self._exercise.name, crowd=crowd, situations=self.situations, is_complete=self.is_complete)

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
