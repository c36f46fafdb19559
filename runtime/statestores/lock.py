"""One process owns a store file.

The lock is a POSIX record lock on `<store>.lock`. It belongs to the process, not to the open file: it dies with the
process however that ends, and a forked child neither has it nor keeps it alive. Two things follow. Closing *any*
handle on that file drops it, so it is opened once per process and never elsewhere. And the process does not conflict
with itself, so a set of held paths does that part. Who holds it is written to `<store>.owner`, for the message only.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
from datetime import datetime
from pathlib import Path

import msgspec

from runtime.errors import StoreInUse

_held: set[Path] = set()
_guard = threading.Lock()


def _forget_in_child() -> None:
    _held.clear()
    if _guard.locked():  # by a thread that does not exist here
        _guard.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)


class Owner(msgspec.Struct, frozen=True):
    """Who holds a store, as it says of itself."""

    pid: int
    host: str
    directory: str
    notebook: str
    since: str

    @classmethod
    def here(cls) -> Owner:
        """This process, from now on."""
        return cls(
            pid=os.getpid(),
            host=platform.node(),
            directory=str(Path.cwd()),
            notebook=os.environ.get("JPY_SESSION_NAME", ""),
            since=datetime.now().astimezone().isoformat(sep=" ", timespec="seconds"),
        )

    def __str__(self) -> str:
        what = f"notebook {self.notebook}" if self.notebook else f"started in {self.directory}"
        return f"process {self.pid} on {self.host} ({what}, since {self.since})"


class StoreLock:
    """Exclusive ownership of a store file, from construction until `release` or the end of the process."""

    def __init__(self, store: Path, url: str) -> None:
        """Raises StoreInUse when another system has it, here or in another process; OSError when it cannot be made."""
        self._path = store.with_name(store.name + ".lock")
        self._owner_path = store.with_name(store.name + ".owner")
        self._real = Path(os.path.realpath(self._path))
        self._pid = os.getpid()
        with _guard:
            if self._real in _held:
                raise StoreInUse(
                    f"Cannot open {url}: it is already open in this process.\n"
                    "Use the system that runs on it, or stop that one first with wb.stop() or %spawn stop."
                )
            self._handle = self._locked(url)
            _held.add(self._real)
        self._write_owner()

    def release(self) -> None:
        """Let others have it; safe to call twice, and without effect in a forked child."""
        if self._pid != os.getpid() or self._handle < 0:
            return
        self._owner_path.unlink(missing_ok=True)
        with _guard:
            os.close(self._handle)
            self._handle = -1
            _held.discard(self._real)

    def _locked(self, url: str) -> int:
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        if _try_lock(handle):
            return handle
        os.close(handle)
        raise StoreInUse(
            f"Cannot open {url}: it is in use by {self._read_owner()}.\n"
            "Shut that kernel down (in JupyterLab: Kernel › Shut Down Kernel), "
            'or use another store: wb.start(store="sqlite:///OTHER.db").'
        )

    def _read_owner(self) -> str:
        try:
            return str(msgspec.json.decode(self._owner_path.read_bytes(), type=Owner))
        except (OSError, msgspec.DecodeError):
            return "another process"

    def _write_owner(self) -> None:
        draft = self._owner_path.with_suffix(f".owner.{self._pid}")
        draft.write_bytes(msgspec.json.encode(Owner.here()))
        draft.replace(self._owner_path)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import errno
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            raise
        return True
