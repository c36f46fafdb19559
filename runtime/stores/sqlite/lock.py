"""One process owns a store file.

The lock is a POSIX record lock on `<store>.lock`, beside the file that all symbolic links lead to. It belongs to the
process, not to the open file: it dies with the process however that ends, and a forked child neither has it nor keeps it
alive. Two things follow. Closing *any* handle on that file drops it, so it is opened once per process and never elsewhere
(and it is never the database file, on which SQLite has locks of its own). And the process does not conflict with itself,
so a list of held locks does that part. Who holds it is written to `<store>.owner`, for the message only.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from runtime.errors import BadSetting, StoreInUse, StoreUnavailable
from runtime.security import private_files
from runtime.security.crypto import sync_directory
from runtime.security.private_files import open_private, write_new

_held: list[StoreLock] = []
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
        self._store, self._url = Path(os.path.realpath(store)), url
        self._path = self._store.with_name(self._store.name + ".lock")
        self._owner_path = self._store.with_name(self._store.name + ".owner")
        self._pid = os.getpid()
        with _guard:
            if any(other.is_of(self._store) for other in _held):
                raise StoreInUse(
                    f"Cannot open {url}: it is already open in this process.\n"
                    "Use the system that runs on it, or stop that one first with wb.stop() or %spawn stop."
                )
            self._handle = self._locked(url)
            self._file = os.fstat(self._handle)
            _held.append(self)
        self._write_owner()

    def is_of(self, store: Path) -> bool:
        """Whether that file is the one that is locked, by its path or by device and inode."""
        return store == self._store or _is_same_file(store, self._store)

    def renew(self) -> None:
        """Take the lock once more if its file was deleted or replaced, which lets other processes in.

        Raises:
            StoreUnavailable: one of them has the store now, or the file cannot be made again.
        """
        try:
            found = os.lstat(self._path)
        except OSError:
            found = None
        if found is not None and os.path.samestat(found, self._file):
            return
        try:
            handle = self._locked(self._url)
        except (OSError, StoreInUse) as error:
            raise StoreUnavailable(
                f"Cannot write to {self._url}: its lock {self._path} was deleted or replaced, and not to be had again.\n"
                f"{error}\nWhat is waiting is written as soon as the lock is free."
            ) from error
        with _guard:
            os.close(self._handle)
            self._handle, self._file = handle, os.fstat(handle)
        self._write_owner()

    def release(self) -> None:
        """Let others have it; safe to call twice, and without effect in a forked child."""
        if self._pid != os.getpid() or self._handle < 0:
            return
        self._owner_path.unlink(missing_ok=True)
        with _guard:
            os.close(self._handle)
            self._handle = -1
            _held.remove(self)

    def _locked(self, url: str) -> int:
        handle = private_files.open_private(self._path, os.O_RDWR)
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
        private_files.replace(self._owner_path, msgspec.json.encode(Owner.here()))


def _is_same_file(left: Path, right: Path) -> bool:
    try:
        return left.samefile(right)
    except OSError:
        return False


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


# --- Where a store file lives, and its directory ----------------------------------------------------------------------

OWN_DIRECTORY = ".spawn"
_BESIDE = ("-journal", "-wal", "-shm", ".lock", ".owner")
"""What follows a store's name in the names of the files that belong to it."""


def path_of(url: str) -> Path:
    """The file that `sqlite:///relative.db` or `sqlite:////absolute.db` names; `~` is the home directory.

    It is absolute, and symbolic links in it are resolved: whatever way leads to a store, it is locked in one place.

    Raises:
        BadSetting: there is no path in it, a directory's, one that leads in circles, or a file's that belongs to a store.
    """
    _, _, rest = url.partition("://")
    text = rest.partition("?")[0].removeprefix("/")
    if not rest.startswith("/") or text in ("", ":memory:"):
        raise BadSetting(
            f"{url!r} names no file. Write sqlite:///PATH (four slashes for an absolute path), or memory://."
        )
    path = Path(os.path.realpath(os.path.expanduser(text)))  # noqa: PTH111 - Path's own fails for an unknown ~user
    if path.is_dir():
        raise BadSetting(f"{url!r} names a directory. Name the file in it, such as {url.rstrip('/')}/store.db.")
    if path.is_symlink():
        raise BadSetting(f"{url!r} names a symbolic link that leads in circles. Name a file.")
    _refuse_beside(path, url)
    return path


def _refuse_beside(path: Path, url: str) -> None:
    """Opening and closing a store's lock file would give the lock away, whichever thread has it here."""
    for ending in _BESIDE:
        name = path.name.removesuffix(ending)
        if name not in ("", path.name) and (store := path.with_name(name)).is_file():
            raise BadSetting(f"{url!r} names a file that belongs to the store {store}. Name that one, or another.")


def refuse_hard_links(path: Path, url: str) -> None:
    """A file with two names could be opened under each, by two processes that know nothing of each other.

    Raises:
        StoreUnavailable: it has.
    """
    try:
        names = path.stat().st_nlink
    except OSError:
        return
    if names > 1:
        raise StoreUnavailable(
            f"Cannot open {url}: {path} has {names} names (hard links), and its lock holds for one name only.\n"
            "Make it a file of its own, with `cp FILE COPY` and `mv COPY FILE`, or use another store."
        )


def prepare_directory(directory: Path) -> None:
    """Make a directory that only its owner can enter; `.spawn` also tells git to ignore it.

    Another directory that exists is left as it is; `.spawn` is closed to others, if earlier versions left it open.

    Raises:
        OSError: it cannot be made.
    """
    is_own = directory.name == OWN_DIRECTORY
    if not directory.is_dir():
        directory.parent.mkdir(parents=True, exist_ok=True)
        directory.mkdir(mode=0o700, exist_ok=True)
        if is_own:
            _ignore_in_git(directory)
        sync_directory(directory.parent)
    elif is_own:
        _close_to_others(directory)


def _ignore_in_git(directory: Path) -> None:
    with suppress(FileExistsError):
        write_new(directory / ".gitignore", b"# What is here belongs to one person and one machine.\n*\n")


def _close_to_others(directory: Path) -> None:
    status = directory.stat()
    if hasattr(os, "getuid") and status.st_uid == os.getuid() and status.st_mode & 0o077:
        directory.chmod(0o700)


def create_private(path: Path) -> None:
    """An empty file that only its owner can read, unless there is a file already."""
    os.close(open_private(path, os.O_RDWR))


@contextmanager
def unavailable(url: str) -> Iterator[None]:
    """Raises `StoreUnavailable` for an OSError inside."""
    try:
        yield
    except OSError as error:
        raise StoreUnavailable(
            f"Cannot open {url}: {error}.\nCheck that its directory exists and may be written to, or use another store."
        ) from error
