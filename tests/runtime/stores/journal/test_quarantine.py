"""What is remembered of that which cannot be read."""

from __future__ import annotations

import logging

import pytest

from runtime.ids import ActorId
from runtime.records import Quarantined
from runtime.stores.journal.salvage import Quarantine

FOUND = [
    Quarantined(what="state", why="torn", actor=ActorId("test", "a")),
    Quarantined(what="state", why="torn", actor=ActorId("test", "b")),
    Quarantined(what="state", why="torn", actor=ActorId("other", "a")),
    Quarantined(what="state", why="torn"),
    Quarantined(what="schedule", why="torn", id="one"),
    Quarantined(what="schedule", why="torn", id="two"),
    Quarantined(what="turn", why="torn", sequence=9),
    Quarantined(what="turn", why="torn", sequence=7),
]


def test_findings_that_differ_in_what_they_name_are_kept_once_each() -> None:
    quarantine = Quarantine("store")

    for _ in range(2):
        for each in FOUND:
            quarantine.add(each)

    assert quarantine.found() == [FOUND[7], FOUND[6], *FOUND[:6]]


def test_findings_are_bounded() -> None:
    quarantine = Quarantine("store", most=3)

    for each in FOUND:
        quarantine.add(each)

    assert quarantine.found() == FOUND[:3]


@pytest.mark.parametrize("is_logged", [True, False])
def test_each_finding_is_logged_once(caplog: pytest.LogCaptureFixture, is_logged: bool) -> None:
    quarantine = Quarantine("sqlite:///x.db", is_logged=is_logged)

    with caplog.at_level(logging.ERROR):
        quarantine.add(FOUND[0])
        quarantine.add(FOUND[0])

    assert caplog.text.count("sqlite:///x.db is not whole") == int(is_logged)
