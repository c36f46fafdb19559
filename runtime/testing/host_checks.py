"""What every host must do; subclass and give `host`, which has prepared a counter.

The counter's definition is `COUNTER`: `add(value: int)` adds to `total` and returns it, `fail()` adds 100 and then fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from runtime.authoring.actor import Actor, action
from runtime.authoring.context import Context
from runtime.authoring.definition import ActorDefinition, define
from runtime.errors import ActionFailed, BadPayload
from runtime.hosts.base import Host
from runtime.ids import ActorId, InvocationId
from runtime.records import Invocation, Outcome, State, Work
from runtime.wire.codecs.values import decode_value, encode_value


class Counter(Actor, name="counter"):
    """The actor of these checks."""

    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total

    @action
    def fail(self) -> None:
        self.total += 100
        raise ValueError("on purpose")


COUNTER = define(Counter)


class NoCalls:
    """`Calls` for actions that send nothing."""

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        raise AssertionError("nothing should be asked")

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        raise AssertionError("nothing should be asked")

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        raise AssertionError("nothing should be told")


def work(
    name: str,
    payload: Any = None,
    state: State | None = None,
    *,
    actor: str = "counter",
    definition: ActorDefinition = COUNTER,
) -> Work:
    """A turn for `COUNTER`, or for another definition whose state this is."""
    return Work(
        activation=ActorId("test", actor),
        turn=1,
        invocation=Invocation(
            id=InvocationId("i-1"), actor=ActorId("test", actor), action=name, payload=encode_value(payload, what="it")
        ),
        parent=definition.name,
        definition=definition.hash,
        state=state,
        state_definition=definition.hash,
        tags={"colour": "red"},
        revision=0,
        now_us=1_000_000,
        seed=1,
    )


class HostChecks:
    """Run by pytest through a subclass."""

    def host(self) -> Host:
        """A host that can run `COUNTER`."""
        raise NotImplementedError

    def run(self, host: Host, turn: Work) -> Outcome:
        """One turn, in whichever way the host runs it."""
        return asyncio.run(host.arun(turn, NoCalls())) if host.is_async(turn) else host.run(turn, NoCalls())

    def test_outcome_has_response_and_new_state(self) -> None:
        outcome = self.run(self.host(), work("add", {"value": 5}))

        assert outcome.failure is None
        assert decode_value(outcome.response) == 5
        assert outcome.state is not None
        assert msgspec.json.decode(outcome.state.value.data) == {"total": 5}

    def test_next_turn_starts_from_the_state_it_is_given(self) -> None:
        host = self.host()
        first = self.run(host, work("add", {"value": 5}))

        again = self.run(host, work("add", {"value": 1}, first.state))
        other = self.run(host, work("add", {"value": 1}, None))

        assert (decode_value(again.response), decode_value(other.response)) == (6, 1)

    def test_unchanged_state_is_not_sent_back(self) -> None:
        host = self.host()
        first = self.run(host, work("add", {"value": 5}))

        assert self.run(host, work("add", {"value": 0}, first.state)).state is None

    def test_failure_tells_type_and_text_and_has_no_state(self) -> None:
        outcome = self.run(self.host(), work("fail"))

        assert outcome.failure is not None
        assert (outcome.failure.code, outcome.failure.type_name) == (ActionFailed.code, "ValueError")
        assert outcome.failure.text == "on purpose"
        assert (outcome.state, outcome.response) == (None, None)

    def test_failed_turn_leaves_nothing_for_the_next(self) -> None:
        host = self.host()
        state = self.run(host, work("add", {"value": 5})).state
        self.run(host, work("fail", None, state))

        assert decode_value(self.run(host, work("add", {"value": 1}, state)).response) == 6

    def test_payload_that_does_not_fit_runs_nothing(self) -> None:
        outcome = self.run(self.host(), work("add", {"value": "five"}))

        assert outcome.failure is not None
        assert outcome.failure.code == BadPayload.code

    def test_tags_survive_a_turn_that_does_not_touch_them(self) -> None:
        assert self.run(self.host(), work("add", {"value": 1})).tags == {"colour": "red"}

    def test_forgotten_actor_runs_again_from_its_state(self) -> None:
        host = self.host()
        state = self.run(host, work("add", {"value": 5})).state
        host.forget(ActorId("test", "counter"))

        assert decode_value(self.run(host, work("add", {"value": 1}, state)).response) == 6
