"""How errors look in a real kernel: what, where, and nothing of ours."""

import os
import re

import pytest

from tests.workbench.kernel_ext.kernel import ROOT, Kernel
from workbench.kernel_ext.magics.registry import all_names


@pytest.mark.parametrize(
    ("line", "ename", "said"),
    [
        ("%invoke conter add value=1", "UnknownActor", "There is no actor 'conter'. Did you mean counter?"),
        ("%invoke counter ad value=1", "UnknownAction", "no action 'ad'. Did you mean add?"),
        ("%invoke counter add valu=1", "BadPayload", "no parameter 'valu'. Did you mean value?"),
        ("%invoke counter add value=five", "BadPayload", "value expected `int`"),
        ("%state conter", "UnknownActor", "Did you mean counter?"),
        ("%history conter", "UnknownActor", "Did you mean counter?"),
    ],
)
def test_a_mistake_in_a_magic_is_said_without_a_traceback(kernel: Kernel, line: str, ename: str, said: str) -> None:
    cell = kernel.run(line)

    assert (cell.status, cell.ename) == ("error", ename)
    assert said in cell.traceback
    assert len(cell.traceback.splitlines()) <= 3


def test_a_mistake_in_plain_python_points_at_the_line_of_the_cell_only(kernel: Kernel) -> None:
    cell = kernel.run("x = 1\nwb.invoke('counter', 'ad', {'value': x})\n")

    assert "----> 2 wb.invoke('counter', 'ad'" in cell.traceback
    assert cell.traceback.count("line ") == 1
    assert str(ROOT) not in cell.traceback


def test_a_failed_action_is_one_traceback_to_the_line_that_raised(kernel: Kernel) -> None:
    cell = kernel.run("%invoke counter divide by=0")

    assert (cell.status, cell.ename) == ("error", "ActionFailed")
    assert "return self.total / by" in cell.traceback
    assert "line 12, in Counter.divide" in cell.traceback
    assert cell.traceback.count("Traceback") == 1
    assert str(ROOT) not in cell.traceback
    assert cell.traceback.splitlines()[-2] == "counter.divide failed; the state of counter is as it was before."


def test_a_traceback_numbers_each_cell_as_the_front_end_does(kernel: Kernel) -> None:
    actor = kernel.ok(
        "%%actor\nclass Numbered(Actor):\n    @action\n    def go(self):\n        raise ValueError('no')\n"
    )
    cell = kernel.run("wb.invoke('numbered', 'go')")

    assert re.findall(r"Cell In\[(\d+)\]", cell.traceback) == [str(cell.number), str(actor.number)]


def test_a_failed_action_called_from_python_shows_the_way_there(kernel: Kernel) -> None:
    cell = kernel.run("\ndef ask():\n    return wb.invoke('counter', 'divide', {'by': 0})\nask()")

    frames = [line for line in cell.traceback.splitlines() if line.startswith("---")]
    assert [frame.split(maxsplit=2)[2] for frame in frames[1:]] == [
        "ask()",
        "return wb.invoke('counter', 'divide', {'by': 0})",
        "return self.total / by",
    ]


@pytest.mark.parametrize("call", ["await wb.ainvoke('relay', 'ask')", "wb.invoke('relay', 'ask')", "%invoke relay ask"])
def test_a_failure_behind_a_failure_leads_through_both_actors(kernel: Kernel, call: str) -> None:
    kernel.ok(
        "%%actor\nclass Relay(Actor):\n    @action\n    async def ask(self, ctx: Context):\n"
        "        await ctx.invoke('counter', 'divide', {'by': 0})\n"
    )

    cell = kernel.run(call)

    assert "in Relay.ask" in cell.traceback
    assert "in Counter.divide" in cell.traceback
    assert "ZeroDivisionError" in cell.traceback
    assert str(ROOT) not in cell.traceback


