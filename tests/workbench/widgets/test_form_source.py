"""A form calls an action on a thread of its own and keeps what came of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from runtime import Actor, action, embedded
from runtime.errors import UnknownAction, UnknownActor
from runtime.system.embedded import EmbeddedSystem
from tests.workbench.kernel_ext.kernel import until
from workbench import widgets
from workbench.presenters.panels.form import FormView
from workbench.widgets.form_source import FormSource
from workbench.widgets.source import Intent

release = threading.Event()


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int, password: str = "") -> dict:
        self.total += value
        return {"total": self.total, "token": "t"}

    @action
    def fail(self) -> None:
        raise ValueError("no")

    @action(timeout="5s")
    def limited(self) -> None: ...

    @action
    def wait(self) -> None:
        release.wait(120)


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    release.clear()
    with embedded() as system:
        system.deploy(Counter)
        yield system
        release.set()


class Form:
    """A source used as the publisher does."""

    def __init__(self, system: EmbeddedSystem, action: str = "add") -> None:
        self.source, self._now = FormSource(system, "counter", action), 10_000_000
        self.view()

    def view(self) -> FormView:
        self._now += 2_000_000
        return self.source.read(self._now)

    def call(self, **typed: Any) -> None:
        self.source.handle(Intent("call", data={f"field {name}": value for name, value in typed.items()}))

    def called(self, **typed: Any) -> FormView:
        self.call(**typed)
        until(lambda: self.view().running is None, "the call ended")
        return self.view()


def test_the_fields_are_those_of_the_action(system: EmbeddedSystem) -> None:
    view = Form(system).view()

    assert [field.name for field in view.fields] == ["value", "password"]
    assert view.actions == ("add", "fail", "limited", "wait")


def test_a_call_is_kept_as_code_with_its_answer(system: EmbeddedSystem) -> None:
    form = Form(system)
    form.called(value="5")

    view = form.called(value="2")

    assert [call.code for call in view.calls] == [
        "wb.invoke('counter', 'add', {'value': 2})",
        "wb.invoke('counter', 'add', {'value': 5})",
    ]
    assert view.calls[0].outcome == "ok"
    assert view.calls[0].answer == '{total: 7, token: "‹hidden›"}'
    assert system.state("counter") == {"total": 7}


def test_a_failure_is_kept_in_one_line(system: EmbeddedSystem) -> None:
    view = Form(system, "fail").called()

    assert (view.calls[0].outcome, view.calls[0].answer) == ("failed", "counter.fail failed with ValueError: no")


def test_what_is_no_message_is_not_sent(system: EmbeddedSystem) -> None:
    form = Form(system)

    form.call(value="five")

    assert form.view().rejected == "value: expected int, found 'five'."
    assert form.view().calls == ()


def test_a_call_that_takes_long_holds_nobody_up_and_no_second_one_starts(system: EmbeddedSystem) -> None:
    form = Form(system, "wait")
    form.call()
    form.call()

    assert form.view().running is not None
    assert len(form.view().calls) == 1
    release.set()
    until(lambda: form.view().running is None, "the call ended")


def test_another_action_can_be_chosen(system: EmbeddedSystem) -> None:
    form = Form(system)

    assert form.source.handle(Intent("choose", data={"action": "wait"}))
    assert not form.source.handle(Intent("choose", data={"action": "nothing"}))

    assert (form.view().action, form.view().fields) == ("wait", ())


def test_a_redeploy_changes_the_fields(system: EmbeddedSystem) -> None:
    form = Form(system)

    class Changed(Counter, name="counter"):
        @action
        def add(self, amount: float) -> None: ...  # type: ignore[override]

    system.deploy(Changed)

    assert [field.name for field in form.view().fields] == ["amount"]


def test_a_form_is_opened_for_what_exists_only(system: EmbeddedSystem) -> None:
    with pytest.raises(UnknownAction, match="Did you mean add"):
        widgets.form_panel(system, "counter", "ad")
    with pytest.raises(UnknownActor):
        widgets.form_panel(system, "conter")
    panel = widgets.form_panel(system, "counter", "add")
    try:
        assert "counter.add(value: int" in panel.snapshot().text
    finally:
        widgets.close_all()


def test_a_form_says_after_which_time_its_action_is_ended(system: EmbeddedSystem) -> None:
    form = Form(system, "limited")

    assert form.view().limit == "5s"
    assert "A call that takes longer than 5s is ended." in form.source.rendering(0).text
    assert Form(system, "add").view().limit == ""


def test_a_form_of_a_held_actor_says_that_its_messages_wait(system: EmbeddedSystem) -> None:
    form = Form(system)
    before = form.view().held
    system.debugger.hold("counter")
    form.call(value="5")
    until(lambda: system.info("counter").phase == "held", "the message arrived")
    waiting = form.view()

    system.debugger.release("counter")
    until(lambda: form.view().running is None, "the call ended")

    assert (before, form.view().held) == ("", "")
    assert "counter is held" in waiting.held
    assert waiting.calls[0].outcome == "running"


def test_an_actor_that_is_not_there_before_its_first_call_has_a_form(system: EmbeddedSystem) -> None:
    source = FormSource(system, "child", "add", "counter")

    view = source.read(10_000_000)

    assert (view.problem, view.held, view.action) == (None, "", "add")
