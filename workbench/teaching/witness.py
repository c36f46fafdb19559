"""A host that notes what its actors did, and in which order."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from runtime.context import Calls
from runtime.hosts.inprocess import InProcessHost
from runtime.ids import ActorId
from runtime.records import Invocation, Outcome, Work


@dataclass(slots=True)
class Moment:
    """A turn began or ended."""

    invocation: Invocation
    outcome: Outcome | None
    """None for a beginning; a turn during which nothing else happened has only an end."""


class Witness(InProcessHost):
    """Runs actions as any host does."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[Moment] = []
        self.pasts: dict[ActorId, list[Hashable]] = {}
        """For each actor the messages it took and the answers it went on with: what its state depends on."""

    def run(self, work: Work, calls: Calls) -> Outcome:
        moment = self._began(work)
        outcome = super().run(work, calls)
        self._ended(moment, outcome)
        return outcome

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        moment = self._began(work)
        outcome = await super().arun(work, calls)
        self._ended(moment, outcome)
        return outcome

    def _began(self, work: Work) -> Moment:
        moment = Moment(work.invocation, None)
        self.moments.append(moment)
        self.pasts.setdefault(work.invocation.actor, []).append(identity(work.invocation))
        return moment

    def _ended(self, moment: Moment, outcome: Outcome) -> None:
        if self.moments[-1] is moment:
            moment.outcome = outcome
        else:
            self.moments.append(Moment(moment.invocation, outcome))


def identity(invocation: Invocation) -> Hashable:
    """The same for messages that no actor can tell apart."""
    payload = invocation.payload.data if invocation.payload is not None else b""
    return (invocation.caller.name if invocation.caller else "", invocation.action, payload)
