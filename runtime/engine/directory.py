"""Who is who: templates by name, and at most one activation for each actor.

Two first calls find one activation, because finding and making it is one step of the engine.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from runtime.engine.activation import Activation
from runtime.engine.template import Template
from runtime.errors import DefinitionError, NameTaken, UnknownActor
from runtime.ids import ActorId
from runtime.records import Invocation


class Directory:
    """The names of one actor system."""

    __slots__ = ("_pools", "active", "durable_before", "has_durable_children", "templates")

    def __init__(self) -> None:
        self.durable_before: frozenset[str] = frozenset()
        """Definitions with durable mailboxes that were deployed before a restart, and perhaps are not yet after it."""
        self.has_durable_children = False
        """A template with durable mailboxes has been deployed: an actor that is not loaded may be a child of it."""
        self._pools: dict[str, list[Activation]] = {}
        self.templates: dict[str, Template] = {}
        self.active: dict[ActorId, Activation] = {}

    def template_of(self, activation: Activation) -> Template | None:
        return self.templates.get(activation.parent)

    def children(self, template: str) -> Iterator[Activation]:
        """Active actors that run the template's code, the named actor included."""
        return (each for each in self.active.values() if each.parent == template)

    def activate(self, invocation: Invocation, now_us: int) -> Activation:
        """A new activation for an actor that has none.

        Raises:
            UnknownActor: the template to make it from is not deployed.
            DefinitionError: the name is a template's, or the parent is no template for children.
        """
        parent = self._parent(invocation)
        template = self.templates.get(parent)
        if template is not None and template.is_pool:
            return self._member(template, invocation, now_us)
        activation = Activation(invocation.actor, parent, now_us)
        self.active[invocation.actor] = activation
        return activation

    def _member(self, template: Template, invocation: Invocation, now_us: int) -> Activation:
        """The pool's least loaded instance, or a new one if all are busy and there may be more.

        A key always goes to the same instance, where it waits for the call that is using it.
        """
        name, most = template.definition.name, template.definition.settings.pool[1]
        members = self._pools.setdefault(name, [])
        if not invocation.key:
            least = min(members, key=_load, default=None)
            if least is not None and (_load(least) == 0 or len(members) >= most):
                return least
            return self._grow(members, name, invocation.actor.system, len(members), now_us)
        index = zlib.crc32(invocation.key.encode()) % most
        number = f"{name}#{index + 1}"
        known = next((each for each in members if each.id.name == number), None)
        return known or self._grow(members, name, invocation.actor.system, index, now_us)

    def add_member(self, name: str, system: str, now_us: int) -> Activation:
        """One more instance of a pool."""
        members = self._pools.setdefault(name, [])
        return self._grow(members, name, system, len(members), now_us)

    def _grow(self, members: list[Activation], name: str, system: str, index: int, now_us: int) -> Activation:
        taken = {each.id.name for each in members}
        while f"{name}#{index + 1}" in taken:
            index = index + 1 if index < len(members) else 0
        member = Activation(ActorId(system, f"{name}#{index + 1}"), name, now_us)
        members.append(member)
        self.active[member.id] = member
        return member

    def check_parent(self, activation: Activation, wanted: str) -> None:
        """Raises NameTaken: the actor was made from another template than `wanted`."""
        if wanted and activation.parent and wanted != activation.parent:
            raise NameTaken(activation.id.name, wanted, activation.parent)

    def drop(self, activation: Activation) -> None:
        del self.active[activation.id]
        members = self._pools.get(activation.parent)
        if members is not None and activation in members:
            members.remove(activation)

    def pool_size(self, name: str) -> int:
        """Instances of a pool in memory."""
        return len(self._pools.get(name, ()))

    def known_names(self) -> set[str]:
        return {*self.templates, *(actor.name for actor in self.active)}

    def _parent(self, invocation: Invocation) -> str:
        """The template's name; empty when only the store can tell."""
        name, parent = invocation.actor.name, invocation.parent
        own = self.templates.get(name)
        if own is not None and parent in ("", name):
            if own.has_children:
                raise DefinitionError(
                    f"{name!r} is a template: it has no state and takes no messages itself.\n"
                    f"Invoke a child by a name of your choice, with parent={name!r} (%invoke NAME ACTION --parent {name})."
                )
            return name
        if own is not None:
            raise NameTaken(name, parent, name)
        if not parent:
            return ""
        template = self.templates.get(parent)
        if template is None:
            raise UnknownActor(parent, (n for n, t in self.templates.items() if t.has_children))
        if not template.has_children:
            raise DefinitionError(f"{parent!r} is a named actor and has no children; declare it with kind='unnamed'.")
        return parent


def _load(activation: Activation) -> int:
    return activation.waiting + (activation.running is not None)
