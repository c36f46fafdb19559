"""Columns beside the blocks: the same turns once more, in the form in which SQL reads them.

Blocks are written turn by turn, and reading a million of them makes a million Python objects.  So a reader of columns keeps
what was made for it, and a little at a time the journal behind the writer is *sealed*: runs of some thousand turns become one
Arrow batch each (`columns`), compressed, encrypted, in a table of its own.  Columns are derived: whatever cannot be read there, or
is not there yet, is read from the blocks, and what retention changes is removed there in the same transaction.  So nothing is
lost with them, a store without pyarrow works, and a later version may throw them away and make better ones.

Measured for a million turns of 400 bytes, encrypted: 6 s of work to seal, 30 to 40 MB beside 414; read in 0.4 to 0.6 s
instead of 4 to 6.  One batch for each template and definition was tried on paper and left: states are parsed by DuckDB in
half a second whatever they are mixed with, and an actor system of a hundred templates would have batches of a hundred rows.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from runtime.background import start_daemon
from runtime.records import Turn
from runtime.security.crypto import FINGERPRINT_BYTES, Cipher, SealBrokenError
from runtime.stores.journal.backend import BlockRow, SealedRow, SealingBackend, Writes
from runtime.stores.journal.blocks import count_of
from runtime.stores.journal.reader import JournalReader

SEALED_TURNS = 8_192
SEALED_BYTES = 4_000_000
FEWEST_TURNS = 1_024
"""A hole with less is not worth a row."""

PORTION_TURNS = 4_096
_PORTION_BYTES = 4_000_000
_STEP_TURNS = 512
_STEP_BYTES = 500_000
"""Of states; one step takes no more than this, or a single turn."""
_LOADING_S = 0.02
_PAGE = 4
_PAGE_RANGES = 1_000
_MAGIC = b"SWSC"
_HEADER = struct.Struct(f">4sB3x{FINGERPRINT_BYTES}sQQ")


Keep = Callable[[SealedRow, int], bool]
"""Write a row that a reader made, if its turns are as they were at that count of changes; False to make no more of them."""


class SealedColumns:
    """Reads the turns of a store as columns; any thread.

    What a reader makes from blocks is kept, so that the next reader need not make it again.
    """

    def __init__(
        self,
        backend: SealingBackend | None,
        cipher: Cipher,
        reader: JournalReader,
        keep: Keep = lambda row, changes: False,
    ) -> None:
        """Without a backend that keeps columns, all of them are made from blocks."""
        self._backend, self._cipher, self._reader, self._keep = backend, cipher, reader, keep
        self.changes = 0
        """How often turns changed whose columns may be there."""

    def batches(self, after: int, until: int, columns: Collection[str] | None = None) -> Iterator[Any]:
        """Record batches (`columns.SCHEMA`) of every turn above `after` and up to `until`, oldest first.

        Args:
            columns: those to give, `sequence` beside them; None for all.  Only where all are made, they are kept.
        """
        wanted = _wanted(columns)
        done = after
        for row in self._rows(after):
            if row.first > until:
                break
            yield from self._made(done, min(row.first - 1, until), FEWEST_TURNS, wanted)
            done = max(done, row.first - 1)
            batches = self.opened(row, wanted)
            if batches is None:
                yield from self._from_blocks(done, min(row.last, until), wanted)
            else:
                yield from _between(batches, done, until)
            done = min(row.last, until)
        yield from self._made(done, until, SEALED_TURNS, wanted)

    def opened(self, row: SealedRow, columns: Collection[str] | None = None) -> list[Any] | None:
        """The batches of a row; None where it cannot be read, for whatever reason: the blocks can."""
        from runtime.stores.journal.columns.batches import from_bytes

        try:
            data = self._cipher.open(memoryview(row.data)[_HEADER.size :], self.header(row.first, row.last))
            return from_bytes(data, _wanted(columns))
        except (SealBrokenError, ValueError, OSError):
            return None

    def header(self, first: int, last: int) -> bytes:
        """What is authenticated with a row's data, and stands before it."""
        from runtime.stores.journal.columns.batches import VERSION

        return _HEADER.pack(_MAGIC, VERSION, self._cipher.fingerprint, first, last)

    def _rows(self, after: int) -> Iterator[SealedRow]:
        while self._backend is not None and (page := self._backend.sealed(after, _PAGE)):
            yield from page
            after = page[-1].last

    def sealed(self, batches: Sequence[Any], first: int, last: int) -> SealedRow:
        """A row with the turns of these batches."""
        from runtime.stores.journal.columns.batches import to_bytes

        header = self.header(first, last)
        return SealedRow(first, last, header + self._cipher.seal(to_bytes(batches), header))

    def _made(self, after: int, until: int, fewest: int, columns: Collection[str]) -> Iterator[Any]:
        """Batches from blocks, of which runs that are long enough are kept; of the last one, if it has `fewest` turns."""
        changes, keeps = self.changes, self._backend is not None and columns == _wanted(None)
        gathered, first = list[Any](), after + 1
        for batch in self._from_blocks(after, until, columns):
            yield batch
            gathered.append(batch)
            if keeps and _is_enough(gathered):
                last = batch["sequence"][-1].as_py()
                keeps = self._keep(self.sealed(gathered, first, last), changes)
                gathered, first = [], last + 1
            elif not keeps:
                gathered = []
        if keeps and _turns(gathered) >= fewest:
            self._keep(self.sealed(gathered, first, until), changes)

    def _from_blocks(self, after: int, until: int, columns: Collection[str]) -> Iterator[Any]:
        """Batches without a Python object for any turn, but for blocks in which something is unusual."""
        if after >= until:
            return
        decode = self._reader.whole_states()
        done = after
        for rows in self._reader.packed(after, until):
            for portion in _portions(rows):
                # A block may have become part of a larger one, with turns that were given already.
                yield from _between(self._columns_of(portion, columns, partial(decode, done)), done, until)
                done = portion[-1].last

    def _columns_of(
        self, rows: Sequence[BlockRow], columns: Collection[str], decode: Callable[[BlockRow], list[Turn]]
    ) -> list[Any]:
        from runtime.stores.journal.columns.batches import batch
        from runtime.stores.journal.columns.packed_turns import UnusualTurns, batch_of

        try:
            found = batch_of([self._reader.opened(row) for row in rows], columns)
            if _is_as_headers_say(found, rows):
                return [found]
        except UnusualTurns:
            pass
        # Block by block, in order: where a state is a difference, those before it are in them.
        return [batch(decode(row)).select(sorted(columns, key=_position())) for row in rows]


