"""Who gets a broadcast (spawn-protocol §2.11)."""

from __future__ import annotations

from collections.abc import Iterator

from runtime.engine.directory import Directory
from runtime.ids import ActorId


def receivers(channel: str, system: str, directory: Directory) -> Iterator[tuple[ActorId, str, str]]:
    """Actor, parent and action of each subscriber: named actors, and the active children of subscribed templates.

    The publisher itself is among them if it subscribed.
    """
    for name, template in directory.templates.items():
        for subscription in template.definition.settings.channels:
            if subscription.topic != channel:
                continue
            if not template.has_children:
                yield ActorId(system, name), "", subscription.action
                continue
            for child in directory.children(name):
                yield child.id, name, subscription.action
