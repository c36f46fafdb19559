"""What a deploy would change."""

from __future__ import annotations

from runtime.definition import define
from runtime.local import EmbeddedSystem
from runtime.previewing import preview_from_outside
from workbench.deploy_reports import Previewed
from workbench.session import current


def preview(actor_class: type) -> Previewed:
    """What deploying the class would change, and what would go wrong.  Nothing is deployed and no message is run.

    The state of the actor is tried against the new fields, `@migrate` included; in the system of this process also those of its
    active children.  It works on an attached system, also one that is attached only to look.

    Raises:
        DefinitionError: the class cannot be deployed; the message says why.
        NotCapable: the system shows no definitions, or no states.
    """
    system = current.open()
    if isinstance(system, EmbeddedSystem):
        return Previewed.of(system.preview(actor_class))
    return Previewed.of(preview_from_outside(system, define(actor_class)))
