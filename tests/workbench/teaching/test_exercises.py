"""The exercises that come with the workbench: right solutions pass, wrong ones are told what goes wrong."""

from __future__ import annotations

import dataclasses
import threading

import pytest

from runtime.authoring.definition import define
from tests.workbench.teaching import actors
from workbench.teaching.check import Examination, Running
from workbench.teaching.exercise import Call, Ending, Exercise
from workbench.teaching.exercises import EXERCISES
from workbench.teaching.report import CheckReport


def examined(exercise: str | Exercise, *solution: type) -> CheckReport:
    found = EXERCISES[exercise] if isinstance(exercise, str) else exercise
    return Examination(found, [define(actor) for actor in solution], is_stopped=lambda: False).run()


@pytest.mark.parametrize("clerk", [actors.AskingClerk, actors.CallingClerk, actors.TellingClerk])
def test_one_message_for_the_whole_update_solves_the_account(clerk: type) -> None:
    report = examined("account", actors.DepositAccount, clerk)

    assert report.passed, report
    assert report.is_complete
    assert "up to 3 clerks were delivered in every possible order" in repr(report)


def test_a_lost_update_is_told_by_its_four_messages() -> None:
    report = examined("account", actors.ReadWriteAccount, actors.ReadWriteClerk)

    assert not report
    does = [line.does for line in report.lines]
    assert does[:2] == ["account.read()", "account.read()"]
    assert sorted(does[2:]) == ["account.write(balance=10)", "account.write(balance=5)"]
    assert {line.who for line in report.lines} == {"anna", "ben"}
    assert "With 2 clerks" in repr(report)
    assert "the balance should be 15. It is 10." in repr(report)


def test_checking_again_when_booking_solves_the_seats() -> None:
    report = examined("seats", actors.CarefulSeats)

    assert report.passed, report
    assert report.is_complete


def test_a_seat_sold_twice_is_told_by_four_messages() -> None:
    report = examined("seats", actors.TrustingSeats)

    assert len(report.lines) == 4
    assert report.wrong == "anna and ben were both told to have a seat, and there is only one."


def test_an_exception_is_told_with_the_line_that_raised() -> None:
    report = examined("account", actors.DepositAccount, actors.FailingClerk)

    assert "anna.pay_in failed with ValueError: no till for 5" in report.wrong
    assert 'raise ValueError(f"no till for {amount}")' in report.trace


def test_a_missing_action_is_told_with_the_nearest_name() -> None:
    report = examined("account", actors.DepositAccount, actors.MisnamedClerk)

    assert report.wrong == "Actor 'anna' has no action 'pay_in'. Did you mean pay?"


def test_awaiting_anything_but_an_actor_is_named_as_such() -> None:
    report = examined("account", actors.DepositAccount, actors.SleepingClerk)

    assert report.wrong.startswith("anna.pay_in awaits something that is not an actor.")


def test_actors_that_never_come_to_rest_are_told_so() -> None:
    report = examined("account", actors.DepositAccount, actors.ChattingClerk)

    assert report.wrong.startswith("It does not come to rest")
    assert "… and" in repr(report)


def test_messages_from_outside_arrive_in_every_order() -> None:
    def setup(size: int) -> list[Call]:
        return [Call("account", "write", {"balance": number}, sender=f"caller {number}") for number in (1, 2, 3)]

    endings: set[int] = set()

    def note(ending: Ending) -> str:
        endings.add(ending.state("account")["balance"])
        return ""

    exercise = Exercise(name="last", prompt="", actors=("account",), setup=setup, property=note, sizes=(3,))
    report = examined(exercise, actors.ReadWriteAccount)

    assert report.passed
    assert endings == {1, 2, 3}


def test_a_bound_that_was_reached_is_admitted() -> None:
    exercise = dataclasses.replace(EXERCISES["seats"], bound=20)

    report = examined(exercise, actors.CarefulSeats)

    assert not report.is_complete
    assert "Not every order" in repr(report)


def test_an_action_that_never_ends_is_given_up() -> None:
    exercise = dataclasses.replace(EXERCISES["account"], seconds=0.2)

    report = Running(exercise, [define(actors.DepositAccount), define(actors.EndlessClerk)]).report()

    assert report.wrong.startswith("anna.pay_in has not ended after 0.2 s, at ")
    assert report.wrong.endswith("Does it wait, or loop, for ever?")
    for thread in threading.enumerate():
        if thread.name == "wb-check":
            thread.join(120)
            assert not thread.is_alive(), "the thread of the endless action did not end"


def test_action_that_computes_without_an_end_is_named_with_its_line_long_before_the_check_would_end() -> None:
    exercise = dataclasses.replace(EXERCISES["account"], action_seconds=0.1, seconds=600.0)

    report = Running(exercise, [define(actors.DepositAccount), define(actors.EndlessClerk)]).report()

    assert "anna.pay_in has not ended after 0.1 s of computing, at " in report.wrong
    assert "actors.py" in report.wrong


@pytest.mark.parametrize(
    ("exercise", "solution"),
    [
        ("account", [actors.ConstantAccount, actors.AskingClerk]),
        ("account", [actors.DepositAccount, actors.ConstantClerk]),
        ("seats", [actors.FavouriteSeats]),
    ],
)
def test_solution_that_knows_one_expected_answer_is_not_solved(exercise: str, solution: list[type]) -> None:
    assert not examined(exercise, *solution).passed


def test_exercise_whose_inputs_do_not_vary_says_so_to_its_author() -> None:
    def setup(size: int) -> list[Call]:
        return [Call("account", "deposit", {"amount": 1}) for _ in range(size)]

    exercise = Exercise(name="same", prompt="", actors=("account",), setup=setup, property=lambda _: "")

    assert "code that answers a constant would pass" in repr(examined(exercise, actors.DepositAccount))


def test_what_actors_print_and_log_is_shown_with_the_failure_only(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    report = Running(EXERCISES["account"], [define(actors.ReadWriteAccount), define(actors.ReadWriteClerk)]).report()

    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert report.printed == "read 0\nread balance=0\n" * 2
    assert "Printed on the way:" in repr(report)


def test_reports_escape_what_they_show_in_html() -> None:
    report = CheckReport("<b>", wrong="1 < 2")

    assert "&lt;b&gt;" in report._repr_mimebundle_()["text/html"]
    assert "1 &lt; 2" in report._repr_mimebundle_()["text/html"]
