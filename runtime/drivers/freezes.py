"""Time that does not count: a process that stands still, at a breakpoint or because the machine slept, answers nobody."""

from __future__ import annotations

import sys
import threading
import time

MOST_LATE_S = 0.5
"""A wait that ends so much later than it was to end shows that the process stood still meanwhile."""

_SUSPENDED = 2
"""pydevd's word for a thread at a breakpoint."""


def is_at_breakpoint() -> bool:
    """Whether a thread of this process is stopped by a debugger (debugpy, as in JupyterLab and VS Code)."""
    if "pydevd" not in sys.modules:
        return False
    infos = (getattr(thread, "additional_info", None) for thread in threading.enumerate())
    return any(getattr(info, "pydev_state", 0) == _SUSPENDED for info in infos)


def frozen_s(began: float, wanted_s: float) -> float:
    """How much of a wait does not count.

    Args:
        began: `time.monotonic()` then.
        wanted_s: how long it was to take.
    """
    took_s = time.monotonic() - began
    if is_at_breakpoint():
        return took_s
    return took_s - wanted_s if took_s - wanted_s > MOST_LATE_S else 0.0
