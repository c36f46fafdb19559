"""The chain that binds the lines of an audit file to each other, so that a line cannot be changed or taken away unnoticed.

Each line ends with its number and a keyed hash over the line before it, and itself.  The first line of a file says what came
before: the end of the file that was put aside, or of a file from before there was a chain the hash of all that is in it.  The
number and hash of the last line are noted as the head, outside the project beside the key.

What it shows: a line that was changed, removed, inserted or moved, with its number; lines that are missing at the end, or the
whole file; lines that were written without the key.  What it cannot show: what someone does who can read the key, as the
file's owner can; whether lines of before the chain had been changed when it began; whether the oldest files were removed
or went as all old ones do; lines missing at the end of a copy on another machine or under another path, where no head is
known; and where no key can be kept, what someone does who knows this format.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from runtime.security.crypto import KeyFiles, default_directory
from runtime.security.private_files import make_private_directory, open_private

_NAME = "audit"
_HASH_BYTES = 16
_LAST = b',"chain":"%b"}'
_LINK = re.compile(rb',"n":(\d{1,18}),"chain":"([0-9a-f]{32})"\}\Z')


class End(NamedTuple):
    """The last line of a chain."""

    number: int
    chain: str
    """Hash over this line and all before it."""


NOTHING = End(0, "")


class Start(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The first line of a file's chain."""

    chain_of: str
    """Which key it is made with, without telling the key; `none` for none."""
    after: str = ""
    """Hash of the last line in the file that was put aside before; empty for none."""
    lines: int = 0
    """Lines before this one in this file, which had no chain."""
    covers: str = ""
    """Hash of them."""
    missing_from: int = 0
    """The number from which on lines were missing when this was written; 0 for none."""
    n: int = 0
    chain: str = ""


class Damage(msgspec.Struct, frozen=True):
    """A line that does not fit."""

    file: str
    line: int
    """From 1 on; 0 for the file as a whole."""
    what: str

    def __str__(self) -> str:
        place = f"Line {self.line:,} of {self.file}" if self.line else self.file
        return f"{place}: {self.what}"


