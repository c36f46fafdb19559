"""The commands over a real system in memory."""

import asyncio
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import workbench as wb
from runtime import Actor, action, timer
from runtime.errors import (
    ActionFailed,
    BadPayload,
    BadSetting,
    DefinitionError,
    InvocationTimeout,
    UnknownActor,
    UnknownRevision,
)
from tests.runtime.drivers.steps import wait_until
from tests.workbench.commands.conftest import Counter, release
from workbench.commands.history import last_sequence
from workbench.session import Session

pytestmark = pytest.mark.usefixtures("session")


def test_invoke_gives_the_decoded_answer() -> None:
    assert wb.invoke("counter", "add", {"value": 5}) == {"total": 5}


def test_invoke_passes_every_option_on(session: Session) -> None:
    seen: dict[str, Any] = {}

    class System:
        def invoke(self, *arguments: Any, **options: Any) -> None:
            seen.update(options, arguments=arguments)

    real, session.system = session.system, System()  # type: ignore[assignment]
    options = {
        "parent": "p", "system": "s", "asynchronous": True, "delay": 1, "scheduled_to": None,
        "metadata": {"a": "b"}, "timeout": 2.0, "key": "k", "durable": True,
    }  # fmt: skip
    wb.invoke("counter", "add", {"value": 1}, **options)  # type: ignore[arg-type]
    session.system = real

    assert seen == {**options, "arguments": ("counter", "add", {"value": 1})}


def test_a_failed_action_has_the_users_exception_as_its_cause() -> None:
    with pytest.raises(ActionFailed) as caught:
        wb.invoke("counter", "divide", {"by": 0})

    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_ainvoke_answers_many_at_once() -> None:
    async def ask() -> list[dict[str, int]]:
        return await asyncio.gather(*(wb.ainvoke("counter", "add", {"value": 1}) for _ in range(10)))

    assert sorted(answer["total"] for answer in asyncio.run(ask())) == list(range(1, 11))


def test_a_time_out_says_whether_the_action_still_runs() -> None:
    with pytest.raises(InvocationTimeout) as caught:
        wb.invoke("counter", "wait", timeout=0.05)

    assert caught.value.__notes__[0].startswith("The action counter.wait still runs")


def test_lists_hide_secrets_and_the_records_have_them() -> None:
    class Vault(wb.Actor, name="vault"):
        @wb.action
        def put(self, password: str) -> dict:
            return {"token": "abc"}

    wb.deploy(Vault)
    wb.invoke("vault", "put", {"password": "hunter2"})

    [entry] = wb.history("vault")
    assert (entry.payload, entry.response) == ({"password": "hunter2"}, {"token": "abc"})
    assert not {"hunter2", "abc"} & set(repr(wb.history("vault")).replace("'", " ").split())


def test_a_ref_calls_actions_by_name() -> None:
    counter = wb.ref("counter")

    assert counter.add(value=2) == {"total": 2}
    assert counter.invoke("add", {"value": 3}) == {"total": 5}
    assert counter.state() == {"total": 5}
    assert asyncio.run(_awaited(counter)) == {"total": 6}


async def _awaited(counter: Any) -> Any:
    return await counter.ainvoke("add", {"value": 1})


def test_a_ref_tells_without_waiting() -> None:
    assert wb.ref("counter").tell("wait") is None
    assert wb.mailbox("counter")


def test_a_ref_with_a_parent_makes_the_actor() -> None:
    class Plane(wb.Actor, name="plane", kind="unnamed"):
        flights: int = 0

        @wb.action
        def fly(self) -> int:
            self.flights += 1
            return self.flights

    wb.deploy(Plane)

    assert wb.ref("N1", parent="plane").fly() == 1
    assert wb.ref("N2", parent="plane").fly() == 1


