"""Which actor is next."""

from __future__ import annotations

import pytest

from runtime.engine.activation import Activation
from runtime.engine.ready import FairQueue
from runtime.ids import ActorId


@pytest.fixture
def queue() -> FairQueue:
    filled = FairQueue()
    for name in "abcdef":
        filled.push(Activation(ActorId("test", name), name, 0))
    return filled


def taken(queue: FairQueue) -> str:
    names = ""
    while (following := queue.peek()) is not None:
        activation = queue.pop()
        assert activation is following
        names += following.id.name
    return names


def test_actors_are_taken_in_order_of_arrival(queue: FairQueue) -> None:
    assert taken(queue) == "abcdef"


def test_in_a_crowd_newcomers_and_oldest_take_turns(queue: FairQueue) -> None:
    queue.is_overfull = True

    assert taken(queue) == "afbecd"


def test_actor_is_queued_once(queue: FairQueue) -> None:
    first = queue.peek()
    assert first is not None

    queue.push(first)

    assert len(queue) == 6


def test_empty_queue_has_nobody_next() -> None:
    assert FairQueue().pop() is None
    assert FairQueue().peek() is None
