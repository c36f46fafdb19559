"""`ArchiveSystem`: what an archive or a Parquet file has of an actor system, as a system of which nothing moves any more.

Everything that reads a system reads it: histories, SQL, states at any revision, forks and replays.  What would act is refused.
Its turns are read a part at a time, of which the last two stay decoded; an index of actors, revisions and sequences is in
memory.  Safe from every thread.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Unpack

from runtime.api import ActorInfo, CallOptions, Capability, DeployReport, Subscription, SystemStatus, Waiting
from runtime.authoring.definition import ActorDefinition, define
from runtime.config import DEFAULT_SYSTEM
from runtime.errors import BadSetting, NotCapable, StoreDamaged, UnknownActor, UnknownRevision
from runtime.ids import ActorId
from runtime.records import (
    DeadLetter,
    Encoded,
    Lifecycle,
    RetentionMark,
    State,
    StoredDefinition,
    Turn,
)
from runtime.stores.archive.container import ArchiveReader, Contents
from runtime.wire.codecs.values import decode_answer

if TYPE_CHECKING:
    from runtime.stores.archive.tables import StoredState

_PARTS_IN_MEMORY = 2
_BATCH = 4_096
_INDEXED = (
    "sequence", "system", "actor", "parent", "revision_before", "revision", "finished_at", "definition", "state_type",
    "error_code",
)  # fmt: skip


class Source(Protocol):
    """Where an `ArchiveSystem` has it from."""

    path: Path
    contents: Contents

    @property
    def parts(self) -> int: ...

    def turns(self, part: int, names: tuple[str, ...] | None = None) -> Any:
        """A part as a table of `rows.SCHEMA`, all columns or some."""
        ...

    def states(self) -> list[StoredState]: ...

    def definitions(self) -> list[StoredDefinition]: ...

    def lifecycle(self) -> list[Lifecycle]: ...

    def close(self) -> None: ...


def open_archive(path: Path, passphrase: str | None = None) -> ArchiveSystem:
    """The system in an archive, or in a Parquet file with the columns of a history.

    Raises:
        StoreUnavailable, BadSetting, StoreTooNew, StoreDamaged, WrongKey: see `ArchiveReader` and `read_history_file`.
    """
    if path.suffix == ".parquet":
        if passphrase is not None:
            raise BadSetting(f"{path} is Parquet, which has no passphrase.")
        return ArchiveSystem(_ParquetSource(path))
    return ArchiveSystem(_ArchiveSource(ArchiveReader(path, passphrase)))


class ArchiveSystem:
    """A `SystemApi` of which only reading is left."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.name = source.contents.system
        self.capabilities = frozenset({Capability.LIST, Capability.STATE, Capability.HISTORY})
        self.contents = source.contents
        self._lock = threading.RLock()
        self._read = lru_cache(_PARTS_IN_MEMORY)(source.turns)
        self._index: _Index | None = None
        self._code: dict[str, ActorDefinition] = {}
        self._remembered: dict[str, ActorDefinition] = {}

    # -- turns ---------------------------------------------------------------------------------------------------------

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        """See `SystemApi.turns`."""
        from runtime.stores.archive.rows import to_turns

        index = self._indexed()
        for part, positions in index.found(after, actor, self.name):
            with self._lock:
                table = self._read(part)
            for start in range(0, len(positions), _BATCH):
                yield to_turns(table.take(positions[start : start + _BATCH]))

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        """See `SystemApi.history_batches`; always with all columns."""
        from runtime.stores.archive.rows import to_columns
        from runtime.stores.journal.columns.batches import between

        last = self.contents.last if until is None else min(until, self.contents.last)
        for part in range(self._source.parts):
            for batch in self._source.turns(part).to_batches():
                if batch.num_rows and batch["sequence"][-1].as_py() > after and batch["sequence"][0].as_py() <= last:
                    yield between(to_columns(batch), after, last)

    def retention_mark(self) -> RetentionMark:
        """Turns of others and of other times are not here: what is missing is not known to be all before the first."""
        return RetentionMark(gone=max(0, self.contents.first - 1), changes=1)

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        """See `SystemApi.lifecycle`."""
        return iter(self._source.lifecycle()[after:])

    def definitions(self) -> list[StoredDefinition]:
        """See `SystemApi.definitions`; text, which is never executed."""
        return self._source.definitions()

    def dead_letters(self) -> list[DeadLetter]:
        """None: an archive has turns, and what was never delivered had none."""
        return []

    # -- actors and states ---------------------------------------------------------------------------------------------

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        """See `SystemApi.actors`: all are passive, as they were at the end of the archive."""
        known = self._indexed().actors
        return [known[name] for name in sorted(known) if name.startswith(prefix) and passive][:limit]

    def info(self, actor: str) -> ActorInfo:
        """See `SystemApi.info`."""
        known = self._indexed().actors
        if actor not in known:
            raise UnknownActor(actor, list(known)[:10_000])
        return known[actor]

    def actions(self, actor: str) -> dict[str, str]:
        """The actions of the code that the actor had last."""
        last = self.info(actor)
        found = [each for each in self.definitions() if each.hash == last.definition]
        return found[-1].actions if found else {}

    def state(self, actor: str, revision: int | None = None) -> Any:
        """See `SystemApi.state`."""
        value = self.encoded_state(actor, revision)
        return None if value is None else decode_answer(value)

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        """See `SystemApi.encoded_state`."""
        now = self.info(actor).revision
        index = self._indexed()
        if revision is None:
            end = index.ends.get(actor)
            if end is not None:
                return None if end.state is None else end.state.value
            revision = now
        if revision < 0:
            raise BadSetting(f"revision={revision} is not a whole number from 0 on.")
        oldest = index.oldest(actor, self.name)
        if revision > now or oldest is None or revision < oldest:
            raise UnknownRevision(actor, revision, now=now, oldest=oldest)
        found = self._state_at(actor, revision)
        return None if found is None else found.value

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        self._refuse(f"look into the mailbox of {actor}")

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        self._refuse("watch")

    def status(self) -> SystemStatus:
        """See `SystemApi.status`."""
        contents = self.contents
        return SystemStatus(
            system=self.name,
            store=f"archive {self._source.path}",
            running=True,
            turns=contents.turns,
            sequence=contents.last,
            committed=contents.last,
        )

    def flush(self, timeout: float = 10.0) -> int:
        """The last turn; there is nothing to be written."""
        return self.contents.last

    def close(self) -> None:
        """Release the file; safe to call twice."""
        self._source.close()

    # -- code that was given -------------------------------------------------------------------------------------------

    def deploy(self, actor: type | ActorDefinition) -> DeployReport:
        """Take code for forks and replays.  No actor runs here, and nothing of the archive changes.

        Raises:
            DefinitionError: the class cannot be an actor.
        """
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        before = self._code.get(definition.name)
        self._code[definition.name] = self._remembered[definition.hash] = definition
        return DeployReport(
            actor=definition.name,
            definition=definition.hash,
            previous="" if before is None else before.hash,
            changed=before is None or before.hash != definition.hash,
            notes=("In an archive no actor runs: the code is for forks and replays.",),
        )

    def loaded(self) -> list[ActorDefinition]:
        """The code that was given, the last of each name."""
        return list(self._code.values())

    def remembered(self, definition: str) -> ActorDefinition | None:
        """Code that was given, by its hash."""
        return self._remembered.get(definition)

    # -- what acts -----------------------------------------------------------------------------------------------------

    def undeploy(self, actor: str) -> None:
        self._refuse(f"undeploy {actor}")

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        self._refuse(f"delete what {actor} keeps aside")

    def invoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Any:
        self._refuse(f"invoke {actor}.{action}", f" What it would do: wb.fork({actor!r}, code=TheClass).")

    def ainvoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Awaitable[Any]:
        self.invoke(actor, action)
        raise AssertionError

    def restore(self, actor: str, revision: int) -> int:
        self._refuse(f"continue {actor} from revision {revision}")

    def retry_letter(self, invocation: str, timeout: float | None = None) -> Any:
        self._refuse(f"send message {invocation} again")

    def discard_letters(self, invocations: Collection[str]) -> int:
        self._refuse("discard messages")

    def _refuse(self, what: str, more: str = "") -> NoReturn:
        raise NotCapable(what, self.name, f"it is an archive, in which nothing moves any more.{more}")

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _state_at(self, actor: str, revision: int) -> State | None:
        index = self._indexed()
        place = index.state_place(actor, revision, self.name)
        if place is None:
            start = index.starts.get(actor)
            return None if start is None or start.revision > revision else start.state
        from runtime.stores.archive.rows import to_turns

        part, position = place
        with self._lock:
            table = self._read(part)
        return to_turns(table.slice(position, 1))[0].state

    def _indexed(self) -> _Index:
        with self._lock:
            if self._index is None:
                kinds = {each.name: str(each.settings.get("kind", "")) for each in self.definitions()}
                self._index = _Index(self._source, self.name, kinds)
            return self._index