def test_a_ref_offers_its_actions_and_hides_what_jupyter_probes_for() -> None:
    counter = wb.ref("counter")

    assert {"add", "divide", "wait"} <= set(dir(counter))
    assert not hasattr(counter, "_repr_html_")
    assert repr(counter) == "wb.ref('counter')"
    assert counter == wb.ref("counter")
    assert len({counter, wb.ref("counter"), wb.ref("counter", "x")}) == 2


def test_state_is_what_was_committed_now_and_then() -> None:
    wb.invoke("counter", "add", {"value": 5})
    wb.invoke("counter", "add", {"value": 5})

    assert wb.state("counter") == {"total": 10}
    assert wb.state("counter", 1) == {"total": 5}


def test_state_of_an_unknown_actor_names_the_nearest() -> None:
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        wb.state("conter")


def test_actors_are_records_that_show_themselves_as_a_table() -> None:
    wb.invoke("counter", "add", {"value": 1})

    [counter] = wb.actors()

    assert (counter.id.name, counter.revision) == ("counter", 1)
    assert "counter" in repr(wb.actors())


def test_mailbox_shows_the_running_message_first() -> None:
    wb.invoke("counter", "wait", asynchronous=True)
    wb.invoke("counter", "add", {"value": 1}, asynchronous=True)

    assert [each.action for each in wb.mailbox("counter")] == ["wait", "add"]


def test_history_tells_what_was_asked_answered_and_changed() -> None:
    wb.invoke("counter", "add", {"value": 5})
    with pytest.raises(ActionFailed):
        wb.invoke("counter", "divide", {"by": 0})

    added, failed = wb.history("counter")

    assert (added.action, added.payload, added.response, added.state) == (
        "add",
        {"value": 5},
        {"total": 5},
        {"total": 5},
    )
    assert failed.failure.startswith("ZeroDivisionError: ")
    assert (failed.state, failed.revision) == (None, 1)


def test_history_keeps_the_last_turns() -> None:
    for _ in range(5):
        wb.invoke("counter", "add", {"value": 1})

    assert [entry.revision for entry in wb.history("counter", limit=2)] == [4, 5]


def test_history_of_an_unknown_actor_names_the_nearest() -> None:
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        wb.history("conter")


def test_deploying_again_reports_what_changed() -> None:
    class Changed(wb.Actor, name="counter"):
        total: int = 0
        label: str = ""

        @wb.action
        def add(self, value: int, twice: bool = False) -> dict:
            return {}

    report = wb.deploy(Changed)

    assert report.changed
    assert report.removed_actions == ("divide(by: int)", "wait()")
    assert "+ label" in repr(report)


def test_a_class_that_is_no_actor_is_refused() -> None:
    with pytest.raises(DefinitionError):
        wb.deploy(dict)


def test_an_undeployed_actor_keeps_its_state() -> None:
    wb.invoke("counter", "add", {"value": 5})

    wb.undeploy("counter")
    wb.deploy(Counter)

    assert wb.state("counter") == {"total": 5}


def test_status_says_what_runs_and_where() -> None:
    shown = repr(wb.status())

    assert "is running" in shown
    assert "memory://" in shown


def test_stop_and_start_are_explicit() -> None:
    wb.stop()
    assert not wb.status().running

    assert wb.start(store="memory").running


def test_the_end_of_a_wait_leaves_the_action_to_itself() -> None:
    wb.invoke("counter", "wait", asynchronous=True)
    release.set()

    assert wb.invoke("counter", "add", {"value": 1}) == {"total": 1}


def test_history_up_to_a_revision_shows_what_led_to_it() -> None:
    for value in range(1, 6):
        wb.invoke("counter", "add", {"value": value})

    assert [turn.revision for turn in wb.history("counter", 2, revision=3)] == [2, 3]


def test_a_revision_of_a_long_past_is_found_without_reading_it() -> None:
    past = LongPast()

    end = last_sequence(past, "counter", 70)  # type: ignore[arg-type]

    assert 70 <= end <= 70 + 4_096
    assert past.given < 30


