"""Failures are listed, laid open and sent again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench as wb
from runtime import Actor, Context, action
from runtime.errors import ActionFailed, ActionTimeout, BadPayload, NotDeployed, UnknownActor
from workbench.commands.deploy import CodeNotLoaded
from workbench.commands.failures import NoSuchFailure
from workbench.session import Session, current


class Till(Actor, name="till"):
    cents: int = 10

    @action
    def take(self, amount: int, password: str = "") -> int:
        self.cents -= amount
        left = self.cents
        if left < 0:
            raise ValueError(f"{left} left")
        return left

    @action
    def post(self, ctx: Context) -> None:
        ctx.tell("mallory", "read", {"text": "hello"})


class Cashier(Actor, name="cashier"):
    @action
    def serve(self, ctx: Context) -> None:
        ctx.call("till", "take", {"amount": 30})


class Endless(Actor, name="endless"):
    @action(timeout="100ms")
    def spin(self) -> None:
        while True:
            pass


class Mended(Till, name="till"):
    @action
    def take(self, amount: int, password: str = "") -> int:
        self.cents = max(0, self.cents - amount)
        return self.cents


@pytest.fixture
def till(session: Session) -> None:
    wb.deploy(Till)
    wb.invoke("till", "take", {"amount": 3})
    with pytest.raises(ActionFailed):
        wb.invoke("till", "take", {"amount": 30, "password": "hunter2"})


@pytest.mark.usefixtures("till")
def test_failures_of_all_actors_are_listed_oldest_first() -> None:
    with pytest.raises(ActionFailed):
        wb.invoke("counter", "divide", {"by": 0})

    assert [(each.actor, each.what) for each in wb.failures()] == [
        ("till", "ValueError: -23 left"),
        ("counter", "ZeroDivisionError: division by zero"),
    ]
    assert [each.actor for each in wb.failures("till")] == ["till"]
    assert len(wb.failures(limit=1)) == 1


@pytest.mark.usefixtures("till")
def test_a_listed_failure_hides_secrets_and_has_the_real_payload() -> None:
    [failed] = wb.failures()

    assert "hunter2" not in repr(wb.failures()) + str(wb.failures()._repr_mimebundle_())
    assert failed.payload == {"amount": 30, "password": "hunter2"}


@pytest.mark.usefixtures("till")
def test_post_mortem_of_who_asked_names_where_it_began() -> None:
    wb.deploy(Cashier)
    with pytest.raises(ActionFailed):
        wb.invoke("cashier", "serve")

    shown = repr(wb.postmortem("cashier"))

    assert "till.take failed with ValueError: -23 left" in shown.splitlines()[0]
    assert "caused by ValueError: -23 left" in shown
    assert 'ctx.call("till", "take"' in shown


@pytest.mark.usefixtures("session")
def test_an_actor_without_failures_says_so_and_an_unknown_one_is_named() -> None:
    assert repr(wb.failures("counter")) == "Nothing has failed."
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        wb.failures("conter")


@pytest.mark.usefixtures("till")
def test_a_post_mortem_has_message_state_before_and_variables() -> None:
    found = wb.postmortem()

    assert (found.payload["amount"], found.state) == (30, {"cents": 7})
    assert found.locals["left"] == -23
    assert found.locals["self"] == {"cents": -23}
    assert isinstance(found.error, ValueError)


@pytest.mark.usefixtures("till")
def test_a_post_mortem_reads_well_without_a_debugger() -> None:
    shown = repr(wb.postmortem("till"))

    assert "till.take failed with ValueError: -23 left" in shown
    assert 'message   take(amount=30, password="‹hidden›") from outside' in shown
    assert "state     {cents: 7} at revision 1" in shown
    assert "→   " in shown
    assert 'raise ValueError(f"{left} left")' in shown
    assert "left     = -23" in shown
    assert "hunter2" not in shown


@pytest.mark.usefixtures("till")
@pytest.mark.parametrize("which", [None, "till"])
def test_the_last_exception_is_laid_open_also_after_a_call_that_was_rejected(which: str | None) -> None:
    with pytest.raises(BadPayload):
        wb.invoke("till", "take", {"amount": "many"})

    assert wb.postmortem(which).failed.what == "ValueError: -23 left"
    assert wb.postmortem(wb.failures()[-1].id).failed.outcome == "rejected"


@pytest.mark.usefixtures("session")
def test_a_rejected_call_is_laid_open_where_nothing_else_failed() -> None:
    wb.deploy(Till)
    with pytest.raises(BadPayload):
        wb.invoke("till", "take", {"amount": "many"})

    shown = repr(wb.postmortem())

    assert shown.startswith(
        "till.take did not run, since the call does not fit: amount expected `int`, and got 'many'.\n"
    )
    assert "Mend the code" not in shown


@pytest.mark.usefixtures("till")
def test_the_headline_says_what_led_to_what() -> None:
    wb.deploy(Cashier)
    with pytest.raises(ActionFailed):
        wb.invoke("cashier", "serve")

    first, *_ = repr(wb.postmortem("cashier")).splitlines()

    assert first == "cashier.serve failed because till.take failed with ValueError: -23 left"


@pytest.mark.usefixtures("session")
def test_the_headline_of_an_action_that_was_ended_names_it_once() -> None:
    wb.deploy(Endless)
    with pytest.raises(ActionTimeout):
        wb.invoke("endless", "spin")

    found = wb.postmortem()

    assert repr(found).startswith("endless.spin was ended before it was done: it took longer than its limit of 0.1 s")
    assert found.failed.outcome == "abandoned"


@pytest.mark.usefixtures("till")
def test_a_failure_is_found_by_the_end_of_its_id() -> None:
    [failed] = wb.failures()

    assert wb.postmortem(failed.id[-6:]).failed.id == failed.id
    assert wb.postmortem(failed).failed is failed


@pytest.mark.usefixtures("till")
def test_what_never_failed_is_said_with_what_did() -> None:
    with pytest.raises(NoSuchFailure, match="counter has not failed"):
        wb.postmortem("counter")
    with pytest.raises(NoSuchFailure, match="Did you mean till"):
        wb.retry("til")


@pytest.mark.usefixtures("till")
def test_a_retry_runs_the_mended_code_in_place() -> None:
    wb.deploy(Mended)

    assert wb.retry() == 0

    assert wb.state("till") == {"cents": 0}
    assert [each.retried for each in wb.failures()] == ["succeeded"]


@pytest.mark.usefixtures("till")
def test_a_retry_that_fails_again_is_a_failure_of_its_own() -> None:
    with pytest.raises(ActionFailed, match="-23 left"):
        wb.retry("till")

    assert [each.retried for each in wb.failures()] == ["failed", ""]


@pytest.mark.usefixtures("till")
def test_a_retry_on_a_copy_shows_what_would_change_and_changes_nothing() -> None:
    wb.deploy(Mended)

    tried = wb.retry(fork=True)

    assert (bool(tried), tried.response, tried.state) == (True, 0, {"cents": 0})
    assert "cents: 7 → 0" in repr(tried)
    assert (wb.state("till"), len(wb.history("till"))) == ({"cents": 7}, 2)


@pytest.mark.usefixtures("till")
def test_a_copy_that_still_fails_is_false_and_says_why() -> None:
    tried = wb.retry(fork=True)

    assert not tried
    assert "✗ On a copy till.take still fails: ValueError: -23 left" in repr(tried)


@pytest.mark.usefixtures("till")
def test_a_retry_needs_the_actors_code() -> None:
    wb.undeploy("till")

    with pytest.raises(NotDeployed):
        wb.retry()
    with pytest.raises(CodeNotLoaded):
        wb.retry(fork=True)


@pytest.mark.usefixtures("till")
def test_a_call_that_did_not_fit_is_listed_as_never_run() -> None:
    with pytest.raises(BadPayload):
        wb.invoke("till", "take", {"amount": "x"})

    assert "rejected: till.take(amount: int" in repr(wb.failures())
    assert "never ran: the call did not fit" in repr(wb.postmortem(wb.failures()[-1]))


@pytest.mark.usefixtures("till")
def test_a_dead_letter_is_listed_and_can_be_sent_again() -> None:
    wb.invoke("till", "post")

    [letter] = wb.dead_letters()

    assert letter.invocation.actor.name == "mallory"
    assert "read" in repr(wb.dead_letters())
    assert "1 message could not be delivered" in repr(wb.failures())

    class Mallory(Actor, name="mallory"):
        heard: str = ""

        @action
        def read(self, text: str) -> None:
            self.heard = text

    wb.deploy(Mallory)
    wb.retry(letter)
    assert wb.state("mallory") == {"heard": "hello"}


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Session]:
    current.notify = lambda text: None
    current.defaults = {"store": tmp_path / "till.db"}
    yield current
    current.reset()
    current.defaults = {}


def test_a_failure_before_a_restart_is_text_and_can_be_tried_again(stored: Session) -> None:
    wb.deploy(Till)
    wb.invoke("till", "take", {"amount": 4})
    with pytest.raises(ActionFailed):
        wb.invoke("till", "take", {"amount": 30})
    stored.reset()

    wb.deploy(Mended)
    found, tried = wb.postmortem(), wb.retry(fork=True)

    assert (found.state, found.error, found.frames) == ({"cents": 6}, None, [])
    assert "raise ValueError" in repr(found)
    assert "another one is deployed now" in repr(found)
    assert tried.state == {"cents": 0}
    assert wb.retry() == 0


def test_a_failing_actor_does_not_hold_up_its_own_post_mortem(stored: Session) -> None:
    entered, release = threading.Event(), threading.Event()

    class Slow(Actor, name="slow"):
        @action
        def fail(self) -> None:
            raise KeyError("x")

        @action
        def wait(self) -> None:
            entered.set()
            release.wait(120)

    wb.deploy(Slow)
    with pytest.raises(ActionFailed):
        wb.invoke("slow", "fail")
    wb.invoke("slow", "wait", asynchronous=True)
    assert entered.wait(120), "the next action did not begin"

    assert wb.postmortem("slow").failed.what == "KeyError: 'x'"
    release.set()
