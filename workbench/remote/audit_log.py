"""The record of what a session did to actor systems: a file that only grows, readable by its owner alone.

It is a file of its own beside the store, not a table in it: an act on an attached system is recorded here at home, where attaching
opens no store, where the store may belong to another process, and where what is attached must not be written to.

A line is written when an act begins and another when it ends, so an act without an end was cut short.  Lines of several
processes never mix.  A line survives the end of the process, not a power cut.  Lines are chained: `audit_chain` says which
changes that shows, and which it cannot.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from runtime.errors import Condition
from workbench.remote.audit_chain import NOTHING, Chain, Damage, End, head_file
from workbench.store_location import prepare_directory, store_url

LARGEST_BYTES = 4 * 1024 * 1024
"""A file that has grown so far is put aside, with a number; the act that comes next begins a new one."""
FILES = 5
"""So many are kept, the current one included; the oldest acts go with the oldest file."""
IN_MEMORY = 10_000
_TAIL_BYTES = 16 * 1024


class AuditUnwritable(Condition):
    """The audit record cannot be written, so that an act on an attached system was not sent."""

    code = "audit_unwritable"
    retryable = True


class Act(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that someone did, or was refused.  Payloads are told by size and hash only."""

    id: str
    at_us: int
    who: str
    """`user@host`."""
    notebook: str = ""
    target: str = ""
    """Where the system is: its address, or the store of one's own."""
    system: str = ""
    mode: str = ""
    """`look`, `act`, or empty for one's own system."""
    act: str = ""
    """`attach`, `detach`, `invoke`, `deploy`, `undeploy`, `retry`, `hold`, …"""
    actor: str = ""
    action: str = ""
    reason: str = ""
    """Why the target was opened, in the words of the user who opened it."""
    payload_bytes: int = 0
    payload_hash: str = ""
    """Of the payload without its secrets; equal payloads have equal hashes."""
    ended_us: int = 0
    """0 while it lasts, and for an act that was cut short."""
    outcome: str = ""
    """`done`, `sent` (no one waits for its answer), `failed`, `refused`, `given up` (the wait was), `mixed` where `outcomes` says
    more, or empty before the end."""
    error: str = ""
    """Code of the error, never its text, which may show values."""
    count: int = 1
    """So many calls of another process, alike and in one minute, from `at_us` to `ended_us`."""
    outcomes: dict[str, int] = {}
    """How many of them ended how."""


