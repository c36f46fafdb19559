"""Where turns are run again: in a process of their own, or, where their code cannot be carried there, in this one."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context
from typing import Protocol

import msgspec

from runtime.definition import ActorDefinition
from runtime.errors import HostFailed, SpawnError
from runtime.hosts.children import Child
from runtime.ids import ActorId
from runtime.replay import child
from runtime.replay.child import CODE, END, READY, REFUSED, RESULTS, TASKS, Setup
from runtime.replay.line import Position
from runtime.replay.rerun import Again, Rerun, Task
from runtime.replay.side_effects import SideEffects

_START_S = 30.0
_END_S = 5.0


class CannotCarry(Exception):
    """The code does not reach another process; the text says why."""


class Runner(Protocol):
    """Runs tasks in order.  One thread uses it."""

    def give(self, tasks: Sequence[Task]) -> None:
        """Have them run; not before what was given earlier has been taken."""
        ...

    def take(self, wait_s: float) -> list[Again]:
        """What came of the next ones, waiting at most so long for one.

        Raises:
            HostFailed: the process ended in the middle of a turn.
        """
        ...

    def position(self) -> Position | None:
        """Where the last turn led; None if that cannot be said.  Nothing can be given any more."""
        ...

    def close(self) -> None:
        """Have it end now."""
        ...


class ProcessRunner:
    """In a process of its own, under another clock, another chance and another order of sets."""

    def __init__(
        self, pickled: bytes, actor: ActorId, *, carry: bool, shift_s: float, seed: int, allowed: frozenset[str]
    ) -> None:
        """Starts it; `wait_until_ready` says whether it came up."""
        self._child = Child(child.serve, "wb-replay", {"PYTHONHASHSEED": str(seed), "MPLBACKEND": "agg"})
        self._line = self._child.line
        self._line.send_bytes(CODE + msgspec.msgpack.encode(Setup(actor, carry, shift_s, seed, allowed, pickled)))
        self._results = msgspec.msgpack.Decoder(list[Again])

    @property
    def pid(self) -> int:
        return self._child.pid

    def wait_until_ready(self) -> None:
        """Raises CannotCarry: the code cannot be loaded there."""
        try:
            frame = self._line.recv_bytes() if self._line.poll(_START_S) else b""
        except (EOFError, OSError):
            frame = b""
        if frame[:1] == REFUSED:
            raise CannotCarry(frame[1:].decode(errors="replace"))
        if frame[:1] != READY:
            raise CannotCarry("the process did not start")

    def give(self, tasks: Sequence[Task]) -> None:
        with suppress(OSError):  # `take` finds out too
            self._line.send_bytes(TASKS + msgspec.msgpack.encode(tasks))

    def take(self, wait_s: float) -> list[Again]:
        try:
            if not self._line.poll(wait_s):
                return []
            frame = self._line.recv_bytes()
        except (EOFError, OSError):
            code = self._child.end()
            raise HostFailed(f"the process that ran it ended in the middle (exit code {code})") from None
        return self._results.decode(frame[1:]) if frame[:1] == RESULTS else []

    def position(self) -> Position | None:
        try:
            self._line.send_bytes(END)
            return child.position_of(self._line.recv_bytes()) if self._line.poll(_END_S) else None
        except (EOFError, OSError):
            return None

    def close(self) -> None:
        self._child.end()


class HereRunner:
    """On a thread of this process; one that does not end is left to itself."""

    def __init__(self, definition: ActorDefinition, actor: ActorId, *, carry: bool, allowed: frozenset[str]) -> None:
        """Raises DefinitionError: a type of the code has no encoding."""
        # A system of its own, so that what it prints is not put into the original's log.
        copy = ActorId(f"copy of {actor.system}", actor.name)
        self._side_effects = SideEffects(allowed)
        self._rerun = Rerun(definition, copy, carry=carry, side_effects=self._side_effects)
        self._tasks: queue.SimpleQueue[Sequence[Task] | None] = queue.SimpleQueue()
        self._results: queue.SimpleQueue[Again | BaseException] = queue.SimpleQueue()
        self._thread = threading.Thread(target=Context().run, args=(self._run,), name="wb-replay", daemon=True)
        self._thread.start()

    def give(self, tasks: Sequence[Task]) -> None:
        self._tasks.put(tasks)

    def take(self, wait_s: float) -> list[Again]:
        try:
            found = [self._results.get(timeout=wait_s)]
            while True:
                found.append(self._results.get_nowait())
        except queue.Empty:
            pass
        return [_unless_raised(each) for each in found] if found else []

    def position(self) -> Position | None:
        self.close()
        self._thread.join(_END_S)
        return None if self._thread.is_alive() else self._rerun.line.at

    def close(self) -> None:
        self._tasks.put(None)

    def _run(self) -> None:
        with self._side_effects.guard(), self._rerun.line:
            while (tasks := self._tasks.get()) is not None:
                try:
                    for each in self._rerun.run(tasks):
                        self._results.put(each)
                except Exception as error:  # noqa: BLE001 - goes to whoever waits
                    self._results.put(error)


def _unless_raised(result: Again | BaseException) -> Again:
    if isinstance(result, BaseException):
        raise result if isinstance(result, SpawnError) else HostFailed(f"running it failed: {result!r}")
    return result
