"""From a failed cell to its post-mortem, and to the retry."""

import re

import pytest

from tests.workbench.kernel_ext.kernel import Kernel

TILL = """\
%%actor
class Till(Actor):
    cents: int = 10

    @action
    def take(self, amount: int) -> int:
        left = self.cents - amount
        self.cents = {expression}
        return 100 // self.cents
"""


@pytest.fixture
def till(kernel: Kernel) -> Kernel:
    kernel.ok(TILL.format(expression="left"))
    kernel.ok("till_before = wb.state('till')")
    kernel.run("%invoke till take {wb.state('till')['cents']}")
    kernel.cell = kernel.run("%invoke till take amount={wb.state('till')['cents']}")  # type: ignore[attr-defined]
    return kernel


def test_the_failed_cell_shows_message_state_and_what_to_do(till: Kernel) -> None:
    last = till.cell.traceback.splitlines()[-1]  # type: ignore[attr-defined]

    assert "Message take(amount=10), state {cents: 10}" in last
    assert "%postmortem till" in last


def test_without_a_keyboard_the_post_mortem_is_shown(till: Kernel) -> None:
    cell = till.ok("%postmortem")

    assert re.search(r"Cell In\[\d+\], line 9, in take", cell.text)
    assert "return 100 // self.cents" in cell.text
    assert "<details" in cell.html


def test_with_a_keyboard_the_debugger_opens_in_the_failed_frame(till: Kernel) -> None:
    printed = till.typed("%postmortem till", ["p left", "p amount", "q"])

    assert "100 // self.cents" in printed
    assert "0\n" in printed
    assert "10\n" in printed


def test_other_actors_work_while_the_debugger_is_open(till: Kernel) -> None:
    printed = till.typed("%postmortem till", ["p wb.invoke('counter', 'say', {'text': 'alive'})", "q"])

    assert "'alive'" in printed


def test_mended_code_and_a_retry_close_the_case(till: Kernel) -> None:
    till.ok(TILL.format(expression="max(left, 1)"))

    assert "✓ On a copy till.take answers 100" in till.ok("%retry till --fork").text
    assert till.ok("%retry till").text == "100"
    assert "succeeded" in till.ok("%failures till").text


def test_which_failures_there_are_is_completed(till: Kernel) -> None:
    assert till.completed("%postmortem ti") == "%postmortem till"
    assert till.completed("%retry till --fo") == "%retry till --fork"


TELLER = """\
%%actor
class Teller(Actor):
    @action
    async def serve(self, ctx: Context) -> int:
        wanted = 10
        return await ctx.invoke("counter", "divide", {"by": 0})
"""


@pytest.mark.parametrize("call", ["%invoke teller serve", "wb.invoke('teller', 'serve')"])
def test_an_actor_that_awaited_a_failing_one_is_shown_by_its_own_frames(kernel: Kernel, call: str) -> None:
    teller = kernel.ok(TELLER)
    failed = kernel.run(call)
    cell = kernel.ok("%postmortem teller")

    places = re.findall(r"^  (\S.*), line (\d+), in (\w+)$", cell.text, re.MULTILINE)
    assert places == [(f"Cell In[{teller.number}]", "6", "serve")]
    assert "wanted = 10" in cell.text
    headline = "teller.serve failed because counter.divide failed with ZeroDivisionError: division by zero"
    assert cell.text.splitlines()[0] == headline
    assert "\\n" not in cell.text + cell.html
    assert re.findall(r"in (\w+\.\w+)\(", failed.traceback) == ["Teller.serve", "Counter.divide"]


def test_what_is_recorded_of_a_failure_names_its_cell(till: Kernel) -> None:
    trace = till.ok("wb.query(\"SELECT trace FROM failures WHERE actor = 'till'\").fetchall()[-1][0]").text
    till.ok("wb.report('failures.html')")
    page = till.ok("open('failures.html').read()").text

    assert re.search(r"Cell In\[\d+\], line 9, in take", trace)
    assert re.search(r"Cell In\[\d+\], line 9, in take", page)
    assert "ipykernel_" not in trace + page
