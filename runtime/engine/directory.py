"""Who is who: templates by name, and at most one activation for each actor.

Two first calls find one activation, because finding and making it is one step of the engine.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from runtime.authoring.definition import ActionSpec, ActorDefinition
from runtime.authoring.settings import Channel, Kind, MailboxPolicy
from runtime.config import Durability
from runtime.engine.activation import Activation
from runtime.errors import DefinitionError, NameTaken, UnknownAction, UnknownActor
from runtime.hosts.base import Host
from runtime.ids import ActorId
from runtime.records import CONFIRM_DROPPED, Invocation, Publication, State


class Counts(NamedTuple):
    """What was counted of one actor since the system began."""

    turns: int
    failures: int


_NO_COUNTS = Counts(0, 0)
_COUNTED = 10_000
"""Actors that are not active, of which this is kept: a bound for what it takes of memory."""


class Directory:
    """The names of one actor system."""

    __slots__ = ("_counts", "_pools", "active", "deployed_before", "has_durable_children", "templates")

    def __init__(self) -> None:
        self.deployed_before: Mapping[str, bool] = {}
        """Definitions that were deployed before a restart, perhaps not yet after it; whether their mailboxes are durable."""
        self.has_durable_children = False
        """A template with durable mailboxes has been deployed: an actor that is not loaded may be a child of it."""
        self._pools: dict[str, list[Activation]] = {}
        self.templates: dict[str, Template] = {}
        self.active: dict[ActorId, Activation] = {}
        self._counts: dict[ActorId, Counts] = {}
        """Of those that left memory last, oldest first."""

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
        return self._begin(invocation.actor, parent, now_us)

    def _begin(self, actor: ActorId, parent: str, now_us: int) -> Activation:
        activation = self.active[actor] = Activation(actor, parent, now_us)
        if actor in self._counts:
            activation.turns, activation.failures = self._counts.pop(actor)
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
        member = self._begin(ActorId(system, f"{name}#{index + 1}"), name, now_us)
        members.append(member)
        return member

    def check_parent(self, activation: Activation, wanted: str) -> None:
        """Raises NameTaken: the actor was made from another template than `wanted`."""
        if wanted and activation.parent and wanted != activation.parent:
            raise NameTaken(activation.id.name, wanted, activation.parent)

    def drop(self, activation: Activation) -> None:
        """The actor leaves memory; what was counted of it is kept, of the last 10,000."""
        del self.active[activation.id]
        if activation.turns:
            self._counts[activation.id] = Counts(activation.turns, activation.failures)
            if len(self._counts) > _COUNTED:
                del self._counts[next(iter(self._counts))]
        members = self._pools.get(activation.parent)
        if members is not None and activation in members:
            members.remove(activation)

    def counts(self, actor: ActorId) -> Counts:
        """Turns and failures of an actor that is not active; zeros where they are not known any more."""
        return self._counts.get(actor, _NO_COUNTS)

    def pool_size(self, name: str) -> int:
        """Instances of a pool in memory."""
        return len(self._pools.get(name, ()))

    def parents(self) -> list[str]:
        """Templates whose children are made by a call."""
        return [name for name, template in self.templates.items() if template.has_children]

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
            raise UnknownActor(parent, self.parents())
        if not template.has_children:
            raise DefinitionError(f"{parent!r} is a named actor and has no children; declare it with kind='unnamed'.")
        return parent


def _load(activation: Activation) -> int:
    return activation.waiting + (activation.running is not None)


# --- A deployed definition: what the engine knows of the code behind a name -------------------------------------------


class Template:
    """The current definition of a name.  A redeploy replaces the whole object, so a turn sees one version throughout."""

    __slots__ = (
        "coroutines",
        "definition",
        "durability",
        "host",
        "initial",
        "is_durable",
        "is_journaled",
        "is_pool",
        "is_projection",
        "is_special",
        "keeps_state",
        "limits",
        "mailbox_limit",
        "tags",
        "timers",
    )

    def __init__(
        self, definition: ActorDefinition, host: Host, initial: State | None, durability: Durability, mailbox_limit: int
    ) -> None:
        self.definition = definition
        self.host = host
        self.initial = initial
        """The state of an actor that has had no turn, for reads."""
        self.durability = definition.settings.durability or durability
        self.is_journaled = self.durability is not Durability.SNAPSHOT
        self.is_durable = definition.settings.durable_mailbox
        """Messages that no one waits for are on disk before they are accepted."""
        self.is_pool = definition.settings.kind is Kind.POOLED
        self.keeps_state = definition.settings.stateful and not self.is_pool
        """State outlives the activation; else it is in memory while the actor is active, or, in a pool, for one turn."""
        self.is_projection = definition.settings.kind is Kind.PROJECTION
        self.is_special = self.is_projection or not self.keeps_state
        self.mailbox_limit = definition.settings.mailbox or mailbox_limit
        self.tags = dict(definition.settings.tags)
        """What its actors begin with; shared by all of them, since tags are replaced, never changed in place."""
        self.timers: tuple[ActionSpec, ...] = tuple(s for s in definition.actions.values() if s.role == "timer")

        self.limits = {name: spec.timeout_ms for name, spec in definition.actions.items() if spec.timeout_ms}
        """Actions that may take only so long, in milliseconds."""
        self.coroutines = frozenset(name for name, spec in definition.actions.items() if spec.is_async)
        """Actions that run on the loop."""

    def has_action(self, action: str) -> bool:
        return action in self.definition.actions or action == CONFIRM_DROPPED

    @property
    def may_wait(self) -> bool:
        """Messages for a full mailbox wait outside instead of being refused."""
        return self.definition.settings.mailbox_policy is MailboxPolicy.WAIT

    @property
    def has_children(self) -> bool:
        return self.definition.settings.kind is Kind.UNNAMED


def unknown_action(invocation: Invocation, template: Template) -> UnknownAction:
    """The error of a message whose action the code does not have."""
    known = template.definition
    return UnknownAction(invocation.actor.name, invocation.action, known.actions, methods=known.plain_methods)


# --- Who gets a broadcast (docs/protocols.md, "Broadcast") ----------------------------------------------------------------------


def receivers(publication: Publication, system: str, directory: Directory) -> Iterator[tuple[ActorId, str, str]]:
    """Actor, parent and action of each subscriber: named actors, and the active children of subscribed templates.

    The publisher itself is among them if it subscribed.
    """
    for name, template in directory.templates.items():
        for subscription in template.definition.settings.channels:
            if subscription.topic != publication.channel:
                continue
            action = _received_by(template, subscription, publication)
            if not template.has_children:
                yield ActorId(system, name), "", action
                continue
            for child in directory.children(name):
                yield child.id, name, action


def _received_by(template: Template, subscription: Channel, publication: Publication) -> str:
    """The action that the publisher names, unless only the subscription's is one of the actor's.

    If neither is, the publisher's stays: the message then becomes a dead letter that says so.
    """
    if not publication.action or (
        not template.has_action(publication.action) and template.has_action(subscription.action)
    ):
        return subscription.action
    return publication.action
