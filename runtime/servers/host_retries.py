"""Calls that a proxy makes again because it did not get the answer: recognised, and answered from what was done.

A proxy calls one actor strictly one at a time, and a call has no id.  So this is how a repetition is known: the same bytes for
the same actor, while the first is still running or after its answer found nobody.  An answer that was taken is forgotten: the
same bytes after that are a new call.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import msgspec

from runtime.ids import ActorId
from runtime.servers.http_messages import Reply, Response

_MOST_KEPT = 10_000
_MOST_BYTES = 64 * 1024 * 1024


class _Running(msgspec.Struct):
    """A call whose action runs, and who waits for its answer: the first, and each that asked again."""

    body: bytes
    replies: list[Reply]
    queue: list[tuple[bytes, Reply]]
    """Other calls of the actor that came meanwhile: the proxy has given this one up."""


class Retries:
    """Belongs to the server's loop."""

    def __init__(self, run: Callable[[ActorId, bytes], None]) -> None:
        """`run` begins an action; `finished` is called when it has ended."""
        self._run = run
        self._running: dict[ActorId, _Running] = {}
        self._untaken: OrderedDict[ActorId, tuple[bytes, Response]] = OrderedDict()
        self._bytes = 0
        self.recognised = 0
        """How many calls were answered without running their action again."""

    def take(self, actor: ActorId, body: bytes, reply: Reply) -> None:
        """A call has arrived: run it, or let it have the answer of the one that it repeats."""
        running = self._running.get(actor)
        if running is not None:
            if running.body == body:
                self.recognised += 1
                running.replies.append(reply)
            else:
                running.queue.append((body, reply))
            return
        former = self._forget(actor)
        if former is not None and former[0] == body:
            self.recognised += 1
            self._deliver(actor, body, former[1], [reply])
            return
        self._running[actor] = _Running(body, [reply], [])
        self._run(actor, body)

    def finished(self, actor: ActorId, response: Response) -> None:
        """The action has ended."""
        running = self._running.pop(actor)
        self._deliver(actor, running.body, response, running.replies)
        for body, reply in running.queue:
            self.take(actor, body, reply)

    def _deliver(self, actor: ActorId, body: bytes, response: Response, replies: list[Reply]) -> None:
        """Answer the last who asked; the ones before have given up.  Keep the answer if nobody was there."""
        taken = [reply(response) for reply in replies]
        if not taken[-1]:
            self._keep(actor, body, response)

    def _keep(self, actor: ActorId, body: bytes, response: Response) -> None:
        self._untaken[actor] = body, response
        self._bytes += len(body) + len(response.body)
        while len(self._untaken) > _MOST_KEPT or (self._bytes > _MOST_BYTES and len(self._untaken) > 1):
            self._forget(next(iter(self._untaken)))

    def _forget(self, actor: ActorId) -> tuple[bytes, Response] | None:
        former = self._untaken.pop(actor, None)
        if former is not None:
            self._bytes -= len(former[0]) + len(former[1].body)
        return former
