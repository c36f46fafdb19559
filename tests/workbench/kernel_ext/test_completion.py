"""Completion as a front end asks for it."""

import pytest

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
