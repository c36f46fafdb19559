"""Columns straight from the bytes of blocks: no Python object for any turn.

The plaintext of a block is msgpack, turn after turn, and every turn has the same fields in the same order.  So all turns of some
blocks are read side by side: one array holds the place in the bytes where each turn is just now, and one step reads the next
field of all of them.  A text is not copied then: what is kept is where it begins and how long it is, and Arrow copies it once,
into its column.

What a turn has beyond the usual (metadata, tags, failures, what it sent) is decoded turn by turn, for those that have it.  Where
the bytes are not what this module knows (a difference in place of a large state, a field that does not decode, fields of a later
version), it says `UnusualTurns`, and the blocks are to be decoded the long way, which knows what to do with them.

Measured beside the long way, as a ratio to `json.loads` of as many states: docs/benchmarks.md.

This module imports pyarrow and numpy: import it only where columns are really wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from runtime.records import Failure, Sent, Turn, Workflow
from runtime.stores.journal.columns.batches import SCHEMA, Batch, maps
from runtime.stores.journal.deltas import LARGE_BYTES
from runtime.stores.journal.salvage import UNDECODABLE

ALL = frozenset(SCHEMA.names)


class UnusualTurns(Exception):
    """These bytes are to be decoded the long way."""


class Texts(NamedTuple):
    """Where a text or some bytes of each turn are."""

    start: Any
    length: Any

    @property
    def end(self) -> Any:
        return self.start + self.length


class Values(NamedTuple):
    """Where an encoded value of each turn is, with its type."""

    rows: Any
    """The turns that have one; None for all of them."""
    type: Texts
    data: Texts


def batch_of(blocks: Sequence[bytes], columns: Collection[str] = ALL) -> Batch:
    """The turns of these plaintexts as one record batch: those of `columns` and `sequence`, in the order of the schema.

    Raises:
        UnusualTurns: something in it is not plain; nothing else is said of it.
    """
    try:
        return _Walk(blocks, frozenset(columns) | {"sequence"}).batch()
    except (IndexError, OverflowError, pa.ArrowInvalid, *UNDECODABLE) as error:
        raise UnusualTurns(str(error)) from error


# --- The bytes --------------------------------------------------------------------------------------------------------
# msgpack says in its first byte what a value is and how long; for texts and bytes, up to four bytes of length follow.  So one
# look at eight bytes tells all, and tables by first byte turn that into arithmetic without branches.

_PADDING = 16
_NIL, _ARRAY_16 = 0xC0, 0xDC
_LONGEST_INLINE = 12
"""A view of Arrow's has texts up to this length in itself."""


def _table(entries: Mapping[int, int], kind: Any, default: int = 0) -> Any:
    table = np.full(256, default, kind)
    for first, value in entries.items():
        table[first] = value
    return table


_FIX_TEXT = range(0xA0, 0xC0)
_TEXT_LENGTH = {0xD9: 1, 0xDA: 2, 0xDB: 4}
_BIN_LENGTH = {0xC4: 1, 0xC5: 2, 0xC6: 4}
_LENGTHS = _TEXT_LENGTH | _BIN_LENGTH
_IS_TEXT = _table(dict.fromkeys([*_FIX_TEXT, *_TEXT_LENGTH], 1), np.bool_)
_IS_BIN = _table(dict.fromkeys(_BIN_LENGTH, 1), np.bool_)
_HEAD = _table({first: 1 + size for first, size in _LENGTHS.items()}, np.int64, 1)
"""How many bytes stand before the text itself."""
_SHIFT = _table({first: 56 - 8 * size for first, size in _LENGTHS.items()}, np.uint64, 56)
_MASK = _table(dict.fromkeys(_FIX_TEXT, 31) | {f: 256**size - 1 for f, size in _LENGTHS.items()}, np.uint64)

_INTEGERS = {0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8}
_IS_INTEGER = _table(dict.fromkeys([*range(0x80), *_INTEGERS], 1), np.bool_)
_INTEGER_SIZE = _table(_INTEGERS, np.int64)
_INTEGER_SHIFT = _table({first: 64 - 8 * size for first, size in _INTEGERS.items()}, np.uint64, 56)
_FROM_TAG = np.uint64(56)

