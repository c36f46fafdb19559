"""The turns of one system as Arrow columns, of which each is read when a query first needs it.

DuckDB asks a data set for the columns and with the conditions of one statement.  So nothing is read that no statement asks for: a
sum over one field decodes states and no payload, and a condition on actor or time is tried on those columns first; what else is
needed is read for the portions that have a row of it.  What was read stays in memory, so that the next statement finds it.

A statement reads a `TurnsDataset`, which has the turns that there were when it began: others may read further meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from runtime.api import SystemApi
from runtime.errors import StoreUnavailable
from runtime.stores.journal.columns import batches as stored
from workbench.sql.json_text import JSON_COLUMNS, ToJson, json_text

SCHEMA = pa.schema(
    [pa.field(each.name, pa.string() if each.name in JSON_COLUMNS else each.type) for each in stored.SCHEMA]
)
"""The columns of turns as SQL gets them: values as JSON text, absent texts NULL."""

NEVER_ABSENT = ("system", "actor", "action", "id")
_ALWAYS = frozenset({"sequence", "system", "parent", "state_type"})
"""What is read of every turn: from it the actors are known."""
_OFTEN_WITH_STATES = frozenset({"revision", "revision_before", "state", "actor"})
_BY_TIME = re.compile(r'\bnow\b|interval|current_|timestamp|"at"|\bat\b|_at\b')
_LARGE_ROWS = 8_192
"""Portions of this size are not put together any more."""


def likely_columns(sql: str) -> frozenset[str]:
    """What a statement probably needs: blocks are then read once for all of it.  A guess, from its words.

    None beyond those of the conditions where it looks at a time: most turns are then not needed.
    """
    lowered = sql.lower()
    named = {name for name in SCHEMA.names if re.search(rf"\b{name}\b", lowered)}
    if _BY_TIME.search(lowered):
        return frozenset({"finished_at"})
    if "history" in lowered or "revisions" in lowered or "states" in lowered:
        named |= _OFTEN_WITH_STATES
    return frozenset(named)


class Owner(NamedTuple):
    """Whose turns are shown in one view."""

    system: str
    parent: str
    has_state: bool
    """Whether one of its turns has a state."""


class Portion:
    """Some thousand turns, one after the other.  Columns are added, and none is ever changed."""

    __slots__ = ("after", "columns", "last", "rows")

    def __init__(self, after: int, last: int, columns: dict[str, Any]) -> None:
        self.after, self.last, self.columns = after, last, columns
        self.rows = len(columns["sequence"])

    def above(self, sequence: int) -> Portion:
        """Without the turns up to that sequence."""
        skipped = int(pc.sum(pc.less_equal(self.columns["sequence"], sequence)).as_py() or 0)
        return Portion(sequence, self.last, {name: each.slice(skipped) for name, each in self.columns.items()})

    def joined(self, other: Portion) -> Portion:
        """This and the next one, with the columns that both have."""
        names = self.columns.keys() & other.columns.keys()
        columns = {name: pa.concat_arrays([self.columns[name], other.columns[name]]) for name in names}
        return Portion(self.after, other.last, columns)


class TurnColumns:
    """All turns of one system that were read so far.  One thread at a time reads further."""

    def __init__(self, system: SystemApi, to_json: ToJson) -> None:
        self._system, self._to_json = system, to_json
        self._portions: list[Portion] = []

    def read_further(self, columns: Collection[str] = ()) -> None:
        """Have every turn that there is now, the new ones with these columns.  An interrupt loses nothing."""
        last = self.last
        wanted = _ALWAYS | frozenset(columns)
        for batch in self._system.history_batches(after=last, columns=_stored(wanted)):
            if batch.num_rows:
                found = self._made(batch, wanted)
                self._add(Portion(last, batch["sequence"][-1].as_py(), found))
                last = self.last

    @property
    def last(self) -> int:
        """The last turn that was read; 0 for none."""
        return self._portions[-1].last if self._portions else 0

    def owners(self, after: int) -> list[Owner]:
        """Whose turns there are above that sequence, in order of their first."""
        found = dict[tuple[str, str], bool]()
        for portion in self._portions:
            if portion.last > after:
                for system, parent, has_state in _owners_in(portion.above(after) if portion.after < after else portion):
                    found[system, parent] = found.get((system, parent), False) or has_state
        return [Owner(system, parent, has_state) for (system, parent), has_state in found.items()]

    def forget(self, gone: int) -> None:
        """Have no turn up to that sequence."""
        left = [each for each in self._portions if each.last > gone]
        self._portions = [each.above(gone) if each.after < gone else each for each in left]

    def clear(self) -> None:
        """Have no turn."""
        self._portions = []

    def dataset(self) -> TurnsDataset:
        """The turns as they are now, for one statement."""
        return TurnsDataset(self, tuple(self._portions))

    def with_columns(self, portions: Sequence[Portion], needed: frozenset[str]) -> Iterator[Portion]:
        """The same portions, each once it has these columns; what is missing is read in one go where they follow each other."""
        source: _Source | None = None
        try:
            for index, portion in enumerate(portions):
                missing = needed - portion.columns.keys()
                if missing:
                    if source is None or not source.continues(portion, missing):
                        if source is not None:
                            source.close()
                        source = self._source(portions[index:], missing)
                    portion.columns.update(self._made(source.take(portion), missing))
                yield portion
        finally:
            if source is not None:
                source.close()

    def _source(self, portions: Sequence[Portion], missing: frozenset[str]) -> _Source:
        first = last = portions[0]
        for portion in portions[1:]:
            if portion.after != last.last or needs(portion, missing) != missing:
                break
            last = portion
        columns = _stored(missing)
        batches = self._system.history_batches(after=first.after, until=last.last, columns=columns)
        return _Source(self._system.name, first.after, missing, batches)

    def _add(self, portion: Portion) -> None:
        """Small ones are put together, as many as there are, so that a portion is never much smaller than the one before."""
        while self._portions and self._portions[-1].rows < min(_LARGE_ROWS, 2 * portion.rows):
            portion = self._portions[-1].joined(portion)
            del self._portions[-1]
        self._portions.append(portion)

    def _made(self, batch: Any, names: Collection[str]) -> dict[str, Any]:
        """Columns of turns as SQL gets them: those that were asked for, and what else came with them."""
        found = dict(zip(batch.schema.names, batch.columns, strict=True))
        for name in JSON_COLUMNS:
            if name in found and f"{name}_type" in found:
                found[name] = json_text(found[f"{name}_type"], found[name], self._to_json)
            elif name not in names:
                found.pop(name, None)
        for name, column in found.items():
            if name not in NEVER_ABSENT and not name.endswith("_type"):
                found[name] = _without_empty(column)
        if "parent" in found and found["parent"].null_count:
            found["parent"] = _or_own_name(found["parent"], found["actor"])
        return {name: column for name, column in found.items() if name in SCHEMA.names}


def _owners_in(portion: Portion) -> list[Owner]:
    system, parent = portion.columns["system"], portion.columns["parent"]
    numbers = system.indices.to_numpy().astype(np.int64) * (len(parent.dictionary) + 1) + parent.indices.to_numpy()
    has_state = portion.columns["state_type"].is_valid().to_numpy(zero_copy_only=False)
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    with_state = np.bincount(inverse, weights=has_state) > 0
    order = np.argsort(first)
    return [Owner(system[int(first[k])].as_py(), parent[int(first[k])].as_py(), bool(with_state[k])) for k in order]


def needs(portion: Portion, columns: frozenset[str]) -> frozenset[str]:
    """Which of these columns it has not."""
    return columns - portion.columns.keys()


def _stored(columns: Collection[str]) -> list[str]:
    """The columns of a store that these are made of."""
    types = {f"{name}_type" for name in JSON_COLUMNS if name in columns}
    actor = {"actor"} if "parent" in columns else set[str]()
    return sorted({*columns, *types, *actor})


class _Source:
    """Columns that come from a system in batches of its own size, given out by portions."""

    def __init__(self, system: str, after: int, columns: frozenset[str], batches: Iterator[Any]) -> None:
        self._system, self._after, self._columns, self._batches = system, after, columns, batches
        self._read: list[Any] = []

    def continues(self, portion: Portion, columns: frozenset[str]) -> bool:
        """Whether what comes next are these columns of that portion."""
        return self._after == portion.after and self._columns == columns

    def take(self, portion: Portion) -> Any:
        """The next turns, as one batch.

        Raises:
            StoreUnavailable: they are not those that were there before.
        """
        rows = sum(batch.num_rows for batch in self._read)
        while rows < portion.rows and (batch := next(self._batches, None)) is not None:
            self._read.append(batch)
            rows += batch.num_rows
        table = pa.Table.from_batches(self._read) if self._read else None
        if table is None or not table["sequence"][: portion.rows].combine_chunks().equals(portion.columns["sequence"]):
            raise StoreUnavailable(
                f"Cannot go on reading {self._system}: old turns were removed meanwhile, as its retention says.\n"
                "Run the query again."
            )
        self._read = table[portion.rows :].to_batches()
        self._after = portion.last
        found: list[Any] = table[: portion.rows].combine_chunks().to_batches()
        return found[0]

    def close(self) -> None:
        """Let the system know that nothing more is read."""
        if (close := getattr(self._batches, "close", None)) is not None:
            close()


class TurnsDataset(ds.Dataset):  # type: ignore[misc]
    """What DuckDB scans: the turns that there were at one moment.  Any thread."""

    def __init__(self, source: TurnColumns, portions: tuple[Portion, ...]) -> None:
        self._source, self._portions = source, portions
        self.error: BaseException | None = None
        """What ended a scan; DuckDB passes on its text only."""

    @property
    def schema(self) -> Any:
        return SCHEMA

    def scanner(self, columns: Sequence[str] | None = None, filter: Any = None, **_: Any) -> Any:  # noqa: A002 - Arrow's
        """These columns of the turns that pass the filter."""
        names = list(SCHEMA.names if columns is None else columns)
        schema = pa.schema([SCHEMA.field(name) for name in names])
        return ds.Scanner.from_batches(self._guarded(names, schema, filter), schema=schema)

    def _guarded(self, names: Sequence[str], schema: Any, condition: Any) -> Iterator[Any]:
        try:
            yield from self._batches(names, schema, condition)
        except BaseException as error:
            self.error = error
            raise

    def _batches(self, names: Sequence[str], schema: Any, condition: Any) -> Iterator[Any]:
        needed = frozenset(names)
        if condition is None:
            for portion in self._source.with_columns(self._portions, needed):
                yield _batch(portion, names, schema)
            return
        hits = self._hits(condition)
        for portion in self._source.with_columns([self._portions[number] for number in hits], needed):
            yield _batch(portion, names, schema, hits[self._numbers[portion.after]])

    @property
    def _numbers(self) -> dict[int, int]:
        return {portion.after: number for number, portion in enumerate(self._portions)}

    def _hits(self, condition: Any) -> dict[int, Any]:
        """By portion, the rows that pass; None where all do."""
        text = str(condition)
        tested = [name for name in SCHEMA.names if re.search(rf"\b{name}\b", text)]
        schema = pa.schema([*(SCHEMA.field(name) for name in tested), _PORTION, _ROW])
        scanned = ds.Scanner.from_batches(
            self._tested(tested, schema), schema=schema, columns=[_PORTION.name, _ROW.name], filter=condition
        ).to_table()
        numbers, rows = (scanned[name].to_numpy() for name in (_PORTION.name, _ROW.name))
        found, starts = np.unique(numbers, return_index=True)
        parts = np.split(rows, starts[1:]) if len(found) else []
        return {
            int(number): None if len(part) == self._portions[number].rows else part
            for number, part in zip(found, parts, strict=True)
        }

    def _tested(self, names: Sequence[str], schema: Any) -> Iterator[Any]:
        for number, portion in enumerate(self._source.with_columns(self._portions, frozenset(names))):
            columns = [portion.columns[name] for name in names]
            where = pa.array(np.full(portion.rows, number, np.int32)), pa.array(np.arange(portion.rows, dtype=np.int32))
            yield pa.RecordBatch.from_arrays([*columns, *where], schema=schema)


_PORTION, _ROW = pa.field("number of the portion", pa.int32()), pa.field("row in the portion", pa.int32())


def _batch(portion: Portion, names: Sequence[str], schema: Any, rows: Any = None) -> Any:
    batch = pa.RecordBatch.from_arrays([portion.columns[name] for name in names], schema=schema)
    return batch if rows is None else batch.take(pa.array(rows))


def _without_empty(column: Any) -> Any:
    """The same texts, NULL where they are empty."""
    if pa.types.is_dictionary(column.type):
        place = pc.index(column.dictionary, "").as_py()
        if place < 0:
            return column
        indices = pc.if_else(pc.equal(column.indices, place), None, column.indices)
        return pa.DictionaryArray.from_arrays(indices, column.dictionary)
    if column.type != pa.string():
        return column
    is_empty = pc.equal(column, "")
    if not pc.any(is_empty).as_py():
        return column
    return pa.nulls(len(column), column.type) if pc.all(is_empty).as_py() else pc.if_else(is_empty, None, column)


def _or_own_name(parent: Any, actor: Any) -> Any:
    """An actor without a template stands for itself."""
    texts = pc.coalesce(parent.cast(pa.string()), actor.cast(pa.string()))
    return texts.dictionary_encode()
