"""From a failed cell to its post-mortem, and to the retry."""

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

    assert "cell, line 9, in take" in cell.text
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