def test_a_restored_revision_is_a_new_one_with_the_old_state() -> None:
    for value in (1, 2, 3):
        wb.invoke("counter", "add", {"value": value})

    assert wb.restore("counter", 2) == {"total": 3}
    assert wb.state("counter") == {"total": 3}
    assert wb.state("counter", 3) == {"total": 6}


def test_a_revision_that_never_was_is_not_restored() -> None:
    wb.invoke("counter", "add", {"value": 1})

    with pytest.raises(UnknownRevision):
        wb.restore("counter", 9)
    assert wb.state("counter") == {"total": 1}


class LongPast:
    """A million turns, each a revision; counts those that it gives."""

    given = 0

    def status(self) -> Any:
        return SimpleNamespace(committed=1_000_000)

    def turns(self, *, after: int, actor: str) -> Iterator[list[Any]]:
        for sequence in range(after + 1, 1_000_001):
            self.given += 1
            yield [SimpleNamespace(sequence=sequence, revision=sequence)]


def test_abandon_is_false_for_an_actor_that_runs_nothing() -> None:
    wb.invoke("counter", "add", {"value": 1})

    assert wb.abandon("counter") is False


@pytest.mark.parametrize(
    "call",
    [
        lambda: wb.ref("counter").add(3),
        lambda: wb.ref("counter").add({"value": 3}),
        lambda: wb.invoke("counter", "add", value=3),
        lambda: wb.ref("counter").invoke("add", value=3),
        lambda: wb.ainvoke("counter", "add", value=3),
    ],
)
def test_payload_in_the_wrong_place_names_the_action_and_its_parameters(call: Any) -> None:
    with pytest.raises(BadPayload) as caught:
        call()

    assert "counter.add(value: int) takes its parameters by name." in str(caught.value)
    assert "wb.ref('counter').add(value=…)" in str(caught.value)


@pytest.mark.parametrize("call", [wb.invoke, wb.ainvoke])
def test_misspelt_option_of_a_call_gets_the_nearest(call: Any) -> None:
    with pytest.raises(BadSetting, match=r"no option 'timeot'\. Did you mean timeout"):
        call("counter", "add", {"value": 3}, timeot=3)


def test_reference_of_a_class_is_refused_with_its_actors_name() -> None:
    with pytest.raises(BadSetting, match="its actor is called by name, such as 'counter'"):
        wb.ref(Counter)  # type: ignore[arg-type]


class Endless(Actor, name="endless"):
    count: int = 0

    @timer(every="20ms")
    def tick(self) -> None:
        while self.count == 0:
            pass

    @action
    def ping(self) -> int:
        return self.count


class EndlessAgain(Endless, name="endless"):
    count: int = 1


@pytest.fixture
def endless(session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A timer's action that does not end, and that counts as long at once."""
    monkeypatch.setattr("workbench.commands.invoke._LONG_US", -1)
    monkeypatch.setattr("workbench.results._LONG_S", 0.0)
    wb.deploy(Endless)
    wait_until(lambda: any(each.action == "tick" for each in wb.actors()), "the timer ran")
    yield
    wb.undeploy("endless")
    wb.abandon("endless")


@pytest.mark.usefixtures("endless")
def test_actors_says_how_long_an_endless_timer_runs() -> None:
    assert re.search(r"running tick, for \d+ s", repr(wb.actors()))


@pytest.mark.usefixtures("endless")
def test_report_of_a_redeploy_names_what_does_not_end_and_how_to_end_it() -> None:
    report = repr(wb.deploy(EndlessAgain))

    assert re.search(r"! endless\.tick has been running for \d+ s", report)
    assert "or by wb.abandon('endless')" in report


def test_report_of_a_redeploy_is_silent_about_actions_that_just_began(session: Session) -> None:
    assert "running" not in repr(wb.deploy(EndlessAgain))
    wb.undeploy("endless")
