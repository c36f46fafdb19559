"""A process that runs recorded turns again, from the inside: it gets code and turns down a line, and says what came of them.

A frame begins with a byte that says what follows.  Only the parent of the same user, of the same code, is at the other end.
"""

from __future__ import annotations

import logging
import pickle
import queue
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from runtime.definition import ActorDefinition
from runtime.hosts.children import detach_from_terminal, read_until_end
from runtime.ids import ActorId
from runtime.replay.line import Position
from runtime.replay.outside import Outside
from runtime.replay.rerun import Again, Rerun, Task
from runtime.replay.side_effects import SideEffects

CODE, TASKS, END, READY, REFUSED, RESULTS, POSITION = (bytes([letter]) for letter in b"CTEYNRP")
"""What a frame begins with; the first three go down, the others up."""

_TOGETHER_S = 0.05
"""What came of turns is sent at least so often."""


class Setup(msgspec.Struct, frozen=True, array_like=True):
    """What a process is to do, beside the code."""

    actor: ActorId
    carry: bool
    shift_s: float
    seed: int
    allowed: frozenset[str]
    """The kinds of side effects that are let through."""
    pickled: bytes
    """The definition, by cloudpickle, from the parent."""


def serve(line: Connection) -> None:
    """Be such a process; called in the new process, with its end of the line."""
    detach_from_terminal()
    logging.getLogger("runtime.actors").setLevel(logging.CRITICAL + 1)
    frames: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    read_until_end(line, frames.put)
    setup = msgspec.msgpack.decode(frames.get()[1:], type=Setup)
    try:
        rerun = _prepared(setup)
    except Exception as error:  # noqa: BLE001 - importing a user's module can raise anything
        line.send_bytes(REFUSED + f"{type(error).__name__}: {error}".encode(errors="backslashreplace"))
        return
    line.send_bytes(READY)
    tasks, results = msgspec.msgpack.Decoder(list[Task]), _Results(line)
    while (frame := frames.get())[:1] == TASKS:
        results.send(rerun.run(tasks.decode(frame[1:])))
    line.send_bytes(POSITION + msgspec.msgpack.encode(rerun.line.at))
    frames.get()  # stay until the parent has read it


def _prepared(setup: Setup) -> Rerun:
    outside = Outside(setup.shift_s, setup.seed)
    definition: ActorDefinition = pickle.loads(setup.pickled)  # noqa: S301 - code of the parent's own
    side_effects = SideEffects(setup.allowed)
    rerun = Rerun(definition, setup.actor, carry=setup.carry, used=outside.used, side_effects=side_effects)
    outside.vary(_functions(definition))
    side_effects.guard_process()
    return rerun


def _functions(definition: ActorDefinition) -> Iterator[Callable[..., Any]]:
    yield from (spec.function for spec in definition.actions.values())
    for each in vars(definition.actor_class).values() if definition.actor_class is not None else ():
        if callable(each):
            yield each


class _Results:
    """Sends what came of turns in portions, from a thread of its own: also what came before a turn that does not end."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._portion: list[Again] = []
        threading.Thread(target=self._send_at_times, name="wb-results", daemon=True).start()

    def send(self, results: Iterator[Again]) -> None:
        """All of them; when this returns they are sent."""
        for each in results:
            with self._lock:
                self._portion.append(each)
        self._send()

    def _send_at_times(self) -> None:
        waiting = threading.Event()
        while not waiting.wait(_TOGETHER_S):
            self._send()

    def _send(self) -> None:
        with self._lock:
            if self._portion:
                self._line.send_bytes(RESULTS + msgspec.msgpack.encode(self._portion))
                self._portion.clear()


def position_of(frame: bytes) -> Position:
    """What the process says at its end."""
    return msgspec.msgpack.decode(frame[1:], type=Position)
