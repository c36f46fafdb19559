"""One file with named members: a ZIP that is not compressed, since its members are, and that is never unpacked.

The first member, `spawn-archive.json`, says what it is, by which version it was made, and how it is encrypted; the last one,
`contents.json`, names all others with their size and hash.  A reader refuses a file that has one member more, or less.  With a
passphrase every member but the first is sealed with AES-256-GCM under a key of this archive alone, each with its own name
authenticated; that key is wrapped by the passphrase as in a backup.  Without one the hashes find damage, not intent.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import zipfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

from runtime.errors import BadSetting, StoreDamaged, StoreTooNew, StoreUnavailable, WrongKey
from runtime.security.crypto import Cipher, SealBrokenError, new_key, sync_directory
from runtime.security.private_files import draft_of
from runtime.stores.backup import SHORTEST_PASSPHRASE, WrappedKey

FORMAT = "spawn-workbench archive"
VERSION = 1
_HEADER, _CONTENTS = "spawn-archive.json", "contents.json"
_MOST_HEADER_BYTES = 65_536
_SEALED = ".sealed"
_ZIP, _DATE = b"PK\x03\x04", (1980, 1, 1, 0, 0, 0)


class Header(msgspec.Struct, frozen=True):
    """What is readable of every archive."""

    format: str
    version: int
    made_by: str
    id: str
    key: WrappedKey | None = None
    """None for one that is not encrypted."""


class Member(msgspec.Struct, frozen=True):
    """One member as `contents.json` has it."""

    name: str
    bytes: int
    sha256: str
    """Of the bytes as they are in the file, as hexadecimal."""
    rows: int = 0
    first: int = 0
    """Sequence of its first turn; 0 for a member without turns."""
    last: int = 0


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive has."""

    system: str
    made_us: int
    actors: tuple[str, ...] | None = None
    """Those that were asked for; None for all."""
    since_us: int = 0
    until_us: int = 0
    """0 for without a bound."""
    redacted: tuple[str, ...] = ()
    """The rules by which values were removed."""
    turns: int = 0
    first: int = 0
    last: int = 0
    """Sequences of the first and the last turn; 0 where there is none."""
    notes: tuple[str, ...] = ()
    members: tuple[Member, ...] = ()


