"""What a store says of itself beside its blocks, authenticated: where the journal ends, and how much is in the other tables.

Blocks and rows are sealed one by one, so bytes that are changed are noticed wherever they are read.  What is *missing* is not: a
last block, an actor's row or an idempotency key removed by hand.  So one entry of the facts, `attested`, counts them.  Each
transaction that changes them writes it, with a MAC that is keyed with the store's own secret; opening compares.

A store of format 1 has no such entry.  It is accepted as it is, once, and gets one with the first transaction, which makes it a
store of format 2: its secret is sealed under another header from then on, and its blocks bear a flag, so that a store from
which the entry was taken is not mistaken for an old one.  Older rows are bound to what they say (`rows`) a portion at a time
(`Binder`); `bound` tells how far.  A count tells nothing of a key's row that was changed, so the rows' MACs are added up, too.

What this cannot notice is a whole store of an earlier time that is put in the place of a later one.
"""

from __future__ import annotations

import hmac
import struct
import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec

from runtime.errors import StoreDamaged
from runtime.stores.journal.backend import Backend, Changes, Counts, SnapshotRow, Writes
from runtime.stores.journal.blocks import is_flagged
from runtime.stores.journal.encryption import KEY_SUM_BYTES, Identity

ENTRY, BOUND = "attested", "bound"
GONE, CHANGES = "gone", "thinned"
"""Entries in the store's facts: the beginning that is gone, and how often other turns went."""
MARK = "mark"
"""The entry that says which turns the rows of actors and keys have seen."""
_NAMES = frozenset((MARK, GONE, CHANGES, BOUND))
_DOMAIN = b"attested"
_SUMS = 256**KEY_SUM_BYTES
_ZERO = "00" * KEY_SUM_BYTES
NO_ROW = msgspec.json.encode(("", "")).decode()


class Attested(msgspec.Struct, frozen=True, array_like=True):
    """What is authenticated."""

    head: int
    """The last turn."""
    keys: int
    """Rows of keys."""
    snapshots: int
    """Rows of actors."""
    mark: str
    gone: str
    changes: str
    bound: str
    """Rows up to this (actor, system) are bound to what they say, as JSON; empty for all."""
    key_sum: str = _ZERO
    """The MACs of the rows of keys, added; in hexadecimal."""
    sums_all_keys: bool = False
    """False while `key_sum` has only what changed since a version before it, which left the rest out."""


