"""The stop button ends the wait, not the action."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.kernel_ext.kernel import Kernel, until

SLEEPER = """\
%%actor
import os, signal, threading, time
release = threading.Event()

class Sleeper(Actor):
    naps: int = 0

    @action
    def spin(self):
        while True: pass

    @action
    async def spin_async(self):
        while True: pass

    @action
    def nap(self) -> int:
        release.wait(120)
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

class Asking(Actor):
    @action
    def ask(self, ctx: Context):
        ctx.call('sleeper', 'spin')

def interrupt_twice(waiting=1):
    invoke = sys.modules['workbench.commands.invoke']
    waits = invoke._is_interrupted_again
    def interrupted_again(again, offer):
        os.kill(os.getpid(), signal.SIGINT)
        return waits(again, offer)
    invoke._is_interrupted_again = interrupted_again
    interrupt_when(waiting)
    return lambda: setattr(invoke, '_is_interrupted_again', waits)

import sys
import workbench.commands.invoke
sys.modules['workbench.commands.invoke'].AGAIN_S = 0.1
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
    assert "Stopped waiting for sleeper.nap. The action sleeper.nap still runs" in cell.traceback
    assert "Traceback" not in cell.traceback


def test_the_action_ends_by_itself_after_the_interrupt(sleeper: Kernel) -> None:
    sleeper.run("interrupt_when(1)\nwb.invoke('sleeper', 'nap')")
    naps = int(sleeper.ok("wb.state('sleeper')['naps']").text)

    sleeper.ok("release.set()")

    until(lambda: int(sleeper.ok("wb.state('sleeper')['naps']").text) == naps + 1, "the nap ended")


@pytest.mark.parametrize("action", ["spin", "spin_async"])
def test_a_second_interrupt_ends_the_action(sleeper: Kernel, action: str) -> None:
    cell = sleeper.run(f"undo = interrupt_twice()\n%invoke sleeper {action}")

    assert f"Interrupt once more now to end sleeper.{action}." in cell.stdout
    assert f"sleeper.{action} was ended; the state of sleeper is as it was before." in cell.traceback
    assert "Traceback" not in cell.traceback
    assert sleeper.ok("undo()\nwb.mailbox('sleeper')").text == "The mailbox is empty."


def test_a_second_interrupt_ends_what_the_action_waits_for(sleeper: Kernel) -> None:
    cell = sleeper.run("undo = interrupt_twice()\n%invoke asking ask")

    assert "end asking.ask and sleeper.spin" in cell.stdout
    assert "sleeper.spin was ended" in cell.traceback
    assert sleeper.ok("undo()\nwb.mailbox('asking')").text == "The mailbox is empty."


def test_a_second_interrupt_ends_what_stands_before_the_message(sleeper: Kernel) -> None:
    sleeper.ok("%invoke sleeper spin --async")

    cell = sleeper.run("undo = interrupt_twice(2)\n%invoke sleeper get")

    sleeper.ok("undo()")
    assert "Stopped waiting for sleeper.get.\nsleeper.spin was ended" in cell.traceback


def test_a_message_behind_a_running_one_is_said_to_wait(sleeper: Kernel) -> None:
    sleeper.ok("%invoke sleeper nap --async")

    cell = sleeper.run("interrupt_when(2)\n%invoke sleeper nap")

    assert "The message waits in the mailbox behind 1 and will be processed" in cell.traceback


def test_an_interrupted_await_leaves_the_runtime_working(sleeper: Kernel) -> None:
    cell = sleeper.run("interrupt_when(1)\nawait wb.ainvoke('sleeper', 'nap')")

    assert cell.status == "error"
    assert sleeper.ok("%invoke counter say text=alive").text == "'alive'"


def test_an_interrupted_await_says_what_still_runs(sleeper: Kernel) -> None:
    cell = sleeper.run("interrupt_when(1)\nawait wb.ainvoke('sleeper', 'nap')")

    assert (
        "Stopped waiting. Still runs until it ends by itself; wb.abandon('sleeper') ends it: sleeper.nap"
        in cell.traceback
    )
    assert "/workbench/" not in cell.traceback


