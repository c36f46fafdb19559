"""What a deploy would change."""

from __future__ import annotations

from workbench.commands.own_system import own_system
from workbench.deploy_reports import Previewed


def preview(actor_class: type) -> Previewed:
    """What deploying the class would change, and what would go wrong.  Nothing is deployed and no message is run.

    The state of the actor and of its active children is tried against the new fields, `@migrate` included.

    Raises:
        DefinitionError: the class cannot be deployed; the message says why.
        NotCapable: the actors run in another process.
    """
    return Previewed.of(own_system("preview a deploy").preview(actor_class))
