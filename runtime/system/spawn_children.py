"""Making children of a template known before their first message, as Spawn's `spawn` does.

What is written is a snapshot without a state: it keeps a child's template, so that the child is found after a restart
too, and nothing of it is activated.
"""

from __future__ import annotations

from collections.abc import Sequence

from runtime.drivers.replies import BlockingWaiter
from runtime.drivers.thread_driver import ThreadDriver
from runtime.engine.commands import Answer, Command
from runtime.engine.engine import Engine
from runtime.errors import DefinitionError, NameTaken, UnknownActor
from runtime.ids import ActorId, InvocationId
from runtime.records import Invocation, Reply, Snapshot

Child = tuple[ActorId, str]
"""An actor and its template."""


def spawn(driver: ThreadDriver, children: Sequence[Child], timeout_s: float) -> None:
    """Have these actors known as children of their templates; one that is known already stays as it is.

    Blocks until they are stored.  On an error none is made.

    Raises:
        UnknownActor: a template is not deployed.
        DefinitionError: what is named as the template is an actor without children.
        NameTaken: a name belongs to another template.
        StoreUnavailable, InvocationTimeout: they could not be stored; they may become known later.
    """
    new = [child for child in children if _is_new(driver, child)]
    if not new:
        return
    waiter = BlockingWaiter()

    def event(engine: Engine, now_us: int) -> list[Command] | None:
        held = False
        for actor, parent in new:
            active = engine.directory.active.get(actor)
            if active is not None:
                engine.directory.check_parent(active, parent)
                continue
            engine.journal.save(_unborn(actor, parent, now_us))
            held = True
        answer = Answer(waiter, Reply(InvocationId("")))
        if not held:
            return [answer]
        engine.journal.hold(answer)
        return None

    driver.call(event)
    waiter.wait(Invocation(id=InvocationId(""), actor=new[0][0], action="spawn"), timeout_s)


def _is_new(driver: ThreadDriver, child: Child) -> bool:
    actor, parent = child
    templates = driver.engine.directory.templates
    template = templates.get(parent)
    if template is None:
        raise UnknownActor(parent, driver.engine.directory.parents())
    if actor.name == parent:
        return False
    if not template.has_children:
        raise DefinitionError(f"{parent!r} is a named actor and has no children; declare it with kind='unnamed'.")
    if actor.name in templates:
        raise NameTaken(actor.name, parent, actor.name)
    stored = driver.store.load(actor)
    if stored is not None and stored.parent != parent:
        raise NameTaken(actor.name, parent, stored.parent)
    return stored is None


def _unborn(actor: ActorId, parent: str, now_us: int) -> Snapshot:
    return Snapshot(
        actor=actor, parent=parent, revision=0, state=None, tags={}, definition="", at_us=now_us, status="DEACTIVATED"
    )
