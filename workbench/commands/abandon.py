"""Give up what an actor does just now."""

from __future__ import annotations

from runtime.errors import NotCapable
from workbench.commands.attach import acting
from workbench.session import current


def abandon(actor: str) -> bool:
    """End the action that an actor runs, also one in an endless loop; False if it runs none.

    Its caller gets `InvocationAbandoned`, the state is as it was before, the next message runs.  An action in code outside Python
    (`time.sleep`, a driver) ends when that returns; `%spawn status` names what could not be ended.

    Raises:
        NotCapable: the actor's system is another process: only the notebook that runs it can do that.
    """
    system = current.open()
    give_up = getattr(system, "abandon", None)
    if give_up is None:
        raise NotCapable(
            f"end an action of {actor}", system.name, "only the process that runs it can; use wb.abandon there."
        )
    with acting(system, "abandon", actor, ""):
        return bool(give_up(actor))
