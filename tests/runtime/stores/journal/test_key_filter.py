"""The filter that spares the database the keys it has never seen."""

from __future__ import annotations

import random
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.stores.journal import idempotency
from runtime.stores.journal.backend import Writes
from runtime.stores.journal.idempotency import Bloom, KeyFilter
from runtime.stores.memory import MemoryBackend

hashes = st.integers(-(2**63), 2**63 - 1)


class CountingBackend(MemoryBackend):
    pages = 0

    def key_rows(self, start: int, limit: int) -> list[tuple[int, int]]:
        self.pages += 1
        return super().key_rows(start, limit)


def backend_with(keys: set[int]) -> CountingBackend:
    backend = CountingBackend()
    backend.write(Writes(keys=[(key_hash, number) for number, key_hash in enumerate(sorted(keys), start=1)]))
    return backend


@given(st.sets(hashes, max_size=40), st.integers(1, 64))
def test_what_was_added_is_always_found(added: set[int], capacity: int) -> None:
    bloom = Bloom(capacity)

    for key_hash in added:
        bloom.add(key_hash)

    assert all(key_hash in bloom for key_hash in added)


def test_few_others_are_found_in_a_full_filter() -> None:
    chance = random.Random(1)
    bloom = Bloom(10_000)

    for _ in range(10_000):
        bloom.add(chance.getrandbits(64) - 2**63)

    wrong = sum(chance.getrandbits(64) - 2**63 in bloom for _ in range(20_000))
    assert wrong < 20_000 * 0.04


@given(st.sets(hashes, max_size=30), st.sets(hashes, max_size=10), st.integers(1, 7))
def test_keys_of_before_and_new_ones_may_be_held(stored: set[int], added: set[int], page: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(idempotency, "_PAGE", page)
        patch.setattr(idempotency, "_FIRST_KEYS", 2)
        patch.setattr(idempotency, "_FIRST_PAGES", 1)
        known = KeyFilter(backend_with(stored))

        for key_hash in added:
            known.add(key_hash)

        for _ in range(3):
            assert all(known.may_hold(key_hash) for key_hash in stored | added)


@pytest.mark.parametrize(("first_pages", "in_doubt"), [(1, 2), (2, 1), (3, 0), (9, 0)])
def test_first_question_reads_some_pages_of_earlier_keys_and_each_after_it_one(
    monkeypatch: pytest.MonkeyPatch, first_pages: int, in_doubt: int
) -> None:
    monkeypatch.setattr(idempotency, "_PAGE", 10)
    monkeypatch.setattr(idempotency, "_FIRST_PAGES", first_pages)
    backend = backend_with(set(range(25)))
    known = KeyFilter(backend)
    assert backend.pages == 0

    answers = [known.may_hold(10**15 + number) for number in range(5)]

    assert answers == [True] * in_doubt + [False] * (5 - in_doubt)
    assert backend.pages == 3


def test_question_that_comes_while_the_first_pages_are_read_waits_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_PAGE", 10)
    backend, may_go_on, reads = backend_with(set(range(25))), threading.Event(), threading.Event()

    def passed(*_: object) -> None:
        reads.set()
        assert may_go_on.wait(60)

    known, answers = KeyFilter(backend, pass_rows=passed), list[bool]()
    asking = [threading.Thread(target=lambda: answers.append(known.may_hold(10**15))) for _ in range(2)]
    for each in asking:
        each.start()
    assert reads.wait(60), "nobody began to read"
    may_go_on.set()
    for each in asking:
        each.join(60)

    assert answers == [False, False]


def test_filter_grows_with_the_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_FIRST_KEYS", 64)
    chance = random.Random(2)
    known = KeyFilter(MemoryBackend())

    for _ in range(20_000):
        known.add(chance.getrandbits(64) - 2**63)

    assert sum(known.may_hold(chance.getrandbits(64) - 2**63) for _ in range(5_000)) < 5_000 * 0.2


def test_store_is_not_asked_for_a_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = CountingBackend()
    known = KeyFilter(backend)
    known.add(1)

    assert known.may_hold(1)
    assert not known.may_hold(2)
    assert backend.pages == 1