def _wanted(columns: Collection[str] | None) -> Collection[str]:
    from runtime.stores.journal.columns.batches import SCHEMA

    return SCHEMA.names if columns is None else {*columns, "sequence"}


def _position() -> Callable[[str], int]:
    from runtime.stores.journal.columns.batches import SCHEMA

    places: list[str] = SCHEMA.names
    return places.index


def _between(batches: Iterable[Any], after: int, until: int) -> Iterator[Any]:
    from runtime.stores.journal.columns.batches import between

    for batch in batches:
        if (found := between(batch, after, until)).num_rows:
            yield found


def _portions(rows: Sequence[BlockRow]) -> Iterator[list[BlockRow]]:
    """Blocks that are read side by side: a step through many turns costs as much as one through a few."""
    portion, turns, size = list[BlockRow](), 0, 0
    for row in rows:
        portion.append(row)
        turns, size = turns + count_of(row), size + len(row.data)
        if turns >= PORTION_TURNS or size >= _PORTION_BYTES:
            yield portion
            portion, turns, size = [], 0, 0
    if portion:
        yield portion


def _is_as_headers_say(batch: Any, rows: Sequence[BlockRow]) -> bool:
    """Whether there are as many turns as in these blocks, in order, each within its own."""
    import numpy as np

    sequence = batch["sequence"].to_numpy()
    counts = [count_of(row) for row in rows]
    if len(sequence) != sum(counts):
        return False
    first, last = (np.repeat([getattr(row, name) for row in rows], counts) for name in ("first", "last"))
    return bool((sequence >= first).all() and (sequence <= last).all() and (np.diff(sequence) > 0).all())


