"""`%hold`, `%step`, `%release`, `%fault` and `%load` in a real kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbench.kernel_ext.kernel import Kernel
from workbench.kernel_ext.magics.debug import is_for_ipython


def test_held_actor_is_stepped_through_from_cells(kernel: Kernel) -> None:
    kernel.ok("hold = %hold counter --action add")
    kernel.ok("%invoke counter add value=5 --async\n%invoke counter add value=7 --async\n_ = hold.wait()")

    assert "add(value=7)" in kernel.ok("hold").text
    assert kernel.ok("%step counter").text.startswith("counter.add(value=5) → ")
    kernel.ok("hold.drop(0)")
    assert kernel.ok("%release").stdout == "Released: counter.\n"
    assert kernel.ok("%release").stdout == "Nothing was held.\n"


def test_step_of_an_actor_that_is_not_held_says_what_to_do(kernel: Kernel) -> None:
    cell = kernel.run("%step counter")

    assert "counter is not held. Hold it first, with wb.hold('counter') or %hold counter." in cell.traceback
    assert "hold.py" not in cell.traceback


def test_faults_are_listed_shown_in_the_status_and_ended(kernel: Kernel) -> None:
    kernel.ok("%fault counter --failure 1 --seconds 1min")

    assert "injected fault: the action was not run" in kernel.run("%invoke counter add value=1").traceback
    assert "failure 1" in kernel.ok("%fault").text
    assert "ON PURPOSE" in kernel.ok("%spawn status").text
    kernel.ok("%fault --end")
    assert kernel.ok("%fault").text == "No injected faults."


def test_load_shows_latencies_and_a_picture(kernel: Kernel) -> None:
    cell = kernel.ok("%load counter add value=1 --rate 50 --seconds 500ms")

    assert "counter.add(value=1): 25 calls at 50 per second, for 0.5 s" in cell.text
    assert "<svg" in cell.html


def test_interrupted_load_gives_what_there_is(kernel: Kernel) -> None:
    kernel.ok(
        "import os, signal\n"
        "def payload(number):\n"
        "    if number == 20: os.kill(os.getpid(), signal.SIGINT)\n"
        "    return {'value': 1}"
    )
    cell = kernel.ok("wb.load('counter', 'add', payload, seconds=50)")

    assert "interrupted after" in cell.text


def test_load_of_a_file_is_still_ipythons(kernel: Kernel, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("from_a_file = 1\n")

    kernel.ok(f"%load {script}")

    assert is_for_ipython(f"{script}")


@pytest.mark.parametrize(
    ("line", "is_theirs"),
    [
        ("", True),
        ("-r 5-10 script.py", True),
        ("counter add", False),
        ("counter add value=1 --rate 5", False),
        ("--help", False),
    ],
)
def test_load_lines_are_told_apart(line: str, is_theirs: bool) -> None:
    assert is_for_ipython(line) is is_theirs


def test_names_actions_and_fields_are_completed(kernel: Kernel) -> None:
    assert kernel.complete("%hold cou") == ["counter"]
    assert "add" in kernel.complete("%hold counter --action ")
    assert kernel.complete("%load counter ad") == ["add"]
    assert kernel.complete("%load counter add va") == ["value="]
    assert "--failure" in kernel.complete("%fault counter --f")
