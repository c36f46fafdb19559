"""One worker process of `TaskHost`, from the parent's side."""

from __future__ import annotations

import logging
import sys
import threading
from contextlib import suppress

import msgspec

from runtime.context import Context, current_turn
from runtime.hosts import task_worker
from runtime.hosts.children import Child
from runtime.hosts.stream import StreamHost
from runtime.hosts.task_worker import DEFINITION, ERR, LOG, MESSAGE, OUT
from runtime.wire.workbench.v1 import node_pb2 as pb


class WorkerProcess:
    """A process that runs one turn at a time.  It is spoken to as to any attached process: `stream` does that."""

    def __init__(self) -> None:
        """Starts the process; `wait_until_ready` says whether it came up.  Not on a thread that may not block."""
        self._child = Child(task_worker.serve, "wb-task")
        self._line = self._child.line
        self.stream = StreamHost(f"worker process {self._child.pid}", patience_s=0.0)
        self.turn: Context | None = None
        """The turn that it runs; what it prints belongs to that."""
        self.idle_since = 0.0
        self.generation = 0
        self._known: dict[str, bytes] = {}
        self._sending = threading.Lock()
        self._send_messages = self._send_message  # one object: a connection is known by it
        self._is_over = False

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def is_over(self) -> bool:
        """The process has ended, or is being ended."""
        return self._is_over

    def wait_until_ready(self, timeout_s: float) -> bool:
        """Whether it reported in time; then it takes turns."""
        try:
            if not self._line.poll(timeout_s):
                return False
            self._line.recv_bytes()
        except (EOFError, OSError):
            return False
        threading.Thread(target=self._read, name=f"wb-task-{self.pid}", daemon=True).start()
        self.stream.connected(self._send_messages)
        return True

    def teach(self, definition: str, pickled: bytes) -> None:
        """See to it that the process has that definition; `pickled` is its code, which replaces other code of that hash."""
        if self._known.get(definition) is not pickled:
            self._known[definition] = pickled
            self._send(DEFINITION + definition.encode() + pickled)

    def end_soon(self) -> None:
        """`end`, without waiting for it."""
        self._is_over = True
        threading.Thread(target=self.end, name="wb-task-end", daemon=True).start()

    def end(self) -> int | None:
        """Kill the process and what it started; its exit code.  Takes a moment; safe to call twice."""
        self._is_over = True
        return self._child.end()

    def _send_message(self, message: pb.ToHost) -> None:
        self._send(MESSAGE + message.SerializeToString())

    def _send(self, frame: bytes) -> None:
        with self._sending, suppress(OSError):  # then the reader finds out too
            self._line.send_bytes(frame)

    def _read(self) -> None:
        try:
            while True:
                frame = self._line.recv_bytes()
                self._received(frame[:1], frame[1:])
        except (EOFError, OSError):
            pass
        finally:
            self._is_over = True
            self.stream.disconnected(self._send_messages)

    def _received(self, kind: bytes, content: bytes) -> None:
        if kind == MESSAGE:
            self.stream.received(pb.FromHost.FromString(content))
        elif self.turn is not None:
            _say(self.turn, kind, content)


def _say(turn: Context, kind: bytes, content: bytes) -> None:
    """Print or log it here, in the name of the turn, like an action of this process."""
    token = current_turn.set(turn)
    try:
        if kind in (OUT, ERR):
            stream = sys.stdout if kind == OUT else sys.stderr
            stream.write(content.decode(errors="replace"))
        elif kind == LOG:
            level, line = msgspec.msgpack.decode(content, type=tuple[int, str])
            invocation = turn.work.invocation
            logging.getLogger("runtime.actors").log(
                level, "%s.%s: %s", invocation.actor.name, invocation.action, line,
                extra={"turn": turn, "line": line, "invocation": invocation.id},
            )  # fmt: skip
    except BaseException:
        logging.getLogger(__name__).debug("a task's output could not be shown", exc_info=True)
    finally:
        current_turn.reset(token)
