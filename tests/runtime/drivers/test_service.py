"""Threads of the runtime: whatever goes wrong on them, they go on."""

from __future__ import annotations

import logging
import threading

import pytest

from runtime.drivers.service import Problems, ServiceThread
from tests.runtime.drivers.steps import DEADLINE_S

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.mark.parametrize("raised", [SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError])
def test_work_that_raises_is_run_again(raised: type[BaseException]) -> None:
    rounds, problems = list[int](), Problems()

    def work() -> None:
        rounds.append(threading.get_ident())
        if len(rounds) < 3:
            raise raised("of a log handler")

    service = ServiceThread(work, "test-service", problems)
    service.start()

    assert service.join(DEADLINE_S)
    assert len(rounds) == 3
    assert (
        problems.last[-1] == f"The thread test-service was interrupted and goes on: {raised.__name__}: of a log handler"
    )


def test_thread_that_ends_outside_its_work_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    ran, threads = threading.Event(), list[threading.Thread]()
    service = ServiceThread(ran.set, "test-service", Problems())
    go_on = service._go_on

    def end_once() -> None:
        threads.append(threading.current_thread())
        monkeypatch.setattr(service, "_go_on", go_on)
        raise SystemExit

    monkeypatch.setattr(service, "_go_on", end_once)
    service.start()

    assert ran.wait(DEADLINE_S), "nobody took the thread's place"
    [first] = threads
    first.join(DEADLINE_S)  # pytest hears of its error when it ends, and must hear of it here
    assert (first.name, first.is_alive()) == ("test-service", False)


def test_failing_log_handler_cannot_hide_a_problem() -> None:
    class Failing(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise SystemExit

    handler, log, problems = Failing(), logging.getLogger("runtime.drivers.service"), Problems()
    log.addHandler(handler)
    try:
        problems.note("Something", ValueError("bad"))
    finally:
        log.removeHandler(handler)

    assert problems.last[0] == "Something: ValueError: bad"
