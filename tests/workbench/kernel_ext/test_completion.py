"""Completion as a front end asks for it."""

import pytest

from tests.workbench.kernel_ext.conftest import PAINTER
from tests.workbench.kernel_ext.kernel import Kernel


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("%invoke cou", "%invoke counter"),
        ("%invoke counter di", "%invoke counter divide"),
        ("%invoke counter say te", "%invoke counter say text="),
        ("%invoke counter say text=x ti", "%invoke counter say text=x times="),
        ("%invoke counter add value=1 --ke", "%invoke counter add value=1 --key"),
        ("%invoke counter add --key k va", "%invoke counter add --key k value="),
        ("%invoke counter add --parent cou", "%invoke counter add --parent counter"),
        ("answer = %invoke counter di", "answer = %invoke counter divide"),
        ("%state cou", "%state counter"),
        ("%state counter --rev", "%state counter --revision"),
        ("%mailbox cou", "%mailbox counter"),
        ("%history cou", "%history counter"),
        ("%history counter --li", "%history counter --limit"),
        ("%spawn stat", "%spawn status"),
        ("%spawn start --dur", "%spawn start --durability"),
        ("%spawn start --durability jo", "%spawn start --durability journal"),
        ("%actors --a", "%actors --all"),
        ("%%actor cou", "%%actor counter"),
        ("%%actor counter deac", "%%actor counter deactivate_timeout="),
        ("%%actor counter kind=unn", "%%actor counter kind=unnamed"),
    ],
)
def test_the_only_fitting_word_is_completed(kernel: Kernel, typed: str, completed: str) -> None:
    assert kernel.completed(typed) == completed


def test_all_actions_are_offered_and_nothing_else(kernel: Kernel) -> None:
    assert sorted(kernel.complete("%invoke counter ")) == ["add", "divide", "get", "say"]


def test_all_parameters_that_are_left_are_offered(kernel: Kernel) -> None:
    assert kernel.complete("%invoke counter say ") == ["text=", "times="]


def test_names_of_python_are_completed_as_ever(kernel: Kernel) -> None:
    kernel.ok("some_long_name = 1")

    assert kernel.complete("some_long_") == ["some_long_name"]


def test_python_inside_an_actor_cell_is_completed(kernel: Kernel) -> None:
    kernel.ok("some_long_name = 1")

    assert "some_long_name" in kernel.complete("%%actor\nclass X(Actor):\n    x: int = some_long_")


@pytest.fixture
def painter(kernel: Kernel) -> Kernel:
    """Has an actor whose parameters have few values, and a child of it."""
    kernel.ok(PAINTER)
    kernel.ok("%invoke wall paint colour=red --parent painter")
    return kernel


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("%invoke wall paint colour=", ["red", "'dark red'"]),
        ("%invoke wall paint colour='", ["'red'", "'dark red'"]),
        ("%invoke wall paint mode=", ["fast", "slow", "None"]),
        ("%invoke wall paint mode=s", ["slow"]),
        ("%invoke wall paint is_loud=", ["True", "False"]),
        ("%invoke wall paint layer=", ["1"]),
        ("%invoke door --parent painter ", ["paint", "get"]),
        ("%invoke door paint --parent painter mo", ["mode="]),
        ("%trace %invoke wall paint mode=f", ["fast"]),
        ("%trace --actor wall --action pa", ["paint"]),
        ("%hold wall --action pa", ["paint"]),
        ("%attach --mode a", ["act"]),
    ],
)
def test_what_can_stand_there_is_offered(painter: Kernel, typed: str, found: list[str]) -> None:
    assert painter.complete(typed) == found


def test_values_that_were_given_before_are_offered_after_the_default(kernel: Kernel) -> None:
    kernel.ok("%invoke counter say text=hallo\n%invoke counter say text=salut")

    assert kernel.complete("%invoke counter say text=") == ["hello", "salut", "hallo"]


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("%restore painted ", "%restore painted 1"),
        ("%state painted --revision ", "%state painted --revision 1"),
        ("%history painted --revision ", "%history painted --revision 1"),
        ("wb.state('painted', ", "wb.state('painted', 1"),
        ("wb.state('painted', revision=", "wb.state('painted', revision=1"),
    ],
)
def test_revisions_are_completed(painter: Kernel, typed: str, completed: str) -> None:
    painter.run("%invoke painted paint colour=red --parent painter --key once")

    assert painter.completed(typed) == completed


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("wb.invoke('cou", ["counter"]),
        ("answer = await wb.ainvoke('counter', 'di", ["divide"]),
        ('wb.invoke("counter", "say", {"text": "x", "ti', ["times"]),
    ],
)
def test_calls_in_python_are_completed(kernel: Kernel, typed: str, found: list[str]) -> None:
    assert kernel.complete(typed) == found


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("%query SELECT * FROM act", ["actors"]),
        ("%query slow", ["slowest_actions"]),
        ("%query gaps --si", ["--since"]),
        ("%query gaps --actor cou", ["counter"]),
        ("%%query\nSELECT *\nFROM history.cou", ["history.counter"]),
        ("%%query\nSELECT max(tot", ["total"]),
        ("%query SELECT actor FROM states WHERE rev", ["revision", "revisions"]),
        ("%query SELECT * FROM history.counter WHERE total > $some_lim", ["some_limit"]),
    ],
)
def test_sql_is_completed(kernel: Kernel, typed: str, found: list[str]) -> None:
    kernel.ok("some_limit = 1")

    assert kernel.complete(typed) == found


def test_variables_are_completed_in_a_magic(kernel: Kernel) -> None:
    kernel.ok("some_value = 1")

    assert kernel.completed("%invoke counter add value=$some_va") == "%invoke counter add value=$some_value"


def test_ids_of_failures_are_offered(kernel: Kernel) -> None:
    kernel.run("%invoke counter divide by=0")
    last = kernel.ok("str(wb.failures()[-1].id)[-6:]").text.strip("'")

    assert last in kernel.complete("%retry ")


@pytest.mark.parametrize("typed", ["wb.ref('counter').", 'answer = wb.ref("counter").'])
def test_reference_that_has_no_name_offers_its_actors_actions(kernel: Kernel, typed: str) -> None:
    assert {"add", "divide", "invoke", "tell"} <= set(kernel.complete(typed))


def test_reference_of_a_child_offers_the_actions_of_its_template(painter: Kernel) -> None:
    assert "paint" in painter.complete("wb.ref('gate', parent='painter').")
