"""Have things go wrong for a while, to see what happens."""

from __future__ import annotations

import random
from typing import Any

from runtime.config import duration_ms
from runtime.invocations import actor_name
from runtime.system.debugger import Faults
from workbench.commands.attach import acting
from workbench.commands.breakpoints import own_system
from workbench.redaction import redacted_text
from workbench.render.tables import html_lines


class ActiveFaults(tuple[Faults, ...]):
    """Injected faults, one a line."""

    __slots__ = ()

    def __repr__(self) -> str:
        return redacted_text("\n".join(map(repr, self)) or "No injected faults.")

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}


def faults(
    actor: str | None = None,
    *,
    delay: float | str = 0.0,
    failure: float = 0.0,
    crash: float = 0.0,
    store: bool = False,
    seconds: float = 10.0,
    seed: int | None = 0,
) -> Faults:
    """Inject faults into a local actor, from now until the time is over, or to the end of a `with` block:

        with wb.faults("counter", failure=0.2, seconds=30):
            ...

    `%spawn status` shows them.  They go on over a redeploy, and end at the latest when the system stops.

    Args:
        actor: its name, or a template's for all of its children.
        delay: how long each turn waits before its action: seconds, or text such as `"50ms"`.
        failure: the probability, 0 to 1, that a turn fails with `FaultInjected` instead of running its action.
        crash: the probability that the actor is lost from memory right after its action: its message and its mailbox are lost,
            their callers get `FaultInjected`, and the next message brings it back with the state that was recorded.
        store: meanwhile no commit succeeds, for the whole system: no turns are run, calls are refused.
        seconds: how long, at most an hour.
        seed: the same seed and the same messages give the same faults; None for a new one, which is shown.

    Raises:
        BadSetting: a number out of its range, nothing to go wrong, or the actor has injected faults already.
        UnknownActor: it is not deployed.
        NotCapable: its code runs in another process.
    """
    system = own_system("inject faults")
    with acting(system, "fault", "" if actor is None else actor_name(actor)):
        return system.debugger.inject(
            actor,
            delay_s=duration_ms(delay, name="delay") / 1_000 if isinstance(delay, str) else delay,
            failure=failure,
            crash=crash,
            store=store,
            seconds=seconds,
            seed=random.SystemRandom().randrange(1_000_000) if seed is None else seed,
        )


def active_faults() -> ActiveFaults:
    """The injected faults that have not ended.

    Raises:
        NotCapable: the actors run in another process.
    """
    return ActiveFaults(own_system("inject faults").debugger.faults())


def end_faults(actor: str | None = None) -> ActiveFaults:
    """End the injected faults of an actor, or all of them; what was ended.

    Raises:
        NotCapable: the actors run in another process.
    """
    found = [each for each in own_system("inject faults").debugger.faults() if actor in (None, each.actor)]
    for each in found:
        each.end()
    return ActiveFaults(found)
