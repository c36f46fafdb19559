"""Messages for a full mailbox that wait outside it (`MailboxPolicy.WAIT`)."""

from __future__ import annotations

from runtime.engine.activation import Activation
from runtime.engine.commands import Command
from runtime.engine.core import NOTHING, Core
from runtime.engine.mailbox import Envelope, Mailbox
from runtime.errors import MailboxFull


def is_full(core: Core, activation: Activation) -> bool:
    """Whether the mailbox takes no more; False while its code, which says how much it takes, is not known."""
    if activation.mailbox is None:
        return False
    template = core.directory.templates.get(activation.parent)
    return template is not None and len(activation.mailbox) >= template.mailbox_limit


def keep(core: Core, activation: Activation, envelope: Envelope) -> list[Command]:
    """Have a message wait: an asynchronous caller is answered when it is let in.

    What nobody waits for (told messages, effects, broadcasts) slows nobody down, so of that only so much is kept.
    """
    if activation.outside is None:
        activation.outside = Mailbox()
    limit = core.options.mailbox_limit
    if envelope.waiter is None and len(activation.outside) >= limit:
        full = MailboxFull(activation.id.name, limit)
        return core.refuse(envelope.invocation, None, full, envelope.enqueued_us)
    activation.outside.append(envelope)
    return NOTHING
