"""The timeline over a system that really runs: what it shows of each revision."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import runtime
from runtime import Actor, action
from runtime.system.embedded import EmbeddedSystem
from workbench.presenters.panels.timeline import TimelineView
from workbench.widgets.source import Intent
from workbench.widgets.timeline_source import TimelineSource

KEY = bytes(range(32))


class Counter(Actor, name="counter"):
    total: int = 0
    note: str = ""

    @action
    def add(self, value: int) -> int:
        if value < 0:
            raise ValueError("too small")
        self.total += value
        return self.total

    @action
    def look(self) -> int:
        return self.total


class Later(Counter, name="counter"):
    @action
    def add(self, value: int) -> int:
        self.total += 10 * value
        return self.total


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with runtime.embedded(system="test", key=KEY) as embedded:
        embedded.deploy(Counter)
        for value in (1, 2, 4):
            embedded.invoke("counter", "add", {"value": value})
            embedded.invoke("counter", "look")
        embedded.flush()
        yield embedded


class Watch:
    """A source read as the publisher does."""

    def __init__(self, system: EmbeddedSystem) -> None:
        self.source = TimelineSource(system, "counter")

    def ask(self, type_: str, **data: Any) -> TimelineView:
        assert self.source.handle(Intent(type_, data=data))
        return self.look()

    def look(self) -> TimelineView:
        return self.source.read(0)


def add(system: EmbeddedSystem, value: int) -> None:
    system.invoke("counter", "add", {"value": value})
    system.flush()


def test_it_follows_the_last_revision_at_first(system: EmbeddedSystem) -> None:
    watch = Watch(system)
    before = watch.look()
    add(system, 8)

    after = watch.look()

    assert (before.at, after.at, after.is_live) == (3, 4, True)
    assert after.changes == ("total: 7 → 15",)


def test_a_revision_shows_the_message_that_made_it_and_what_it_changed(system: EmbeddedSystem) -> None:
    view = Watch(system).ask("at", revision=2)

    assert view.made is not None
    assert (view.made.call, view.made.outcome, view.made.answer) == ("add(value=2)", "ok", "3")
    assert (view.changes, view.base, view.is_live) == (("total: 1 → 3",), 1, False)


def test_the_first_revision_is_compared_with_nothing(system: EmbeddedSystem) -> None:
    view = Watch(system).ask("at", revision=1)

    assert (view.base, view.changes) == (0, ("total: new 1", 'note: new ""'))


def test_steps_end_at_the_first_and_the_last_revision(system: EmbeddedSystem) -> None:
    watch = Watch(system)
    watch.look()

    seen = [watch.ask("step", by=by).at for by in (-1, -1, -1, -1, 9)]

    assert seen == [2, 1, 1, 1, 3]


def test_live_goes_back_to_the_last_revision(system: EmbeddedSystem) -> None:
    watch = Watch(system)
    watch.ask("at", revision=1)

    assert (watch.ask("live").at, watch.look().is_live) == (3, True)


def test_a_pinned_revision_is_what_others_are_compared_with(system: EmbeddedSystem) -> None:
    watch = Watch(system)
    watch.ask("at", revision=1)
    watch.ask("pin")

    pinned = watch.ask("at", revision=3)
    unpinned = watch.ask("pin")

    assert (pinned.base, pinned.changes, pinned.is_pinned) == (1, ("total: 1 → 7",), True)
    assert (unpinned.base, unpinned.is_pinned) == (2, False)


def test_a_revision_that_other_code_made_says_so(system: EmbeddedSystem) -> None:
    system.deploy(Later)
    add(system, 1)
    add(system, 1)
    watch = Watch(system)

    made = [watch.ask("at", revision=revision).made for revision in (3, 4, 5)]

    assert [each.is_new_code for each in made if each is not None] == [False, True, False]


def test_an_actor_without_a_state_has_no_revisions() -> None:
    with runtime.embedded(system="test", key=KEY) as empty:
        empty.deploy(Counter)

        view = Watch(empty).look()

    assert (view.at, view.problem) == (0, None)


@pytest.mark.parametrize("revision", [-5, 10**15, True, "2", None, 2.5])
def test_a_hostile_revision_shows_one_that_there_is(system: EmbeddedSystem, revision: Any) -> None:
    watch = Watch(system)
    watch.source.handle(Intent("at", data={"revision": revision}))

    assert 1 <= watch.look().at <= 3


def test_a_system_that_was_stopped_keeps_the_last_picture_with_the_problem() -> None:
    with runtime.embedded(system="test", key=KEY) as stopped:
        stopped.deploy(Counter)
        add(stopped, 1)
        watch = Watch(stopped)
        watch.look()
    watch.source.handle(Intent("at", data={"revision": 1}))

    view = watch.look()

    assert view.at == 1
    assert "counter" in watch.source.rendering(0).text
