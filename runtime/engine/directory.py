"""Who is who: templates by name, and at most one activation for each actor.

Two first calls find one activation, because finding and making it is one step of the engine.
"""

from __future__ import annotations

from collections.abc import Iterator

from runtime.engine.activation import Activation
from runtime.engine.template import Template
from runtime.errors import DefinitionError, NameTaken, UnknownActor
from runtime.ids import ActorId
from runtime.records import Invocation


class Directory:
    """The names of one actor system."""

    __slots__ = ("active", "templates")

    def __init__(self) -> None:
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
        activation = Activation(invocation.actor, parent, now_us)
        self.active[invocation.actor] = activation
        return activation

    def check_parent(self, activation: Activation, wanted: str) -> None:
        """Raises NameTaken: the actor was made from another template than `wanted`."""
        if wanted and activation.parent and wanted != activation.parent:
            raise NameTaken(activation.id.name, wanted, activation.parent)

    def drop(self, activation: Activation) -> None:
        del self.active[activation.id]

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
