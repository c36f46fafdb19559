"""The end of a system and of its kernel, with messages that still wait."""

from __future__ import annotations

from pathlib import Path

from tests.workbench.kernel_ext.kernel import Kernel

BUSY = """%%actor
class Busy(Actor, name="busy"):
    seen: int = 0

    @action
    def block(self) -> None:
        import pathlib, time
        pathlib.Path("started").touch()
        while not pathlib.Path("may_end").exists():
            time.sleep(0.01)

    @action
    def add(self, value: int) -> None:
        self.seen += value
"""

FILL = """import pathlib, time, workbench as wb
wb.invoke("busy", "block", asynchronous=True)
while not pathlib.Path("started").exists():
    time.sleep(0.01)
for n in (1, 2, 4):
    wb.invoke("busy", "add", {"value": n}, asynchronous=True)
"""


def _filled(directory: Path) -> Kernel:
    kernel = Kernel(directory)
    kernel.ok("%load_ext workbench")
    kernel.ok(BUSY)
    kernel.ok(FILL)
    return kernel


def _ended(directory: Path) -> None:
    (directory / "may_end").touch()


def _check_letters(directory: Path) -> None:
    """All three are listed in a new kernel, and can be sent again from there."""
    _ended(directory)
    with Kernel(directory) as kernel:
        kernel.ok("%load_ext workbench")
        assert "Undelivered: 3 messages. wb.dead_letters()" in kernel.ok(BUSY).stdout
        assert kernel.ok("%failures --undelivered").text.count("was stopped before busy could process it") == 3
        kernel.ok("import workbench as wb\nfirst = str(wb.dead_letters()[0].invocation.id)\n%retry {first}")
        assert kernel.ok("%state busy").text == "{'seen': 1}"
        kernel.ok("wb.retry(wb.dead_letters()[0])")
        assert kernel.ok("%state busy").text == "{'seen': 3}"
        assert kernel.ok("%failures busy --undelivered --discard").stdout == "1 message discarded.\n"
        assert "discard" in kernel.ok("%audit").text
        assert "Every message was delivered." in kernel.ok("%failures --undelivered").text


def test_stop_processes_what_was_accepted_and_says_so(tmp_path: Path) -> None:
    with _filled(tmp_path) as kernel:
        _ended(tmp_path)

        told = kernel.ok("%spawn stop").stdout

        assert "everything it answered is on disk." in told
        assert "Left" not in told
        kernel.ok("%spawn start")
        kernel.ok(BUSY)
        assert kernel.ok("%state busy").text == "{'seen': 7}"


def test_stop_that_cannot_wait_names_what_it_left(tmp_path: Path) -> None:
    with _filled(tmp_path) as kernel:
        told = kernel.ok("%spawn stop --drain 0").stdout

        assert "Left as dead letters: 3 messages (busy 3), accepted and not processed." in told
    _check_letters(tmp_path)


def test_interrupted_stop_leaves_the_rest_as_dead_letters(tmp_path: Path) -> None:
    with _filled(tmp_path) as kernel:
        told = kernel.run("print('now')\n%spawn stop --drain 30", meanwhile=kernel.interrupt).stdout

    assert "3 messages (busy 3)" in told
    _check_letters(tmp_path)


def test_kernel_that_ends_by_its_menu_keeps_what_waits(tmp_path: Path) -> None:
    with _filled(tmp_path) as kernel:
        kernel.end()

    _check_letters(tmp_path)


def test_kernel_with_a_child_process_keeps_what_waits_too(tmp_path: Path) -> None:
    with _filled(tmp_path) as kernel:
        kernel.ok("import subprocess\nchild = subprocess.Popen(['sleep', '600'])")
        kernel.end()

    _check_letters(tmp_path)


def test_durable_messages_wait_for_the_cell_after_a_kill(tmp_path: Path) -> None:
    with _filled(tmp_path) as kernel:
        told = kernel.ok("%invoke busy add value=8 --async --durable").stdout
        assert "busy.add is on its way." in told
    _ended(tmp_path)  # the kernel was ended by SIGKILL

    with Kernel(tmp_path) as kernel:
        kernel.ok("%load_ext workbench")
        assert (
            "once the cell of their actor has been run: 1 message (busy 1)"
            in kernel.ok("%spawn start\n%spawn status").text
        )
        kernel.ok(BUSY)
        assert kernel.ok("%state busy").text == "{'seen': 8}"
