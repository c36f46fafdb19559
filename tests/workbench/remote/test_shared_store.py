"""Who has a store is found by those who may, and by nobody else."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from workbench.remote import shared_store
from workbench.remote import shared_store as doors
from workbench.remote.access import Mode
from workbench.remote.shared_store import Invitation, StoreRendezvous, knock
from workbench.remote.targets import Attached


@pytest.fixture
def runtime_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A short path, as sockets need it."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    directory = tmp_path / "doors"
    monkeypatch.setattr(doors, "_directory", lambda: directory)
    return directory


def _url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.db"


def test_each_caller_is_told_where_to_connect(tmp_path: Path, runtime_directory: Path) -> None:
    door = StoreRendezvous(_url(tmp_path), lambda: "grpc://127.0.0.1:1")
    assert door.open()

    assert knock(_url(tmp_path)) == Invitation(
        "grpc://127.0.0.1:1", os.getpid(), os.environ.get("JPY_SESSION_NAME", "")
    )
    assert knock(_url(tmp_path)) is not None
    door.close()


def test_the_same_store_by_another_path_has_the_same_door(tmp_path: Path, runtime_directory: Path) -> None:
    door = StoreRendezvous(_url(tmp_path), lambda: "grpc://127.0.0.1:1")
    door.open()
    (tmp_path / "link").symlink_to(tmp_path)

    assert knock(f"sqlite:///{tmp_path}/link/store.db") is not None
    door.close()


def test_nobody_answers_once_it_is_closed(tmp_path: Path, runtime_directory: Path) -> None:
    door = StoreRendezvous(_url(tmp_path), lambda: "grpc://127.0.0.1:1")
    door.open()
    door.close()
    door.close()

    assert knock(_url(tmp_path)) is None
    assert not any(thread.name == "wb-door" for thread in threading.enumerate())


def test_an_owner_that_cannot_serve_invites_nobody(tmp_path: Path, runtime_directory: Path) -> None:
    def fail() -> str:
        raise OSError("no port")

    door = StoreRendezvous(_url(tmp_path), fail)
    door.open()

    assert knock(_url(tmp_path)) is None
    door.close()


def test_what_a_dead_owner_left_behind_is_replaced(tmp_path: Path, runtime_directory: Path) -> None:
    runtime_directory.mkdir(mode=0o700)
    left = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    path = doors._place(_url(tmp_path))
    assert path is not None
    left.bind(str(path))
    left.close()
    assert knock(_url(tmp_path)) is None

    door = StoreRendezvous(_url(tmp_path), lambda: "grpc://127.0.0.1:1")

    assert door.open()
    assert knock(_url(tmp_path)) is not None
    door.close()


def test_a_directory_that_others_can_write_is_not_used(tmp_path: Path, runtime_directory: Path) -> None:
    runtime_directory.mkdir()
    runtime_directory.chmod(0o777)

    assert not StoreRendezvous(_url(tmp_path), lambda: "x").open()
    assert knock(_url(tmp_path)) is None


def test_the_socket_is_its_owners_only(tmp_path: Path, runtime_directory: Path) -> None:
    door = StoreRendezvous(_url(tmp_path), lambda: "x")
    door.open()

    [path] = runtime_directory.iterdir()
    assert (path.stat().st_mode & 0o777, runtime_directory.stat().st_mode & 0o777) == (0o600, 0o700)
    door.close()
    assert list(runtime_directory.iterdir()) == []


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n\r\n", b"spawn-workbench 2\n", b"x" * 100_000])
def test_a_guest_that_says_something_else_gets_nothing_and_the_next_is_let_in(
    tmp_path: Path, runtime_directory: Path, said: bytes
) -> None:
    door = StoreRendezvous(_url(tmp_path), lambda: "grpc://127.0.0.1:1")
    door.open()
    path = doors._place(_url(tmp_path))

    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as guest:
        guest.connect(str(path))
        guest.settimeout(10)
        try:
            guest.sendall(said)
            guest.shutdown(socket.SHUT_WR)
            answer = guest.recv(100)
        except OSError:
            answer = b""

    assert answer == b""
    assert knock(_url(tmp_path)) is not None
    door.close()


def test_a_store_that_is_no_file_has_no_door(runtime_directory: Path) -> None:
    assert not StoreRendezvous("memory://", lambda: "x").open()
    assert knock("memory://") is None


def test_who_joined_is_told_that_the_next_command_opens_the_store_once_its_owner_is_gone(
    tmp_path: Path, runtime_directory: Path
) -> None:
    told: list[str] = []
    gone: list[Attached] = []
    door = StoreRendezvous(_url(tmp_path), lambda: "grpc://127.0.0.1:1")
    door.open()
    invitation = knock(_url(tmp_path))
    assert invitation is not None
    watch = shared_store.OwnerWatch(_url(tmp_path), invitation, told.append, gone.append)
    watch.attached = Attached(target="", system="", mode=Mode.ACT, capabilities=())

    watch.tell("it is lost")
    assert (told, gone) == (["it is lost"], [])  # the owner answers: only the connection was lost
    door.close()
    watch.tell("it is lost")

    assert gone == [watch.attached]
    assert "the next command opens" in told[1]
