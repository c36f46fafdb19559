"""Faults from a cell, and where they are seen."""

from __future__ import annotations

import pytest

from runtime.errors import BadSetting, FaultInjected
from workbench.commands.actors import status
from workbench.commands.debugger import active_faults, end_faults, faults, hold
from workbench.commands.invoke import invoke
from workbench.session import Session


def test_faults_last_as_long_as_the_block(session: Session) -> None:
    with faults("counter", failure=1.0, delay="1ms"), pytest.raises(FaultInjected):
        invoke("counter", "add", {"value": 1})

    assert invoke("counter", "add", {"value": 1}) == {"total": 1}


def test_status_shows_faults_and_holds_while_there_are_any(session: Session) -> None:
    hold("counter")
    with faults("counter", failure=0.25):
        shown = repr(status())
        assert "ON PURPOSE  Held: counter." in shown
        assert "ON PURPOSE  Faults of counter (failure 0.25, seed 0):" in shown

    assert "Faults" not in repr(status())


def test_all_faults_can_be_listed_and_ended(session: Session) -> None:
    faults("counter", crash=0.5)
    faults(store=True)

    assert len(active_faults()) == 2
    assert "ended" in repr(end_faults())
    assert repr(active_faults()) == "No injected faults."


def test_no_seed_means_a_new_one_that_is_shown(session: Session) -> None:
    with faults("counter", failure=0.5, seed=None) as found:
        assert "seed " in repr(found)


def test_delay_that_is_none_is_refused(session: Session) -> None:
    with pytest.raises(BadSetting, match="delay"):
        faults("counter", delay="soon")