_INLINE = np.array(
    [[(1 << 8 * min(max(length - 4 * part, 0), 4)) - 1 for part in range(3)] for length in range(13)]
    + [[2**32 - 1, 0, 0]],
    np.uint32,
)
"""What a view keeps of the first twelve bytes, by length; of longer texts the first four."""

_raw_turns = msgspec.msgpack.Decoder(list[msgspec.Raw])
_texts_decoder = msgspec.msgpack.Decoder(dict[str, str])
_failure_decoder = msgspec.msgpack.Decoder(Failure)
_sent_decoder = msgspec.msgpack.Decoder(tuple[Sent, ...])
_workflow_decoder = msgspec.msgpack.Decoder(Workflow)


class _Walk:
    """Goes through all turns of some blocks at once, a field at a time."""

    def __init__(self, blocks: Sequence[bytes], columns: frozenset[str]) -> None:
        self._columns = columns
        self._bytes = b"".join((*blocks, bytes(_PADDING)))
        size = len(self._bytes)
        self._first = np.frombuffer(self._bytes, np.uint8)
        self._words = np.ndarray((size - 7,), ">u8", self._bytes, 0, (1,))
        self._halves = np.ndarray((size - 11, 3), "<u4", self._bytes, 0, (1, 4))
        self._at = _places(blocks)
        self._rows = len(self._at)
        self._found: dict[str, Any] = {}

    def batch(self) -> Batch:
        """All columns that were asked for."""
        if self._rows:
            self._read()
        else:
            self._found = {name: pa.array([], SCHEMA.field(name).type) for name in self._columns}
        fields = [field for field in SCHEMA if field.name in self._columns]
        return pa.RecordBatch.from_arrays([self._found[field.name] for field in fields], schema=pa.schema(fields))

    def _read(self) -> None:
        self._expect(_ARRAY_16)
        if (self._number(self._at + 1, 2) != len(Turn.__struct_fields__)).any():
            raise UnusualTurns("other fields")
        self._at = self._at + 3
        self._keep_integers("sequence")
        self._keep_texts("id")
        self._actor()
        for name, repeats in (("parent", True), ("action", True), ("correlation", False), ("cause", False)):
            self._keep_texts(name, repeats=repeats)
        self._caller()
        self._keep_texts("key")
        self._keep_values("payload")
        self._keep_maps("metadata")
        for name in ("enqueued_at", "started_at", "finished_at", "", ""):
            self._keep_integers(name)
        self._each(self._lists(), _sent_decoder.decode)
        self._tags()
        self._failures()
        self._keep_values("response")
        self._keep_integers("revision_before")
        self._keep_integers("revision")
        self._states()
        self._keep_texts("definition", repeats=True)
        self._each(self._optional(), _workflow_decoder.decode)
        self._expect(_NIL)

    # --- Fields ------------------------------------------------------------------------------------------------------

    def _actor(self) -> None:
        self._expect(0x92)
        self._at = self._at + 1
        self._keep_texts("system", repeats=True)
        self._keep_texts("actor", repeats=True)

    def _caller(self) -> None:
        rows, at = self._present(2)
        if rows is not None and not len(rows):
            self._at = self._at + 1
            for name in ("caller", "caller_system"):
                self._keep_nulls(name)
            return
        system = self._text(at, _IS_TEXT)
        actor = self._text(system.end, _IS_TEXT)
        self._go_on(rows, actor.end)
        self._keep("caller_system", lambda: self._spread(self._repeated(system), rows))
        self._keep("caller", lambda: self._spread(self._repeated(actor), rows))

    def _states(self) -> None:
        rows, at = self._present(2)
        if rows is not None and not len(rows):
            self._at = self._at + 1
            self._keep_values_at("state", Values(rows, _NOTHING, _NOTHING))
            return
        if (self._first[at] != 0x92).any():
            raise UnusualTurns("another state")
        kind = self._text(at + 1, _IS_TEXT)
        data = self._text(kind.end, _IS_BIN)
        dropped = self._text(data.end, _IS_BIN)
        if data.length.max() > LARGE_BYTES:
            raise UnusualTurns("a large state")
        self._go_on(rows, dropped.end)
        self._keep_values_at("state", Values(rows, kind, data))

    def _tags(self) -> None:
        before = self._maps_at(self._skipped())
        start, end = self._skipped()
        is_same = self._first[start] == _NIL
        after = self._maps_at((start, np.where(is_same, start, end)))
        shown = {row: texts for row, texts in before.items() if is_same[row]} | after
        self._keep("tags", lambda: self._maps(shown))

    def _failures(self) -> None:
        found = self._each(self._optional(), _failure_decoder.decode)
        kept: dict[str, Callable[[Failure], str]] = {
            "error_code": lambda failure: failure.code,
            "error_type": lambda failure: failure.type_name,
            "error": lambda failure: failure.text or failure.message,
            "trace": lambda failure: failure.trace,
        }
        for name, text in kept.items():
            if name in self._columns:
                self._found[name] = self._few(name, found, text)

    def _few(self, name: str, found: Mapping[int, Failure], text: Callable[[Failure], str]) -> Any:
        kind = SCHEMA.field(name).type
        if not found:
            return pa.nulls(self._rows, kind)
        values = pa.array([text(found[row]) if row in found else None for row in range(self._rows)], pa.string())
        return values.dictionary_encode() if pa.types.is_dictionary(kind) else values

    # --- Kinds of fields ---------------------------------------------------------------------------------------------

    def _keep(self, name: str, column: Callable[[], Any]) -> None:
        if name in self._columns:
            self._found[name] = column()

    def _keep_nulls(self, name: str) -> None:
        if name in self._columns:
            self._found[name] = pa.nulls(self._rows, SCHEMA.field(name).type)

    def _keep_integers(self, name: str) -> None:
        first = self._first[self._at]
        if not _IS_INTEGER[first].all():
            raise UnusualTurns("no whole number")
        size = _INTEGER_SIZE[first]
        if name in self._columns:
            value = self._word(self._at + (size > 0)) >> _INTEGER_SHIFT[first]
            if int(value.max()) >= 2**63:
                raise UnusualTurns("a number above 63 bits")
            self._found[name] = pa.array(value.astype(np.int64)).cast(SCHEMA.field(name).type)
        self._at = self._at + 1 + size

    def _keep_texts(self, name: str, *, repeats: bool = False) -> None:
        found = self._text(self._at, _IS_TEXT)
        self._at = found.end
        self._keep(name, lambda: self._repeated(found) if repeats else self._copied(found, pa.string()))

    def _keep_values(self, name: str) -> None:
        rows, at = self._present(2)
        if rows is not None and not len(rows):
            self._at = self._at + 1
            self._keep_values_at(name, Values(rows, _NOTHING, _NOTHING))
            return
        kind = self._text(at, _IS_TEXT)
        data = self._text(kind.end, _IS_BIN)
        self._go_on(rows, data.end)
        self._keep_values_at(name, Values(rows, kind, data))

    def _keep_values_at(self, name: str, values: Values) -> None:
        if values.rows is not None and not len(values.rows):
            for column in (name, f"{name}_type"):
                self._keep_nulls(column)
            return
        self._keep(f"{name}_type", lambda: self._spread(self._repeated(values.type), values.rows))
        self._keep(name, lambda: self._spread(self._copied(values.data, pa.binary()), values.rows))

    def _keep_maps(self, name: str) -> None:
        found = self._maps_at(self._skipped())
        self._keep(name, lambda: self._maps(found))

    def _maps(self, found: Mapping[int, Mapping[str, str]]) -> Any:
        if not found:
            offsets = pa.array(np.zeros(self._rows + 1, np.int32))
            return pa.MapArray.from_arrays(offsets, pa.array([], pa.string()), pa.array([], pa.string()))
        return maps([found.get(row, _NO_TEXTS) for row in range(self._rows)])

    # --- Steps -------------------------------------------------------------------------------------------------------

    def _expect(self, first: int) -> None:
        if (self._first[self._at] != first).any():
            raise UnusualTurns("another shape")

    def _present(self, fields: int) -> tuple[Any, Any]:
        """The turns that have an array of that many fields here and not nil (None for all), and where its first field is."""
        first = self._first[self._at]
        is_there = first == 0x90 | fields
        if is_there.all():
            return None, self._at + 1
        if not (is_there | (first == _NIL)).all():
            raise UnusualTurns("another shape")
        rows = np.flatnonzero(is_there)
        return rows, self._at[rows] + 1

    def _go_on(self, rows: Any, end: Any) -> None:
        """To what follows a value that these turns have and the others have not."""
        if rows is None:
            self._at = end
        else:
            self._at = self._at + 1
            self._at[rows] = end

    def _word(self, at: Any) -> Any:
        """The eight bytes there, as a number."""
        return self._words[at].astype(np.uint64)

    def _number(self, at: Any, size: int) -> Any:
        return self._word(at) >> np.uint64(64 - 8 * size)

    def _text(self, at: Any, expected: Any) -> Texts:
        words = self._word(at)
        first = words >> _FROM_TAG
        only = int(first[0])
        if (first == only).all():
            head, shift, mask, is_it = _HEAD[only], _SHIFT[only], _MASK[only], expected[only]
        else:
            first = first.astype(np.intp)
            head, shift, mask, is_it = _HEAD[first], _SHIFT[first], _MASK[first], expected[first].all()
        if not is_it:
            raise UnusualTurns("another kind of value")
        return Texts(at + head, ((words >> shift) & mask).astype(np.int64))

    def _optional(self) -> tuple[Any, Any]:
        """Where values begin and end, both the same where there is nil."""
        start, end = self._skipped()
        return np.where(self._first[start] == _NIL, end, start), end

    def _lists(self) -> tuple[Any, Any]:
        """Where arrays begin and end, both the same where they are empty."""
        start, end = self._skipped()
        return np.where(self._first[start] == 0x90, end, start), end

    def _skipped(self) -> tuple[Any, Any]:
        """Where a value of any kind begins and ends; the turns stand behind it then."""
        start = self._at
        end = start + 1
        first = self._first[start]
        deep = np.flatnonzero(~_IS_ALONE[first])
        if len(deep):
            end[deep] = self._ends(start[deep])
        self._at = end
        return start, end

    def _ends(self, at: Any) -> Any:
        """Where values end that begin there, whatever is in them."""
        at, left, rows = at.copy(), np.ones(len(at), np.int64), np.arange(len(at))
        while len(rows):
            words = self._word(at[rows])
            first = (words >> _FROM_TAG).astype(np.intp)
            length = ((words >> _ANY_SHIFT[first]) & _ANY_MASK[first]).astype(np.int64)
            at[rows] += _ANY_HEAD[first] + length * _ANY_BYTES[first]
            left[rows] += length * _ANY_INNER[first] - 1
            rows = rows[left[rows] > 0]
        return at

    def _maps_at(self, places: tuple[Any, Any]) -> dict[int, dict[str, str]]:
        """The maps of texts there that are not empty, by row."""
        start, end = places
        return self._each((start, np.where(end - start > 1, end, start)), _texts_decoder.decode)

    def _each(self, places: tuple[Any, Any], decode: Callable[[bytes], Any]) -> dict[int, Any]:
        """What those turns have that have something there, by row."""
        start, end = places
        rows = np.flatnonzero(end > start).tolist()
        return {row: decode(self._bytes[int(start[row]) : int(end[row])]) for row in rows}

    # --- Columns -----------------------------------------------------------------------------------------------------

    def _views(self, texts: Texts) -> Any:
        """Arrow's views of these texts: length, first bytes, and where the rest is."""
        views = np.empty((len(texts.start), 4), np.uint32)
        views[:, 0] = texts.length
        views[:, 1:] = self._halves[texts.start]
        views[:, 1:] &= _INLINE[np.minimum(texts.length, _LONGEST_INLINE + 1)]
        is_long = texts.length > _LONGEST_INLINE
        views[:, 3][is_long] = texts.start[is_long]
        buffers = [None, pa.py_buffer(views), pa.py_buffer(self._bytes)]
        return pa.Array.from_buffers(pa.binary_view(), len(views), buffers)

    def _copied(self, texts: Texts, kind: Any) -> Any:
        return self._views(texts).cast(kind)

    def _repeated(self, texts: Texts) -> Any:
        if self._is_one(texts):
            start, length = int(texts.start[0]), int(texts.length[0])
            only = pa.array([self._bytes[start : start + length].decode()], pa.string())
            return pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(texts.start), np.int32)), only)
        found = self._views(texts).dictionary_encode()
        return pa.DictionaryArray.from_arrays(found.indices, found.dictionary.cast(pa.string()))

    def _is_one(self, texts: Texts) -> bool:
        """Whether all are the same text."""
        length = int(texts.length[0])
        if length > _LONGEST_COMPARED or (texts.length != length).any():
            return False
        for part in range(0, length, 8):
            words = self._word(texts.start + part) >> np.uint64(max(0, 64 - 8 * (length - part)))
            if (words != words[0]).any():
                return False
        return True

    def _spread(self, column: Any, rows: Any) -> Any:
        """A column of these turns as one of all turns, NULL for the others."""
        if rows is None:
            return column
        index, is_absent = np.zeros(self._rows, np.int32), np.ones(self._rows, np.bool_)
        index[rows], is_absent[rows] = np.arange(len(rows), dtype=np.int32), False
        return column.take(pa.array(index, mask=is_absent))


