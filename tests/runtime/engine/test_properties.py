"""Whatever is chosen at each step, these hold: order, growth, and what a crash keeps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from runtime import Actor, Context, action, errors
from runtime.clock import as_datetime
from runtime.drivers.step_driver import Pending, Possible, StepDriver
from runtime.engine.state import EngineOptions
from runtime.ids import ActorId
from runtime.stores.base import flatten
from runtime.stores.registry import open_store
from tests.runtime.engine.conftest import KEY

NAMES = ("a", "b", "c")


class Cell(Actor, name="cell", kind="unnamed", deactivate_timeout="5s"):
    seen: list[int] = []

    @action
    def put(self, value: int) -> list[int]:
        self.seen.append(value)
        return self.seen

    @action
    def fail(self, value: int) -> None:
        self.seen.append(value)
        raise ValueError(value)

    @action
    async def copy(self, ctx: Context, value: int, to: str) -> int:
        self.seen.append(value)
        await ctx.invoke(to, "put", {"value": value}, parent="cell")
        return value


class Careful(Cell, name="careful", kind="unnamed", durability="commit", deactivate_timeout="5s"):
    pass


class Interleavings(RuleBasedStateMachine):
    """Messages, steps, writes, time and crashes in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.store = open_store("memory://", key=KEY)
        self.choice = 0
        self.driver = StepDriver(
            self.store, options=EngineOptions(system="test"), choose=self._choose, writes_at_once=False
        )
        self.driver.deploy(Cell)
        self.driver.deploy(Careful)
        self.values = 0
        self.sent: list[tuple[str, int, Pending]] = []
        self.scheduled: list[tuple[str, int, Pending]] = []

    def _choose(self, options: Sequence[Possible]) -> int:
        return self.choice % len(options)

    def _next(self) -> int:
        self.values += 1
        return self.values

    @rule(name=st.sampled_from(NAMES), fail=st.booleans())
    def send(self, name: str, fail: bool) -> None:
        value = self._next()
        pending = self.driver.send(name, "fail" if fail else "put", {"value": value}, parent="cell")
        if not fail:
            self.sent.append((name, value, pending))

    @rule(name=st.sampled_from(("x", "y")))
    def send_carefully(self, name: str) -> None:
        value = self._next()
        pending = self.driver.send(name, "put", {"value": value}, parent="careful", key=f"k{value}")
        self.sent.append((name, value, pending))

    @rule(name=st.sampled_from(NAMES), to=st.sampled_from(NAMES))
    def send_on(self, name: str, to: str) -> None:
        if name == to:
            return  # a question to oneself is refused, which another test shows
        self.driver.send(name, "copy", {"value": self._next(), "to": to}, parent="cell")

    @rule(name=st.sampled_from((*NAMES, "x")), seconds=st.sampled_from((0.1, 2.0, 7.0)))
    def schedule(self, name: str, seconds: float) -> None:
        value = self._next()
        due = as_datetime(self.driver.clock.now_us()) + timedelta(seconds=seconds)
        parent = "careful" if name == "x" else "cell"
        pending = self.driver.send(name, "put", {"value": value}, parent=parent, scheduled_to=due)
        self.scheduled.append((name, value, pending))

    @rule(choice=st.integers(0, 5))
    def step(self, choice: int) -> None:
        self.choice = choice
        self.driver.step()

    @rule()
    def write(self) -> None:
        self.driver.write()

    @rule(seconds=st.sampled_from((0.5, 6.0, -3.0)))
    def advance(self, seconds: float) -> None:
        self.driver.advance(seconds)

    @rule()
    def crash(self) -> None:
        before = {name: self._in_memory(name) for name in (*NAMES, "x", "y")}
        self.driver.crash()
        for name, seen in before.items():
            kept = self._stored(name)
            if seen is not None:
                assert seen[: len(kept)] == kept, "what a crash keeps is a prefix"
        self.sent = [each for each in self.sent if each[2].is_done and each[0] in ("x", "y")]
        self.scheduled = [each for each in self.scheduled if each[2].is_done]

    @invariant()
    def answers_at_commit_level_are_on_disk(self) -> None:
        for name, value, pending in self.sent:
            if name in ("x", "y") and pending.is_done:
                assert value in self._stored(name)

    @invariant()
    def no_message_is_executed_twice(self) -> None:
        for name in (*NAMES, "x", "y"):
            seen = self._in_memory(name) or self._stored(name)
            assert len(seen) == len(set(seen)), "scheduled ones included, over every crash"

    @invariant()
    def no_actor_is_in_two_turns(self) -> None:
        running = [each.id for each in self.driver.engine.directory.active.values() if each.running is not None]
        suspended = [each.run.invocation.actor for each in self.driver._suspended]
        assert len(suspended) == len(set(suspended))
        assert set(suspended) <= set(running)

    @invariant()
    def journal_has_no_gaps_and_revisions_grow_by_one(self) -> None:
        turns = list(flatten(self.store.turns()))
        assert [turn.sequence for turn in turns] == list(range(1, len(turns) + 1))
        revisions: dict[Any, int] = {}
        for turn in turns:
            assert turn.revision_before == revisions.get(turn.actor, 0)
            assert turn.revision - turn.revision_before in (0, 1)
            revisions[turn.actor] = turn.revision

    @invariant()
    def direct_messages_were_taken_in_the_order_sent(self) -> None:
        for name in (*NAMES, "x", "y"):
            seen = self._in_memory(name) or []
            sent = [value for target, value, _ in self.sent if target == name]
            taken = [value for value in seen if value in set(sent)]
            assert taken == sorted(taken)

    def teardown(self) -> None:
        self.driver.write()
        for _ in range(3):
            self.driver.advance(20)
            self.driver.run()
            self.driver.write()
        for name, value, _ in self.scheduled:
            assert self._stored(name).count(value) == 1, f"{value} was scheduled for {name}: once"
        assert self.store.schedules() == []
        for _, _, pending in self.sent:
            if not pending.is_done:
                self.driver.write()
            try:
                pending.result()
            except errors.InvocationTimeout as error:
                raise AssertionError(f"never answered: {pending.invocation}") from error
        self.driver.close()
        self.store.close()

    def _in_memory(self, name: str) -> list[int] | None:
        active = self.driver.engine.directory.active
        activation = next((each for each in active.values() if each.id.name == name), None)
        if activation is None or activation.state is None:
            return None
        return list(seen_in(activation.state.value.data))

    def _stored(self, name: str) -> list[int]:
        snapshot = self.store.load(ActorId("test", name))
        return [] if snapshot is None or snapshot.state is None else seen_in(snapshot.state.value.data)


def seen_in(data: bytes) -> list[int]:
    seen: list[int] = msgspec.json.decode(data)["seen"]
    return seen


Interleavings.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestInterleavings = Interleavings.TestCase
