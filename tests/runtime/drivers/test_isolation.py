"""A group that cannot be encoded: the offending turn is isolated, said, and nothing else is lost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from runtime import Actor, action, errors
from runtime.config import Durability, RuntimeConfig
from runtime.engine import turns as engine_turns
from runtime.ids import ActorId
from runtime.records import Encoded, EventKind, Invocation, State, Turn
from runtime.stores.base import Group, flatten
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.drivers.steps import DEADLINE_S, wait_until

KEY = bytes(32)


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


class Other(Counter, name="other"):
    pass


class Careful(Counter, name="careful", durability=Durability.COMMIT):
    pass


@pytest.fixture
def backend() -> MemoryBackend:
    return MemoryBackend()


@pytest.fixture
def system(backend: MemoryBackend) -> Iterator[EmbeddedSystem]:
    running = EmbeddedSystem(RuntimeConfig(system="test", timeout_s=DEADLINE_S), JournalStore(backend, key=KEY))
    for actor in (Counter, Other, Careful):
        running.deploy(actor)
    running.flush()
    yield running
    running.close()


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the record of the next turn of an actor carry these values, behind every check of what a host gives."""

    def arrange(actor: str, **fields: Any) -> None:
        make = engine_turns.make_turn

        def poisoned(*arguments: Any) -> Turn:
            turn = make(*arguments)
            if turn.actor.name != actor:
                return turn
            monkeypatch.setattr(engine_turns, "make_turn", make)
            return msgspec.structs.replace(turn, **fields)

        monkeypatch.setattr(engine_turns, "make_turn", poisoned)

    return arrange


@pytest.fixture
def said() -> Iterator[list[str]]:
    """What goes to the log."""
    lines: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("runtime.drivers.recorder")
    logger.addHandler(handler)
    yield lines
    logger.removeHandler(handler)


def recorded(backend: MemoryBackend) -> list[Turn]:
    """What another process would read."""
    return list(flatten(JournalStore(backend, key=KEY).turns()))


def add(system: EmbeddedSystem, actor: str, value: int = 1, **options: Any) -> Any:
    return system.invoke(actor, "add", {"value": value}, **options)


@pytest.mark.parametrize(
    "fields",
    [
        {"tags_after": {"mood": "good", "x": object()}},
        {"tags_after": {"mood": "good", "x": 10**400}},
        {"tags_after": {"mood": "good", 5: "x"}},
        {"metadata": {"a": object()}},
        {"sent": (object(),)},
        {"seed": 1 << 70},
        {"cause": object()},
    ],
    ids=["object", "huge", "name", "metadata", "sent", "seed", "cause"],
)
def test_turn_that_cannot_be_encoded_is_recorded_as_far_as_it_can(
    system: EmbeddedSystem, backend: MemoryBackend, poison: Callable[..., None], fields: dict[str, Any]
) -> None:
    poison("counter", **fields)
    add(system, "counter")
    add(system, "other")

    system.flush()

    found = recorded(backend)
    assert [(turn.sequence, turn.actor.name) for turn in found] == [(1, "counter"), (2, "other")]
    assert found[0].failure is not None
    assert found[0].failure.code == "turn_quarantined"
    assert found[0].state == State(Encoded("json", b'{"total":1}'))
    assert found[0].revision == 1
    assert found[1].failure is None


def test_actors_of_other_turns_in_the_group_lose_nothing(
    system: EmbeddedSystem, backend: MemoryBackend, poison: Callable[..., None]
) -> None:
    poison("counter", tags_after={"x": object()})
    for _ in range(20):
        add(system, "counter")
        add(system, "other")

    system.close()

    assert [turn.sequence for turn in recorded(backend)] == list(range(1, 41))
    again = JournalStore(backend, key=KEY)
    totals = [again.load(ActorId("test", name)) for name in ("counter", "other")]
    assert [each.state.value.data for each in totals if each and each.state] == [b'{"total":20}'] * 2


def test_turns_built_on_an_isolated_one_stay_successes(
    system: EmbeddedSystem, backend: MemoryBackend, poison: Callable[..., None]
) -> None:
    """They began with tags that cannot be written, which is no failure of theirs."""
    poison("counter", tags_after={"mood": "good", "x": object()})
    for _ in range(3):
        add(system, "counter")

    system.flush()

    found = recorded(backend)
    assert [turn.failure is None for turn in found] == [False, True, True]
    assert [turn.tags_before for turn in found[1:]] == [{"mood": "good"}] * 2


