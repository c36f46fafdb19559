"""What only the system of this very process can do."""

from __future__ import annotations

from runtime.errors import NotCapable
from runtime.local import EmbeddedSystem
from workbench.session import current


def own_system(what: str) -> EmbeddedSystem:
    """The embedded system.

    Args:
        what: is to be done, for the message.

    Raises:
        NotCapable: the current system runs in another process.
    """
    system = current.open()
    if not isinstance(system, EmbeddedSystem):
        raise NotCapable(what, system.name, "that is possible only where the actors run, which is another process.")
    return system