class _Index:
    """Where the turns of each actor are, and what is known of it."""

    def __init__(self, source: Source, system: str, kinds: Mapping[str, str]) -> None:
        """`kinds`: by the name of the template."""
        import pyarrow as pa

        self._kinds = kinds

        parts = [source.turns(part, _INDEXED) for part in range(source.parts)]
        self._offsets = [0]
        for part in parts:
            self._offsets.append(self._offsets[-1] + part.num_rows)
        self._table = pa.concat_tables(parts).unify_dictionaries().combine_chunks() if parts else None
        states = source.states()
        self.starts = {each.actor.name: each for each in states if not each.is_end and each.actor.system == system}
        self.ends = {each.actor.name: each for each in states if each.is_end and each.actor.system == system}
        self.actors = self._known(system)
        self._positions = lru_cache(64)(self._positions_of)

    def found(self, after: int, actor: str | None, system: str) -> Iterator[tuple[int, Any]]:
        """Each part with turns that are asked for, and their places in it."""
        if self._table is None:
            return
        import pyarrow.compute as pc

        sequences = self._table["sequence"]
        if actor is None:
            wanted = pc.indices_nonzero(pc.greater(sequences, after))
        else:
            mine = self._positions(actor, system)
            wanted = mine.filter(pc.greater(sequences.take(mine), after))
        for part, (first, end) in enumerate(zip(self._offsets, self._offsets[1:], strict=False)):
            inside = wanted.filter(pc.and_(pc.greater_equal(wanted, first), pc.less(wanted, end)))
            if len(inside):
                yield part, pc.subtract(inside, first)

    def state_place(self, actor: str, revision: int, system: str) -> tuple[int, int] | None:
        """Part and place of the turn that made the state of that revision; None if none here did."""
        if self._table is None:
            return None
        import pyarrow.compute as pc

        mine = self._positions(actor, system)
        made = pc.and_(
            pc.less_equal(self._table["revision"].take(mine), revision), self._table["state_type"].take(mine).is_valid()
        )
        places = mine.filter(pc.and_(made, pc.is_null(self._table["error_code"].take(mine))))
        if not len(places):
            return None
        place = places[-1].as_py()
        part = next(number for number, end in enumerate(self._offsets[1:]) if place < end)
        return part, place - self._offsets[part]

    def oldest(self, actor: str, system: str) -> int | None:
        """The first revision of which the state is known."""
        if (start := self.starts.get(actor)) is not None:
            return start.revision
        if self._table is not None and len(mine := self._positions(actor, system)):
            before: int = self._table["revision_before"][mine[0].as_py()].as_py()
            after: int = self._table["revision"][mine[0].as_py()].as_py()
            return 0 if before == 0 else max(after, before + 1)
        end = self.ends.get(actor)
        return None if end is None else end.revision

    def _positions_of(self, actor: str, system: str) -> Any:
        import pyarrow.compute as pc

        assert self._table is not None
        mine = pc.and_(pc.equal(self._table["actor"], actor), pc.equal(self._table["system"], system))
        return pc.indices_nonzero(mine)

    def _known(self, system: str) -> dict[str, ActorInfo]:
        found = {name: _of_state(each, self._kinds.get(each.parent, "")) for name, each in self.ends.items()}
        if self._table is None:
            return found
        import pyarrow.compute as pc

        own = self._table.filter(pc.equal(self._table["system"], system))
        for name in ("actor", "parent", "definition"):  # of dictionaries there is no last one
            own = own.set_column(own.schema.get_field_index(name), name, own[name].cast("string"))
        last = [(name, "last") for name in ("parent", "definition")] + [("revision", "max"), ("finished_at", "max")]
        counts = [("error_code", "count"), ("sequence", "count")]
        sums = own.group_by("actor", use_threads=False).aggregate([*last, *counts])
        for row in sums.to_pylist():
            name, parent = row["actor"], row["parent_last"] or row["actor"]
            found[name] = ActorInfo(
                id=ActorId(system, name), parent=parent, kind=self._kinds.get(parent, ""), phase="passive",
                revision=found[name].revision if name in found else row["revision_max"],
                definition=row["definition_last"] or "", turns=row["sequence_count"],
                failures=row["error_code_count"], last_turn_us=_us(row["finished_at_max"]),
            )  # fmt: skip
        return found


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _of_state(state: StoredState, kind: str) -> ActorInfo:
    return ActorInfo(
        id=state.actor, parent=state.parent, kind=kind, phase="passive", revision=state.revision,
        definition=state.definition, last_turn_us=state.at_us,
    )  # fmt: skip


