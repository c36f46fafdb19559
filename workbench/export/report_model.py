"""What a report tells of an actor system: plain records, already cut to size and without secrets."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from runtime.api import ActorInfo, SystemStatus
from workbench.audit_log import Act
from workbench.presenters.messages import Message


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything is shown; what is left out is counted in the report."""

    actors: int = 200
    turns: int = 200
    searched: int = 2_000
    """The last turns from which activity, chains and latest turns are taken."""
    failures: int = 50
    chains: int = 3
    mailboxes: int = 20
    messages: int = 50
    """Of one mailbox."""
    logs: int = 200
    definitions: int = 100
    source_characters: int = 20_000
    acts: int = 50
    known_actors: int = 20_000
    """So many are asked for, to choose among."""


class ActorLine(msgspec.Struct, frozen=True, kw_only=True):
    """An actor, its state in one line, and its turns in each slice of the time that is looked at."""

    info: ActorInfo
    state: str = ""
    turns: tuple[int, ...] = ()


class TurnLine(msgspec.Struct, frozen=True, kw_only=True):
    """A finished turn."""

    at_us: int
    actor: str
    call: str
    outcome: str
    """Of `presenters.turns.OUTCOMES`."""
    result: str
    revision: int
    changed: bool
    took_us: int
    waited_us: int
    caller: str
    id: str


class FailureText(msgspec.Struct, frozen=True, kw_only=True):
    """A failed turn, with all that was recorded of why."""

    at_us: int
    actor: str
    call: str
    headline: str
    text: str
    trace: str
    id: str


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that one message from outside set in motion."""

    at_us: int
    messages: tuple[Message, ...]


class MessageLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits, or is being processed."""

    since_us: int
    call: str
    caller: str
    is_running: bool
    id: str


class MailboxText(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for an actor."""

    actor: str
    messages: tuple[MessageLine, ...]
    waiting: int


class LogText(msgspec.Struct, frozen=True, kw_only=True):
    """A line that an actor printed or logged."""

    at_us: int
    actor: str
    action: str
    kind: str
    text: str


class DefinitionText(msgspec.Struct, frozen=True, kw_only=True):
    """The code of an actor as it was deployed last."""

    name: str
    hash: str
    kind: str
    deployed_us: int
    versions: int
    source: str
    is_cut: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the things of one sort, and how many there are."""

    shown: int = 0
    known: int = 0
    is_more: bool = False
    """There are more than are known."""
    why_not: str = ""
    """Why this cannot be told of this system; empty if it can."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a report."""

    made_us: int
    made_by: str
    status: SystemStatus
    where: str = ""
    """How the system is reached; empty for the notebook's own."""
    notes: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    """The actors that were asked for; empty for all."""
    since_us: int = 0
    actors: Sequence[ActorLine] = ()
    activity: tuple[int, ...] = ()
    """Turns in each slice of time, the last up to now."""
    activity_from_us: int = 0
    turns: Sequence[TurnLine] = ()
    failures: Sequence[FailureText] = ()
    chains: Sequence[Chain] = ()
    mailboxes: Sequence[MailboxText] = ()
    logs: Sequence[LogText] = ()
    definitions: Sequence[DefinitionText] = ()
    acts: Sequence[Act] = ()
    versions: Sequence[tuple[str, str]] = ()
    parts: dict[str, Part] = {}
    """Of `actors`, `turns`, `failures`, …: how much is shown of how much."""
