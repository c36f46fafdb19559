"""A worker process of `TaskHost`, from the inside: one turn at a time, until the line to the parent ends.

The line carries frames: one byte that says what follows.  Down come definitions, pickled by the parent, and the messages by
which a node hands turns to any other process; up go these messages, and what actions print and log.  A thread reads the line,
so that answers arrive while an action waits for them, and so that the process ends at once when the parent does.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import logging
import pickle
import queue
import sys
import threading
from collections.abc import Awaitable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import msgspec

from runtime.authoring.context import Context, current_turn
from runtime.background import start_daemon
from runtime.errors import DefinitionError, SpawnError, shown_text, type_name
from runtime.hosts.action_calls import build_call, build_tell, timeout_s
from runtime.hosts.child_process import Child, detach_from_terminal, read_until_end
from runtime.hosts.in_process import InProcessHost, failed_around, refused
from runtime.hosts.stream_host import StreamHost
from runtime.ids import RandomIds
from runtime.records import Outcome, Work
from runtime.wire.codecs.values import decode_answer
from runtime.wire.node.records import error_of, get_failure, get_value
from runtime.wire.node.work import get_work, make_ask, put_outcome
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

DEFINITION, MESSAGE, READY, OUT, ERR, LOG = (bytes([letter]) for letter in b"DMROEL")
"""What a frame begins with."""

_LINE_CHARACTERS = 8_000


def serve(line: Connection) -> None:
    """Be a worker; called in the new process, with its end of the line."""
    detach_from_terminal()
    worker = _Worker(line)
    worker.send(READY)
    worker.run()


class _Worker:
    def __init__(self, line: Connection) -> None:
        self._line = line
        self._sending = threading.Lock()
        self._work: queue.SimpleQueue[Work] = queue.SimpleQueue()
        self._host = InProcessHost()
        self._calls = _Calls(self)
        self._refusals: dict[str, SpawnError] = {}
        sys.stdout, sys.stderr = _Printed(self, OUT), _Printed(self, ERR)
        logging.getLogger("runtime.actors").addHandler(_Forward(self))
        logging.getLogger("runtime.actors").setLevel(logging.DEBUG)
        logging.getLogger("runtime.actors").propagate = False

    def send(self, frame: bytes) -> None:
        with self._sending:
            self._line.send_bytes(frame)

    def run(self) -> None:
        """Run turns on this thread, which is the process's first."""
        read_until_end(self._line, self._received)
        with asyncio.Runner() as loop:
            while True:
                work = self._work.get()
                outcome = self._outcome(work, loop)
                for stream in (sys.stdout, sys.stderr):
                    stream.flush()
                self.send(MESSAGE + _message(outcome, work))

    def _outcome(self, work: Work, loop: asyncio.Runner) -> Outcome:
        if (refusal := self._refusals.get(work.definition)) is not None:
            return refused(refusal)
        try:
            if self._host.is_async(work):
                return loop.run(self._host.arun(work, self._calls))
            return self._host.run(work, self._calls)
        except BaseException as error:  # noqa: BLE001 - a task that the action left behind may exit; the worker stays
            return failed_around(work, None, error)

    def _received(self, frame: bytes) -> None:
        kind, content = frame[:1], memoryview(frame)[1:]
        if kind == DEFINITION:
            self._prepare(content)
            return
        message = pb.ToHost.FromString(bytes(content))
        if message.HasField("work"):
            self._work.put(get_work(message.work))
        elif message.HasField("answer"):
            self._calls.answered(message.answer)

    def _prepare(self, pickled: memoryview) -> None:
        """Code of the parent's own; nothing else ever comes down this line."""
        hashed, pickled = bytes(pickled[:16]).decode(), pickled[16:]
        try:
            self._host.prepare(pickle.loads(pickled))  # noqa: S301
            self._refusals.pop(hashed, None)
        except BaseException as error:  # noqa: BLE001 - importing a user's module can raise anything
            self._refusals[hashed] = DefinitionError(
                f"The code of this actor cannot be loaded in a worker process: {type_name(error)}: {shown_text(error)}.\n"
                "What a task uses must be defined in the notebook, or be importable from where the runtime was started."
            )


def _message(outcome: Outcome, work: Work) -> bytes:
    """What the parent gets; an outcome that cannot be sent is sent as a failure."""
    message = pb.FromHost()
    try:
        put_outcome(message.outcome, outcome, work)
    except BaseException as error:  # noqa: BLE001 - whatever the outcome holds, the parent waits for one
        message = pb.FromHost()
        put_outcome(message.outcome, failed_around(work, None, error), work)
    return message.SerializeToString()


class _Calls:
    """`Calls` over the line: the parent asks in the name of the turn, and knows who answers."""

    def __init__(self, worker: _Worker) -> None:
        self._worker = worker
        self._ids, self._numbers = RandomIds(), itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        return asyncio.wrap_future(self._asked(turn, actor, action, payload, options))

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        return self._asked(turn, actor, action, payload, options).result()

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(build_tell(turn, actor, action, payload, options, self._ids()))

    def answered(self, answer: pb.AskReply) -> None:
        waiting = self._waiting.pop(answer.id, None)
        if waiting is None or not waiting.set_running_or_notify_cancel():
            return
        if answer.HasField("failure"):
            waiting.set_exception(error_of(get_failure(answer.failure)))
        else:
            waiting.set_result(decode_answer(get_value(answer.response)))

    def _asked(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Future[Any]:
        invocation = build_call(turn, actor, action, payload, options, self._ids())
        limit_s = timeout_s(options, 0.0)
        number = next(self._numbers)
        waiting: Future[Any] = Future()
        self._waiting[number] = waiting
        message = make_ask(number, turn.work, invocation, limit_s)
        self._worker.send(MESSAGE + message.SerializeToString())
        return waiting


class _Printed(io.TextIOBase):
    """Sends what is printed up the line, a line at a time."""

    encoding = "utf-8"

    def __init__(self, worker: _Worker, kind: bytes) -> None:
        self._worker, self._kind, self._text = worker, kind, ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._text += text
        if "\n" in text or len(self._text) >= _LINE_CHARACTERS:
            self.flush()
        return len(text)

    def flush(self) -> None:
        text, self._text = self._text, ""
        if text:
            self._worker.send(self._kind + text.encode(errors="backslashreplace"))


class _Forward(logging.Handler):
    """Sends what actors log up the line."""

    def __init__(self, worker: _Worker) -> None:
        super().__init__()
        self._worker = worker

    def emit(self, record: logging.LogRecord) -> None:
        line = str(getattr(record, "line", record.getMessage()))
        text = line.encode(errors="backslashreplace").decode()
        self._worker.send(LOG + msgspec.msgpack.encode((record.levelno, text)))


# --- One worker process of `TaskHost`, from the parent's side ---------------------------------------------------------


class WorkerProcess:
    """A process that runs one turn at a time.  It is spoken to as to any attached process: `attached` does that."""

    def __init__(self) -> None:
        """Starts the process; `wait_until_ready` says whether it came up.  Not on a thread that may not block."""
        self._child = Child(serve, "wb-task")
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
        start_daemon(f"wb-task-{self.pid}", self._read)
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
        start_daemon("wb-task-end", self.end)

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
