"""Watching for another thread before sleeping."""

from __future__ import annotations

import pytest

from runtime.drivers import spin_wait
from runtime.drivers.spin_wait import SpinWait


def test_watching_ends_when_it_is_there() -> None:
    looks: list[int] = []

    def is_there() -> bool:
        looks.append(1)
        return len(looks) == 3

    SpinWait(0.00001).until(is_there)

    assert len(looks) in (2, 3)  # two, where the time was up before


def test_watching_ends_soon_when_nothing_comes() -> None:
    SpinWait(0.00001).until(lambda: False)


def test_only_one_thread_watches_at_a_time() -> None:
    watch, inner = SpinWait(0.00001), list[str]()

    def is_there() -> bool:
        watch.until(lambda: inner.append("watched"))
        return True

    watch.until(is_there)

    assert inner == []


def test_interrupted_watch_can_be_used_again() -> None:
    watch, looks = SpinWait(0.00001), list[int]()

    def interrupted() -> bool:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        watch.until(interrupted)
    watch.until(lambda: looks.append(1) or True)

    assert looks == [1]


def test_without_a_way_to_let_go_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spin_wait, "_let_go", None)
    looks: list[int] = []

    SpinWait(0.00001).until(lambda: looks.append(1) or True)

    assert looks == []