class Sealer:
    """Makes columns behind the writer; used by the writer's thread, a step at a time."""

    def __init__(self, backend: SealingBackend, cipher: Cipher, reader: JournalReader, sealed: SealedColumns) -> None:
        self._backend, self._cipher, self._reader, self._sealed = backend, cipher, reader, sealed
        self._done = 0
        """Up to here every turn is sealed or not worth it."""
        self._run: _Run | None = None
        self._is_without = False
        """The library for columns is not there."""

    def step(self, head: int, gone: int = 0) -> bool:
        """A bounded piece of work: a batch of turns, or a row written; False when there is nothing to do for now.

        Args:
            head: the last turn.
            gone: the last turn that was cut off from the front.
        """
        if self._is_without or (self._run is None and not self._begin(head, gone)):
            return False
        assert self._run is not None
        if not self._can_make_columns():
            return not self._is_without
        if self._run.gather():
            return True
        run, self._run = self._run, None
        if run.turns:
            self._write(run)
        if not run.is_ahead:
            self._done = run.last
        return True

    def _can_make_columns(self) -> bool:
        try:
            return COLUMNS.is_loaded(_LOADING_S)
        except ImportError:
            self._is_without = True
            return False

    def keep(self, row: SealedRow, changes: int) -> bool:
        """Write a row that a reader made; False where turns have changed since, and it may tell of what is gone.

        Raises:
            StoreUnavailable: it cannot be written.
        """
        if changes != self._sealed.changes:
            return False
        if (beside := self._backend.sealed_ranges(row.first - 1, 1)) and beside[0][0] <= row.last:
            return True
        if self._run is not None and self._run.overlaps(row.first, row.last):
            self._run = None
        self._backend.write(Writes(sealed=row))
        return True

    def again(self, first: int, last: int) -> None:
        """Turns from `first` to `last` changed, and their columns are gone."""
        self._sealed.changes += 1
        self._done = min(self._done, first - 1)
        if self._run is not None:
            self._run.is_ahead = True
            if self._run.overlaps(first, last):
                self._run = None

    def _begin(self, head: int, gone: int) -> bool:
        """Find the next run of turns that is long enough and not sealed.

        What a cut from the front leaves of a row is a short one that the next cut would take away again.
        """
        after = max(self._done, gone)
        while page := self._backend.sealed_ranges(after, _PAGE_RANGES):
            for first, last in page:
                if self._begin_run(after, first - 1, SEALED_TURNS if after == gone > 0 else FEWEST_TURNS):
                    return True
                after = last
            self._done = after
        return self._begin_run(after, head, SEALED_TURNS)

    def _begin_run(self, after: int, until: int, fewest: int) -> bool:
        if until - after < fewest:
            return False
        self._run = _Run(after, until, self._reader.batches(after, until))
        return True

    def _write(self, run: _Run) -> None:
        self._backend.write(Writes(sealed=self._sealed.sealed(run.batches, run.after + 1, run.last)))


class _Run:
    """The turns that become one row."""

    def __init__(self, after: int, until: int, source: Iterator[list[Turn]]) -> None:
        self.after, self._until, self._source = after, until, source
        self._read: list[Turn] = []
        self.batches: list[Any] = []
        self.turns, self.last = 0, after
        self.is_ahead = False
        """Turns before it are to be sealed yet."""
        self._bytes = 0

    def overlaps(self, first: int, last: int) -> bool:
        """Whether one of the turns from `first` to `last` may be in it."""
        return self.after < last and first <= self._until

    def gather(self) -> bool:
        """Take some more turns; False when there are enough, or no more."""
        from runtime.stores.journal.columns.batches import batch

        if self.turns >= SEALED_TURNS or self._bytes >= SEALED_BYTES:
            return False
        self._read = self._read or next(self._source, [])
        if not self._read:
            self.last = self._until
            return False
        count = _fitting(self._read)
        turns, self._read = self._read[:count], self._read[count:]
        self.batches.append(batch(turns))
        self.turns, self.last = self.turns + len(turns), turns[-1].sequence
        self._bytes += self.batches[-1].nbytes
        return True


def _fitting(turns: Sequence[Turn]) -> int:
    """How many of them are enough for one step; at least one."""
    size = 0
    for index, turn in enumerate(turns[:_STEP_TURNS]):
        size += len(turn.state.value.data) if turn.state is not None else 0
        if size >= _STEP_BYTES:
            return index + 1
    return min(len(turns), _STEP_TURNS)


def _turns(batches: Sequence[Any]) -> int:
    return sum(batch.num_rows for batch in batches)


def _is_enough(batches: Sequence[Any]) -> bool:
    """Whether they make a row."""
    return _turns(batches) >= SEALED_TURNS or sum(batch.nbytes for batch in batches) >= SEALED_BYTES


# --- The library of columns -------------------------------------------------------------------------------------------


class ColumnsLoader:
    """Loads what makes columns, once, on a thread of its own.  Any thread may ask.

    The library takes a tenth of a second, and its first array half a second more, since it looks for pandas then; a writer does not
    wait for that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._error: ImportError | None = None

    def is_loaded(self, wait_s: float) -> bool:
        """Whether columns can be made without waiting, after `wait_s` at most; the first call starts to load.

        Raises:
            ImportError: they cannot be made here, ever.
        """
        with self._lock:
            if self._thread is None:
                self._thread = start_daemon("wb-columns", self._load)
        self._thread.join(wait_s)
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()

    def _load(self) -> None:
        try:
            from runtime.stores.journal.columns.batches import batch
        except ImportError as error:
            self._error = error
        else:
            batch(())


COLUMNS = ColumnsLoader()
"""That of this process."""