# --- Sources ----------------------------------------------------------------------------------------------------------


class _ArchiveSource:
    """An archive."""

    def __init__(self, reader: ArchiveReader) -> None:
        from runtime.stores.archive.tables import TURNS

        self._reader = reader
        self.path, self.contents = reader.path, reader.contents
        self._parts = [each.name for each in reader.members(TURNS)]

    @property
    def parts(self) -> int:
        return len(self._parts)

    def turns(self, part: int, names: tuple[str, ...] | None = None) -> Any:
        from runtime.stores.archive.tables import read_turns

        name = self._parts[part]
        table = read_turns(self._reader.read(name), name, names)
        if names is None and table.num_rows and not _is_ascending(table["sequence"]):
            raise StoreDamaged(f"{self.path} is damaged: the turns in {name} are not in their order.")
        return table

    def states(self) -> list[StoredState]:
        from runtime.stores.archive.tables import STATES, read_states

        return read_states(self._reader.read(STATES))

    def definitions(self) -> list[StoredDefinition]:
        from runtime.stores.archive.tables import DEFINITIONS, read_definitions

        return read_definitions(self._reader.read(DEFINITIONS))

    def lifecycle(self) -> list[Lifecycle]:
        from runtime.stores.archive.tables import LIFECYCLE, read_lifecycle

        return read_lifecycle(self._reader.read(LIFECYCLE))

    def close(self) -> None:
        self._reader.close()


