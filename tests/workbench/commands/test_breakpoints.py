"""Holding an actor from a cell: stepping, and changing what waits."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from runtime.errors import BadSetting, MessageDropped, UnknownActor, UnknownMessage
from tests.workbench.kernel_ext.kernel import until
from workbench.commands.actors import state
from workbench.commands.debugger import BreakpointHandle, held, hold, release
from workbench.commands.invoke import _fate, invoke
from workbench.session import Session, current


def holding(session: Session, *values: int, **options: Any) -> BreakpointHandle:
    """`counter`, held, with one `add` for each value."""
    held_actor = hold("counter", **options)
    for value in values:
        invoke("counter", "add", {"value": value}, asynchronous=True)
    return held_actor.wait() if values else held_actor


def test_step_gives_the_message_and_what_came_of_it(session: Session) -> None:
    held_actor = holding(session, 1, 2)

    stepped = held_actor.step()

    assert (stepped.response, stepped.state, stepped.waiting) == ({"total": 1}, {"total": 1}, 1)
    assert repr(stepped).startswith("counter.add(value=1) → ")
    assert "1 message waits." in repr(stepped)


def test_step_of_a_failing_message_shows_its_failure(session: Session) -> None:
    held_actor = holding(session)
    invoke("counter", "divide", {"by": 0}, asynchronous=True)
    held_actor.wait()

    assert "✗ ZeroDivisionError: division by zero" in repr(held_actor.step())


def test_step_with_nothing_waiting_says_so(session: Session) -> None:
    assert repr(holding(session).step()) == "No message waits for counter; it stays held."


def test_messages_are_named_by_number_id_or_themselves(session: Session) -> None:
    held_actor = holding(session, 1, 2, 3)

    assert held_actor.drop(1).payload == {"value": 2}
    assert held_actor.drop(held_actor.waiting[1]).payload == {"value": 3}
    assert held_actor.drop(held_actor.waiting[0].id[-6:]).payload == {"value": 1}
    with pytest.raises(UnknownMessage, match="No message 0 waits"):
        held_actor.drop()


def test_condition_sees_the_decoded_payload(session: Session) -> None:
    held_actor = holding(session, 1, 5, when=lambda message: message.payload["value"] > 3)

    assert [each.payload for each in held_actor.waiting] == [{"value": 5}]
    assert state("counter") == {"total": 1}


def test_condition_of_an_action_lets_others_pass(session: Session) -> None:
    with hold("counter", action="divide"):
        assert invoke("counter", "add", {"value": 4}) == {"total": 4}


def test_dropped_messages_caller_is_told(session: Session) -> None:
    held_actor, raised = holding(session), list[BaseException]()

    def call() -> None:
        try:
            invoke("counter", "add", {"value": 1})
        except MessageDropped as error:
            raised.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    held_actor.wait()
    held_actor.drop()
    caller.join(120)

    assert str(raised[0]).startswith("counter.add was dropped by hand")


def test_moved_and_doubled_messages_run_as_shown(session: Session) -> None:
    with holding(session, 1, 10) as held_actor:
        held_actor.move(1, 0)
        copy = held_actor.duplicate(0)

        assert [each.payload["value"] for each in held_actor.waiting] == [10, 10, 1]
        assert held_actor.waiting[1].id == copy.id

    until(lambda: state("counter") == {"total": 21}, "all three messages are processed")


def test_release_without_a_name_releases_all(session: Session) -> None:
    hold("counter")

    assert release() == ("counter",)
    assert release() == ()
    assert invoke("counter", "add", {"value": 1}) == {"total": 1}


def test_hold_shows_its_messages_as_text_and_html(session: Session) -> None:
    held_actor = holding(session, 7)

    bundle = held_actor._repr_mimebundle_()

    assert "counter: held; 1 message waits." in bundle["text/plain"]
    assert "add(value=7)" in bundle["text/html"]


def test_hold_of_nobody_names_what_there_is(session: Session) -> None:
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        hold("contr")
    with pytest.raises(BadSetting, match="counter is not held"):
        held("counter")


def test_interrupted_wait_for_a_held_actor_says_that_it_is_held(session: Session) -> None:
    with holding(session, 1):
        assert "since counter is held; %step counter or %release counter" in _fate(current.open(), "counter", "add")
