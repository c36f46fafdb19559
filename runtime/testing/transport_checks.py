"""The checks that every way to reach an actor system passes: the executable form of `runtime.api`.

For a transport of your own, subclass in a test module and say how to reach a system::

    class TestMyTransport(TransportChecks):
        @pytest.fixture
        def place(self):
            with embedded() as system, MyServer(system) as server, MyClient(server.url) as client:
                yield Place(client, deploy=client.deploy)

What the system is not capable of is skipped, visibly.  Actors and checks must be in one process.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from google.protobuf.wrappers_pb2 import StringValue

from runtime import errors
from runtime.api import Capability, DeployReport, SystemApi
from runtime.authoring.actor import Actor
from runtime.records import EventKind
from runtime.testing.transport_actors import WAIT_S, Child, Gate, Relay, Tally, TallyLater, gates


@dataclass
class Place:
    """A system under test, and how actors get into it."""

    system: SystemApi
    deploy: Callable[[type], DeployReport]


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that another thread brings about."""
    deadline_s = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline_s, f"within {WAIT_S:g} s, this did not happen: {what}"
        time.sleep(0.005)


class TransportChecks:
    """Subclass it and provide the fixture `place`."""

    @pytest.fixture
    def system(self, place: Place) -> SystemApi:
        place.deploy(Tally)
        place.deploy(Relay)
        place.deploy(Child)
        return place.system

    @pytest.fixture
    def gate(self) -> Iterator[str]:
        name = uuid4().hex
        gates[name] = Gate()
        yield name
        gates.pop(name).open()

    def needs(self, system: SystemApi, *capabilities: Capability) -> None:
        missing = set(capabilities) - system.capabilities
        if missing:
            pytest.skip(f"{system.name} cannot {', '.join(sorted(missing))}")

    # -- calling -------------------------------------------------------------------------------------------------------

    def test_response_comes_back_decoded(self, system: SystemApi) -> None:
        assert system.invoke("tally", "add", {"value": 5}) == {"total": 5}

    def test_no_response_is_none(self, system: SystemApi) -> None:
        assert system.invoke("tally", "nothing") is None

    @pytest.mark.parametrize("value", [0, -(2**53), 1.5, "", "日本語 🙂 \0", True, None, [1, [2]], {"a": {"b": []}}])
    def test_plain_values_come_back_equal(self, system: SystemApi, value: Any) -> None:
        assert system.invoke("tally", "echo", {"value": value})["value"] == value

    def test_messages_come_back_as_messages(self, system: SystemApi) -> None:
        assert system.invoke("tally", "greet", StringValue(value="Ada")) == StringValue(value="hello Ada")

    def test_large_payload_and_response_pass(self, system: SystemApi) -> None:
        text = "x" * 12_000_000

        assert system.invoke("tally", "echo", {"value": text})["value"] == text

    def test_payload_beyond_the_limit_is_refused_and_nothing_breaks(self, system: SystemApi) -> None:
        with pytest.raises(errors.BadPayload, match="67,"):
            system.invoke("tally", "echo", {"value": "x" * (64 * 1024 * 1024)})

        assert system.invoke("tally", "add", {"value": 1}) == {"total": 1}

    def test_coroutine_gets_the_response(self, system: SystemApi) -> None:
        async def ask() -> list[Any]:
            return await asyncio.gather(*(system.ainvoke("tally", "add", {"value": 1}) for _ in range(50)))

        assert sorted(answer["total"] for answer in asyncio.run(ask())) == list(range(1, 51))

    def test_asynchronous_calls_of_a_thread_keep_their_order(self, system: SystemApi) -> None:
        for value in range(100):
            assert system.invoke("tally", "add", {"value": value}, asynchronous=True) is None

        assert system.invoke("tally", "get")["seen"] == list(range(100))

    def test_durable_calls_are_accepted_and_keep_their_order(self, system: SystemApi) -> None:
        try:
            for value in range(20):
                assert system.invoke("tally", "add", {"value": value}, asynchronous=True, durable=True) is None
        except errors.NotCapable as error:
            pytest.skip(str(error))

        assert system.invoke("tally", "get")["seen"] == list(range(20))

    def test_delayed_call_runs_later(self, system: SystemApi) -> None:
        assert system.invoke("tally", "add", {"value": 7}, delay="50ms") is None

        until(lambda: system.invoke("tally", "get")["total"] == 7, "the delayed call")

    def test_scheduled_call_runs_at_its_time(self, system: SystemApi) -> None:
        at = datetime.now(UTC) + timedelta(milliseconds=100)

        assert system.invoke("tally", "add", {"value": 7}, scheduled_to=at) is None

        until(lambda: system.invoke("tally", "get")["total"] == 7, "the scheduled call")
        assert datetime.now(UTC) >= at

    def test_key_executes_once_and_answers_twice(self, system: SystemApi) -> None:
        answers = [system.invoke("tally", "add", {"value": 3}, key="order-1") for _ in range(2)]

        assert answers == [{"total": 3}, {"total": 3}]

    def test_metadata_reaches_the_action(self, system: SystemApi) -> None:
        assert system.invoke("tally", "echo", metadata={"trace": "ä"})["metadata"] == {"trace": "ä"}

    def test_child_is_made_at_its_first_call(self, system: SystemApi) -> None:
        first = system.invoke("child/1", "who", parent="child")

        assert (first, system.invoke("child/1", "who")) == (
            {"name": "child/1", "calls": 1},
            {"name": "child/1", "calls": 2},
        )

    # -- failing -------------------------------------------------------------------------------------------------------

    @pytest.mark.parametrize(
        ("call", "kind", "text"),
        [
            (("tali", "add", {"value": 1}), errors.UnknownActor, "Did you mean tally"),
            (("tally", "ad", {"value": 1}), errors.UnknownAction, "Did you mean add"),
            (("tally", "add", {"valu": 1}), errors.BadPayload, "Did you mean value"),
            (("tally", "add", {"value": "one"}), errors.BadPayload, "expected `?int"),
            (("tally", "add", None), errors.BadPayload, "'value' is missing"),
            (("tally", "add", {"value": object()}), errors.BadPayload, "Cannot encode"),
            (("tally", "spoil", None), errors.BadState, "would not come back equal"),
        ],
    )
    def test_mistake_keeps_class_and_message(
        self, system: SystemApi, call: tuple[Any, ...], kind: type[Exception], text: str
    ) -> None:
        with pytest.raises(kind, match=text):
            system.invoke(*call)

        assert system.invoke("tally", "add", {"value": 1}) == {"total": 1}

    def test_failed_action_keeps_type_text_and_line(self, system: SystemApi) -> None:
        with pytest.raises(errors.ActionFailed) as caught:
            system.invoke("tally", "fail", {"text": "no such thing"})

        error = caught.value
        assert (error.actor, error.action, error.type_name, error.text) == (
            "tally",
            "fail",
            "LookupError",
            "no such thing",
        )
        assert "raise LookupError(text)" in error.trace
        assert error.invocation

    def test_failed_action_leaves_the_state(self, system: SystemApi) -> None:
        system.invoke("tally", "add", {"value": 2})
        with pytest.raises(errors.ActionFailed):
            system.invoke("tally", "fail", {"text": "x"})

        assert system.invoke("tally", "add", {"value": 0}) == {"total": 2}

    def test_failure_reaches_a_coroutine(self, system: SystemApi) -> None:
        async def ask() -> None:
            await system.ainvoke("tally", "fail", {"text": "x"})

        with pytest.raises(errors.ActionFailed, match="LookupError"):
            asyncio.run(ask())

    def test_key_with_another_payload_is_a_conflict(self, system: SystemApi) -> None:
        system.invoke("tally", "add", {"value": 1}, key="k")

        with pytest.raises(errors.KeyConflict, match="'k'"):
            system.invoke("tally", "add", {"value": 2}, key="k")

    def test_wait_ends_at_its_deadline(self, system: SystemApi, gate: str) -> None:
        with pytest.raises(errors.InvocationTimeout, match=r"tally\.wait"):
            system.invoke("tally", "wait", {"gate": gate}, timeout=0.1)

    def test_coroutines_wait_ends_at_its_deadline(self, system: SystemApi, gate: str) -> None:
        async def ask() -> None:
            await system.ainvoke("tally", "wait", {"gate": gate}, timeout=0.1)

        with pytest.raises(errors.InvocationTimeout):
            asyncio.run(ask())

    def test_cancelled_wait_stops_nothing_else(self, system: SystemApi, gate: str) -> None:
        async def give_up() -> None:
            task = asyncio.ensure_future(system.ainvoke("tally", "wait", {"gate": gate}))
            assert await asyncio.to_thread(gates[gate].entered.acquire, timeout=WAIT_S), "the action did not begin"
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

        asyncio.run(give_up())
        gates[gate].open()

        assert system.invoke("tally", "add", {"value": 1}) == {"total": 1}

    def test_bad_options_are_refused_before_anything_is_sent(self, system: SystemApi) -> None:
        with pytest.raises(errors.BadSetting):
            system.invoke("tally", "add", {"value": 1}, delay="soon")
        with pytest.raises(errors.BadSetting, match="time zone"):
            system.invoke("tally", "add", {"value": 1}, scheduled_to=datetime(2030, 1, 1))  # noqa: DTZ001

    # -- actors that call each other -----------------------------------------------------------------------------------

    @pytest.mark.parametrize("how", ["ask", "call"])
    def test_actor_gets_another_actors_answer(self, system: SystemApi, how: str) -> None:
        assert system.invoke("relay", how, {"actor": "tally", "action": "add", "payload": {"value": 4}}) == {"total": 4}

    @pytest.mark.parametrize("how", ["ask", "call"])
    def test_actor_gets_another_actors_failure(self, system: SystemApi, how: str) -> None:
        with pytest.raises(errors.ActionFailed) as caught:
            system.invoke("relay", how, {"actor": "tally", "action": "fail", "payload": {"text": "inner"}})

        assert "inner" in str(caught.value)

    def test_cycle_of_calls_fails_at_once(self, system: SystemApi) -> None:
        with pytest.raises(errors.SpawnError, match="never end"):
            system.invoke("relay", "ask", {"actor": "relay", "action": "inside"}, timeout=5)

    def test_told_message_leaves_after_success_only(self, system: SystemApi) -> None:
        with pytest.raises(errors.ActionFailed):
            system.invoke("relay", "tell", {"value": 100, "fails": True})
        system.invoke("relay", "tell", {"value": 1})

        until(lambda: system.invoke("tally", "get")["total"] == 1, "the told message")

    def test_dead_letter_that_is_sent_again_leaves_the_list_and_a_discarded_one_too(
        self, place: Place, system: SystemApi
    ) -> None:
        self.needs(system, Capability.LETTERS, Capability.DEPLOY)
        system.undeploy("tally")
        for value in (1, 2):
            system.invoke("relay", "tell", {"value": value})
        until(lambda: len(system.dead_letters()) == 2, "both messages are listed")
        first, second = [each.invocation.id for each in system.dead_letters()]

        with pytest.raises(errors.UnknownActor):
            system.retry_letter(first)
        place.deploy(Tally)
        answer = system.retry_letter(first)
        discarded = system.discard_letters([first, second])

        assert (answer, discarded, system.dead_letters()) == ({"total": 1}, 1, [])
        with pytest.raises(errors.UnknownLetter, match=second):
            system.retry_letter(second)

    def test_effects_and_broadcasts_go_out(self, system: SystemApi) -> None:
        system.invoke("tally", "nothing")

        assert system.invoke("relay", "route", {"value": 3}) == {"sent": 3}

        until(lambda: system.invoke("tally", "get")["total"] == 6, "effect and broadcast")

    def test_tags_are_kept(self, system: SystemApi) -> None:
        system.invoke("relay", "tagged")

        assert system.invoke("relay", "inside")["tags"] == {"colour": "red"}

    # -- deploying -----------------------------------------------------------------------------------------------------

    def test_deploy_reports_what_is_new(self, place: Place) -> None:
        report = place.deploy(Child)

        assert (report.actor, report.changed, report.added_actions) == ("child", True, ("who()",))

    def test_deploying_again_changes_nothing(self, place: Place) -> None:
        place.deploy(Child)

        assert not place.deploy(Child).changed

    def test_redeploy_keeps_the_state_and_says_what_changed(self, place: Place, system: SystemApi) -> None:
        system.invoke("tally", "add", {"value": 2})

        report = place.deploy(TallyLater)

        assert "describe()" in report.added_actions
        assert report.dropped_fields == ("seen",)
        assert system.invoke("tally", "describe") == "new 2"
        with pytest.raises(errors.UnknownAction):
            system.invoke("tally", "echo")

    def test_redeploy_waits_for_the_turn_in_progress(self, place: Place, system: SystemApi, gate: str) -> None:
        answers: list[Any] = []
        caller = threading.Thread(target=lambda: answers.append(system.invoke("tally", "wait", {"gate": gate})))
        caller.start()
        assert gates[gate].entered.acquire(timeout=WAIT_S), "the action did not begin"

        place.deploy(TallyLater)
        gates[gate].open()
        caller.join(WAIT_S)

        assert answers == ["passed"]
        assert system.invoke("tally", "add", {"value": 1}) == {"total": 10}

    def test_class_that_is_no_actor_is_refused(self, place: Place) -> None:
        class Broken(Actor, name="tally"):
            value: complex = 0j

        with pytest.raises(errors.DefinitionError):
            place.deploy(Broken)

    def test_undeployed_actor_says_that_its_code_is_missing(self, system: SystemApi) -> None:
        self.needs(system, Capability.DEPLOY)
        system.invoke("tally", "add", {"value": 1})

        system.undeploy("tally")

        with pytest.raises(errors.NotDeployed, match="tally"):
            system.invoke("tally", "add", {"value": 1})
        with pytest.raises(errors.UnknownActor):
            system.undeploy("tally")

    def test_dropped_fields_are_kept_until_confirmed(self, place: Place, system: SystemApi) -> None:
        self.needs(system, Capability.DEPLOY)
        system.invoke("tally", "add", {"value": 2})
        place.deploy(TallyLater)

        assert system.confirm_dropped("tally") == ("seen",)
        assert system.confirm_dropped("tally") == ()

    # -- looking -------------------------------------------------------------------------------------------------------

    def test_state_is_the_committed_one(self, system: SystemApi) -> None:
        self.needs(system, Capability.STATE)
        for value in (1, 2):
            system.invoke("tally", "add", {"value": value})

        assert system.state("tally") == {"total": 3, "seen": [1, 2]}
        assert system.state("tally", 1) == {"total": 1, "seen": [1]}
        with pytest.raises(errors.UnknownActor):
            system.state("tali")
        with pytest.raises(errors.UnknownActor, match="revision 9"):
            system.state("tally", 9)

    def test_state_after_a_redeploy_has_its_new_shape(self, place: Place, system: SystemApi) -> None:
        self.needs(system, Capability.STATE)
        system.invoke("tally", "add", {"value": 2})

        place.deploy(TallyLater)

        assert system.state("tally") == {"total": 2, "note": "new"}

    def test_actor_continues_from_a_past_revision(self, system: SystemApi) -> None:
        self.needs(system, Capability.STATE)
        for value in (1, 2):
            system.invoke("tally", "add", {"value": value})

        assert system.restore("tally", 1) == 3
        assert system.state("tally") == {"total": 1, "seen": [1]}
        with pytest.raises(errors.UnknownActor):
            system.restore("tally", 9)

    def test_actors_are_listed_by_prefix(self, system: SystemApi) -> None:
        self.needs(system, Capability.LIST)
        for number in range(3):
            system.invoke(f"child/{number}", "who", parent="child")

        assert [row.id.name for row in system.actors(prefix="child/")] == ["child/0", "child/1", "child/2"]
        assert len(system.actors(prefix="child/", limit=2)) == 2
        assert {"tally", "relay", "child"} <= {row.id.name for row in system.actors(passive=False)}

    def test_info_tells_of_one_actor(self, system: SystemApi) -> None:
        self.needs(system, Capability.LIST)
        system.invoke("tally", "add", {"value": 1})

        info = system.info("tally")

        assert (info.id.name, info.kind, info.revision, info.deployed) == ("tally", "named", 1, True)
        with pytest.raises(errors.UnknownActor, match="Did you mean tally"):
            system.info("tali")

    def test_actions_have_their_signatures(self, system: SystemApi) -> None:
        self.needs(system, Capability.LIST)

        actions = system.actions("tally")

        assert actions["add"] == "(value: int)"
        assert actions["echo"] == "(value=None)"
        with pytest.raises(errors.UnknownActor):
            system.actions("tali")

    def test_mailbox_shows_who_runs_and_who_waits(self, system: SystemApi, gate: str) -> None:
        self.needs(system, Capability.MAILBOX)
        system.invoke("tally", "wait", {"gate": gate}, asynchronous=True)
        assert gates[gate].entered.acquire(timeout=WAIT_S), "the action did not begin"
        for value in range(3):
            system.invoke("tally", "add", {"value": value}, asynchronous=True)

        rows = system.mailbox("tally", limit=3)

        assert [(row.action, row.running) for row in rows] == [("wait", True), ("add", False), ("add", False)]
        assert rows[0].started_us > 0
        assert rows[1].payload is not None
        gates[gate].open()

    def test_turns_tell_what_was_answered(self, system: SystemApi) -> None:
        self.needs(system, Capability.HISTORY)
        system.invoke("tally", "add", {"value": 1}, key="k", metadata={"a": "b"})
        with pytest.raises(errors.ActionFailed):
            system.invoke("tally", "fail", {"text": "x"})
        last = system.flush()

        turns = [turn for batch in system.turns(actor="tally") for turn in batch]

        assert [(turn.action, turn.key, turn.revision) for turn in turns] == [("add", "k", 1), ("fail", "", 1)]
        assert turns[0].metadata == {"a": "b"}
        assert turns[0].state is not None
        assert turns[1].failure is not None
        assert turns[1].failure.type_name == "LookupError"
        assert turns[-1].sequence == last
        assert [turn.sequence for batch in system.turns(after=last - 1) for turn in batch] == [last]

    def test_columns_tell_the_same_as_turns(self, system: SystemApi) -> None:
        self.needs(system, Capability.HISTORY)
        for value in range(3):
            system.invoke("tally", "add", {"value": value})
        last = system.flush()

        rows = [row for batch in system.history_batches(after=1) for row in batch.to_pylist()]

        assert [row["sequence"] for row in rows] == list(range(2, last + 1))
        assert system.retention_mark().gone == 0

    def test_turn_records_what_was_asked(self, system: SystemApi) -> None:
        self.needs(system, Capability.HISTORY)
        system.invoke("relay", "ask", {"actor": "tally", "action": "add", "payload": {"value": 4}})
        system.flush()

        [turn] = [turn for batch in system.turns(actor="relay") for turn in batch]
        [inner] = [turn for batch in system.turns(actor="tally") for turn in batch]

        [sent] = turn.sent
        assert (sent.actor.name, sent.action, sent.asked) == ("tally", "add", True)
        assert sent.reply is not None
        assert (inner.cause, inner.caller) == (turn.invocation, turn.actor)

    def test_lifecycle_and_definitions_can_be_read(self, system: SystemApi) -> None:
        self.needs(system, Capability.HISTORY)
        system.invoke("tally", "nothing")
        system.flush()

        events = [(mark.actor.name, mark.event) for mark in system.lifecycle()]
        definitions = {definition.name: definition for definition in system.definitions()}

        assert ("tally", "activated") in events
        assert definitions["tally"].actions["add"] == "(value: int)"
        assert definitions["tally"].fields == {"total": "int", "seen": "list[int]"}

    def test_status_counts_and_flush_commits(self, system: SystemApi) -> None:
        system.invoke("tally", "add", {"value": 1})

        committed = system.flush()
        status = system.status()

        assert status.system == system.name
        assert status.running
        assert status.committed >= committed >= 1

    # -- watching ------------------------------------------------------------------------------------------------------

    def test_watcher_sees_what_happens_after_it_began(self, system: SystemApi) -> None:
        self.needs(system, Capability.WATCH)
        system.invoke("tally", "add", {"value": 1})
        subscription = system.subscribe()
        seen: list[Any] = []

        def turns() -> int:
            seen.extend(event for event in subscription.drain() if event.kind is EventKind.TURN)
            return len(seen)

        system.invoke("tally", "add", {"value": 2})
        until(lambda: turns() == 1, "the event of the second turn")
        subscription.close()

        assert seen[0].turn.action == "add"
        assert seen[0].turn.revision == 2
        assert subscription.dropped == 0

    def test_watcher_that_does_not_read_loses_the_oldest_and_knows_how_many(self, system: SystemApi) -> None:
        self.needs(system, Capability.WATCH)
        subscription = system.subscribe(limit=10)
        for value in range(100):
            system.invoke("tally", "add", {"value": value}, asynchronous=True)
        system.invoke("tally", "nothing")

        until(lambda: subscription.dropped >= 90, "91 dropped events")
        kept: list[Any] = []

        def has_last() -> bool:
            kept.extend(subscription.drain())
            return any(event.turn is not None and event.turn.action == "nothing" for event in kept)

        until(has_last, "the last event")

        assert len(kept) <= 20
        subscription.close()

    # -- ending --------------------------------------------------------------------------------------------------------

    def test_closing_twice_is_safe_and_calls_then_fail(self, system: SystemApi) -> None:
        system.close()
        system.close()

        with pytest.raises((errors.SystemStopped, errors.Unreachable)):
            system.invoke("tally", "add", {"value": 1}, timeout=5)
