"""An actor that fails again and again: restart intensity, as Spawn supervises (docs/protocols.md, "Supervision").

A failed action costs its turn and nothing else: the next message starts from the committed state, which is all that a restart
means here.  An actor that fails more often than `max_failures` within `window_s` is suspended: calls are refused at once until
it is deployed again, or has been idle for its deactivation time-out.  Refused payloads do not count; the code did not run.
"""

from __future__ import annotations

import msgspec

from runtime.errors import ActionFailed
from runtime.records import Failure


class Intensity(msgspec.Struct, frozen=True):
    """How many failures within how long are too many; Spawn's own numbers."""

    max_failures: int = 10_000
    window_s: float = 3_600.0


class Suspension(msgspec.Struct):
    """The failures of one actor in the current window."""

    since_us: int
    failures: int = 0
    is_suspended: bool = False


def count(suspension: Suspension | None, failure: Failure, intensity: Intensity, now_us: int) -> Suspension | None:
    """The count after one more failed turn; None as long as nothing counts."""
    if failure.code != ActionFailed.code:
        return suspension
    if suspension is None or now_us - suspension.since_us > intensity.window_s * 1_000_000:
        suspension = Suspension(now_us)
    suspension.failures += 1
    suspension.is_suspended = suspension.failures > intensity.max_failures
    return suspension
