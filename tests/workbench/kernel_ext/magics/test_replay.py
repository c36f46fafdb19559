"""`%fork` and `%replay` in a kernel: code of cells, run again."""

from pathlib import Path

import psutil
import pytest

from tests.workbench.kernel_ext.kernel import Kernel, until

METER = """\
%%actor
class Meter(Actor):
    total: int = 0

    @action
    def read(self, value: int) -> int:
        self.total += value
        return self.total

    @action
    def guess(self) -> float:
        import random

        return random.random()
"""
CAREFUL = """\
class Careful(Actor, name="meter"):
    total: int = 0

    @action
    def read(self, value: int) -> int:
        self.total += min(value, 2)
        return self.total
"""


@pytest.fixture(scope="module")
def meter(kernel: Kernel) -> Kernel:
    kernel.ok("from workbench import Actor, action")
    kernel.ok(METER)
    for value in (1, 2, 3):
        kernel.ok(f"%invoke meter read value={value}")
    kernel.ok(CAREFUL)
    return kernel


def test_a_cells_code_is_run_again_in_other_processes(meter: Kernel) -> None:
    cell = meter.ok("%replay meter")

    assert cell.text.startswith("✓ All 3 turns of meter came out as recorded, in two runs.")
    assert "cannot be carried" not in cell.text


def test_a_class_of_a_cell_is_compared_without_being_deployed(meter: Kernel) -> None:
    cell = meter.ok("%replay meter --code Careful")

    assert "The first that is other than recorded: read(value=3), which found revision 2" in cell.text
    assert "<table" in cell.html
    assert meter.ok("%state meter").text == "{'total': 6}"


def test_a_fork_is_kept_in_a_variable_and_goes_on_in_python(meter: Kernel) -> None:
    meter.ok("left_out = wb.fork('meter', 0).messages[0].id")

    cell = meter.ok("%fork meter 0 --without $left_out --name what_if")

    assert cell.text.startswith("what_if: a fork of meter from revision 0")
    assert "state.total: 6 → 5" in cell.text
    assert "left out" in cell.html
    assert meter.ok("what_if.invoke('read', {'value': 10})").text == "15"
    assert meter.ok("%state meter").text == "{'total': 6}"


def test_other_code_is_tried_on_the_same_messages(meter: Kernel) -> None:
    assert "state.total: 6 → 5" in meter.ok("%fork meter 0 --replay --code Careful").text


def test_what_is_not_reproducible_is_said(meter: Kernel) -> None:
    meter.ok("%invoke meter guess")

    assert "what varies read random: take ctx.random instead" in meter.ok("%replay meter 3").text


def test_actors_revisions_flags_and_versions_are_completed(meter: Kernel) -> None:
    assert meter.completed("%fork met") == "%fork meter"
    assert meter.complete("%fork meter ")[:3] == ["3", "2", "1"]
    assert meter.completed("%replay meter --ca") == "%replay meter --carry"
    assert len(meter.complete("%replay meter --code ")) >= 1


def test_mistakes_take_one_line(meter: Kernel) -> None:
    cell = meter.run("%fork meter 99")

    assert cell.status == "error"
    assert cell.traceback.splitlines()[-1].endswith("There is no meter at revision 99: it is at revision 3.")
    assert "no name of a variable" in meter.run("%fork meter 1 --name a-b").stderr


STUCK = """\
import os, pathlib, psutil, signal, threading, time
begun = pathlib.Path("begun").absolute()

class Stuck(Actor, name="meter"):
    total: int = 0

    @action
    def read(self, value: int) -> int:
        begun.touch()
        while True:
            pass

def interrupt_when_begun():
    def watch():
        for _ in range(3_000):
            if begun.exists():
                break
            threading.Event().wait(0.01)
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=watch).start()

def replaying():
    return [each.pid for each in psutil.Process().children(recursive=True) if "wb-replay" in " ".join(each.cmdline())]
"""


def test_an_interrupt_stops_the_replay_and_its_processes(meter: Kernel) -> None:
    meter.ok(STUCK)

    cell = meter.run("interrupt_when_begun()\n%replay meter --code Stuck --allow files")

    assert cell.status == "error"
    assert cell.traceback.splitlines()[-1] == "The replay of meter was stopped after 0 turns; nothing was changed."
    assert meter.ok("replaying()").text == "[]"


def test_processes_of_a_replay_end_with_their_kernel(tmp_path: Path) -> None:
    with Kernel(tmp_path) as short:
        for code in (
            "%load_ext workbench",
            "%config Workbench.store = 'memory'",
            "from workbench import Actor, action",
        ):
            short.ok(code)
        short.ok(METER)
        short.ok("%invoke meter read value=1")
        short.ok(STUCK)
        kernel_pid = int(short.ok("os.getpid()").text)
        short.send("%replay meter --code Stuck --allow files")
        until((tmp_path / "begun").exists, "the replay began")
        pids = [each.pid for each in psutil.Process(kernel_pid).children(recursive=True)]

    assert pids
    until(lambda: not any(map(psutil.pid_exists, pids)), "the processes of the replay ended")
