"""The last write to the write-ahead log, cut off at every byte, with nothing, zeros or noise behind the cut."""

from __future__ import annotations

import os
import struct
import tempfile
from pathlib import Path
from typing import NamedTuple

from runtime.stores.base import Group
from runtime.stores.registry import open_store
from tests.crash.load import KEY, KnownLoad, check

_WAL_HEADER, _FRAME_HEADER = 32, 24


class Torn(NamedTuple):
    """A store as the end of its process left it, and where in its log the last commit lies."""

    database: bytes
    log: bytes
    start: int
    end: int
    head_before: int
    head_after: int


def run(*, stride: int = 1) -> int:
    """Check every `stride`-th byte of the last commit, and its very end; how many stores were checked.

    Raises:
        AssertionError: a commit that is not wholly there is seen, or one before it is lost.
    """
    torn, checked = _prepare(), 0
    for cut in [*range(torn.start, torn.end, stride), torn.end]:
        for name, rest in _rests(torn.log[cut:]):
            log = torn.log[:cut] + rest
            try:
                head = _head_of(torn.database, log)
            except Exception as error:
                raise AssertionError(f"cut at byte {cut}, then {name}: {type(error).__name__}: {error}") from error
            expected = torn.head_after if log == torn.log else torn.head_before
            assert head == expected, f"cut at byte {cut}, then {name}: the head is {head}, not {expected}"
            checked += 1
    return checked


def _rests(lost: bytes) -> list[tuple[str, bytes]]:
    noise = bytes(byte ^ 0x5A for byte in lost)
    return [("nothing", b""), ("zeros", bytes(len(lost))), ("noise", noise)]


def _head_of(database: bytes, log: bytes) -> int:
    with tempfile.TemporaryDirectory(prefix="crash-") as directory:
        path = Path(directory) / "store.db"
        path.write_bytes(database)
        path.with_name("store.db-wal").write_bytes(log)
        return check(path, 0)


def _prepare() -> Torn:
    with tempfile.TemporaryDirectory(prefix="crash-") as directory:
        path = Path(directory) / "store.db"
        child = os.fork()
        if child == 0:
            _write_and_vanish(path)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the writer failed"
        database, log = path.read_bytes(), path.with_name("store.db-wal").read_bytes()
    *_, start, end = _commits(log)
    return Torn(database, log[:end], start, end, head_before=3, head_after=5)


def _write_and_vanish(path: Path) -> None:
    try:
        store, load = open_store(f"sqlite:///{path}", key=KEY), KnownLoad()
        store.commit(Group(turns=load.advance(1)))
        store.commit(Group(turns=load.advance(2)))
        store.commit(Group(turns=load.advance(2)))
    except BaseException:
        os._exit(1)
    os._exit(0)


def _commits(log: bytes) -> list[int]:
    """Where each commit in a write-ahead log ends (https://www.sqlite.org/fileformat2.html#walformat)."""
    (page_size,) = struct.unpack_from(">I", log, 8)
    ends, at, salts = [], _WAL_HEADER, log[16:24]
    while at + _FRAME_HEADER + page_size <= len(log) and log[at + 8 : at + 16] == salts:
        (pages_after_commit,) = struct.unpack_from(">I", log, at + 4)
        at += _FRAME_HEADER + page_size
        if pages_after_commit:
            ends.append(at)
    return ends