def test_an_interrupt_while_a_trace_settles_ends_it_with_what_it_saw(sleeper: Kernel) -> None:
    sleeper.ok(
        "import sys\ndef settles():\n    frame = sys._current_frames()[threading.main_thread().ident]\n"
        "    while frame is not None and frame.f_code.co_name != '_settled': frame = frame.f_back\n    return frame is not None\n"
        "def interrupt_when_it_settles():\n    def watch():\n        while not settles() and not release.wait(0.01): pass\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n    threading.Thread(target=watch).start()"
    )

    cell = sleeper.run("interrupt_when_it_settles()\n%trace --settle 120s %invoke sleeper nap --async")

    assert cell.status == "error"
    assert "… on its way" in cell.text
    assert "The trace has what was seen until then" in cell.traceback


def test_an_interrupted_block_is_not_waited_for_by_its_trace(sleeper: Kernel) -> None:
    cell = sleeper.run("interrupt_when(1)\n%trace --settle 30s %invoke sleeper nap")

    assert "The traced code was interrupted" in cell.traceback
    assert "waited" not in cell.text.splitlines()[-1]


def test_an_interrupted_attach_shows_no_frames_of_ours(kernel: Kernel) -> None:
    kernel.ok("import socket\ndeaf = socket.create_server(('127.0.0.1', 0))\naddress = deaf.getsockname()")

    cell = kernel.run(
        "def stop_soon():\n    deaf.accept()\n    os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=stop_soon).start()\n%attach http://127.0.0.1:{address[1]}"
    )

    assert cell.traceback == "Stopped waiting."
    assert kernel.ok("%attach").stdout == "Nothing is attached.\n"


def test_the_cells_own_code_is_interrupted_as_ever(kernel: Kernel) -> None:
    cell = kernel.run("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True: pass")

    assert "KeyboardInterrupt" in cell.traceback
    assert "Stopped waiting" not in cell.traceback


def test_an_interrupted_stop_gives_up_what_runs_and_stops(tmp_path: Path) -> None:
    with Kernel(tmp_path) as kernel:
        kernel.ok("%load_ext workbench\n%config Workbench.store = 'memory'\nimport workbench as wb")
        kernel.ok(SLEEPER)
        kernel.ok("%invoke sleeper nap --async\nmain = threading.main_thread()")
        cell = kernel.run(
            "def stop_soon():\n    while not any(t.name == 'wb-stopping' for t in threading.enumerate()): time.sleep(0.01)\n"
            "    os.kill(os.getpid(), signal.SIGINT)\n"
            "import time\nwhile not wb.mailbox('sleeper')[0].running: time.sleep(0.01)\n"
            "threading.Thread(target=stop_soon).start()\n%spawn stop"
        )

        assert cell.status == "ok"
        assert "Given up, since the stop was interrupted: sleeper.nap." in cell.stdout
        assert kernel.ok("%spawn start").text.startswith("Actor system 'spawn-system' is running.")


NAPPER = """\
%%actor
class Napper(Actor, name="napper"):
    @action
    def nap(self) -> None:
        import time
        time.sleep(2.5)

    @action
    def say(self) -> str:
        return "here"
"""


def test_a_call_says_what_it_waits_behind_and_takes_that_back(kernel: Kernel) -> None:
    kernel.ok(NAPPER)

    cell = kernel.ok(
        "import workbench as wb\nwb.invoke('napper', 'nap', asynchronous=True)\nwb.invoke('napper', 'say')"
    )

    said = [each["data"]["text/plain"] for each in cell.saved]
    assert [bool(text) for text in said] == [True, False, True]
    assert said[0].startswith("napper.say waits behind napper.nap, which has been running for ")
    assert said[0].endswith("a second interrupt at once ends napper.nap.")
    assert (said[1:], cell.stdout) == (["", "'here'"], "")


def test_an_action_that_takes_long_itself_is_nothing_to_be_told(kernel: Kernel) -> None:
    kernel.ok(NAPPER)

    assert kernel.ok("import workbench as wb\nwb.invoke('napper', 'nap')").saved == []


def test_a_call_of_a_held_actor_says_how_to_let_it_go_on(kernel: Kernel) -> None:
    kernel.ok(NAPPER)
    kernel.ok("%hold napper")

    cell = kernel.run("import workbench as wb\nwb.invoke('napper', 'say', timeout=3)")
    kernel.ok("%release napper")

    said = [each["data"]["text/plain"] for each in cell.saved if "data" in each]
    assert said == [
        "napper.say waits, since napper is held. Interrupt the cell, then %step napper or %release napper.",
        "",
    ]
