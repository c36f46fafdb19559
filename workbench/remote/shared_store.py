"""One store, several processes: the one that has it open lets the others work with its system."""

from __future__ import annotations

import hashlib
import os
import socket
import struct
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from runtime.api import SystemApi
from runtime.background import start_daemon
from runtime.errors import BadSetting, SpawnError
from runtime.stores.sqlite.lock import path_of
from workbench.remote.access import Mode
from workbench.remote.targets import Attached, open_target
from workbench.store_location import shown_path

if TYPE_CHECKING:
    from runtime.servers.grpc_node.server import NodeServer
    from runtime.system.embedded import EmbeddedSystem


class Sharing:
    """A system's side: a door for those who want its store, and a server once the first of them has knocked."""

    def __init__(self, system: EmbeddedSystem, store_url: str, served: Callable[[], str]) -> None:
        """`served` gives the address at which the system is served anyhow; empty for none."""
        self._system, self._served = system, served
        self._node: NodeServer | None = None
        self._door = StoreRendezvous(store_url, self._let_in)
        self._door.open()

    def close(self) -> None:
        """Let no one in any more; those who are in are cut off.  Safe to call twice."""
        self._door.close()
        if self._node is not None:
            self._node.stop()
            self._node = None

    def _let_in(self) -> str:
        if address := self._served():
            return address
        if self._node is None:
            from runtime.servers.grpc_node.server import NodeServer

            self._node = NodeServer(self._system).start()
        return self._node.address


def join(
    store_url: str, notify: Callable[[str], object], owner_gone: Callable[[Attached], object]
) -> tuple[SystemApi, Attached] | None:
    """The system of the process that has the store open, to act on it; None if it does not let us in.

    Args:
        notify: is told that it was joined, when the connection is lost, and what comes then.
        owner_gone: called, on the connection's thread, when that process no longer has the store.
    """
    invitation = knock(store_url)
    if invitation is None or invitation.pid == os.getpid():
        return None
    watch = OwnerWatch(store_url, invitation, notify, owner_gone)
    try:
        system = open_target(invitation.address, Mode.ACT, watch.tell)
    except SpawnError:
        return None
    if (connection := getattr(system, "connection", None)) is not None:
        connection.advice = f"If its process has ended: {_succession(store_url)}"
    notify(_joined(store_url, invitation))
    watch.attached = Attached.to(system, invitation.address, Mode.ACT)
    return system, watch.attached


class OwnerWatch:
    """Tells what the connection to a store's owner tells, and notices when it no longer is the owner.

    Only a lost connection makes it look: an owner that hangs keeps the store, and one that merely serves again answers.
    """

    def __init__(
        self,
        store_url: str,
        owner: Invitation,
        notify: Callable[[str], object],
        owner_gone: Callable[[Attached], object],
    ) -> None:
        self._store_url, self._owner = store_url, owner
        self._notify, self._owner_gone = notify, owner_gone
        self.attached: Attached | None = None

    def tell(self, text: str) -> None:
        """For `notify` of the connection."""
        if knock(self._store_url) == self._owner:
            self._notify(text)
            return
        self._notify(
            f"Process {self._owner.pid} has closed {shown_path(self._store_url)}, or has ended. {_succession(self._store_url)}"
        )
        if self.attached is not None:
            self._owner_gone(self.attached)


def _succession(store_url: str) -> str:
    return (
        f"the next command opens {shown_path(store_url)} here, or joins its new owner; actors defined here run on, "
        "others once their cells have been run. Run the cell of a panel again."
    )


def _joined(store_url: str, invitation: Invitation) -> str:
    who = f"notebook {Path(invitation.notebook).name}" if invitation.notebook else "another process"
    return (
        f"{shown_path(store_url)} is open in {who} (process {invitation.pid}): joined its actor system at {invitation.address}.\n"
        "Commands go there; actors that are defined here run here, until this kernel ends or %detach."
    )


# --- How a second process on the same store finds the first one: it knocks, and is told where to connect --------------
# A process that has a store file open listens on a socket of the file system that only its own user can reach; no network is
# involved, and no server runs, until someone knocks.  Then the owner serves its system on loopback and answers with
# the address.  Where there are no such sockets, no one answers, and the store is in use as before.

