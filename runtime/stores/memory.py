"""A journal in memory: for trying things out and for tests.  Nothing outlives the process."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Mapping, Sequence

from runtime.errors import StaleCommit
from runtime.ids import ActorId
from runtime.records import Lifecycle
from runtime.security.crypto import KeyFiles
from runtime.stores.journal.backend import (
    Attests,
    BlockHead,
    BlockRow,
    Changes,
    Counts,
    DefinitionRow,
    ScheduleRow,
    SealedRow,
    SnapshotRow,
    Writes,
)
from runtime.stores.journal.store import JournalStore


class MemoryBackend:
    """Rows in lists and dicts.  Outlives the store on top of it, so that a test can open it again after a "crash"."""

    retains = True

    def __init__(self, url: str = "memory://") -> None:
        self.url = url
        self._lock = threading.Lock()
        self._meta: dict[str, str] = {}
        self._firsts: list[int] = []
        self._blocks: list[BlockRow] = []
        self._sealed: list[SealedRow] = []
        self._keys: dict[int, int] = {}
        self._snapshots: dict[tuple[str, str], SnapshotRow] = {}
        self._lifecycle: list[Lifecycle] = []
        self._definitions: dict[str, DefinitionRow] = {}
        self._schedules: dict[str, ScheduleRow] = {}
        self.attests: Attests | None = None

    def meta(self) -> dict[str, str]:
        return dict(self._meta)

    def create(self, meta: Mapping[str, str]) -> None:
        self._meta.update(meta)

    def write(self, writes: Writes) -> int:
        with self._lock:
            if writes.block and writes.block.first != self.head() + 1:
                raise StaleCommit(f"Turn {writes.block.first} does not continue {self.url}, which is at {self.head()}.")
            actors = len(self._snapshots)
            self._write_blocks(writes)
            self._write_sealed(writes)
            removed = self._remove_keys(writes)
            added = {key_hash: at for key_hash, at in reversed(writes.keys) if key_hash not in self._keys}
            self._keys.update(added)
            self._snapshots.update({(row.actor, row.system): row for row in writes.snapshots})
            self._lifecycle.extend(writes.lifecycle)
            self._definitions.update({row.hash: row for row in writes.definitions})
            self._schedules = {row.id: row for row in writes.schedules} | self._schedules
            self._schedules.update({row.id: row for row in writes.rescheduled if row.id in self._schedules})
            for settled in writes.settled:
                self._schedules.pop(settled, None)
            self._meta.update(writes.meta)
            if self.attests is not None and self.attests.is_touched_by(writes):
                now = self._counts()
                changes = Changes(now.head, list(added.items()), removed, now.snapshots - actors, writes.meta)
                self._meta.update(self.attests.entry(now.attested, changes, self._counts))
            return len(writes.keys) - len(added)

    def counts(self) -> Counts:
        with self._lock:
            return self._counts()

    def _counts(self) -> Counts:
        return Counts(self.head(), len(self._keys), len(self._snapshots), self._meta.get("attested", ""))

    def _remove_keys(self, writes: Writes) -> list[tuple[int, int]]:
        removed = []
        for key_hash, sequence, following in writes.forgotten:
            if self._keys.get(key_hash) == sequence and following not in self._keys:
                del self._keys[key_hash]
                removed.append((key_hash, sequence))
        return removed

    def _write_blocks(self, writes: Writes) -> None:
        if writes.dropped:
            first, last = writes.dropped
            start, end = bisect.bisect_left(self._firsts, first), bisect.bisect_right(self._firsts, last)
            del self._firsts[start:end], self._blocks[start:end]
        if merged := writes.merged:
            start, end = bisect.bisect_left(self._firsts, merged.first), bisect.bisect_right(self._firsts, merged.last)
            self._firsts[start:end], self._blocks[start:end] = [merged.first], [merged]
        if writes.block:
            self._firsts.append(writes.block.first)
            self._blocks.append(writes.block)

    def _write_sealed(self, writes: Writes) -> None:
        if writes.unsealed:
            first, last = writes.unsealed
            self._sealed = [row for row in self._sealed if row.last < first or last < row.first]
        if writes.sealed:
            self._sealed = sorted([*self._sealed, writes.sealed], key=lambda row: row.first)

    def head(self) -> int:
        return self._blocks[-1].last if self._blocks else 0

    def blocks(self, after: int, limit: int) -> list[BlockRow]:
        with self._lock:
            start = max(bisect.bisect_right(self._firsts, after + 1) - 1, 0)
            return [row for row in self._blocks[start : start + limit] if row.last > after]

    def block_heads(self, after: int, limit: int) -> list[BlockHead]:
        return [BlockHead(row.first, row.last, row.actors, len(row.data)) for row in self.blocks(after, limit)]

    def block_of(self, sequence: int) -> BlockRow | None:
        return next((row for row in self.blocks(sequence - 1, 1) if row.first <= sequence), None)

    def sealed(self, after: int, limit: int) -> list[SealedRow]:
        return [row for row in self._sealed if row.last > after][:limit]

    def sealed_ranges(self, after: int, limit: int) -> list[tuple[int, int]]:
        return [(row.first, row.last) for row in self.sealed(after, limit)]

    def key(self, key_hash: int) -> int | None:
        return self._keys.get(key_hash)

    def key_rows(self, start: int, limit: int) -> list[tuple[int, int]]:
        with self._lock:
            return sorted(row for row in self._keys.items() if row[0] >= start)[:limit]

    def snapshot(self, actor: ActorId) -> SnapshotRow | None:
        return self._snapshots.get((actor.name, actor.system))

    def snapshots(self, after: tuple[str, str], prefix: str, limit: int) -> list[SnapshotRow]:
        with self._lock:
            names = sorted(name for name in self._snapshots if name > after and name[0].startswith(prefix))
            return [self._snapshots[name] for name in names[:limit]]

    def lifecycle(self, after: int, limit: int) -> list[tuple[int, Lifecycle]]:
        return list(enumerate(self._lifecycle[after : after + limit], start=after + 1))

    def schedules(self) -> list[ScheduleRow]:
        return sorted(self._schedules.values(), key=lambda row: row.due_us)

    def definitions(self) -> list[DefinitionRow]:
        return sorted(self._definitions.values(), key=lambda row: row.deployed_us)

    def close(self) -> None:
        pass


def open_store(
    url: str, *, key: bytes | None = None, key_files: KeyFiles | None = None, old_keys: Sequence[bytes] | None = None
) -> JournalStore:
    """A new, empty store; sealed with `key` or with one that no one keeps."""
    return JournalStore(MemoryBackend(url), key=key, key_files=None)
