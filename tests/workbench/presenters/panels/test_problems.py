import pytest

from runtime.api import SystemStatus
from runtime.errors import NotCapable, StoreUnavailable, SystemStopped, UnknownActor
from workbench.presenters.panels.problems import problem_in, problem_of
from workbench.results import Status


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (SystemStopped("s"), "stopped"),
        (UnknownActor("counter"), "missing"),
        (NotCapable("list actors", "proxy", "it does not offer it"), "incapable"),
        (StoreUnavailable("disk full"), "store"),
        (ZeroDivisionError("division by zero"), "error"),
    ],
)
def test_every_exception_becomes_a_problem_with_its_text(error: Exception, kind: str) -> None:
    problem = problem_of(error)

    assert problem.kind == kind
    assert str(error).splitlines()[0] in problem.text


def test_a_long_foreign_message_is_cut() -> None:
    assert len(problem_of(RuntimeError("x" * 10_000)).text) <= 400


def test_a_healthy_system_has_no_problem() -> None:
    assert problem_in(SystemStatus(system="s", store="", running=True)) is None


def test_a_store_that_cannot_be_written_says_how_many_turns_wait() -> None:
    status = SystemStatus(system="s", store="", running=True, store_error="disk full", sequence=12, committed=5)

    problem = problem_in(status)

    assert problem is not None
    assert problem.text.startswith("disk full\n7 answered turns are not on disk yet")


def test_records_that_are_not_whole_are_a_problem_of_a_running_system() -> None:
    status = SystemStatus(system="s", store="", running=True, problems=("turn 3 of tagged: tags_after cannot be kept",))

    problem = problem_in(status)

    assert problem is not None
    assert (problem.kind, problem.title) == ("store", "Not everything is recorded whole")
    assert "turn 3 of tagged" in problem.text


def test_status_shows_problems_line_by_line() -> None:
    status = Status.of(SystemStatus(system="s", store="", running=True, problems=("one", "two")))

    assert [line.split()[1] for line in repr(status).splitlines() if "PROBLEM" in line] == ["one", "two"]