class ArchiveWriter:
    """Writes an archive; the file has its name once `finish` has returned, and is gone after anything else."""

    def __init__(self, path: Path, *, made_by: str, passphrase: str | None = None, replaces: bool = False) -> None:
        """Raises BadSetting: there is something of that name, or the passphrase is short; OSError: it cannot be written.

        Args:
            replaces: an archive of that name may be there, and is replaced.
        """
        if passphrase is not None and len(passphrase) < SHORTEST_PASSPHRASE:
            raise BadSetting(f"The passphrase has {len(passphrase)} characters; give {SHORTEST_PASSPHRASE} or more.")
        if os.path.lexists(path) and not (replaces and is_archive(path)):
            more = "" if replaces or not is_archive(path) else ", or force=True (--force)"
            raise BadSetting(f"Cannot write {path}: there is a file of that name. Give another name{more}.")
        self._path, self._replaces, self._draft = path, replaces, draft_of(path)
        id_, key = os.urandom(16).hex(), None if passphrase is None else new_key()
        wrapped = None if key is None or passphrase is None else WrappedKey.of(key, passphrase, id_)
        self._id, self._cipher = id_, None if key is None else Cipher(key)
        self._members: list[Member] = []
        handle = os.open(self._draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        self._file = os.fdopen(handle, "w+b")
        self._zip = zipfile.ZipFile(self._file, "w", zipfile.ZIP_STORED)
        header = Header(FORMAT, VERSION, made_by, id_, wrapped)
        self._write(_HEADER, msgspec.json.format(msgspec.json.encode(header)))

    def add(self, name: str, data: bytes, *, rows: int = 0, first: int = 0, last: int = 0) -> None:
        """One more member."""
        sealed = self._sealed(name, data)
        digest = hashlib.sha256(sealed).hexdigest()
        self._members.append(Member(name, len(sealed), digest, rows, first, last))
        self._write(name if self._cipher is None else name + _SEALED, sealed)

    def finish(self, contents: Contents) -> int:
        """Have the file, with these contents, under its name; its size in bytes.

        Raises:
            BadSetting: meanwhile a file of that name has come.
        """
        whole = msgspec.structs.replace(contents, members=tuple(self._members))
        data = msgspec.json.format(msgspec.json.encode(whole))
        self._write(_CONTENTS if self._cipher is None else _CONTENTS + _SEALED, self._sealed(_CONTENTS, data))
        self._zip.close()
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._replaces:
            self._draft.replace(self._path)
        else:
            try:
                os.link(self._draft, self._path)  # unlike a rename, never replaces what is there
            except FileExistsError:
                raise BadSetting(f"Cannot write {self._path}: there is a file of that name now.") from None
        sync_directory(self._path.parent)
        return self._path.stat().st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._file.closed:
            self._zip.close()
            self._file.close()
        self._draft.unlink(missing_ok=True)

    def _sealed(self, name: str, data: bytes) -> bytes:
        return data if self._cipher is None else self._cipher.seal(data, _bound(self._id, name))

    def _write(self, name: str, data: bytes) -> None:
        self._zip.writestr(zipfile.ZipInfo(name, _DATE), data)


class ArchiveReader:
    """An archive that is open for reading; nothing of it is written anywhere.  May be used by several threads."""

    def __init__(self, path: Path, passphrase: str | None = None) -> None:
        """Reads what the file says of itself and checks that all of it is there.

        Raises:
            StoreUnavailable: there is no such file, or it cannot be read.
            BadSetting: it is no archive.
            StoreTooNew: a later version made it.
            StoreDamaged: it was cut short or changed, or has members that no archive has.
            WrongKey: it is encrypted, and the passphrase is missing or another.
        """
        self.path = path
        self._lock = threading.Lock()
        self._zip = _opened(path)
        try:
            self._infos = _checked(self._zip, path)
            self.header = self._read_header()
            self._cipher = self._unlocked(passphrase)
            self.contents = self._read_contents()
            self._check_members()
        except BaseException:
            self._zip.close()
            raise

    def members(self, folder: str = "") -> list[Member]:
        """Those of a folder, in their order; all without one."""
        return [each for each in self.contents.members if each.name.startswith(folder)]

    def read(self, name: str) -> bytes:
        """A member, checked and decrypted.

        Raises:
            StoreDamaged: it is not as it was written, or there is none of that name.
        """
        member = next((each for each in self.contents.members if each.name == name), None)
        if member is None:
            raise StoreDamaged(f"{self.path} has no {name}.")
        data = self._bytes(self._stored(name))
        if hashlib.sha256(data).hexdigest() != member.sha256:
            raise StoreDamaged(f"{self.path} is damaged: {name} is not as it was written.")
        return self._opened(name, data)

    def close(self) -> None:
        """Release the file; safe to call twice."""
        self._zip.close()

    def _stored(self, name: str) -> str:
        return name if self._cipher is None else name + _SEALED

    def _bytes(self, name: str) -> bytes:
        try:
            with self._lock:
                return self._zip.read(self._infos[name])
        except KeyError:
            raise StoreDamaged(f"{self.path} is damaged: it has no {name}.") from None
        except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
            raise StoreDamaged(f"{self.path} is damaged: {name} cannot be read ({error}).") from None
        except (OSError, ValueError) as error:  # closed, or on a disk that is gone
            raise StoreUnavailable(f"Cannot read {self.path}: {error}.") from error

    def _opened(self, name: str, data: bytes) -> bytes:
        if self._cipher is None:
            return data
        try:
            return self._cipher.open(data, _bound(self.header.id, name))
        except SealBrokenError as error:
            raise StoreDamaged(f"{self.path} is damaged: {name} does not decrypt ({error}).") from None

    def _read_header(self) -> Header:
        info = self._infos.get(_HEADER)
        if info is None or info.file_size > _MOST_HEADER_BYTES:
            raise _no_archive(self.path)
        try:
            found: dict[str, Any] = msgspec.json.decode(self._bytes(_HEADER), type=dict[str, Any])
            if found.get("format") != FORMAT:
                raise _no_archive(self.path)
            _refuse_newer(found, self.path)
            return msgspec.convert(found, Header)
        except msgspec.MsgspecError as error:
            raise StoreDamaged(f"{self.path} is damaged: what it says of itself cannot be read ({error}).") from None

    def _unlocked(self, passphrase: str | None) -> Cipher | None:
        wrapped = self.header.key
        if wrapped is None:
            return None
        if passphrase is None:
            raise WrongKey(f"{self.path} is encrypted. Give its passphrase: key=…")
        try:
            return Cipher(wrapped.key(passphrase, self.header.id))
        except SealBrokenError:
            raise WrongKey(f"Cannot open {self.path}: this is not its passphrase.") from None
        except ValueError as error:
            raise StoreDamaged(f"{self.path} is damaged: its key cannot be read ({error}).") from None

    def _read_contents(self) -> Contents:
        try:
            data = self._opened(_CONTENTS, self._bytes(self._stored(_CONTENTS)))
            return msgspec.json.decode(data, type=Contents)
        except msgspec.MsgspecError as error:
            raise StoreDamaged(f"{self.path} is damaged: its contents cannot be read ({error}).") from None

    def _check_members(self) -> None:
        known = {_HEADER, self._stored(_CONTENTS)}
        for member in self.contents.members:
            info = self._infos.get(self._stored(member.name))
            if info is None or info.file_size != member.bytes:
                raise StoreDamaged(f"{self.path} is damaged: {member.name} is missing or cut short.")
            known.add(info.filename)
        if more := sorted(self._infos.keys() - known):
            raise StoreDamaged(f"{self.path} has members that no archive has: {', '.join(map(repr, more[:3]))}.")


def is_archive(path: Path) -> bool:
    """Whether there is a file that begins as an archive does."""
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        head = file.read(30 + len(_HEADER))
    return head.startswith(_ZIP) and head.endswith(_HEADER.encode())


def _bound(id_: str, name: str) -> bytes:
    return f"{id_}/{name}".encode()


def _no_archive(path: Path) -> BadSetting:
    return BadSetting(f"{path} is no archive of spawn-workbench. wb.archive(PATH) makes one.")


def _refuse_newer(header: dict[str, Any], path: Path) -> None:
    version = header.get("version")
    if isinstance(version, int) and version > VERSION:
        raise StoreTooNew(
            f"{path} was made by spawn-workbench {header.get('made_by', '')} in format {version}; this version reads up to "
            f"{VERSION}. Update it: %pip install -U spawn-workbench"
        )


def _opened(path: Path) -> zipfile.ZipFile:
    if not path.is_file():
        raise StoreUnavailable(f"There is no file {path}.")
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError):
        if is_archive(path.resolve()):
            raise StoreDamaged(
                f"{path} is cut short: its end is missing. Copy it again from where it was made."
            ) from None
        raise _no_archive(path) from None
    except OSError as error:
        raise StoreUnavailable(f"Cannot read {path}: {error}.") from error


def _checked(file: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The members by name.  None may be packed, a link, or there twice: an archive is read, never unpacked, and so is no bomb."""
    found: dict[str, zipfile.ZipInfo] = {}
    for info in file.infolist():
        is_odd = info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1 or info.is_dir()
        if is_odd or stat.S_ISLNK(info.external_attr >> 16) or info.filename in found:
            if _HEADER not in file.namelist():
                raise _no_archive(path)
            raise StoreDamaged(f"{path} has a member that no archive has: {info.filename!r}.")
        found[info.filename] = info
    return found
