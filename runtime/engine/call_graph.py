"""Who waits for whom, so that a circle is seen before it closes.

An actor that asks another is in the middle of a turn and takes no message until it is answered.  When A waits for B and B
for A, neither ever goes on.  The edge from asker to asked exists from the question to its answer; a question that would
close a circle is refused, whichever of the turns came first.
"""

from __future__ import annotations

from runtime.engine.activation import Activation
from runtime.engine.directory import Directory
from runtime.errors import CallCycle
from runtime.ids import ActorId
from runtime.records import Invocation


def ask(directory: Directory, invocation: Invocation) -> None:
    """Note a question: the last of `invocation.path` waits for its actor.

    Raises:
        CallCycle: it would wait for itself, directly or through others; nothing is noted.
    """
    asker = invocation.path[-1]
    circle = _way(directory, invocation.actor, asker)
    if circle is not None:
        raise CallCycle([asker.name, *(actor.name for actor in circle)])
    activation = directory.active.get(asker)
    if activation is not None:
        if activation.asking is None:
            activation.asking = {}
        activation.asking[invocation.id] = invocation.actor


def answered(directory: Directory, invocation: Invocation) -> None:
    """The question has its answer, or was handed on under another id."""
    activation = directory.active.get(invocation.path[-1])
    if activation is not None and activation.asking:
        activation.asking.pop(invocation.id, None)


def _way(directory: Directory, start: ActorId, end: ActorId) -> list[ActorId] | None:
    """The actors from `start` to `end` along who waits for whom; None if there is no way."""
    ways: list[list[ActorId]] = [[start]]
    seen = {start}
    while ways:
        way = ways.pop()
        if way[-1] == end:
            return way
        for asked in _asked_by(directory.active.get(way[-1])):
            if asked not in seen:
                seen.add(asked)
                ways.append([*way, asked])
    return None


def _asked_by(activation: Activation | None) -> list[ActorId]:
    return [] if activation is None or not activation.asking else list(activation.asking.values())