class _ParquetSource:
    """A Parquet file with turns alone, all of it in memory."""

    def __init__(self, path: Path) -> None:
        from runtime.stores.archive.tables import read_history_file

        facts, parts = read_history_file(path)
        self.path = path
        self._tables = [part.sort_by("sequence") for part in parts if part.num_rows]
        if any(
            a["sequence"][-1].as_py() >= b["sequence"][0].as_py()
            for a, b in zip(self._tables, self._tables[1:], strict=False)
        ):
            import pyarrow as pa

            self._tables = [pa.concat_tables(self._tables).unify_dictionaries().sort_by("sequence")]
        self.contents = self._contents(facts)

    def _contents(self, facts: dict[str, Any]) -> Contents:
        first = self._tables[0] if self._tables else None
        system = DEFAULT_SYSTEM if first is None else str(first["system"][0].as_py())
        return Contents(
            system=str(facts.get("system", system)),
            made_us=round(datetime.now(UTC).timestamp() * 1_000_000),
            redacted=tuple(map(str, facts.get("redacted", ()))),
            turns=sum(table.num_rows for table in self._tables),
            first=0 if first is None else first["sequence"][0].as_py(),
            last=0 if first is None else self._tables[-1]["sequence"][-1].as_py(),
        )

    @property
    def parts(self) -> int:
        return len(self._tables)

    def turns(self, part: int, names: tuple[str, ...] | None = None) -> Any:
        table = self._tables[part]
        return table if names is None else table.select(list(names))

    def states(self) -> list[StoredState]:
        return []

    def definitions(self) -> list[StoredDefinition]:
        return []

    def lifecycle(self) -> list[Lifecycle]:
        return []

    def close(self) -> None:
        pass


def _is_ascending(sequences: Any) -> bool:
    import pyarrow.compute as pc

    steps = pc.pairwise_diff(sequences.combine_chunks())
    smallest = pc.min(steps).as_py()
    return smallest is None or smallest > 0
