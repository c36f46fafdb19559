"""What Spawn does differently with the exported actors than the notebook did, as far as they use it.

The whole list, with the reasons, is in the README.md of the package `runtime`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from runtime.config import Durability
from runtime.definition import ActorDefinition
from runtime.settings import Kind, MailboxPolicy

_Test = Callable[[ActorDefinition], bool]


def _uses(pattern: str) -> _Test:
    return lambda definition: re.search(pattern, definition.source) is not None


_ALWAYS = (
    "**History.** A proxy keeps states at snapshot times, and no messages; `--journal URL` has this host record every invocation.",
    "**What a reply means.** The state is in the proxy's memory, and in the database after the snapshot time-out.",
    "**Delivery.** A call without an answer is made again by the proxy, so an action may run more than once after a crash.",
    "**Unknown actors and actions** are answered after up to 60 seconds, not at once.",
    "**Deactivation** comes about `deactivate_timeout` after the activation, not after the last message.",
)
_SOME: tuple[tuple[str, _Test], ...] = (
    (
        "**Pools and tasks** are announced as named actors: a real proxy's pools do not work, its tasks need worker pools.",
        lambda d: d.settings.kind in (Kind.POOLED, Kind.TASK),
    ),
    (
        "**Projections** are matched by action only, in no strict order, and acknowledged before they are processed.",
        lambda d: d.settings.kind is Kind.PROJECTION or bool(d.settings.subjects),
    ),
    (
        "**Broadcasts** go to every actor that was ever active, not only to those that subscribed and are there.",
        lambda d: bool(d.settings.channels) or "Broadcast" in d.source,
    ),
    ("**Timers** activate their actor again for ever.", lambda d: any(s.role == "timer" for s in d.actions.values())),
    ("**Checkpoints** are not sent: they would crash the actor.", _uses(r"\.checkpoint\(")),
    (
        "**Bounded mailboxes** are not known there: messages wait without a limit.",
        lambda d: d.settings.mailbox is not None or d.settings.mailbox_policy is not MailboxPolicy.REJECT,
    ),
    ("**Idempotency keys** are not known there: a repeated call runs again.", _uses(r"(invoke|tell)\([^)]*\bkey=")),
    (
        "**Delayed calls** are in the memory of one node, and a fired one can fire again.",
        _uses(r"\bdelay\b|\bscheduled_to\b"),
    ),
    (
        "**Tags** are wiped there if a reply does not repeat them; this host repeats them.",
        lambda d: bool(d.settings.tags),
    ),
    (
        "**Fields that a new version drops** stay in the JSON of the state; there is no place beside it.",
        lambda d: d.migration is not None,
    ),
    (
        "**Calls in a circle** across hosts wait until a time-out; among the actors of this host they are refused at once.",
        _uses(r"\bctx\.invoke\("),
    ),
    (
        "**`durability`** is not a setting of Spawn's: see what a reply means, above.",
        lambda d: d.settings.durability in (Durability.COMMIT, Durability.JOURNAL),
    ),
)


def differences(definitions: Iterable[ActorDefinition]) -> list[str]:
    """One sentence or two for each difference that these actors can meet, with their names."""
    found, known = list(_ALWAYS), list(definitions)
    for text, applies in _SOME:
        names = [f"`{definition.name}`" for definition in known if applies(definition)]
        if names:
            found.append(f"{text} ({', '.join(names)})")
    return found
