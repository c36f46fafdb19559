"""What a watcher is told, in which order, and how much of it waits."""

from __future__ import annotations

from runtime.drivers.step_driver import StepDriver
from runtime.engine.feed import FeedSubscription
from runtime.invocations import build_invocation
from runtime.records import Turn
from tests.runtime.engine.actors import Counter


def seen(subscription: FeedSubscription) -> list[tuple[str, str]]:
    """Kind and actor of each event, with the action of a turn."""
    return [
        (str(each.kind), each.actor.name if not isinstance(each.turn, Turn) else each.turn.action)
        for each in subscription.drain()
        if each.actor is not None
    ]


def test_life_of_an_actor_is_told_in_order(stepping: StepDriver) -> None:
    watcher = stepping.engine.feed.join(100)
    stepping.deploy(Counter)

    stepping.ask("counter", "look")
    stepping.advance(3_600)

    assert seen(watcher) == [
        ("deployed", "counter"),
        ("activated", "counter"),
        ("turn", "look"),
        ("deactivated", "counter"),
    ]


def test_who_has_left_is_told_nothing_and_others_are(stepping: StepDriver) -> None:
    feed = stepping.engine.feed
    first, second = feed.join(10), feed.join(10)

    first.close()
    stepping.deploy(Counter)
    assert (seen(first), seen(second)) == ([], [("deployed", "counter")])
    second.close()

    assert not feed.is_watched


def test_full_subscription_loses_its_oldest_events_and_counts_them(stepping: StepDriver) -> None:
    stepping.deploy(Counter)
    feed = stepping.engine.feed
    short, long = feed.join(2), feed.join(9)

    for value in range(4):
        stepping.ask("counter", "add", {"value": value})

    assert (short.dropped, long.dropped, feed.dropped) == (3, 0, 3)
    assert [each.turn.sequence for each in short.drain() if each.turn is not None] == [3, 4]


def test_last_200_messages_that_could_not_be_delivered_are_kept(stepping: StepDriver) -> None:
    watcher = stepping.engine.feed.join(1_000)

    for n in range(203):
        stepping.submit(build_invocation(f"lost-{n}", "test", "nobody", "add", {"value": n}, {}), None)
    stepping.run()

    letters = stepping.engine.feed.undelivered_letters()
    assert [letter.invocation.id for letter in letters] == [f"lost-{n}" for n in range(3, 203)]
    assert seen(watcher).count(("undelivered", "nobody")) == 203