def test_memory_agrees_with_what_was_recorded(
    system: EmbeddedSystem, backend: MemoryBackend, poison: Callable[..., None]
) -> None:
    add(system, "counter")
    system.flush()
    poison("counter", tags_after={"mood": "good", "x": object()}, state=State(object(), b""))  # type: ignore[arg-type]
    add(system, "counter", 5)
    system.flush()

    in_memory = system.driver.look(
        lambda engine, now: engine.directory.active[ActorId("test", "counter")].snapshot(now, "")
    )

    stored = JournalStore(backend, key=KEY).load(ActorId("test", "counter"))
    assert stored is not None
    assert (in_memory.state, in_memory.tags) == (stored.state, stored.tags)
    assert in_memory.state == State(Encoded("json", b'{"total":1}'))
    assert in_memory.tags == {"mood": "good"}
    assert add(system, "counter") == 2


def test_caller_at_commit_is_told_that_its_record_is_not_whole(
    system: EmbeddedSystem, poison: Callable[..., None]
) -> None:
    poison("careful", tags_after={"x": object()})

    with pytest.raises(errors.TurnQuarantined, match=r"turn 1, add of careful.*tags_after cannot be kept"):
        add(system, "careful")

    assert add(system, "careful") == 2


def test_used_key_of_an_isolated_turn_is_not_run_again(system: EmbeddedSystem, poison: Callable[..., None]) -> None:
    poison("counter", tags_after={"x": object()})
    add(system, "counter", key="once")
    system.flush()

    with pytest.raises(errors.TurnQuarantined):
        add(system, "counter", key="once")

    assert add(system, "counter") == 2


def test_isolation_is_said_by_log_feed_and_status(
    system: EmbeddedSystem, poison: Callable[..., None], said: list[str]
) -> None:
    feed = system.subscribe()
    poison("counter", tags_after={"x": object()})
    add(system, "counter")
    system.flush()

    (event,) = [event for event in feed.drain() if event.kind is EventKind.QUARANTINED]
    assert "tags_after cannot be kept" in event.text
    (problem,) = system.status().problems
    assert problem.startswith("Could not be written whole: turn 1 of counter: tags_after cannot be kept (TypeError: ")
    assert "turn 1 of counter" in said[0]


def test_schedule_that_cannot_be_kept_becomes_a_dead_letter(system: EmbeddedSystem, backend: MemoryBackend) -> None:
    beyond = Invocation(
        id="far",
        actor=ActorId("test", "counter"),
        action="add",
        asynchronous=True,
        scheduled_to_us=2**70,  # type: ignore[arg-type]
    )
    add(system, "other")

    system.driver.call(lambda engine, now: engine.submit(beyond, None, now))
    wait_until(lambda: system.status().problems, "the schedule was refused")
    add(system, "other")
    system.close()

    assert [turn.actor.name for turn in recorded(backend)] == ["other", "other"]
    assert JournalStore(backend, key=KEY).schedules() == []
    (letter,) = system.driver.engine.feed.recent_letters.values()
    assert (letter.invocation.id, letter.code) == ("far", "turn_quarantined")


def test_store_that_is_unavailable_is_tried_again_with_the_isolated_group(
    backend: MemoryBackend, poison: Callable[..., None]
) -> None:
    store = JournalStore(backend, key=KEY)
    commit, refused = store.commit, list[Group]()

    def refuse_once(group: Group) -> None:
        if len(refused) == 1 and not any(
            isinstance(turn.tags_after, dict) and "x" in turn.tags_after for turn in group.turns
        ):
            refused.append(group)
            raise errors.StoreUnavailable("the disk is full")
        if group.turns and not refused:
            refused.append(group)
        commit(group)

    store.commit = refuse_once  # type: ignore[method-assign]
    running = EmbeddedSystem(RuntimeConfig(system="test", timeout_s=DEADLINE_S), store)
    running.deploy(Counter)
    running.flush()
    poison("counter", tags_after={"x": object()})
    add(running, "counter")
    running.close()

    assert len(refused) == 2
    assert [turn.failure is None for turn in recorded(backend)] == [False]
