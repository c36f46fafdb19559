"""A deployed definition: what the engine knows of the code behind a name."""

from __future__ import annotations

from runtime.config import Durability
from runtime.definition import ActionSpec, ActorDefinition
from runtime.hosts.base import Host
from runtime.records import CONFIRM_DROPPED, State
from runtime.settings import Kind, MailboxPolicy


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
        """Messages that nobody waits for are on disk before they are accepted."""
        self.is_pool = definition.settings.kind is Kind.POOLED
        self.keeps_state = definition.settings.stateful and not self.is_pool
        """State outlives the activation; else it is in memory while the actor is active, or, in a pool, for one turn."""
        self.is_projection = definition.settings.kind is Kind.PROJECTION
        self.is_special = self.is_projection or not self.keeps_state
        self.mailbox_limit = definition.settings.mailbox or mailbox_limit
        self.tags = dict(definition.settings.tags)
        """What its actors begin with; shared by all of them, since tags are replaced, never changed in place."""
        self.timers: tuple[ActionSpec, ...] = tuple(s for s in definition.actions.values() if s.role == "timer")

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