def test_the_users_own_chain_of_exceptions_stays(kernel: Kernel) -> None:
    kernel.ok(
        "%%actor\nclass Chained(Actor):\n    @action\n    def go(self):\n        try:\n            {}['x']\n"
        "        except KeyError as error:\n            raise ValueError('no x') from error\n"
    )

    cell = kernel.run("%invoke chained go")

    assert "KeyError" in cell.traceback
    assert "direct cause" in cell.traceback
    assert "ValueError: no x" in cell.traceback


def test_an_exception_group_of_an_action_is_still_shown_plainly(kernel: Kernel) -> None:
    kernel.ok(
        "%%actor\nclass Grouped(Actor):\n    @action\n    def go(self):\n"
        "        raise ExceptionGroup('several', [ValueError('one'), KeyError('two')])\n"
    )

    cell = kernel.run("%invoke grouped go")

    assert cell.status == "error"
    assert "several" in cell.traceback + cell.stderr


def test_the_failed_frame_can_be_debugged(kernel: Kernel) -> None:
    kernel.run("%invoke counter divide by=0")

    frame = kernel.ok(
        "import sys; tb = get_ipython().InteractiveTB.tb\nwhile tb.tb_next: tb = tb.tb_next\ntb.tb_frame.f_locals['by']"
    )

    assert frame.text == "0"


def test_a_timed_out_call_says_what_may_still_happen(kernel: Kernel) -> None:
    kernel.ok("import threading\nrelease = threading.Event()\n")
    kernel.ok("%%actor\nclass Stuck(Actor):\n    @action\n    def wait(self):\n        release.wait(120)\n")

    cell = kernel.run("%invoke stuck wait --timeout 50ms")
    kernel.ok("release.set()")

    assert cell.ename == "InvocationTimeout"
    assert "did not answer within 0.05 s" in cell.traceback


def test_a_failure_in_another_process_shows_its_text(kernel: Kernel) -> None:
    kernel.ok("from runtime.errors import ActionFailed")

    cell = kernel.run(
        "raise ActionFailed('far', 'go', 'ValueError', 'no', trace='File far.py, line 3\\nValueError: no\\n')"
    )

    assert cell.traceback.startswith("File far.py, line 3\nValueError: no\n")
    assert "far.go failed with ValueError: no" in cell.traceback


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("wb.bisect('counter', lambda s: s.totl < 0)", "UnknownField"),
        ("wb.bisect('counter', lambda s: 1 / 0)", "ZeroDivisionError"),
        ("wb.tell('counter', 'add', {'value': 1})", "UnknownName"),
        ("wb.state(5)", "BadSetting"),
    ],
)
def test_errors_of_calls_show_the_cell_and_no_file_of_ours(kernel: Kernel, code: str, name: str) -> None:
    kernel.ok("import workbench as wb\nwb.invoke('counter', 'add', {'value': 1})")

    cell = kernel.run(code)

    assert cell.ename == name
    assert f"----> 1 {code}" in cell.traceback
    assert "File " not in cell.traceback


def test_foreign_errors_keep_their_traceback(kernel: Kernel) -> None:
    cell = kernel.run("1 / 0")

    assert "ZeroDivisionError" in cell.traceback
    assert "failed; the state" not in cell.traceback


WRONG = (
    "nobody", "countr", "nobody zzz zzz", "counter --limit 0", "--limit 0", "--nope", "'unclosed", "counter {boom}",
    "counter {1/0}",
    "'' ''", "counter --actor countr --action nope", "--invocation zzz", "--message zzz", "--file nope.proto", "ftp://nowhere",
)  # fmt: skip


@pytest.mark.parametrize("magic", sorted({name for names in all_names().values() for name in names}))
def test_no_wrong_line_of_a_magic_shows_frames_of_ours(kernel: Kernel, magic: str) -> None:
    for line in WRONG:
        cell = kernel.run(f"%{magic} {line}")
        said = cell.traceback or cell.stderr

        assert f"{os.sep}workbench{os.sep}" not in said, line
        assert f"{os.sep}runtime{os.sep}" not in said, line
        assert cell.status == "ok" or len(said.strip().splitlines()) <= 3, (line, said)
