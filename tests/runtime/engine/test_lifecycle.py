"""The table of an activation's life."""

from __future__ import annotations

import pytest

from runtime.engine import activation
from runtime.engine.activation import TABLE, Activation, Signal, after
from runtime.errors import InternalError
from runtime.records import Phase
from tests.runtime.engine.conftest import actor

STEPS = [(phase, signal) for phase in Phase for signal in Signal]


def test_documented_table_is_the_table() -> None:
    assert activation.__doc__ is not None
    rows = [line.split() for line in activation.__doc__.splitlines() if line.strip().split(" ")[0] in Phase.__members__]
    drawn = {row[0]: row[1:] for row in rows if len(row) == len(Signal) + 1}

    real = {phase.name: [after.name if after is not None else "·" for after in TABLE[phase]] for phase in Phase}

    assert drawn == real


@pytest.mark.parametrize(("phase", "signal"), [s for s in STEPS if TABLE[s[0]][s[1]] is None])
def test_step_outside_the_table_changes_nothing(phase: Phase, signal: Signal) -> None:
    activation = Activation(actor("a"), "a", 0)
    activation.phase = phase

    with pytest.raises(InternalError, match=f"is {phase.name} got {signal.name}"):
        activation.signal(signal)

    assert activation.phase is phase


@pytest.mark.parametrize(("phase", "signal"), [s for s in STEPS if TABLE[s[0]][s[1]] is not None])
def test_step_of_the_table_leads_where_it_says(phase: Phase, signal: Signal) -> None:
    assert after(phase, signal) is TABLE[phase][signal]


def test_nothing_comes_after_gone() -> None:
    assert set(TABLE[Phase.GONE]) == {None}