class Chain:
    """Makes and checks chained lines with one key.  Any thread; the caller has the file locked."""

    def __init__(self, path: Path) -> None:
        """For the audit file at `path`."""
        self._key = _key(default_directory())
        self.key_name = _digest(b"name", self._key)[:16] if self._key else "none"
        self._name, self._head_file = path.name, head_file(path)

    def line(self, record: bytes, before: End) -> tuple[bytes, End]:
        """A record, a JSON object, as the next line of the chain, without its line end."""
        sealed = b'%b,"n":%d' % (record[:-1], before.number + 1)
        end = End(before.number + 1, self._hash(before.chain, sealed))
        return sealed + _LAST % end.chain.encode(), end

    def start(self, former: End, unchained: bytes, missing_from: int) -> tuple[bytes, End]:
        """The first line of a file, or of its chain after lines that are in none."""
        record = Start(
            chain_of=self.key_name, after=former.chain, lines=unchained.count(b"\n"),
            covers=_digest_of_all(unchained), missing_from=missing_from,
        )  # fmt: skip
        return self.line(msgspec.json.encode(record), former)

    def end(self, tail: bytes) -> End | None:
        """The end of a file's chain from its last two lines or more; None where the last one is in none of our key."""
        *_, former, last, rest = [b"", b"", *tail.split(b"\n")]
        found = end_of(last)
        if rest or found is None:
            return None
        start, before = read_start(last), end_of(former)
        after = start.after if start is not None else before.chain if before is not None else ""
        sealed = last[: -len(_LAST % found.chain.encode())]
        return found if hmac.compare_digest(self._hash(after, sealed), found.chain) else None

    def head(self) -> End:
        """The last line that was written, as far as it was noted."""
        try:
            number, chain, seal = self._head_file.read_text("ascii").split()
            found = End(int(number), chain)
        except (OSError, ValueError):
            return NOTHING
        return found if hmac.compare_digest(seal, self._seal(found)) else NOTHING

    def note(self, end: End) -> None:
        """Note the last line; where that is not possible, its absence can no more be shown, and nothing else is lost."""
        content = f"{end.number:018d} {end.chain} {self._seal(end)}\n".encode()
        try:
            make_private_directory(self._head_file.parent)
            handle = open_private(self._head_file, os.O_WRONLY)
        except OSError:
            return
        try:
            os.pwrite(handle, content, 0)
        except OSError:
            pass
        finally:
            os.close(handle)

    def damages(self, files: Iterable[tuple[str, bytes]]) -> Iterator[Damage]:
        """What does not fit in an audit's files, the oldest first; `files` are names and contents."""
        end, name = NOTHING, self._name
        is_ours = True
        for name, content in files:
            position = 0
            lines = content.split(b"\n")
            for number, line in enumerate(lines[:-1], 1):
                what, end, is_ours = self._judged(line, content[:position], end, is_ours)
                if what:
                    yield Damage(name, number, what)
                position += len(line) + 1
            if lines[-1]:
                yield Damage(name, len(lines), "it does not end; it was cut short.")
        head = self.head()
        if head.number > end.number:
            missing = head.number - end.number
            yield Damage(name, 0, f"the last {missing:,} lines are missing; the last known is number {head.number:,}.")
        elif head.number == end.number and head.chain != end.chain and is_ours:
            yield Damage(name, 0, "its end is not the one that was noted when it was written.")

    def _judged(self, line: bytes, before: bytes, end: End, is_ours: bool) -> tuple[str, End, bool]:
        """What does not fit of a line, the chain's end after it, and whether the chain is made with our key."""
        found = _LINK.search(line)
        if found is None:
            what = "it is not in the chain: it was added, or changed, by something else." if end.number else ""
            return what or _unreadable(line), end, is_ours
        last = End(int(found[1]), found[2].decode())
        sealed = line[: -len(_LAST % found[2])]
        start = read_start(line)
        if start is not None:
            if start.chain_of != self.key_name:
                return (
                    f"from here on it was made with a key that is not here ({start.chain_of}): it cannot be checked.",
                    last,
                    False,
                )
            return self._misfit_of_start(start, sealed, before, end, last), last, True
        if not is_ours:
            return "", last, False
        return self._misfit(sealed, end, last), last, True

    def _misfit(self, sealed: bytes, end: End, last: End) -> str:
        if hmac.compare_digest(self._hash(end.chain, sealed), last.chain) and last.number == end.number + 1:
            return ""
        gap = last.number - end.number - 1
        if gap > 0:
            return f"{gap:,} lines before it are missing, numbers {end.number + 1:,} to {last.number - 1:,}."
        return "it was changed, moved, or put in place of another."

    def _misfit_of_start(self, start: Start, sealed: bytes, before: bytes, end: End, last: End) -> str:
        if not hmac.compare_digest(self._hash(start.after, sealed), last.chain):
            return "the line that begins the chain was changed."
        if start.missing_from:
            return f"lines from number {start.missing_from:,} on were missing when this was written."
        if end.number and (start.after != end.chain or before):
            return "the chain begins anew here: what was before it was changed, or lines are missing."
        if _digest_of_all(before) != start.covers:
            return f"the {start.lines:,} lines before it, from before there was a chain, are not what they were when it began."
        return ""

    def _hash(self, before: str, sealed: bytes) -> str:
        return _digest(before.encode() + b"\n" + sealed, self._key)

    def _seal(self, end: End) -> str:
        return _digest(b"head %d %b" % (end.number, end.chain.encode()), self._key)


def head_file(path: Path) -> Path:
    """Where the last line of the audit file at `path` is noted."""
    name = hashlib.blake2b(os.path.realpath(path).encode(), digest_size=12).hexdigest()
    return default_directory().with_name(_NAME) / f"{name}.head"


def end_of(line: bytes) -> End | None:
    """Number and hash at the end of a line; None for a line that has none."""
    found = _LINK.search(line)
    return End(int(found[1]), found[2].decode()) if found is not None else None


def read_start(line: bytes) -> Start | None:
    """None for any other line."""
    if not line.startswith(b'{"chain_of":'):
        return None
    try:
        return msgspec.json.decode(line, type=Start)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _unreadable(line: bytes) -> str:
    try:
        is_object = isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        is_object = False
    return "" if is_object else "it cannot be read."


def _digest(data: bytes, key: bytes) -> str:
    return hashlib.blake2b(data, key=key, digest_size=_HASH_BYTES).hexdigest()


def _digest_of_all(unchained: bytes) -> str:
    """What a chain says of the lines before it in its file; empty for none."""
    return _digest(unchained, b"") if unchained else ""


@cache
def _key(directory: Path) -> bytes:
    """The key of this user's audits, made at first use; empty where none can be kept."""
    files = KeyFiles(directory)
    for attempt in (files.read, files.create, files.read):  # another process may make it at the same time
        try:
            if key := attempt(_NAME):
                return key
        except OSError:
            continue
    return b""
