"""Which turns, states and definitions of a system go into an archive, written as they are read."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import msgspec

from runtime.api import ActorInfo, Capability, SystemApi
from runtime.errors import BadSetting, UnknownActor, UnknownRevision
from runtime.ids import ActorId
from runtime.records import State, Turn
from runtime.replay.history import position_at
from runtime.replay.sandbox import Position
from runtime.security.crypto import sync_directory
from runtime.security.private_files import draft_of
from runtime.stores.archive.container import ArchiveWriter, Contents
from runtime.stores.base import flatten
from workbench.exporters.archive.redaction import MOST_VALUES, Remover

_MOST_TURNS, _MOST_BYTES = 50_000, 64_000_000
"""Of one part: as much is in memory at a time."""
_ALL = 10_000_000


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted of a past."""

    actors: tuple[str, ...] | None = None
    """These, and the children of templates among them; None for all."""
    since_us: int = 0
    until_us: int = 0
    """0 for no bound."""

    def has(self, actor: str, parent: str) -> bool:
        """Whether an actor is wanted."""
        return self.actors is None or actor in self.actors or parent in self.actors

    def is_over(self, at_us: int) -> bool:
        """Whether a time is after the last that is wanted."""
        return bool(self.until_us) and at_us > self.until_us


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What went into a file."""

    turns: int
    actors: int
    size: int
    notes: tuple[str, ...]


def write_archive(
    system: SystemApi,
    path: Path,
    chosen: Selection,
    remover: Remover | None,
    *,
    rules: Sequence[str] = (),
    passphrase: str | None = None,
    replaces: bool = False,
) -> Taken:
    """Write an archive of what is chosen; whole or not at all.

    Raises:
        UnknownActor: none of the chosen actors is known.
        BadSetting: there is a file of that name, or the passphrase is short.
        OSError: it cannot be written.
    """
    from runtime.stores.archive import tables

    taking = _Taking(system, chosen, remover)
    with ArchiveWriter(path, made_by=_version(), passphrase=passphrase, replaces=replaces) as file:
        for number, batch in enumerate(taking.batches()):
            first, last = (batch["sequence"][at].as_py() for at in (0, -1))
            name = f"{tables.TURNS}{number:06}.parquet"
            file.add(name, tables.turns_bytes(batch), rows=batch.num_rows, first=first, last=last)
        states = [*taking.starts(), *taking.ends()]
        file.add(tables.STATES, tables.states_bytes(states), rows=len(states))
        file.add(tables.DEFINITIONS, tables.definitions_bytes(taking.definitions()))
        file.add(tables.LIFECYCLE, tables.lifecycle_bytes(taking.lifecycle()))
        size = file.finish(
            Contents(
                system=system.name,
                made_us=time.time_ns() // 1_000,
                actors=chosen.actors,
                since_us=chosen.since_us,
                until_us=chosen.until_us,
                redacted=tuple(rules),
                turns=taking.turns,
                first=taking.first,
                last=taking.last,
                notes=tuple(taking.notes()),
            )
        )
    return taking.taken(size, len({each.actor for each in states}))


def write_parquet(
    system: SystemApi,
    path: Path,
    chosen: Selection,
    remover: Remover | None,
    *,
    rules: Sequence[str] = (),
    replaces: bool = False,
) -> Taken:
    """Write the chosen turns as one Parquet file; whole or not at all.

    Raises:
        UnknownActor: none of the chosen actors is known.
        BadSetting: there is a file of that name.
        OSError: it cannot be written.
    """
    from runtime.stores.archive.tables import HistoryFile

    if path.is_symlink() or (path.exists() and not (replaces and _is_parquet(path))):
        raise BadSetting(
            f"Cannot write {path}: there is a file of that name. Give another name, or force=True (--force)."
        )
    taking = _Taking(system, chosen, remover)
    draft = draft_of(path)
    try:
        draft.touch(mode=0o600, exist_ok=False)
        facts = {"made_by": _version(), "system": system.name, "redacted": list(rules)}
        file = HistoryFile(draft, facts)
        try:
            for batch in taking.batches():
                file.add(batch)
        finally:
            file.close()
        draft.replace(path)
        sync_directory(path.parent)
    finally:
        draft.unlink(missing_ok=True)
    return taking.taken(path.stat().st_size, len(taking.seen))


class _Taking:
    """One reading of a system's past."""

    def __init__(self, system: SystemApi, chosen: Selection, remover: Remover | None) -> None:
        self._system, self._chosen, self._remover = system, chosen, remover
        self.turns = self.first = self.last = 0
        self.seen: dict[ActorId, _Seen] = {}
        self._actors = self._listed()

    def batches(self) -> Iterator[Any]:
        """The chosen turns as rows, in parts."""
        from runtime.stores.archive.rows import in_pieces, to_rows

        if self._remover is not None:
            for turn in self._in_time():
                self._remover.learn(turn)
        for piece in in_pieces(self._wanted(), _MOST_TURNS, _MOST_BYTES):
            yield to_rows(piece)

    def starts(self) -> list[Any]:
        """Where each actor stood before its first turn here, as far as that is kept."""
        found = []
        for actor, seen in self.seen.items():
            if seen.first.revision_before == 0 or actor.system != self._system.name:
                continue
            try:
                at = position_at(self._system, actor.name, seen.first.revision_before)
            except UnknownRevision:
                continue
            position = Position(at.state, "", seen.first.tags_before, at.revision)
            found.append(self._stored(seen.first, position, is_end=False))
        return found

    def ends(self) -> list[Any]:
        """Where each actor stands at the end, also those without a turn here."""
        found = [self._end(seen) for seen in self.seen.values()]
        others = (each for each in self._actors if each.id not in self.seen and each.revision)
        return found + [self._unrecorded(each) for each in others if not self._chosen.is_over(each.last_turn_us)]

    def definitions(self) -> list[Any]:
        """The code of the chosen actors."""
        names = {seen.last.parent for seen in self.seen.values()} | {each.parent for each in self._actors}
        mine = [each for each in self._system.definitions() if each.name in names or self._chosen.actors is None]
        return mine if self._remover is None else [self._remover.definition(each) for each in mine]

    def lifecycle(self) -> list[Any]:
        """The marks of the chosen actors in the chosen time."""
        known = self.seen.keys() | {each.id for each in self._actors}
        return [
            mark
            for mark in self._system.lifecycle()
            if (self._chosen.actors is None or mark.actor in known)
            and mark.at_us >= self._chosen.since_us
            and not self._chosen.is_over(mark.at_us)
        ]

    def notes(self) -> Iterator[str]:
        """What is not in it, and why."""
        if self._remover is not None and self._remover.opaque:
            yield f"{self._remover.opaque:,} values that cannot be looked into were left out whole"
        if self._remover is not None and self._remover.values.is_full:
            yield f"only the first {MOST_VALUES:,} removed values were looked for under other names"

    def taken(self, size: int, actors: int) -> Taken:
        return Taken(turns=self.turns, actors=actors, size=size, notes=tuple(self.notes()))

    def _listed(self) -> list[ActorInfo]:
        listed = self._system.actors(limit=_ALL) if Capability.LIST in self._system.capabilities else []
        chosen = [each for each in listed if self._chosen.has(each.id.name, each.parent)]
        if self._chosen.actors is not None and Capability.LIST in self._system.capabilities:
            known = {each.id.name for each in listed} | {each.parent for each in listed}
            if unknown := [name for name in self._chosen.actors if name not in known]:
                raise UnknownActor(unknown[0], sorted(known)[:10_000])
        return chosen

    def _wanted(self) -> Iterator[Turn]:
        for turn in self._in_time():
            self.turns += 1
            self.first, self.last = self.first or turn.sequence, turn.sequence
            self._note(turn)
            yield turn if self._remover is None else self._remover.turn(turn)

    def _in_time(self) -> Iterator[Turn]:
        chosen = self._chosen
        for turn in self._turns():
            if turn.finished_us >= chosen.since_us and not chosen.is_over(turn.finished_us):
                yield turn

    def _turns(self) -> Iterable[Turn]:
        actors = self._chosen.actors
        if actors is not None and len(actors) == 1 and not self._is_template(actors[0]):
            return flatten(self._system.turns(actor=actors[0]))
        return (turn for turn in flatten(self._system.turns()) if self._chosen.has(turn.actor.name, turn.parent))

    def _is_template(self, name: str) -> bool:
        return any(each.parent == name != each.id.name for each in self._actors) or not any(
            each.id.name == name for each in self._actors
        )

    def _note(self, turn: Turn) -> None:
        seen = self.seen.get(turn.actor)
        if seen is None:
            seen = self.seen[turn.actor] = _Seen(turn)
        seen.take(turn)

    def _end(self, seen: _Seen) -> Any:
        at = Position(seen.state, seen.definition, seen.tags, seen.last.revision)
        if seen.state is None and seen.last.revision:
            with suppress(UnknownRevision):
                known = position_at(self._system, seen.last.actor.name, seen.last.revision)
                at = msgspec.structs.replace(at, state=known.state)
        return self._stored(seen.last, at, is_end=True)

    def _stored(self, turn: Turn, at: Position, *, is_end: bool) -> Any:
        from runtime.stores.archive.tables import StoredState

        return StoredState(
            actor=turn.actor, parent=turn.parent, is_end=is_end, revision=at.revision, at_us=turn.finished_us,
            definition=at.definition or turn.definition, state=self._swept(at.state), tags=self._tags(at.tags),
        )  # fmt: skip

    def _unrecorded(self, info: ActorInfo) -> Any:
        """An actor without a turn here: what it is now, since nothing says what it was."""
        from runtime.stores.archive.tables import StoredState

        value = self._system.encoded_state(info.id.name) if Capability.STATE in self._system.capabilities else None
        return StoredState(
            actor=ActorId(self._system.name, info.id.name), parent=info.parent or info.id.name, is_end=True,
            revision=info.revision, at_us=info.last_turn_us, definition=info.definition,
            state=self._swept(None if value is None else State(value)), tags={},
        )  # fmt: skip

    def _swept(self, state: State | None) -> State | None:
        return state if self._remover is None else self._remover.state(state)

    def _tags(self, tags: dict[str, str]) -> dict[str, str]:
        return tags if self._remover is None else self._remover.tags(tags)


class _Seen:
    """The chosen turns of one actor, as far as they were read."""

    __slots__ = ("definition", "first", "last", "state", "tags")

    def __init__(self, first: Turn) -> None:
        self.first = self.last = first
        self.state: State | None = None
        self.definition = ""
        self.tags = first.tags_before

    def take(self, turn: Turn) -> None:
        self.last = turn
        if turn.failure is None:
            if turn.state is not None:
                self.state, self.definition = turn.state, turn.definition
            self.tags = turn.tags_before if turn.tags_after is None else turn.tags_after


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        return path.is_file() and file.read(4) == b"PAR1"


def _version() -> str:
    try:
        return version("spawn-workbench")
    except PackageNotFoundError:
        return ""
