"""The life of an activation as a table.

Everything that changes an activation's phase goes through `after`, and nothing else does.  This module knows no actor, no
mailbox and no time.  A step that the table does not have is a defect and changes nothing.

             LOAD     LOADED   START    END      STOP      WAKE     DROP
    NEW      LOADING  ·        ·        ·        ·         ·        GONE
    LOADING  ·        READY    ·        ·        ·         ·        GONE
    READY    ·        ·        RUNNING  ·        STOPPING  ·        ·
    RUNNING  ·        ·        ·        READY    ·         ·        ·
    STOPPING ·        ·        ·        ·        ·         READY    GONE
    GONE     ·        ·        ·        ·        ·         ·        ·

STOPPING is the time between the decision to deactivate and the commit of the last state; a message that arrives then wakes
the actor, so at most one activation of an actor exists and none is lost between two.
"""

from __future__ import annotations

from enum import IntEnum

from runtime.errors import InternalError
from runtime.records import Phase


class Signal(IntEnum):
    """What happens to an activation."""

    LOAD = 0
    LOADED = 1
    START = 2
    END = 3
    STOP = 4
    WAKE = 5
    DROP = 6


_N = None
TABLE: tuple[tuple[Phase | None, ...], ...] = (
    (Phase.LOADING, _N, _N, _N, _N, _N, Phase.GONE),
    (_N, Phase.READY, _N, _N, _N, _N, Phase.GONE),
    (_N, _N, Phase.RUNNING, _N, Phase.STOPPING, _N, _N),
    (_N, _N, _N, Phase.READY, _N, _N, _N),
    (_N, _N, _N, _N, _N, Phase.READY, Phase.GONE),
    (_N, _N, _N, _N, _N, _N, _N),
)


def after(phase: Phase, signal: Signal) -> Phase:
    """The phase that follows.

    Raises:
        InternalError: the table has no such step.
    """
    following = TABLE[phase][signal]
    if following is None:
        raise InternalError(f"An activation that is {phase.name} got {signal.name}, which is not possible.")
    return following
