"""Exploration: every order, none twice, within bounds."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import permutations
from math import comb

from workbench.teaching.interleavings import Exploration


class Letters:
    """Each step takes one of the letters left; the situation is the word so far."""

    def __init__(self, letters: str) -> None:
        self.left, self.word, self.is_closed = letters, "", False

    def options(self) -> int:
        return len(self.left)

    def step(self, choice: int) -> None:
        self.word += self.left[choice]
        self.left = self.left[:choice] + self.left[choice + 1 :]

    def key(self) -> Hashable:
        return self.word

    def close(self) -> None:
        self.is_closed = True


class Counters(Letters):
    """The same, but only which letters were taken counts, not their order."""

    def key(self) -> Hashable:
        return frozenset(self.word)


def test_every_order_is_played_exactly_once() -> None:
    words = [play.word for play in Exploration(lambda: Letters("abcd"), bound=1_000).endings()]

    assert sorted(words) == sorted("".join(order) for order in permutations("abcd"))


def test_orders_that_lead_to_the_same_situation_are_played_once() -> None:
    exploration = Exploration(lambda: Counters("abcd"), bound=1_000)

    endings = list(exploration.endings())

    assert len(endings) == 1
    assert exploration.situations == sum(comb(4, taken) for taken in range(5))
    assert exploration.is_complete


def test_the_bound_ends_an_exploration_that_then_is_incomplete() -> None:
    exploration = Exploration(lambda: Letters("abcdef"), bound=50)

    words = [play.word for play in exploration.endings()]

    assert words
    assert exploration.situations == 50
    assert not exploration.is_complete


def test_stopping_ends_an_exploration_within_one_step() -> None:
    steps: list[str] = []
    exploration = Exploration(
        lambda: Letters("abcdef"), bound=1_000, is_stopped=lambda: steps.append("") or len(steps) > 3
    )

    assert list(exploration.endings()) == []
    assert exploration.situations <= 3
    assert not exploration.is_complete


def test_plays_that_lead_nowhere_new_are_closed() -> None:
    plays: list[Counters] = []

    def start() -> Counters:
        plays.append(Counters("abc"))
        return plays[-1]

    endings = list(Exploration(start, bound=1_000).endings())

    assert len(plays) > 1
    assert [play for play in plays if not play.is_closed] == endings