_LONGEST_COMPARED = 64
_NO_TEXTS: dict[str, str] = {}
_NOTHING = Texts(np.zeros(0, np.int64), np.zeros(0, np.int64))

_CONTAINERS = {0xDC: (2, 1), 0xDD: (4, 1), 0xDE: (2, 2), 0xDF: (4, 2)}
_FIX_ARRAY, _FIX_MAP = range(0x90, 0xA0), range(0x80, 0x90)
_OTHERS = {0xCA: 4, 0xCB: 8, 0xCC: 1, 0xCD: 2, 0xCE: 4, 0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
_ANY_HEAD = _table(
    {f: 1 + s for f, s in (_LENGTHS | _OTHERS).items()} | {f: 1 + size for f, (size, _) in _CONTAINERS.items()},
    np.int64,
    1,
)
_ANY_SHIFT = _table(
    {f: 56 - 8 * s for f, s in (_LENGTHS | {f: size for f, (size, _) in _CONTAINERS.items()}).items()}, np.uint64, 56
)
_ANY_MASK = _table(
    dict.fromkeys(_FIX_TEXT, 31)
    | dict.fromkeys([*_FIX_ARRAY, *_FIX_MAP], 15)
    | {f: 256**s - 1 for f, s in (_LENGTHS | {f: size for f, (size, _) in _CONTAINERS.items()}).items()},
    np.uint64,
)
_ANY_BYTES = _table(dict.fromkeys([*_FIX_TEXT, *_LENGTHS], 1), np.int64)
_ANY_INNER = _table(
    dict.fromkeys(_FIX_ARRAY, 1) | dict.fromkeys(_FIX_MAP, 2) | {f: inner for f, (_, inner) in _CONTAINERS.items()},
    np.int64,
)
_IS_ALONE = _table(dict.fromkeys([_NIL, 0x80, 0x90, 0xA0], 1), np.bool_)
"""Values of one byte that stand in most turns."""


def _places(blocks: Sequence[bytes]) -> Any:
    """Where each turn begins in the bytes of all blocks together."""
    found, before = [np.zeros(0, np.int64)], 0
    for block in blocks:
        turns = _raw_turns.decode(block)
        sizes = np.fromiter(map(len, turns), np.int64, len(turns))
        ends = np.cumsum(sizes)
        head = len(block) - int(ends[-1]) if len(ends) else 0
        found.append(before + head + ends - sizes)
        before += len(block)
    return np.concatenate(found)
