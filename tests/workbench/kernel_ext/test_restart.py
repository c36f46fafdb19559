"""Kernels come and go; the store stays."""

from pathlib import Path

from tests.workbench.kernel_ext.conftest import COUNTER
from tests.workbench.kernel_ext.kernel import Kernel

CHANGED = COUNTER.replace("+= value", "+= 10 * value")


def _started(directory: Path) -> Kernel:
    kernel = Kernel(directory)
    kernel.ok("%load_ext workbench")
    return kernel


def test_after_a_kill_the_actor_goes_on_from_its_last_revision(tmp_path: Path) -> None:
    with _started(tmp_path) as kernel:
        kernel.ok(COUNTER)
        kernel.ok("for n in range(50): wb_answer = get_ipython().run_line_magic('invoke', 'counter add value=1')")
        kernel.ok("%query SELECT 1")  # what was answered is on disk after this

    with _started(tmp_path) as kernel:  # the first one was ended by SIGKILL
        first = kernel.run("%invoke counter add value=1")
        again = kernel.ok(COUNTER)

        assert (first.ename, "its code is not loaded here" in first.traceback) == ("NotDeployed", True)
        assert "continues after 50 turns" in first.stdout
        assert "counter: unchanged" in again.text
        assert kernel.ok("%invoke counter add value=1").text == "{'total': 51}"


def test_changed_code_goes_on_from_the_stored_state(tmp_path: Path) -> None:
    with _started(tmp_path) as kernel:
        kernel.ok(COUNTER)
        kernel.ok("%invoke counter add value=7\n%query SELECT 1")

    with _started(tmp_path) as kernel:
        report = kernel.ok(CHANGED).text

        assert "counter: redeployed" in report
        assert "Kept: revision 1" in report
        assert kernel.ok("%invoke counter add value=1").text == "{'total': 17}"


def test_a_second_kernel_is_told_who_has_the_store(tmp_path: Path) -> None:
    with _started(tmp_path) as first, _started(tmp_path) as second:
        first.ok(COUNTER)
        owner = first.ok("import os; os.getpid()").text

        refused = second.run(COUNTER)

        assert refused.ename == "StoreInUse"
        assert f"process {owner}" in refused.traceback
        assert "Traceback" not in refused.traceback
        assert second.ok("'Counter' in globals()").text == "False"
        second.ok("%spawn start --store memory")
        second.ok(COUNTER)
