"""Which forks were made in this process, of what, with what edits, and how each stands.

A fork itself is gone when nothing holds it any more; of its lineage the words stay, for the last 500.
"""

from __future__ import annotations

from collections import deque

from runtime.ids import ActorId
from workbench.presenters.time_travel.lineage import Branch, Lineage

_MOST = 500


class ForkRecord:
    """What is remembered of one fork."""

    __slots__ = ("actor", "edits", "ended", "given", "name", "parent", "parted")

    def __init__(self, actor: ActorId, parted: str, parent: ForkRecord | None = None, name: str = "") -> None:
        """`parent`: the fork that it is one of; None for one of the actor itself."""
        self.actor, self.parted, self.parent, self.name = actor, parted, parent, name
        self.given: list[str] = []
        """What it has whatever is sent to it: other code, other answers."""
        self.edits: list[str] = []
        """How what was sent to it since it last began differs."""
        self.ended = ""


_made: deque[ForkRecord] = deque(maxlen=_MOST)


def remember(record: ForkRecord) -> ForkRecord:
    """The same, which is in its actor's lineage from now on."""
    _made.append(record)
    return record


def lineage_of(actor: ActorId, now: str, here: ForkRecord | None = None) -> Lineage:
    """The forks of an actor, oldest first.

    Args:
        now: where the actor itself is.
        here: the fork that is pointed out.
    """
    mine = [each for each in _made if each.actor == actor]
    known = set(map(id, mine))

    def below(parent: ForkRecord | None) -> tuple[Branch, ...]:
        return tuple(shown(each) for each in mine if is_child(each, parent))

    def is_child(record: ForkRecord, parent: ForkRecord | None) -> bool:
        if parent is not None:
            return record.parent is parent
        return record.parent is None or id(record.parent) not in known  # that one is forgotten

    def shown(record: ForkRecord) -> Branch:
        return Branch(
            name=record.name,
            parted=record.parted,
            edits=(*record.given, *record.edits),
            ended=record.ended,
            is_here=record is here,
            branches=below(record),
        )

    return Lineage(actor=actor.name, now=now, branches=below(None))
