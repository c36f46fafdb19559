"""The lesson: what is given fails with a reason, the solutions pass."""

import pytest

from tests.notebooks.execution import Executed, NotebookFolder


@pytest.fixture(scope="module")
def lesson(folder: NotebookFolder) -> Executed:
    return folder.run("01_what_is_an_actor.ipynb")


def test_messages_wait_while_one_is_served(lesson: Executed) -> None:
    text = lesson.text("three-at-once")

    assert (text.count("running"), text.count("waiting")) == (1, 2)


def test_no_caller_is_forgotten(lesson: Executed) -> None:
    assert lesson.text("two-hundred") == "200"


def test_the_given_account_fails_with_the_shortest_story(lesson: Executed) -> None:
    text = lesson.text("check-account")

    assert "✗ account: not yet. With 2 clerks" in text
    assert "so the balance should be 15. It is 10." in text


def test_the_unfinished_seats_fail(lesson: Executed) -> None:
    assert "There was a seat, and no one got it." in lesson.text("check-seats")


@pytest.mark.parametrize("exercise", ["account", "seats"])
def test_the_solution_passes(lesson: Executed, exercise: str) -> None:
    assert f"✓ {exercise}: solved." in lesson.text(f"check-{exercise}-again")
