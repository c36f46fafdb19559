"""Look into an actor's mailbox."""

from __future__ import annotations

from workbench.results import Mailbox
from workbench.session import current


def mailbox(actor: str) -> Mailbox:
    """The invocation being processed, then those that wait, in order.

    Raises:
        UnknownActor: nothing is known under that name.
        NotCapable: the system does not show mailboxes.
    """
    return Mailbox(current.open().mailbox(actor))
