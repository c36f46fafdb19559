"""Where turns are run again: in a process of their own, or, where their code cannot be carried there, in this one."""

from __future__ import annotations

import logging
import pickle
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Protocol

import msgspec

from runtime.authoring.definition import ActorDefinition
from runtime.background import start_daemon
from runtime.errors import HostFailed, SpawnError
from runtime.hosts.child_process import Child, detach_from_terminal, read_until_end
from runtime.ids import ActorId
from runtime.replay.patched_environment import Outside
from runtime.replay.rerun import Rerun, RerunResult, Task
from runtime.replay.sandbox import Position
from runtime.replay.side_effects import SideEffects, announce_all

_START_S = 30.0
_END_S = 5.0


class CannotCarry(Exception):
    """The code does not reach another process; the text says why."""


class Runner(Protocol):
    """Runs tasks in order.  One thread uses it."""

    def give(self, tasks: Sequence[Task]) -> None:
        """Have them run; not before what was given earlier has been taken."""
        ...

    def take(self, wait_s: float) -> list[RerunResult]:
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
        self._child = Child(serve, "wb-replay", {"PYTHONHASHSEED": str(seed), "MPLBACKEND": "agg"})
        self._line = self._child.line
        self._line.send_bytes(CODE + msgspec.msgpack.encode(Setup(actor, carry, shift_s, seed, allowed, pickled)))
        self._results = msgspec.msgpack.Decoder(list[RerunResult])

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

    def take(self, wait_s: float) -> list[RerunResult]:
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
            return position_of(self._line.recv_bytes()) if self._line.poll(_END_S) else None
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
        self._results: queue.SimpleQueue[RerunResult | BaseException] = queue.SimpleQueue()
        self._thread = start_daemon("wb-replay", self._run)

    def give(self, tasks: Sequence[Task]) -> None:
        self._tasks.put(tasks)

    def take(self, wait_s: float) -> list[RerunResult]:
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
                except Exception as error:  # noqa: BLE001 - goes to the caller
                    self._results.put(error)


def _unless_raised(result: RerunResult | BaseException) -> RerunResult:
    if isinstance(result, BaseException):
        raise result if isinstance(result, SpawnError) else HostFailed(f"running it failed: {result!r}")
    return result


# --- The child process ------------------------------------------------------------------------------------------------
# A process that runs recorded turns again, from the inside: it gets code and turns down a line, and says what came of
# them.
#
# A frame begins with a byte that says what follows.  Only the parent of the same user, of the same code, is at the
# other end.

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
    announce_all()  # before the user's code takes a function by name
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
        self._portion: list[RerunResult] = []
        start_daemon("wb-results", self._send_at_times)

    def send(self, results: Iterator[RerunResult]) -> None:
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
