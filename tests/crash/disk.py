"""What a disk may hold after a crash, from the record of everything that was done to its files.

The rule is POSIX's: what was written before a completed sync of that file is there; of later writes any part may be, in any
order, down to single sectors.  A new name is there once its file or its directory was synced; a removed one may be there
still until then.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

SECTOR = 512
_HEAD = struct.Struct("<cQQII")


class Operation(NamedTuple):
    """One record of the shim (`shim.c` says what its fields hold)."""

    kind: str
    inode: int
    position: int
    name: str
    data: bytes


def read_log(path: Path) -> list[Operation]:
    """All whole records, in order; one that the end of the process cut off is left out."""
    content, at, operations = path.read_bytes(), 0, []
    while at + _HEAD.size <= len(content):
        kind, inode, position, name_size, data_size = _HEAD.unpack_from(content, at)
        at += _HEAD.size
        name, data = content[at : at + name_size], content[at + name_size : at + name_size + data_size]
        at += name_size + data_size
        if at <= len(content):
            operations.append(Operation(kind.decode(), inode, position, name.decode(), data))
    return operations


@dataclass
class _File:
    """A file by what is certainly there, and what may be."""

    synced: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, Operation]] = field(default_factory=list)
    is_named: bool = False
    """Its name was made durable."""


class Disk:
    """The files of one directory while operations are applied one by one."""

    def __init__(self) -> None:
        self._files: dict[int, _File] = {}
        self._names: dict[str, int] = {}
        self._removed: dict[str, int] = {}
        """Names whose removal is not durable yet."""
        self._count = 0

    def apply(self, operation: Operation) -> None:
        """Go on by one operation."""
        kind, inode, position, name, data = operation
        index, self._count = self._count, self._count + 1
        if kind in "WT":
            self._names[name] = inode
            self._files.setdefault(inode, _File()).unsynced.append((index, operation))
        elif kind == "S":
            self._sync(inode, position, name)
        elif kind == "U":
            if (gone := self._names.pop(name, None)) is not None:
                self._removed[name] = gone
        elif kind == "R" and name in self._names:
            self._names[data.decode()] = self._names.pop(name)

    def certain(self) -> dict[str, bytes]:
        """Only what was synced."""
        named = {name: self._files[inode] for name, inode in self._names.items()}
        return {name: bytes(file.synced) for name, file in named.items() if file.is_named}

    def everything(self) -> dict[str, bytes]:
        """All writes, as after the end of the process alone."""
        return {name: _with(self._files[inode], lambda _: True) for name, inode in self._names.items()}

    def some(self, chance: random.Random) -> dict[str, bytes]:
        """Of what was not synced, a random part: whole writes, or only some of their sectors."""
        share = chance.choice((0.1, 0.5, 0.9))
        names = dict(self._names)
        for name, inode in self._removed.items():
            if name not in names and chance.random() < 0.5:
                names[name] = inode
        return {
            name: _with(self._files[inode], lambda _: chance.random() < share, chance)
            for name, inode in names.items()
            if self._files[inode].is_named or chance.random() < share
        }

    def _sync(self, inode: int, before: int, name: str) -> None:
        file = self._files.get(inode)
        if file is None:  # a directory: the names in it are durable now
            for path, other in self._names.items():
                if path.rpartition("/")[0] == name:
                    self._files[other].is_named = True
            self._removed = {path: gone for path, gone in self._removed.items() if path.rpartition("/")[0] != name}
            return
        file.is_named = True
        for index, operation in file.unsynced:
            if index < before:
                _write(file.synced, operation)
        file.unsynced = [(index, operation) for index, operation in file.unsynced if index >= before]


def _with(file: _File, keep: object, chance: random.Random | None = None) -> bytes:
    content = bytearray(file.synced)
    for _, operation in file.unsynced:
        if callable(keep) and keep(operation):
            for piece in _torn(operation, chance) if chance and chance.random() < 0.2 else [operation]:
                _write(content, piece)
    return bytes(content)


def _torn(operation: Operation, chance: random.Random) -> Iterator[Operation]:
    """Some of the sectors that a write touched."""
    start, end = operation.position, operation.position + len(operation.data)
    at = start
    while at < end:
        until = min((at // SECTOR + 1) * SECTOR, end)
        if chance.random() < 0.5:
            yield operation._replace(position=at, data=operation.data[at - start : until - start])
        at = until


def _write(content: bytearray, operation: Operation) -> None:
    if operation.kind == "T":
        del content[operation.position :]
        content.extend(bytes(operation.position - len(content)))
        return
    end = operation.position + len(operation.data)
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    content[operation.position : end] = operation.data