class Attestor:
    """Reads and writes the entry of one store.  `entry` is called by the writer, the rest by any thread."""

    def __init__(self, identity: Identity, url: str, meta: Mapping[str, str]) -> None:
        """`meta` are the facts at opening."""
        self._identity, self._url, self._meta = identity, url, dict(meta)
        self._is_old = not identity.is_attested
        self._is_verified = False
        self._last = "", Attested(0, 0, 0, "", "", "", "")
        """The entry made last, as text and read: it needs no look at its MAC."""
        self.key_audit = KeyAudit(identity, self.damaged)
        self._bound: tuple[str, str] | None = ("", "") if self._is_old else None

    def check(self, backend: Backend) -> None:
        """Compare what a store that is being opened says of itself with what it has.

        Raises:
            StoreDamaged: something was removed, or what it says was changed.
        """
        head = backend.head()
        if self._is_old:
            self._check_old(backend, head)
            return
        attested = self._read(self._meta.get(ENTRY, ""))
        found = (
            self._meta.get(MARK, ""),
            self._meta.get(GONE, ""),
            self._meta.get(CHANGES, ""),
            self._meta.get(BOUND, ""),
        )
        if found != (attested.mark, attested.gone, attested.changes, attested.bound):
            raise self.damaged("what it says of itself is not what was written")
        if head != attested.head:
            raise self.damaged(f"turn {attested.head} was the last to be written, and it has turns up to {head}")
        self._bound = msgspec.json.decode(attested.bound, type=tuple[str, str]) if attested.bound else None
        self.key_audit.expect(int(attested.key_sum, 16), is_whole=attested.sums_all_keys)

    def accepts_unbound(self, row: SnapshotRow) -> bool:
        """Whether the row is from before rows were bound to what they say."""
        return self._bound is not None and (row.actor, row.system) > self._bound

    def is_touched_by(self, writes: Writes) -> bool:
        """Whether the entry has to be written with these."""
        return bool(
            writes.block
            or writes.keys
            or writes.forgotten
            or writes.snapshots
            or self._is_old
            or _NAMES & writes.meta.keys()
        )

    def entry(self, present: str, changes: Changes, totals: Callable[[], Counts]) -> dict[str, str]:
        """The facts to write in a transaction.

        Args:
            present: the entry as it is in the transaction; empty without one.
            changes: what the transaction did.
            totals: what there is after it.

        Raises:
            StoreDamaged: the entry that is there was changed.
        """
        self.key_audit.note(changes)
        if present:
            before = self._last[1] if present == self._last[0] else self._read(present)
            attested = Attested(
                before.head if changes.head is None else changes.head,
                before.keys + len(changes.keys_added) - len(changes.keys_removed),
                before.snapshots + changes.snapshots,
                changes.meta.get(MARK, before.mark),
                changes.meta.get(GONE, before.gone),
                changes.meta.get(CHANGES, before.changes),
                changes.meta.get(BOUND, before.bound),
                *self._key_sum(before.key_sum, changes, is_whole=before.sums_all_keys),
            )
            text = self._text(attested)
            self._last = text, attested  # whether it is committed or not: it is believed where it is found
            return {ENTRY: text}
        if not self._is_old:
            raise self.damaged("what it says of itself is not there any more")
        return self.first(totals(), changes.meta, changes)

    def first(self, totals: Counts, meta: Mapping[str, str], changes: Changes | None = None) -> dict[str, str]:
        """The facts that make a store of an earlier format one of this format."""
        known = self._meta | dict(meta)
        bound = known.get(BOUND, NO_ROW if totals.snapshots and self._is_old else "")
        attested = Attested(
            totals.head,
            totals.keys,
            totals.snapshots,
            known.get(MARK, ""),
            known.get(GONE, ""),
            known.get(CHANGES, ""),
            bound,
            *(self._key_sum(_ZERO, changes, is_whole=False) if totals.keys else (_ZERO, True)),
        )
        return self._identity.facts_of_format() | {ENTRY: self._text(attested), BOUND: bound}

    def verify(self, backend: Backend) -> None:
        """Compare the counts of rows, the first time that one was looked for in vain.

        Raises:
            StoreDamaged: rows were removed or added.
        """
        if self._is_verified:
            return
        counts = backend.counts()
        if counts.attested:
            attested = self._read(counts.attested)
            self._compare("idempotency keys", attested.keys, counts.keys)
            self._compare("actors", attested.snapshots, counts.snapshots)
        elif not self._is_old:
            raise self.damaged("what it says of itself is not there any more")
        self._is_verified = True

    def damaged(self, what: str) -> StoreDamaged:
        """The error for something that was removed or changed."""
        return StoreDamaged(
            f"Cannot use {self._url}: {what}.\n"
            "Nothing was changed now. Something else than spawn-workbench changed the store, or it is an incomplete copy: put a "
            f"complete copy in its place, or make one from what is left: python -m runtime check {self._url} --repair OUT"
        )

    def head(self) -> int:
        """The last turn as the facts at opening say; 0 if they do not, or were changed."""
        try:
            return self._read(self._meta.get(ENTRY, "")).head
        except StoreDamaged:
            return 0

    def _key_sum(self, before: str, changes: Changes | None, *, is_whole: bool) -> tuple[str, bool]:
        total = int(before, 16)
        if changes is not None:
            total += self._identity.sum_of_key_rows(changes.keys_added)
            total -= self._identity.sum_of_key_rows(changes.keys_removed)
        if not is_whole and self.key_audit.left_out is not None:
            total, is_whole = total + self.key_audit.left_out, True
        return f"{total % _SUMS:0{len(_ZERO)}x}", is_whole

    def _check_old(self, backend: Backend, head: int) -> None:
        last = backend.block_of(head) if head else None
        if last is not None and is_flagged(last):
            raise self.damaged("a store of this version was made to look like one of an earlier version")
        if head < int(self._meta.get(MARK, "0")):
            raise self.damaged(f"its actors have seen turn {self._meta[MARK]}, and it has turns up to {head} only")

    def _compare(self, what: str, expected: int, found: int) -> None:
        if expected != found:
            raise self.damaged(f"it has rows of {found:,} {what}, and {expected:,} were written")

    def _read(self, text: str) -> Attested:
        payload, _, mac = text.rpartition(" ")
        if not hmac.compare_digest(mac, self._identity.mac(_DOMAIN, payload.encode())):
            raise self.damaged(
                "what it says of itself was changed" if text else "what it says of itself is not there any more"
            )
        return msgspec.json.decode(payload, type=Attested)

    def _text(self, attested: Attested) -> str:
        payload = msgspec.json.encode(attested)
        return f"{payload.decode()} {self._identity.mac(_DOMAIN, payload)}"