_SQLITE = "sqlite:///"
_PATIENCE_S = 8.0
"""The first knock starts a server."""
_LONGEST = 4_096
_KNOCK = b"spawn-workbench 1\n"


class Invitation(msgspec.Struct, frozen=True):
    """Where the owner of a store lets others in."""

    address: str
    pid: int
    notebook: str = ""


class StoreRendezvous:
    """Listens for others who want the same store, until `close`."""

    def __init__(self, store_url: str, let_in: Callable[[], str]) -> None:
        """`let_in` serves the system, if it is not served yet, and gives the address; it is called by the door's thread."""
        self._store_url, self._let_in = store_url, let_in
        self._socket: socket.socket | None = None
        self._path: Path | None = None
        self._thread: threading.Thread | None = None

    def open(self) -> bool:
        """Listen; False where that is not possible, or not needed since no one else can open the store."""
        path = _place(self._store_url)
        if path is None or not _make_private(path.parent):
            return False
        with suppress(OSError):
            path.unlink()
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(path))
            path.chmod(0o600)
            listening.listen(8)
        except OSError:
            listening.close()
            return False
        self._socket, self._path = listening, path
        self._thread = start_daemon("wb-door", self._serve, listening)
        return True

    def close(self) -> None:
        """Listen no more.  Safe to call twice."""
        listening, self._socket = self._socket, None
        if listening is None or self._path is None or self._thread is None:
            return
        with suppress(OSError):
            self._path.unlink()
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)  # wakes the thread, which closing alone does not
        listening.close()
        if self._thread is not threading.current_thread():
            self._thread.join(2.0)

    def _serve(self, listening: socket.socket) -> None:
        while self._socket is not None:
            try:
                guest, _ = listening.accept()
            except OSError:
                return
            with guest, suppress(OSError, ValueError):
                guest.settimeout(_PATIENCE_S)
                if _is_same_user(guest) and guest.recv(len(_KNOCK)) == _KNOCK:
                    guest.sendall(msgspec.json.encode(self._invitation()))

    def _invitation(self) -> Invitation:
        try:
            address = self._let_in()
        except Exception:  # noqa: BLE001 - the process that knocked is told that the store is in use
            address = ""
        return Invitation(address, os.getpid(), os.environ.get("JPY_SESSION_NAME", ""))


def knock(store_url: str) -> Invitation | None:
    """Ask the owner of a store to be let in; None if no one answers, or it cannot serve."""
    path = _place(store_url)
    if path is None or not path.exists() or not _is_private(path.parent):
        return None
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(_PATIENCE_S)
        try:
            line.connect(str(path))
            if not _is_same_user(line):
                return None
            line.sendall(_KNOCK)
            answer = b""
            while len(answer) < _LONGEST and (part := line.recv(_LONGEST)):
                answer += part
            invitation = msgspec.json.decode(answer, type=Invitation)
        except (OSError, msgspec.DecodeError):
            return None
    return invitation if invitation.address else None


def _place(store_url: str) -> Path | None:
    """The socket's path, which is as short as such paths have to be; None for a store that is no file, or without them."""
    if not store_url.startswith(_SQLITE) or not hasattr(socket, "AF_UNIX"):
        return None
    try:
        store = path_of(store_url)
    except BadSetting:
        return None
    name = hashlib.blake2b(os.fsencode(store), digest_size=10).hexdigest()
    return _directory() / f"{name}.sock"


def _directory() -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if base and len(base) < 60 and Path(base).is_absolute() and Path(base).is_dir():
        return Path(base) / "spawn-doors"
    return Path(tempfile.gettempdir()) / f"spawn-doors-{os.getuid()}"


def _make_private(directory: Path) -> bool:
    try:
        directory.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    return _is_private(directory)


def _is_private(directory: Path) -> bool:
    """It is ours, and no one else can put anything into it."""
    try:
        status = directory.lstat()
    except OSError:
        return False
    return status.st_uid == os.getuid() and not status.st_mode & 0o077 and directory.is_dir()


def _is_same_user(line: socket.socket) -> bool:
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the directory's permissions have to do
    _, user, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    return bool(user == os.getuid())
