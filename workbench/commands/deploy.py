"""Bring an actor class to the current system, and take it away again."""

from __future__ import annotations

from workbench.deploy_reports import Deployed
from workbench.session import current


def deploy(actor_class: type) -> Deployed:
    """Make an actor class the current definition of its name; state, mailboxes and the turn in progress survive.

    The next turn of the actor, and of all its children, runs the new code.

    Raises:
        DefinitionError: the class cannot be an actor; the earlier definition, if any, keeps running.
    """
    return Deployed.of(current.open().deploy(actor_class))


def undeploy(actor: str) -> None:
    """Forget an actor's code.  Its state and its history stay in the store.

    Raises:
        UnknownActor: nothing is deployed under that name.
    """
    current.open().undeploy(actor)


def confirm_dropped(actor: str) -> tuple[str, ...]:
    """Delete the values of state fields that redeploys dropped and kept aside; the names of those fields.

    Raises:
        UnknownActor: nothing is known under that name.
    """
    return current.open().confirm_dropped(actor)