# --- Rows of keys -----------------------------------------------------------------------------------------------------

_MOST_NOTED = 1 << 18
"""Rows that change before they were passed; with more, this process compares nothing. About 40 MB."""


class KeyAudit:
    """Compares the rows of keys that there were at opening with their sum, as they are read page by page.

    The writer goes on meanwhile.  A row that it changes before the row is passed counts as it was at opening: that is noted
    inside the transaction, so before a reader can see the change, and holds whether the transaction is committed or not.
    """

    def __init__(self, identity: Identity, damaged: Callable[[str], StoreDamaged]) -> None:
        self._identity, self._damaged = identity, damaged
        self.left_out: int | None = None
        """What the sum lacks of a store of an earlier version; None until all of its rows were passed, or if it lacks none."""
        self._expected, self._is_whole = 0, False
        self._sum = 0
        self._originals: dict[int, int] = {}
        """By hash, the MAC at opening of a row that changed; 0 where there was none."""
        self._last_passed = -(2**63) - 1
        self._is_over = self._is_wrong = False
        self._lock = threading.Lock()

    def expect(self, key_sum: int, *, is_whole: bool) -> None:
        """What is said of the rows at opening; before anything else."""
        self._expected, self._is_whole = key_sum, is_whole

    def note(self, changes: Changes) -> None:
        """Rows that the writer is about to change; before the transaction is committed."""
        if self._is_over:
            return
        with self._lock:
            for key_hash, sequence in changes.keys_removed:
                if key_hash > self._last_passed and key_hash not in self._originals:
                    self._originals[key_hash] = self._identity.sum_of_key_rows([(key_hash, sequence)])
            for key_hash, _ in changes.keys_added:
                if key_hash > self._last_passed:
                    self._originals.setdefault(key_hash, 0)
            if len(self._originals) > _MOST_NOTED:
                self._end()

    def pass_rows(self, rows: Sequence[tuple[int, int]], is_last: bool) -> None:
        """Take the next rows by their hashes, and compare after the last.

        Raises:
            StoreDamaged: they are not those that were written; also at every later call.
        """
        with self._lock:
            if self._is_over:
                return
            if not self._is_wrong:
                self._pass(rows)
                if is_last:
                    self._compare()
            if self._is_wrong:
                raise self._damaged("rows of idempotency keys are not what was written")

    def _pass(self, rows: Sequence[tuple[int, int]]) -> None:
        try:
            self._sum += self._identity.sum_of_key_rows(row for row in rows if row[0] not in self._originals)
        except struct.error:  # a text was put there, which SQLite takes
            self._is_wrong = True
        self._last_passed = rows[-1][0] if rows else self._last_passed

    def _compare(self) -> None:
        missing = (self._expected - self._sum - sum(self._originals.values())) % _SUMS
        self._is_wrong = self._is_wrong or (self._is_whole and missing != 0)
        if not self._is_wrong:
            self.left_out = None if self._is_whole else -missing % _SUMS
            self._end()

    def _end(self) -> None:
        self._is_over = True
        self._originals = {}
