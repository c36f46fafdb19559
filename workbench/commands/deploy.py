"""Bring an actor class to the current system, and take it away again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from workbench.commands.acting import acting
from workbench.deploy_reports import Deployed
from workbench.session import current

if TYPE_CHECKING:
    from runtime.api import DeployReport, SystemApi
    from runtime.definition import ActorDefinition


def deploy(actor_class: type) -> Deployed:
    """Make an actor class the current definition of its name; state, mailboxes and the turn in progress survive.

    The next turn of the actor, and of all its children, runs the new code.

    Raises:
        DefinitionError: the class cannot be an actor; the earlier definition, if any, keeps running.
    """
    from workbench.attach.audited import name_of

    system = current.open()
    with acting(system, "deploy", name_of(actor_class)):
        return Deployed.of(system.deploy(actor_class))


def deploy_again(system: SystemApi, definition: ActorDefinition) -> Deployed:
    """Deploy a definition to the system that runs an earlier one of its class.

    Raises:
        DefinitionError: it cannot be deployed; the earlier one keeps running.
    """
    with acting(system, "deploy", definition.name):
        # Whoever runs code of this process takes a definition, too.
        take: Callable[[Any], DeployReport] = system.deploy
        return Deployed.of(take(definition))


def undeploy(actor: str) -> None:
    """Forget an actor's code.  Its state and its history stay in the store.

    Raises:
        UnknownActor: nothing is deployed under that name.
    """
    system = current.open()
    with acting(system, "undeploy", actor):
        system.undeploy(actor)


def confirm_dropped(actor: str) -> tuple[str, ...]:
    """Delete the values of state fields that redeploys dropped and kept aside; the names of those fields.

    Raises:
        UnknownActor: nothing is known under that name.
    """
    system = current.open()
    with acting(system, "confirm_dropped", actor):
        return system.confirm_dropped(actor)
