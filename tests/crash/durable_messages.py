"""Messages that nobody waits for, to an actor with a durable mailbox: none is lost between sender and receiver.

Two streams of numbers reach it: one is sent by the turns of another actor, the other from outside, and acknowledged when it is
accepted.  After a kill, each number of a stream was either processed, once and in order, or waits in the store, in order.
"""

from __future__ import annotations

import json
import os
import struct
from itertools import count
from pathlib import Path

from runtime.authoring.actor import Actor, action
from runtime.authoring.context import Context
from runtime.records import Encoded
from runtime.stores.base import StateStore, flatten
from runtime.stores.registry import open_store
from runtime.system.embedded import embedded
from tests.crash.load import KEY, url_of

_ACCEPTED = struct.Struct("<I")
_TOGETHER = 20


class Sender(Actor, name="sender"):
    sent: int = 0

    @action
    def send(self, ctx: Context, n: int) -> int:
        self.sent = n
        ctx.tell("receiver", "take", {"stream": "told", "n": n})
        return n


class Receiver(Actor, name="receiver", durable_mailbox=True):
    told: int = 0
    posted: int = 0

    @action
    def take(self, stream: str, n: int) -> None:
        setattr(self, stream, n)


def write(path: Path | str, accepted: int, calls: int | None = None) -> None:
    """Both streams, for ever or so many of each, from where an earlier process was ended."""
    store = open_store(url_of(path), key=KEY)
    told, posted = (_last(*_numbers(store, stream)) for stream in ("told", "posted"))
    sent = max((_number(turn.payload) for turn in flatten(store.turns()) if turn.action == "send"), default=told)
    store.close()
    with embedded(store=url_of(path), key=KEY, system="crash") as system:
        system.deploy(Sender)
        system.deploy(Receiver)
        for n in count(1) if calls is None else range(1, calls + 1):
            system.invoke("sender", "send", {"n": sent + n}, asynchronous=n % _TOGETHER != 0)
            payload = {"stream": "posted", "n": posted + n}
            system.invoke("receiver", "take", payload, asynchronous=True, key=f"posted-{posted + n}")
            os.write(accepted, _ACCEPTED.pack(posted + n))


def check(path: Path | str, received: bytes) -> None:
    """What was accepted or sent is there: processed once and in order, or waiting in order."""
    store = open_store(url_of(path), key=KEY)
    try:
        accepted = [_ACCEPTED.unpack_from(received, at)[0] for at in range(0, len(received) - 3, _ACCEPTED.size)]
        sent = [_number(turn.payload) for turn in flatten(store.turns()) if turn.action == "send"]
        for stream, least in (("posted", max(accepted, default=0)), ("told", max(sent, default=0))):
            done, waiting = _numbers(store, stream)
            assert done + waiting == list(range(1, len(done + waiting) + 1)), (
                f"{stream}: {done[-3:]} were processed and {waiting[:3]} wait, not each number once and in order"
            )
            assert _last(done, waiting) >= least, (
                f"{stream}: {least} was promised, the last one there is {_last(done, waiting)}"
            )
    finally:
        store.close()


def _numbers(store: StateStore, stream: str) -> tuple[list[int], list[int]]:
    """What was processed, and what waits."""
    turns = [turn.payload for turn in flatten(store.turns()) if turn.action == "take"]
    waiting = [each.payload for each in store.schedules()]
    return _of(stream, turns), _of(stream, waiting)


def _of(stream: str, payloads: list[Encoded | None]) -> list[int]:
    values = [json.loads(payload.data) for payload in payloads if payload is not None]
    return [value["n"] for value in values if value["stream"] == stream]


def _last(done: list[int], waiting: list[int]) -> int:
    return max([0, *done, *waiting])


def _number(payload: Encoded | None) -> int:
    assert payload is not None
    return int(json.loads(payload.data)["n"])
