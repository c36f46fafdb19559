"""The flights: a slice, killed in the middle by `kill -9`, run again, and right to the last digit."""

from __future__ import annotations

import os
import re
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from nbclient.exceptions import CellExecutionError

from tests.notebooks.execution import Executed, NotebookFolder

FLIGHTS = "10_flights.ipynb"
HOW_MANY = 6_000
SOME_TURNS = 2_000


class Killer:
    """Kills a process as soon as a store holds so many turns."""

    def __init__(self, store: Path, turns: int) -> None:
        self._store, self._turns = store, turns
        self.turns_at_death = 0
        self._thread: threading.Thread | None = None

    def start(self, pid: int) -> None:
        self._thread = threading.Thread(target=self._watch, args=(pid,), daemon=True)
        self._thread.start()

    def join(self) -> None:
        assert self._thread is not None, "the cell in which to kill never started"
        self._thread.join(120)
        assert self.turns_at_death, f"the store did not reach {self._turns} turns"

    def _watch(self, pid: int) -> None:
        deadline = time.monotonic() + 120
        with closing(sqlite3.connect(f"file:{self._store}?mode=ro", uri=True)) as store:
            while time.monotonic() < deadline:
                head = store.execute("SELECT max(last) FROM blocks").fetchone()[0] or 0
                if head >= self._turns:
                    os.kill(pid, 9)
                    self.turns_at_death = head
                    return
                time.sleep(0.001)


@pytest.fixture(scope="module")
def runs(folder: NotebookFolder) -> list[Executed]:
    killer = Killer(folder.store(FLIGHTS), SOME_TURNS)
    killed = folder.run(FLIGHTS, while_cell=("send", killer.start), FLIGHTS=str(HOW_MANY))
    killer.join()
    return [killed, folder.run(FLIGHTS, FLIGHTS=str(HOW_MANY)), folder.run(FLIGHTS, FLIGHTS=str(HOW_MANY))]


def executed_and_repeated(run: Executed) -> tuple[int, int]:
    found = re.search(r"([\d,]+) of them were executed now, ([\d,]+) answered from the record", run.text("sent"))
    assert found is not None, run.text("sent")
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def test_the_kernel_died_in_the_middle(runs: list[Executed]) -> None:
    killed, after, _ = runs
    executed, repeated = executed_and_repeated(after)

    assert killed.was_killed
    assert repeated >= SOME_TURNS
    assert executed > 0


def test_nothing_is_lost_and_nothing_counted_twice(runs: list[Executed]) -> None:
    for run in runs[1:]:
        assert len(re.findall(r"[\d,]+ (?:planes|airports), 0 of them different", run.text("verdict"))) == 2
        [airport] = re.findall(r"airport +│ +(\d+) +│ +(\d+)", run.text("once"))
        [plane] = re.findall(r"plane +│ +(\d+) +│ +(\d+)", run.text("once"))
        assert airport == (str(HOW_MANY), str(HOW_MANY))
        assert plane[0] == plane[1]


def test_a_run_after_the_end_executes_nothing(runs: list[Executed]) -> None:
    executed, repeated = executed_and_repeated(runs[2])

    assert executed == 0
    assert repeated > HOW_MANY


@pytest.mark.usefixtures("runs")
def test_fewer_flights_in_the_file_than_were_sent_are_a_difference(folder: NotebookFolder) -> None:
    with pytest.raises(CellExecutionError, match="AssertionError"):
        folder.run(FLIGHTS, FLIGHTS="100")
