"""What the engine needs of a host, the part that runs user code (docs/architecture.md, "Two roles and one seam").

`runtime.testing.host_checks` is the executable form: outcome fidelity, failure, isolation of state, forgotten actors.
"""

from __future__ import annotations

from typing import Protocol

from runtime.authoring.context import Calls
from runtime.authoring.definition import ActorDefinition
from runtime.ids import ActorId
from runtime.records import Outcome, State, Work


class Host(Protocol):
    """Runs actions.  It keeps no truth: what it remembers between turns is only a cache of what the engine gives it.

    A host never raises for what an action does: failures come back in the `Outcome`.
    """

    def prepare(self, definition: ActorDefinition) -> None:
        """Make a definition runnable; both it and earlier ones can run from now on.

        Raises:
            DefinitionError: a type has no encoding; nothing changed.
        """
        ...

    def initial(self, definition: str) -> State | None:
        """The state of an actor of that definition before its first turn, for reads; None if only the host knows."""
        ...

    def is_async(self, work: Work) -> bool:
        """Whether `arun` must be used, on the loop for user coroutines."""
        ...

    def run(self, work: Work, calls: Calls) -> Outcome:
        """Run a plain action to its end, in this thread, which it may block."""
        ...

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        """Run a coroutine action.  Cancelling the task abandons the turn."""
        ...

    def forget(self, actor: ActorId) -> None:
        """The actor was deactivated: drop what is cached for it."""
        ...

    def migrated(self, definition: str, state: State) -> State:
        """A stored state in the shape of that definition, for showing it and for checking before a redeploy.

        Raises:
            BadState: a stored value does not fit.
        """
        ...
