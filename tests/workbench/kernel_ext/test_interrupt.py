"""The stop button ends the wait, not the action."""

from collections.abc import Iterator

import pytest

from tests.workbench.kernel_ext.kernel import Kernel, until

SLEEPER = """\
%%actor
import os, signal, threading
release = threading.Event()

class Sleeper(Actor):
    naps: int = 0

    @action
    def nap(self) -> int:
        release.wait(30)
        self.naps += 1
        return self.naps

def interrupt_when(waiting):
    def is_there(mailbox):
        return len(mailbox) >= waiting and mailbox[0].running
    def watch():
        while not is_there(wb.mailbox("sleeper")) and not release.wait(0.01):
            pass
        os.kill(os.getpid(), signal.SIGINT)
    threading.Thread(target=watch).start()
"""


@pytest.fixture
def sleeper(kernel: Kernel) -> Iterator[Kernel]:
    """Has an actor whose action ends when the test does."""
    kernel.ok(SLEEPER)
    yield kernel
    kernel.ok("release.set()")
    until(lambda: kernel.ok("wb.mailbox('sleeper')").text == "The mailbox is empty.", "the naps ended")


def test_an_interrupted_wait_says_that_the_action_still_runs(sleeper: Kernel) -> None:
    cell = sleeper.run("interrupt_when(1)\n%invoke sleeper nap")

    assert cell.status == "error"
    assert "Stopped waiting for sleeper.nap. The action still runs" in cell.traceback
    assert "Traceback" not in cell.traceback


def test_the_action_ends_by_itself_after_the_interrupt(sleeper: Kernel) -> None:
    sleeper.run("interrupt_when(1)\nwb.invoke('sleeper', 'nap')")
    naps = int(sleeper.ok("wb.state('sleeper')['naps']").text)

    sleeper.ok("release.set()")

    until(lambda: int(sleeper.ok("wb.state('sleeper')['naps']").text) == naps + 1, "the nap ended")


def test_a_message_behind_a_running_one_is_said_to_wait(sleeper: Kernel) -> None:
    sleeper.ok("%invoke sleeper nap --async")

    cell = sleeper.run("interrupt_when(2)\n%invoke sleeper nap")

    assert "The message waits in the mailbox behind 1 and will be processed" in cell.traceback


def test_an_interrupted_await_leaves_the_runtime_working(sleeper: Kernel) -> None:
    cell = sleeper.run("interrupt_when(1)\nawait wb.ainvoke('sleeper', 'nap')")

    assert cell.status == "error"
    assert sleeper.ok("%invoke counter say text=alive").text == "'alive'"
