"""Checks of what is left after retention, and of the columns beside the journal; `StateStoreChecks` has them all."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.errors import BadSetting, StaleCommit
from runtime.ids import ActorId
from runtime.records import Invocation, Turn
from runtime.stores.base import Group, Limits, Retention, StateStore, flatten
from runtime.stores.journal.deltas import LARGE_BYTES, WHOLE_EVERY
from runtime.testing.turns import TurnHistory, actor_id, alike

_LATE_US = 1_800_000_000_000_000
"""Long after every turn of a `TurnHistory`."""
_LARGE = b"".join(b"%06d" % index for index in range(LARGE_BYTES // 6 + 10))


class RetentionChecks:
    """Needs the fixtures `store`, `stores` and `past`."""

    @pytest.fixture
    def shrinking(self, store: StateStore) -> StateStore:
        """The store, if it can remove turns at all."""
        try:
            store.retain(Retention(turns=1), 0)
        except BadSetting as reason:
            pytest.skip(str(reason))
        return store

    def test_the_newest_turns_of_all_are_kept(self, shrinking: StateStore, past: TurnHistory) -> None:
        commit(shrinking, past, 3_000, "a", "b", "c")

        retain_all(shrinking, Retention(turns=1_000))

        left = assert_suffixes(shrinking, past)
        assert 1_000 <= len(left) < 2_000
        assert shrinking.retention_mark().gone == left[0].sequence - 1
        assert left == past.turns[-len(left) :]

    def test_turns_go_by_age_all_of_them_in_the_end(self, shrinking: StateStore, past: TurnHistory) -> None:
        commit(shrinking, past, 2_500, "a", "b")

        retain_all(shrinking, Retention(every=Limits(age_us=1)), _LATE_US)

        assert list(shrinking.turns()) == []
        assert shrinking.retention_mark().gone == 2_500
        assert_current(shrinking, past)
        assert shrinking.state_at(actor_id("a"), 1_000) is None
        assert shrinking.oldest_revision(actor_id("a")) == 1_250

    def test_every_actor_keeps_its_newest_revisions(self, shrinking: StateStore, past: TurnHistory) -> None:
        commit(shrinking, past, 5_000, "busy", "busy", "busy", "quiet")
        commit(shrinking, past, 30, "rare")

        retain_all(shrinking, Retention(every=Limits(revisions=100)))

        left = assert_suffixes(shrinking, past)
        assert [count(left, name) for name in ("busy", "quiet", "rare")] == [100, 100, 30]
        oldest = past.actors[actor_id("busy")].revision - 99
        assert shrinking.oldest_revision(actor_id("busy")) == oldest
        assert shrinking.state_at(actor_id("busy"), oldest - 1) is None
        assert alike(shrinking.state_at(actor_id("busy"), oldest), past.at("busy", oldest))

    def test_every_actor_keeps_its_newest_invocations(self, shrinking: StateStore, past: TurnHistory) -> None:
        for _ in range(10):
            shrinking.commit(Group(turns=tuple(past.turn("a" if i % 5 else "b") for i in range(500))))

        retain_all(shrinking, Retention(every=Limits(invocations=200)))

        left = assert_suffixes(shrinking, past)
        assert [count(left, name) for name in ("a", "b")] == [200, 200]

    def test_templates_have_limits_of_their_own(self, shrinking: StateStore, past: TurnHistory) -> None:
        for _ in range(10):
            turns = [past.turn(f"{i % 2}", b"%d" % i, parent="even" if i % 2 == 0 else "odd") for i in range(500)]
            shrinking.commit(Group(turns=tuple(turns)))

        retain_all(shrinking, Retention(every=Limits(age_us=1), of={"odd": Limits()}), _LATE_US)

        left = assert_suffixes(shrinking, past)
        assert [count(left, name) for name in ("0", "1")] == [0, 2_500]

    def test_numbering_goes_on_after_everything_went(
        self, stores: Any, shrinking: StateStore, past: TurnHistory
    ) -> None:
        commit(shrinking, past, 700, "a")
        retain_all(shrinking, Retention(every=Limits(age_us=0)), _LATE_US)
        stores.crash(shrinking)

        store = stores.open()
        assert (store.head(), store.retention_mark().gone) == (700, 700)
        with pytest.raises(StaleCommit):
            store.commit(Group(turns=TurnHistory().batch(1, "a")))
        commit(store, past, 1, "a")
        found = store.load(actor_id("a"))
        assert found is not None
        assert (store.head(), found.revision) == (701, 701)
        assert list(flatten(store.turns())) == past.turns[-1:]
        store.close()

    def test_keys_go_with_their_turns_and_not_before(self, shrinking: StateStore, past: TurnHistory) -> None:
        for start in range(0, 3_000, 500):
            turns = [past.turn(f"a{i % 7}", b"%d" % i, key=f"k{i}") for i in range(start, start + 500)]
            shrinking.commit(Group(turns=tuple(turns)))

        retain_all(shrinking, Retention(turns=1_000))

        left = {turn.sequence for turn in assert_suffixes(shrinking, past)}
        for turn in past.turns[::7]:
            assert shrinking.find_key(turn.actor, turn.key) == (turn if turn.sequence in left else None)

    def test_schedules_marks_and_definitions_stay(self, shrinking: StateStore, past: TurnHistory) -> None:
        later = Invocation(id="later", actor=actor_id("a"), action="act", scheduled_to_us=5)  # type: ignore[arg-type]
        shrinking.commit(Group(turns=past.batch(600, "a"), scheduled=(later,)))

        retain_all(shrinking, Retention(every=Limits(age_us=0)), _LATE_US)

        assert shrinking.schedules() == [later]

    @pytest.mark.parametrize("turns", [1, 40, 100])
    def test_large_states_can_be_read_whatever_they_were_stored_against(
        self, shrinking: StateStore, past: TurnHistory, turns: int
    ) -> None:
        for index in range(2 * WHOLE_EVERY):
            shrinking.commit(Group(turns=(past.turn("a", b"%d" % index + _LARGE), past.turn("b", b"small"))))

        retain_all(shrinking, Retention(turns=turns))
        shrinking.commit(Group(turns=(past.turn("a", b"after" + _LARGE),)))

        left = assert_suffixes(shrinking, past)
        assert len(left) >= turns
        for turn in left:
            if turn.state is not None:
                assert alike(shrinking.state_at(turn.actor, turn.revision), past.at(turn.actor.name, turn.revision))

    def test_large_states_of_one_actor_go_beside_those_of_others(
        self, shrinking: StateStore, past: TurnHistory
    ) -> None:
        for _ in range(50):
            batch = [past.turn(f"l{i % 2}", b"%d" % i + _LARGE) for i in range(4)]
            shrinking.commit(Group(turns=(*batch, *past.batch(96, "a"))))

        retain_all(shrinking, Retention(every=Limits(revisions=3), of={"l1": Limits()}))

        left = assert_suffixes(shrinking, past)
        assert [count(left, name) for name in ("l0", "l1", "a")] == [3, 100, 3]

    def test_what_is_being_read_is_not_removed(self, shrinking: StateStore, past: TurnHistory) -> None:
        commit(shrinking, past, 3_000, "a")
        reading = shrinking.turns()
        seen = next(reading)

        assert not any(retain_all(shrinking, Retention(turns=10)) for _ in range(3))

        assert seen + list(flatten(reading)) == past.turns
        assert retain_all(shrinking, Retention(turns=10))

    # columns

    def test_columns_equal_the_turns_they_are_made_of(self, store: StateStore, past: TurnHistory) -> None:
        assert columns_of(store).num_rows == 0
        for size in (1, 3_000, 5_000, 2_000, 7):
            store.commit(Group(turns=past.batch(size, "a", "b")))
            store.commit(Group(turns=(past.turn("a", fails=True), past.turn("c", tags={"t": "1"}), past.turn("d"))))
            seal_all(store)
            for after in (0, 1, 2_999, 8_192, len(past.turns) - 1, len(past.turns)):
                assert columns_of(store, after) == rows_of(past.turns[after:])

    def test_columns_lose_what_retention_removes(self, shrinking: StateStore, past: TurnHistory) -> None:
        commit(shrinking, past, 12_000, "a", "b", "b", "b")
        seal_all(shrinking)

        for retention in (Retention(turns=9_000), Retention(every=Limits(revisions=2_500))):
            retain_all(shrinking, retention)
            left = assert_suffixes(shrinking, past)
            assert columns_of(shrinking) == rows_of(left)
            seal_all(shrinking)
            assert columns_of(shrinking) == rows_of(left)

    def test_large_states_are_whole_in_columns(self, store: StateStore, past: TurnHistory) -> None:
        for index in range(5):
            store.commit(Group(turns=(past.turn("a", b"%d" % index + _LARGE), *past.batch(2_000, "b"))))
        seal_all(store)

        assert columns_of(store) == rows_of(past.turns)


def commit(store: StateStore, past: TurnHistory, turns: int, *names: str) -> None:
    """So many turns, in groups as they come at work."""
    for start in range(0, turns, 250):
        store.commit(Group(turns=past.batch(min(250, turns - start), *names)))


def retain_all(store: StateStore, retention: Retention, now_us: int = 0) -> int:
    """All steps, after everything is in its rows; how many there were."""
    while store.checkpoint():
        pass
    for steps in range(100_000):
        if not store.retain(retention, now_us):
            return steps
    raise AssertionError("After 100,000 steps there is still something left to remove.")


def seal_all(store: StateStore) -> None:
    for _ in range(100_000):
        if not store.seal():
            return
    raise AssertionError("After 100,000 steps there is still something left to seal.")


def assert_current(store: StateStore, past: TurnHistory) -> None:
    """Every actor is as it was, whatever became of its past."""
    assert store.head() == len(past.turns)
    for actor, expected in past.actors.items():
        assert alike(store.load(actor), expected), actor
    assert {found.actor for found in store.actors()} == set(past.actors)


def assert_suffixes(store: StateStore, past: TurnHistory) -> list[Turn]:
    """What is left: every actor as it was, and of its past the newest turns, without a hole and unchanged."""
    assert_current(store, past)
    left = list(flatten(store.turns()))
    mine, theirs = _by_actor(left), _by_actor(past.turns)
    for actor, turns in theirs.items():
        kept = mine.get(actor, [])
        assert kept == turns[len(turns) - len(kept) :], f"the past of {actor} has a hole, or is another"
        assert list(flatten(store.turns(actor=actor))) == kept
    return left


def promised(past: TurnHistory, retention: Retention, now_us: int | None = None) -> set[int]:
    """Sequences of the turns that a retention keeps at that time; None for the end of the last turn."""
    if now_us is None:
        now_us = past.turns[-1].finished_us if past.turns else 0
    newest: dict[ActorId, int] = {}
    counts: dict[ActorId, int] = {}
    gone: set[ActorId] = set()
    kept: set[int] = set()
    for turn in reversed(past.turns):
        actor = turn.actor
        counts[actor] = counts.get(actor, 0) + 1
        newest.setdefault(actor, turn.revision)
        limits = retention.of.get(turn.parent, retention.every)
        if (
            (limits.revisions is not None and turn.revision <= newest[actor] - limits.revisions)
            or (limits.invocations is not None and counts[actor] > limits.invocations)
            or (limits.age_us is not None and turn.finished_us < now_us - limits.age_us)
        ):
            gone.add(actor)
        is_recent = retention.turns is None or turn.sequence > len(past.turns) - retention.turns
        if actor not in gone and is_recent:
            kept.add(turn.sequence)
    return kept


def count(turns: list[Turn], name: str) -> int:
    """How many are of that actor."""
    return sum(turn.actor.name == name for turn in turns)


def columns_of(store: StateStore, after: int = 0) -> Any:
    """What the store gives as columns, as one `pyarrow.Table` of plain columns."""
    return _table(list(store.history_batches(after=after)))


def rows_of(turns: list[Turn]) -> Any:
    """The same of turns."""
    from runtime.stores.journal.columns.batches import batch

    return _table([batch(turns)])


def _table(batches: list[Any]) -> Any:
    import pyarrow as pa

    from runtime.stores.journal.columns.batches import SCHEMA

    plain = [(each.name, pa.string() if pa.types.is_dictionary(each.type) else each.type) for each in SCHEMA]
    return pa.Table.from_batches(batches, SCHEMA).cast(pa.schema(plain)).combine_chunks()


def _by_actor(turns: list[Turn]) -> dict[ActorId, list[Turn]]:
    found: dict[ActorId, list[Turn]] = {}
    for turn in turns:
        found.setdefault(turn.actor, []).append(turn)
    return found
