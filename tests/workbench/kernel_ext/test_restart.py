"""Kernels come and go; the store stays."""

from pathlib import Path

from tests.workbench.kernel_ext.conftest import COUNTER
from tests.workbench.kernel_ext.kernel import Kernel

LETTER = "import workbench as wb\nletter = wb.dead_letters()[0]"
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

        assert (first.ename, "its code is not loaded" in first.traceback) == ("NotDeployed", True)
        assert "continues after 50 turns" in first.stdout
        assert "counter: unchanged" in again.text
        assert kernel.ok("%invoke counter add value=1").text == "{'total': 51}"


def test_durable_message_for_an_action_that_is_gone_can_be_retried_once_it_is_back(tmp_path: Path) -> None:
    with _started(tmp_path) as kernel:
        kernel.ok(COUNTER)
        kernel.ok("%invoke counter add value=1\n%hold counter\n%invoke counter add value=5 --async --durable")
    with _started(tmp_path) as kernel:
        kernel.ok(COUNTER.replace("def add", "def plus"))
        assert "no action 'add'" in kernel.ok("%failures --undelivered").text
    with _started(tmp_path) as kernel:
        assert "Undelivered: 1 message" in kernel.ok("%spawn start\n%spawn status").text
        kernel.ok(LETTER)
        assert kernel.run("%retry {letter.invocation.id}").ename == "NotDeployed"
    with _started(tmp_path) as kernel:
        kernel.ok(COUNTER)
        kernel.ok(LETTER)
        assert "{'total': 6}" in kernel.ok("%retry {letter.invocation.id}").text
        kernel.ok("%query SELECT 1")
    with _started(tmp_path) as kernel:
        kernel.ok(COUNTER)
        assert kernel.ok("import workbench as wb\nlen(wb.dead_letters())").text == "0"


def test_changed_code_goes_on_from_the_stored_state(tmp_path: Path) -> None:
    with _started(tmp_path) as kernel:
        kernel.ok(COUNTER)
        kernel.ok("%invoke counter add value=7\n%query SELECT 1")

    with _started(tmp_path) as kernel:
        report = kernel.ok(CHANGED).text

        assert "counter: redeployed" in report
        assert "Kept: revision 1" in report
        assert kernel.ok("%invoke counter add value=1").text == "{'total': 17}"


def test_a_second_kernel_on_the_same_store_joins_the_first(tmp_path: Path) -> None:
    with _started(tmp_path) as first, _started(tmp_path) as second:
        first.ok(COUNTER)
        first.ok("%invoke counter add value=1")

        joined = second.ok("%invoke counter add value=5")

        assert joined.text == "{'total': 6}"
        assert "joined its actor system at grpc://127.0.0.1:" in joined.stdout
        assert first.ok("%state counter").text == "{'total': 6}"


def test_an_actor_defined_in_the_second_kernel_runs_there_and_is_known_in_the_first(tmp_path: Path) -> None:
    with _started(tmp_path) as first, _started(tmp_path) as second:
        first.ok(COUNTER)
        second.ok("import os")
        second.ok(
            "%%actor\nclass Where(Actor):\n    @action\n    def pid(self) -> int:\n        import os\n        return os.getpid()"
        )

        assert first.ok("%invoke where pid").text == second.ok("os.getpid()").text


_UNTIL_ORPHANED = """
import time
from workbench.session import current
until = time.monotonic() + 60
while current.attached is not None:
    assert time.monotonic() < until, "the loss of the owner was not noticed"
    time.sleep(0.01)
"""
OTHER = COUNTER.replace("Counter", "Other").replace('"counter"', '"other"')


def test_a_kernel_that_joined_opens_the_store_itself_once_its_owner_is_killed(tmp_path: Path) -> None:
    with _started(tmp_path) as second:
        with _started(tmp_path) as first:  # ended by SIGKILL
            first.ok(COUNTER)
            first.ok("%invoke counter add value=1")
            second.ok(OTHER)
            second.ok("%invoke other add value=5")
            first.ok("%query SELECT 1")
        second.ok(_UNTIL_ORPHANED)

        status = second.ok("%spawn status").text
        listed = second.ok("%actors")
        elsewhere = second.run("%invoke counter add value=1")
        second.ok(COUNTER)

        assert "the next command opens it here" in status
        assert "Runs here as before: other." in listed.stdout
        assert second.ok("%invoke other add value=1").text == "{'total': 6}"
        assert elsewhere.ename == "NotDeployed"
        assert second.ok("%invoke counter add value=1").text == "{'total': 2}"
        with _started(tmp_path) as third:
            assert third.ok("%invoke other add value=1").text == "{'total': 7}"


def test_a_second_kernel_that_does_not_want_to_join_is_told_who_has_the_store(tmp_path: Path) -> None:
    with _started(tmp_path) as first, _started(tmp_path) as second:
        first.ok(COUNTER)
        owner = first.ok("import os; os.getpid()").text

        refused = second.run("import workbench as wb\nwb.start(join=False)")

        assert refused.ename == "StoreInUse"
        assert f"process {owner}" in refused.traceback
        assert "Traceback (most recent call last)" not in refused.traceback.partition("StoreInUse:")[2]
        second.ok("%spawn start --store memory")
        second.ok(COUNTER)


def test_tracing_works_in_a_kernel_that_joined(tmp_path: Path) -> None:
    with _started(tmp_path) as first, _started(tmp_path) as second:
        first.ok(COUNTER)
        second.ok("import workbench as wb")

        assert "notebook → counter.add(value=5)" in second.ok("%trace wb.invoke('counter', 'add', {'value': 5})").text


def test_an_actor_that_fails_in_the_kernel_that_joined_is_laid_open_there(tmp_path: Path) -> None:
    with _started(tmp_path) as first, _started(tmp_path) as second:
        first.ok(COUNTER)
        second.ok(COUNTER.replace("Counter", "Other").replace('"counter"', '"other"'))

        failed = second.run("%invoke other divide by=0")

        assert "see %postmortem other" in failed.traceback
        assert "by   = 0" in second.ok("%postmortem other").text
