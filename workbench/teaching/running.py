"""Runs an examination beside the caller, so that code of a learner that never ends can be given up."""

from __future__ import annotations

import contextvars
import ctypes
import threading
import time
from collections.abc import Sequence

from runtime.definition import ActorDefinition
from workbench.teaching.examination import Examination
from workbench.teaching.exercise import Exercise
from workbench.teaching.prints import caught
from workbench.teaching.report import CheckReport

_LOOK_S = 0.05
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
        self._thread = threading.Thread(target=self._run, name="wb-check", daemon=True)

    def report(self) -> CheckReport:
        """What it found, after `Exercise.seconds` at the latest.  An interrupt ends the examination too."""
        contextvars.Context().run(self._thread.start)
        deadline = time.monotonic() + self._exercise.seconds
        try:
            while self._thread.is_alive() and time.monotonic() < deadline:
                self._thread.join(_LOOK_S)
        finally:
            stuck = self._end()
        if self._error is not None:
            raise self._error
        return self._report if self._report is not None else self._never_ended(stuck)

    def _end(self) -> str:
        """Stop the thread; the action that it was stuck in, if it was."""
        self._stop.set()
        self._thread.join(_LAST_WORDS_S)
        if not self._thread.is_alive() or self._thread.ident is None:
            return ""
        stuck = self._now()
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
        wrong = f"{stuck} has not ended after {self._exercise.seconds:g} s. Does it wait, or loop, for ever?"
        return CheckReport(self._exercise.name, wrong=wrong, is_complete=False)
