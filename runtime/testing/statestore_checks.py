"""The checks that every state store passes: the executable form of `runtime.stores.base`.

For an adapter of your own, subclass in a test module and say how to open it::

    class TestMyStore(StateStoreChecks):
        @pytest.fixture
        def stores(self, tmp_path):
            return MyStores(tmp_path)

where `MyStores` has the methods of `Stores`.  pytest collects the checks from the subclass.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Protocol

import msgspec
import pytest

from runtime.errors import StaleCommit, StoreDamaged, StoreError, StoreUnavailable
from runtime.ids import InvocationId
from runtime.records import JSON, Encoded, Invocation, Lifecycle, StoredDefinition
from runtime.stores.base import Group, Retention, StateStore, flatten
from runtime.stores.journal.deltas import LARGE_BYTES, WHOLE_EVERY
from runtime.testing.retention_checks import RetentionChecks
from runtime.testing.turns import TurnHistory, actor_id, alike

ODD_NAMES = (
    "a/b",
    "a b",
    "",
    "ünïcödé",
    "日本語",
    "🙂",
    "Case",
    "case",
    "CASE",
    "é",
    "e\u0301",
    "%_[]",
    "'; DROP TABLE snapshots; --",
    "nul\0inside",
    "new\nline",
    " padded ",
    "x" * 10_000,
)


class Stores(Protocol):
    """How the checks reach an adapter: one store, opened again and again."""

    def open(self) -> StateStore:
        """The store, with whatever was committed to it before."""
        ...

    def crash(self, store: StateStore) -> None:
        """What `kill -9` of the owning process would do: no goodbye; `open` works afterwards."""
        ...

    def tear(self) -> None:
        """Cut off the end of the last block, as a disk that lost a write would.  Called between `crash` and `open`."""
        ...

    def remove_last(self) -> None:
        """Remove the last block, as someone who can write to the tables could.  Called between `crash` and `open`."""
        ...

    def remove_rows(self) -> None:
        """Remove everything that is kept for single actors and keys, likewise."""
        ...


class StateStoreChecks(RetentionChecks):
    """Subclass it and provide the fixture `stores`."""

    @pytest.fixture
    def past(self) -> TurnHistory:
        return TurnHistory()

    @pytest.fixture
    def store(self, stores: Stores) -> Iterator[StateStore]:
        store = stores.open()
        yield store
        store.close()

    # reading what is not there

    def test_new_store_is_empty(self, store: StateStore) -> None:
        assert store.head() == 0
        assert not any((list(store.turns()), list(store.actors()), list(store.lifecycle()), store.definitions()))

    def test_missing_actor_has_no_state(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=past.batch(1, "present")))

        assert store.load(actor_id("absent")) is None
        assert store.state_at(actor_id("absent"), 1) is None
        assert store.find_key(actor_id("absent"), "k") is None
        assert list(store.turns(actor=actor_id("absent"))) == []

    def test_actor_that_only_failed_is_known_without_state(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=(past.turn("a", fails=True),)))

        _assert_holds(store, past)
        found = store.load(actor_id("a"))
        assert found is not None
        assert (found.revision, found.state) == (0, None)

    # committing

    def test_commit_is_seen_at_once(self, store: StateStore, past: TurnHistory) -> None:
        for _ in range(3):
            store.commit(Group(turns=past.batch(4, "a", "b")))
            _assert_holds(store, past)

    def test_revision_grows_by_one_with_each_state(self, store: StateStore, past: TurnHistory) -> None:
        for revision in range(1, 5):
            store.commit(Group(turns=(past.turn("a", b'{"total": %d}' % revision), past.turn("a"))))

            found = store.load(actor_id("a"))
            assert found is not None
            assert found.revision == revision

    def test_gap_is_stale_and_changes_nothing(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=past.batch(3, "a")))
        ahead = TurnHistory()
        ahead.batch(4, "a")

        with pytest.raises(StaleCommit):
            store.commit(Group(turns=(ahead.turn("a", b"{}"),), lifecycle=(Lifecycle(1, actor_id("a"), "activated"),)))

        _assert_holds(store, past)
        assert list(store.lifecycle()) == []

    def test_repeated_sequence_is_stale_and_changes_nothing(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=past.batch(3, "a")))

        with pytest.raises(StaleCommit):
            store.commit(Group(turns=TurnHistory().batch(2, "other")))

        _assert_holds(store, past)
        assert store.load(actor_id("other")) is None

    def test_group_is_committed_whole(self, store: StateStore, past: TurnHistory) -> None:
        turns = past.batch(5, "a", "b")
        marks = (Lifecycle(1, actor_id("a"), "activated", 0, "d1"), Lifecycle(2, actor_id("b"), "deactivated", 2))
        snapshot = past.snapshot("c", b'{"c": 1}')

        store.commit(Group(turns=turns, snapshots=(snapshot,), lifecycle=marks))

        _assert_holds(store, past)
        assert tuple(store.lifecycle()) == marks

    def test_turns_come_in_order_and_complete(self, store: StateStore, past: TurnHistory) -> None:
        for size in (1, 700, 2, 300):
            store.commit(Group(turns=past.batch(size, "a", "b", "c")))

        assert list(flatten(store.turns())) == past.turns
        assert list(flatten(store.turns(after=650))) == past.turns[650:]
        assert list(flatten(store.turns(after=len(past.turns)))) == []
        assert list(flatten(store.turns(after=650, actor=actor_id("b")))) == [
            turn for turn in past.turns[650:] if turn.actor == actor_id("b")
        ]

    def test_tags_change_without_a_new_revision(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=(past.turn("a", b"1"), past.turn("a", tags={"mood": "good"}))))
        store.commit(Group(turns=(past.turn("a", tags={"mood": "better"}), past.turn("a"))))

        _assert_holds(store, past)

    # snapshots

    def test_snapshot_alone_is_loaded_back(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(snapshots=(past.snapshot("a", b'{"n": 1}'),)))
        store.commit(Group(snapshots=(past.snapshot("a", b'{"n": 2}', status="DEACTIVATED"),)))

        found = store.load(actor_id("a"))
        assert found == past.actors[actor_id("a")]

    def test_older_snapshot_does_not_hide_newer_turn(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=(past.turn("a", b"1"),)))
        old = past.actors[actor_id("a")]

        store.commit(Group(turns=(past.turn("a", b"2"),), snapshots=(old,)))

        _assert_holds(store, past)

    def test_turns_continue_from_an_unjournaled_snapshot(self, stores: Stores, past: TurnHistory) -> None:
        store = stores.open()
        store.commit(Group(turns=(past.turn("a", _large("1")),)))
        store.commit(Group(snapshots=(past.snapshot("a", _large("2")),)))
        store.commit(Group(turns=(past.turn("a", _large("3")), past.turn("a", tags={"t": "1"}))))

        for _ in range(2):
            _assert_current(store, past)
            stores.crash(store)
            store = stores.open()
        store.close()

    # keys

    def test_successful_turn_is_found_by_its_key(self, store: StateStore, past: TurnHistory) -> None:
        turn = past.turn("a", b"1", key="k")
        store.commit(Group(turns=(turn, past.turn("b", b"2", key="k"))))

        for _ in range(2):
            assert store.find_key(actor_id("a"), "k") == turn
            assert store.find_key(actor_id("a"), "K") is None
            assert store.find_key(actor_id("a", "elsewhere"), "k") is None
            _checkpoint_all(store)

    def test_failure_does_not_use_up_a_key(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=(past.turn("a", key="k", fails=True),)))
        assert store.find_key(actor_id("a"), "k") is None

        turn = past.turn("a", b"1", key="k")
        store.commit(Group(turns=(turn,)))

        assert store.find_key(actor_id("a"), "k") == turn

    def test_many_keys_survive_checkpoint_and_crash(self, stores: Stores, past: TurnHistory) -> None:
        store = stores.open()
        for start in range(0, 600, 100):
            turns = tuple(past.turn(f"a{i % 7}", b"%d" % i, key=f"k{i}") for i in range(start, start + 100))
            store.commit(Group(turns=turns))
            if start == 200:
                store.checkpoint()
        stores.crash(store)

        store = stores.open()
        for turn in past.turns:
            assert store.find_key(turn.actor, turn.key) == turn
        assert store.find_key(actor_id("a0"), "k600") is None
        store.close()

    # time travel

    def test_every_past_revision_is_found(self, store: StateStore, past: TurnHistory) -> None:
        for index in range(60):
            store.commit(Group(turns=(past.turn("a", b"%d" % index), past.turn("b"), past.turn("a"))))
            if index % 20 == 19:
                _checkpoint_all(store)

        for revision in range(1, 61):
            assert alike(store.state_at(actor_id("a"), revision), past.at("a", revision)), revision
        assert store.state_at(actor_id("a"), 61) is None
        assert store.state_at(actor_id("a"), -1) is None

    # large states

    def test_large_states_come_back_whole(self, stores: Stores, past: TurnHistory) -> None:
        store = stores.open()
        for index in range(WHOLE_EVERY + 10):
            store.commit(Group(turns=(past.turn("a", _large(f"{index}")), past.turn("b", b"small"))))
        assert list(flatten(store.turns())) == past.turns
        assert list(flatten(store.turns(after=33, actor=actor_id("a")))) == past.turns[34::2]
        assert alike(store.state_at(actor_id("a"), 20), past.at("a", 20))

        stores.crash(store)
        store = stores.open()
        _assert_holds(store, past)
        store.close()

    def test_state_that_shrinks_and_grows_again_comes_back(self, store: StateStore, past: TurnHistory) -> None:
        for state in (_large("1"), _large("2"), b"small", _large("3"), _large("4")):
            store.commit(Group(turns=(past.turn("a", state), past.turn("a", fails=True))))

        _assert_holds(store, past)

    # names

    def test_odd_names_and_keys_stay_apart(self, store: StateStore, past: TurnHistory) -> None:
        turns = tuple(past.turn(name, b"%d" % index, key=name or "k") for index, name in enumerate(ODD_NAMES))
        store.commit(Group(turns=turns))

        for _ in range(2):
            _assert_holds(store, past)
            for turn in turns:
                assert store.find_key(turn.actor, turn.key) == turn
                assert list(flatten(store.turns(actor=turn.actor))) == [turn]
            _checkpoint_all(store)

    def test_texts_that_utf8_cannot_hold_do_not_stop_the_journal(self, store: StateStore, past: TurnHistory) -> None:
        turn = past.turn("a", b"1", tags={"file": "\udcff.txt"})
        store.commit(Group(turns=(turn,), lifecycle=(Lifecycle(1, actor_id("\ud800"), "activated"),)))
        store.commit(Group(turns=past.batch(1, "a")))
        _checkpoint_all(store)

        assert store.head() == 2
        assert next(flatten(store.turns())).tags_after == {"file": "\ufffd.txt"}
        assert store.load(actor_id("\ud800")) is None
        assert store.find_key(actor_id("a"), "\udfff") is None

    def test_same_name_in_two_systems_is_two_actors(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=(past.turn("a", b"1"), past.turn("a", b"2", system="other"))))

        _assert_holds(store, past)

    def test_actors_are_listed_by_name_prefix_and_limit(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=past.batch(6, "b", "a1", "a2", "a10", "A", "ab")))
        store.checkpoint()
        store.commit(Group(turns=past.batch(3, "a3", "a1", "c")))

        assert [found.actor.name for found in store.actors()] == ["A", "a1", "a10", "a2", "a3", "ab", "b", "c"]
        assert [found.actor.name for found in store.actors(prefix="a1")] == ["a1", "a10"]
        assert [found.actor.name for found in store.actors(limit=2)] == ["A", "a1"]
        assert all(found.state is None for found in store.actors())

    # checkpoints

    def test_checkpoint_changes_nothing_that_can_be_read(self, store: StateStore, past: TurnHistory) -> None:
        for index in range(10):
            store.commit(Group(turns=past.batch(50, *(f"a{i}" for i in range(index * 5 + 1)))))
            if index % 3 == 0:
                store.checkpoint()
        _assert_holds(store, past)

        _checkpoint_all(store)

        _assert_holds(store, past)

    def test_single_turns_are_readable_after_many_checkpoints(self, store: StateStore, past: TurnHistory) -> None:
        for index in range(2_200):
            store.commit(Group(turns=(past.turn(f"a{index % 3}", b"%d" % index),)))
            if index % 500 == 0:
                store.checkpoint()
        _checkpoint_all(store)

        _assert_holds(store, past)
        assert list(flatten(store.turns(after=1_234))) == past.turns[1_234:]

    # ends

    def test_crash_keeps_every_committed_group(self, stores: Stores, past: TurnHistory) -> None:
        for size in (3, 1, 40):
            store = stores.open()
            _assert_holds(store, past)
            store.commit(Group(turns=past.batch(size, "a", "b")))
            if size == 1:
                store.checkpoint()
            stores.crash(store)

        store = stores.open()
        _assert_holds(store, past)
        store.close()

    def test_torn_block_is_reported_or_left_out(self, stores: Stores, past: TurnHistory) -> None:
        store = stores.open()
        store.commit(Group(turns=past.batch(3, "a")))
        store.commit(Group(turns=past.batch(2, "a", "b")))
        stores.crash(store)
        stores.tear()

        with suppress(StoreError), closing(stores.open()) as store:
            assert list(flatten(store.turns())) == past.turns[:3]

    def test_last_group_that_was_removed_is_noticed(self, stores: Stores, past: TurnHistory) -> None:
        store = stores.open()
        store.commit(Group(turns=past.batch(3, "a", "b")))
        store.commit(Group(turns=past.batch(2, "a", "b")))
        stores.crash(store)
        stores.remove_last()

        with pytest.raises(StoreDamaged, match="turn 5"), closing(stores.open()) as store:
            list(store.turns())

    def test_rows_that_were_removed_are_noticed(self, stores: Stores, past: TurnHistory) -> None:
        store = stores.open()
        store.commit(Group(turns=(past.turn("a", b"1", key="k"), past.turn("b", b"1"))))
        while store.checkpoint():
            pass
        stores.crash(store)
        stores.remove_rows()

        with closing(stores.open()) as store:
            with pytest.raises(StoreDamaged):
                store.load(actor_id("b"))
            with pytest.raises(StoreDamaged):
                store.find_key(actor_id("a"), "k")

    def test_turn_that_does_not_decode_costs_no_other(self, stores: Stores, past: TurnHistory) -> None:
        odd = msgspec.structs.replace(past.turn("a", b'{"total": 1}', key="k"), metadata={"x": 5})
        with closing(stores.open()) as store:
            store.commit(Group(turns=(odd, *past.batch(3, "b"))))

        with closing(stores.open()) as store:
            turns = list(flatten(store.turns()))
            assert turns[1:] == past.turns[1:]
            assert turns[0].failure is not None
            assert turns[0].failure.code == "turn_quarantined"
            assert turns[0].state == odd.state
            assert alike(store.load(actor_id("a")), past.actors[actor_id("a")])
            assert store.find_key(actor_id("a"), "k") is not None
            assert [each.sequence for each in store.quarantined()] == [1]

    def test_closed_store_refuses(self, store: StateStore, past: TurnHistory) -> None:
        store.close()
        store.close()

        actor, group = actor_id("a"), Group(turns=past.batch(1, "a"))
        for use in (
            lambda: store.commit(group),
            store.checkpoint,
            store.seal,
            lambda: store.retain(Retention(turns=1), 0),
            lambda: store.oldest_revision(actor),
            lambda: store.load(actor),
            lambda: store.find_key(actor, "k"),
            lambda: store.state_at(actor, 0),
            lambda: list(store.turns()),
            lambda: list(store.history_batches()),
            lambda: list(store.actors()),
            lambda: list(store.lifecycle()),
            store.schedules,
            lambda: store.save_definition(_definition("h1", 1)),
            store.definitions,
        ):
            with pytest.raises(StoreUnavailable):
                use()

    # definitions

    def test_definitions_are_kept_oldest_first(self, store: StateStore) -> None:
        first, second = _definition("h1", 1), _definition("h2", 2)
        store.save_definition(second)
        store.save_definition(first)
        assert store.definitions() == [first, second]

        renewed = msgspec.structs.replace(first, deployed_us=3)
        store.save_definition(renewed)

        assert store.definitions() == [second, renewed]

    # schedules

    def test_schedules_are_kept_until_settled_and_over_a_crash(self, stores: Stores, past: TurnHistory) -> None:
        store = stores.open()
        later, sooner = _scheduled("later", 9), _scheduled("sooner", 5)
        store.commit(Group(scheduled=(later, sooner)))
        stores.crash(store)

        with closing(stores.open()) as store:
            assert store.schedules() == [sooner, later]
            store.commit(Group(turns=past.batch(1, "a"), settled=(sooner.id, "never scheduled")))
            assert store.schedules() == [later]

    def test_schedule_given_twice_is_kept_once(self, store: StateStore) -> None:
        for _ in range(2):
            store.commit(Group(scheduled=(_scheduled("again", 5),)))

        assert len(store.schedules()) == 1

    def test_schedule_that_is_settled_in_its_own_group_is_not_kept(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(turns=past.batch(1, "a"), scheduled=(_scheduled("done", 5),), settled=("done",)))

        assert store.schedules() == []

    def test_turn_and_what_it_sends_are_there_after_a_crash_in_order(self, stores: Stores, past: TurnHistory) -> None:
        store = stores.open()
        sent = tuple(_scheduled(f"sent-{9 - n}", n + 1) for n in range(9))
        store.commit(Group(turns=past.batch(1, "a"), scheduled=sent))
        stores.crash(store)

        with closing(stores.open()) as store:
            assert (store.head(), store.schedules()) == (1, list(sent))

    def test_durable_message_and_dead_letter_come_back_as_they_were(self, store: StateStore) -> None:
        durable = msgspec.structs.replace(_scheduled("durable", 5), durable=True, key="k", hops=("shop.sell",))
        letter = msgspec.structs.replace(_scheduled("letter", 6), undelivered="It was stopped.", undelivered_code="c")

        store.commit(Group(scheduled=(durable, letter)))

        assert store.schedules() == [durable, letter]

    def test_dead_letter_replaces_its_message_in_the_same_group_or_a_later_one(self, store: StateStore) -> None:
        early, late = _scheduled("early", 5), _scheduled("late", 6)
        letters = [msgspec.structs.replace(each, undelivered="No such action.") for each in (early, late)]
        store.commit(Group(scheduled=(early,)))

        store.commit(Group(scheduled=(letters[0], late, letters[1])))

        assert store.schedules() == letters

    def test_refused_group_settles_and_schedules_nothing(self, store: StateStore, past: TurnHistory) -> None:
        store.commit(Group(scheduled=(_scheduled("kept", 5),)))
        past.batch(3, "a")
        ahead = past.batch(1, "a")

        with pytest.raises(StaleCommit):
            store.commit(Group(turns=ahead, scheduled=(_scheduled("new", 6),), settled=("kept",)))

        assert [each.id for each in store.schedules()] == ["kept"]

    # threads

    def test_readers_never_wait_and_never_see_half_a_group(self, store: StateStore, past: TurnHistory) -> None:
        groups = [Group(turns=past.batch(6, "a", "b", "c")) for _ in range(60)]
        done = threading.Event()

        with ThreadPoolExecutor(4) as pool:
            readers = [pool.submit(_read_until, store, done) for _ in range(4)]
            for index, group in enumerate(groups):
                store.commit(group)
                if index % 20 == 10:
                    store.checkpoint()
            done.set()
            problems = [problem for reader in readers for problem in reader.result(timeout=60)]

        assert problems == []
        _assert_holds(store, past)


def _scheduled(name: str, due_us: int) -> Invocation:
    return Invocation(
        id=InvocationId(name),
        actor=actor_id("a"),
        action="act",
        payload=Encoded(JSON, b'{"secret": 1}'),
        asynchronous=True,
        scheduled_to_us=due_us,
    )


def _read_until(store: StateStore, done: threading.Event) -> list[str]:
    problems, at_least = [], 0
    while not done.is_set():
        sequences = [turn.sequence for turn in flatten(store.turns())]
        if sequences != list(range(1, len(sequences) + 1)) or len(sequences) % 6 or len(sequences) < at_least:
            problems.append(f"{len(sequences)} turns, not a whole number of groups after {at_least}")
        at_least = len(sequences)
        found = store.load(actor_id("a"))
        if (found.revision if found else 0) * 3 < at_least:
            problems.append(f"the state is older than turn {at_least}")
    return problems


def _assert_current(store: StateStore, past: TurnHistory) -> None:
    for actor, expected in past.actors.items():
        found = store.load(actor)
        assert alike(found, expected), (actor.name[:50], found, expected)


def _assert_holds(store: StateStore, past: TurnHistory) -> None:
    """Everything that can be read equals what was committed."""
    assert store.head() == len(past.turns)
    _assert_current(store, past)
    assert list(flatten(store.turns())) == past.turns
    listed = {found.actor: found for found in store.actors()}
    assert set(listed) == set(past.actors)
    for actor, expected in past.actors.items():
        assert alike(listed[actor], msgspec.structs.replace(expected, state=None))
        assert list(flatten(store.turns(actor=actor))) == [turn for turn in past.turns if turn.actor == actor]


def _checkpoint_all(store: StateStore) -> None:
    for _ in range(1_000):
        if not store.checkpoint():
            return
    raise AssertionError("After 1,000 checkpoints there is still something left to write.")


def _large(text: str) -> bytes:
    """More than a large state has, with a change at both ends and in the middle."""
    items = b",".join(b'{"item": %d, "text": "some text"}' % index for index in range(2_500))
    half = len(items) // 2
    state = b'{"first": "%s", "items": [%s"%s"%s], "last": "%s"}' % (
        text.encode(), items[:half], text.encode() * 3, items[half:], text.encode()
    )  # fmt: skip
    assert len(state) > LARGE_BYTES
    return state


def _definition(hashed: str, at_us: int) -> StoredDefinition:
    return StoredDefinition(
        hash=hashed,
        name="counter",
        source="class Counter(Actor):\n    total: int = 0\n",
        settings={"durability": "journal", "mailbox": 10, "channels": ["a", ["b", "act"]]},
        fields={"total": "int"},
        actions={"add": "(value: int) -> dict"},
        deployed_us=at_us,
    )
