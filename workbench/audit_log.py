"""The record of what a session did to actor systems: a file that only grows, readable by its owner alone.

It is a file of its own beside the store, not a table in it: an act on an attached system is recorded here at home, where attaching
opens no store, where the store may belong to another process, and where what is attached must not be written to.

A line is written when an act begins and another when it ends, so an act without an end was cut short.  Lines of several
processes never mix.  A line survives the end of the process, not a power cut.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from runtime.errors import Condition
from workbench.store_place import prepare_directory, store_url

LARGEST_BYTES = 4 * 1024 * 1024
"""A file that has grown so far is put aside, with a number; the act that comes next begins a new one."""
FILES = 5
"""So many are kept, the current one included; the oldest acts go with the oldest file."""
IN_MEMORY = 10_000


class AuditUnwritable(Condition):
    """The audit record cannot be written, so that an act on an attached system was not sent."""

    code = "audit_unwritable"
    retryable = True


class Act(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that somebody did, or was refused.  Payloads are told by size and hash only."""

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
    """Why the target was opened, in the words of whoever did."""
    payload_bytes: int = 0
    payload_hash: str = ""
    """Of the payload without its secrets; equal payloads have equal hashes."""
    ended_us: int = 0
    """0 while it lasts, and for an act that was cut short."""
    outcome: str = ""
    """`done`, `sent` (nobody waits for its answer), `failed`, `refused`, `given up` (the wait was), or empty before the end."""
    error: str = ""
    """Code of the error, never its text, which may show values."""


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
        """All acts that are kept, oldest first; lines that cannot be read are passed over."""
        found: dict[str, Act] = {}
        for line in self._lines():
            with suppress(msgspec.DecodeError, msgspec.ValidationError):
                if (end := _read_end(line)) is None:
                    act = msgspec.json.decode(line, type=Act)
                    found[act.id] = act
                elif end.id in found:
                    ended = {"ended_us": end.ended_us, "outcome": end.outcome, "error": end.error}
                    found[end.id] = msgspec.structs.replace(found[end.id], **ended)
        return list(found.values())

    def _lines(self) -> Iterator[bytes]:
        if self.path is None:
            with self._lock:
                yield from list(self._memory)
            return
        for path in [*(self._put_aside(n) for n in reversed(range(1, FILES))), self.path]:
            with suppress(FileNotFoundError):
                yield from path.read_bytes().splitlines()

    def _append(self, line: bytes) -> None:
        if self.path is None:
            with self._lock:
                self._memory.append(line)
            return
        with self._lock, _opened(self.path) as handle:
            size = os.fstat(handle).st_size
            written = os.write(handle, line + b"\n")
            if written != len(line) + 1:
                os.ftruncate(handle, size)
                raise OSError(f"only {written} of {len(line) + 1} bytes could be written")
            if size + written > self._largest_bytes:
                self._rotate()

    def _rotate(self) -> None:
        """Whoever calls has the file locked; those who wait for it find it moved, and open the new one."""
        assert self.path is not None
        for number in reversed(range(1, FILES - 1)):
            with suppress(FileNotFoundError):
                self._put_aside(number).replace(self._put_aside(number + 1))
        self.path.replace(self._put_aside(1))

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


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    """The file, locked against other processes, its owner's only; made if it is not there."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
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


def _lock(handle: int) -> None:
    fcntl: Any
    try:
        import fcntl
    except ImportError:  # where there is none, a single write is all that keeps lines whole
        return
    fcntl.flock(handle, fcntl.LOCK_EX)
