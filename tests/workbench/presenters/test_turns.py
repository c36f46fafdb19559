import pytest

from runtime.ids import ActorId
from runtime.records import Failure
from tests.workbench.widgets.fake_system import make_turn
from workbench.presenters.messages import OUTCOMES, outcome_of, turn_row

ACTOR = ActorId("s", "counter")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("action_failed", "raised"),
        ("timeout", "abandoned"),
        ("abandoned", "abandoned"),
        ("bad_state", "refused"),
        ("bad_response", "refused"),
        ("bad_payload", "rejected"),
        ("unknown_action", "rejected"),
        ("store_unavailable", "failed"),
        ("internal", "defect"),
        ("of_a_later_version", "failed"),
    ],
)
def test_failures_are_told_apart_by_their_code(code: str, outcome: str) -> None:
    assert outcome_of(Failure(code, "")) == outcome
    assert outcome in OUTCOMES


def test_a_success_is_ok_and_says_whether_the_state_changed() -> None:
    row = turn_row(make_turn(1, ACTOR, "add", revision_before=3, revision=4))

    assert (row.outcome, row.changed, row.revision) == ("ok", True, 4)


def test_a_users_exception_is_its_class_and_the_first_line_of_its_text() -> None:
    failure = Failure("action_failed", "long story", "ValueError", "bad\nvalue")

    assert turn_row(make_turn(1, ACTOR, "add", failure=failure)).detail == "ValueError: bad"


def test_other_failures_give_the_first_line_of_their_message() -> None:
    failure = Failure("abandoned", "Given up after 5 s.\nWhat to do next.")

    assert turn_row(make_turn(1, ACTOR, "add", failure=failure)).detail == "Given up after 5 s."


def test_a_clock_set_back_never_gives_a_negative_time() -> None:
    row = turn_row(make_turn(1, ACTOR, "add", took_us=-500, waited_us=-500))

    assert (row.took_us, row.waited_us) == (0, 0)