class _End(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The line for the end of an act."""

    id: str
    ended_us: int
    outcome: str
    error: str = ""


class AuditLog:
    """Acts in the order in which they began.  Safe from every thread, and for several processes at one file."""

    def __init__(self, path: Path | None, *, largest_bytes: int = LARGEST_BYTES) -> None:
        """Nothing is opened yet.  Without a path acts are kept in memory, the last 10,000 of them."""
        self.path, self._largest_bytes = path, largest_bytes
        self._lock = threading.Lock()
        self._memory: deque[bytes] = deque(maxlen=2 * IN_MEMORY)
        self._file: tuple[int, int] | None = None
        """Number and size of the file as we left it; `_end` is its last line then."""
        self._end = NOTHING

    def begin(self, act: Act) -> None:
        """Record an act before it is done.

        Raises:
            OSError: it cannot be written; the file is as it was.
        """
        self._append(msgspec.json.encode(act))

    def end(self, act: str, ended_us: int, outcome: str, error: str = "") -> None:
        """Record how an act ended.

        Raises:
            OSError: it cannot be written; the act then looks as if it had been cut short.
        """
        self._append(msgspec.json.encode(_End(id=act, ended_us=ended_us, outcome=outcome, error=error)))

    def acts(self) -> list[Act]:
        """All acts that are kept, oldest first.  What cannot be read is none of them; `damages` says where that is."""
        found: dict[str, Act] = {}
        for line in self._lines():
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                if (end := _read_end(line)) is None:
                    act = msgspec.json.decode(line, type=Act)
                    found[act.id] = act
                elif end.id in found:
                    ended = {"ended_us": end.ended_us, "outcome": end.outcome, "error": end.error}
                    found[end.id] = msgspec.structs.replace(found[end.id], **ended)
        return list(found.values())

    def damages(self) -> list[Damage]:
        """What does not fit in the files, in order: lines that were changed or removed, or that cannot be read."""
        if self.path is None:
            return []
        with self._lock, _shared(self.path):
            files = [(path.name, content) for path, content in self._contents()]
            return list(self._chain.damages(files)) if files or head_file(self.path).exists() else []

    @cached_property
    def _chain(self) -> Chain:
        assert self.path is not None
        return Chain(self.path)

    def _lines(self) -> Iterator[bytes]:
        if self.path is None:
            with self._lock:
                yield from list(self._memory)
            return
        for _, content in self._contents():
            yield from content.split(b"\n")

    def _contents(self) -> Iterator[tuple[Path, bytes]]:
        """The files that are kept, the oldest first."""
        assert self.path is not None
        for path in [*(self._put_aside(n) for n in reversed(range(1, FILES))), self.path]:
            with suppress(FileNotFoundError):
                yield path, path.read_bytes()

    def _append(self, record: bytes) -> None:
        if self.path is None:
            with self._lock:
                self._memory.append(record)
            return
        with self._lock, _opened(self.path) as handle:
            status = os.fstat(handle)
            size, begin, end = status.st_size, b"", self._end
            if self._file != (status.st_ino, size):  # another process has written, or it is new to us
                begin, end = self._continued(handle, size)
            line, end = self._chain.line(record, end)
            whole = begin + line + b"\n"
            written = os.write(handle, whole)
            if written != len(whole):
                os.ftruncate(handle, size)
                raise OSError(f"only {written} of {len(whole)} bytes could be written")
            self._file, self._end = (status.st_ino, size + written), end
            self._chain.note(end)
            if size + written > self._largest_bytes:
                self._rotate()

    def _continued(self, handle: int, size: int) -> tuple[bytes, End]:
        """The chain's end in the file, and where it has none that we can go on from, a line that begins one."""
        found = self._chain.end(_tail(handle, size))
        known = found or self._former_end()
        head = self._chain.head()
        is_cut = head.number > known.number or (head.number == known.number and head.chain != known.chain)
        if found is not None and not is_cut:
            return b"", found
        content = os.pread(handle, size, 0)
        torn = b"\n" if content and not content.endswith(b"\n") else b""
        missing_from = min(known.number + 1, head.number) if is_cut else 0
        line, end = self._chain.start(max(known, head), content + torn, missing_from)
        return torn + line + b"\n", end

    def _former_end(self) -> End:
        """Of the file that was put aside last."""
        try:
            return self._chain.end(self._put_aside(1).read_bytes()) or NOTHING
        except FileNotFoundError:
            return NOTHING

    def _rotate(self) -> None:
        """The caller has the file locked; those who wait for it find it moved, and open the new one."""
        assert self.path is not None
        for number in reversed(range(1, FILES - 1)):
            with suppress(FileNotFoundError):
                self._put_aside(number).replace(self._put_aside(number + 1))
        self.path.replace(self._put_aside(1))
        self._file = None

    def _put_aside(self, number: int) -> Path:
        assert self.path is not None
        return self.path.with_name(f"{self.path.name}.{number}")


def _read_end(line: bytes) -> _End | None:
    """None for the line of a beginning, which has no end's required fields."""
    try:
        end = msgspec.json.decode(line, type=_End)
    except msgspec.ValidationError:
        return None
    return end


def _tail(handle: int, size: int) -> bytes:
    """At least the last two lines of a file."""
    tail = os.pread(handle, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
    return tail if tail.count(b"\n") > 2 or size <= _TAIL_BYTES else os.pread(handle, size, 0)


@contextmanager
def _shared(path: Path) -> Iterator[None]:
    """No one writes meanwhile."""
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        yield
        return
    try:
        _lock(handle, is_shared=True)
        yield
    finally:
        os.close(handle)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file, locked against other processes, its owner's only; made if it is not there."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    while True:
        try:
            handle = os.open(path, flags, 0o600)
        except FileNotFoundError:
            prepare_directory(store_url(path))
            path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, flags, 0o600)
        try:
            _lock(handle)
            found = os.fstat(handle)
            if found.st_mode & 0o077 and hasattr(os, "fchmod"):
                os.fchmod(handle, 0o600)
            if _is_still(path, found):
                yield handle
                return
        finally:
            os.close(handle)  # which unlocks it


def _is_still(path: Path, opened: os.stat_result) -> bool:
    """Whether the path names the open file, which another process may have put aside before we had the lock."""
    try:
        return os.path.samestat(path.stat(), opened)
    except FileNotFoundError:
        return False


def _lock(handle: int, *, is_shared: bool = False) -> None:
    fcntl: Any
    try:
        import fcntl
    except ImportError:  # where there is none, a single write is all that keeps lines whole
        return
    fcntl.flock(handle, fcntl.LOCK_SH if is_shared else fcntl.LOCK_EX)
