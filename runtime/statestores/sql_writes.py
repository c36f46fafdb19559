"""One `Writes` as statements of one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection

from runtime.statestores import sql_statements as sql
from runtime.statestores.backend import Attests, BlockRow, Changes, Counts, ScheduleRow, SnapshotRow, Writes
from runtime.statestores.places import place_of
from runtime.statestores.sql_statements import PARAMETERS_AT_ONCE

T = TypeVar("T")


def carry_out(connection: Connection, writes: Writes, attests: Attests | None) -> int:
    """Do everything, with what `attests` says of it; the number of keys that were there already."""
    if writes.dropped:
        connection.execute(sql.REMOVE_BLOCKS, {"from": writes.dropped[0], "to": writes.dropped[1]})
    if writes.unsealed:
        connection.execute(sql.REMOVE_SEALED, {"from": writes.unsealed[0], "to": writes.unsealed[1]})
    removed = _remove_keys(connection, writes.forgotten)
    if writes.merged:
        connection.execute(sql.REMOVE_BLOCKS, {"from": writes.merged.first, "to": writes.merged.last})
        _insert_block(connection, writes.merged)
    if writes.block:
        _insert_block(connection, writes.block)
    if writes.sealed:
        connection.execute(sql.INSERT_SEALED, _values(writes.sealed))
    present = _insert_keys(connection, writes.keys)
    actors = _replace_snapshots(connection, writes.snapshots)
    _insert_marks(connection, writes)
    _insert_schedules(connection, writes.schedules)
    _replace_schedules(connection, writes.rescheduled)
    for places in _portions(place_of(settled, "") for settled in writes.settled):
        connection.execute(sql.REMOVE_SCHEDULES, {"places": places})
    if writes.definitions:
        connection.execute(sql.REMOVE_DEFINITIONS, {"hashes": [row.hash for row in writes.definitions]})
        connection.execute(sql.INSERT_DEFINITIONS, [_values(row) for row in writes.definitions])
    facts = dict(writes.meta)
    if attests is not None and attests.is_touched_by(writes):
        changes = Changes(_head_after(connection, writes), len(writes.keys) - present - removed, actors, writes.meta)
        attested = connection.execute(sql.READ_META_ENTRY, {"name": "attested"}).scalar() or ""
        facts |= attests.entry(attested, changes, lambda: counts(connection.execute(sql.COUNTS).one()))
    if facts:
        connection.execute(sql.REMOVE_META, {"names": list(facts)})
        connection.execute(sql.INSERT_META, [{"name": name, "value": value} for name, value in facts.items()])
    return present


def counts(row: Any) -> Counts:
    """Those of a row of `COUNTS`."""
    head, keys, snapshots, attested = row
    return Counts(head or 0, keys, snapshots, attested or "")


def _head_after(connection: Connection, writes: Writes) -> int | None:
    if writes.block:
        return writes.block.last
    return connection.execute(sql.HEAD).scalar() or 0 if writes.merged or writes.dropped else None


def _insert_block(connection: Connection, block: BlockRow) -> None:
    connection.execute(sql.INSERT_BLOCK, _values(block) | {"size": len(block.data)})


def _insert_keys(connection: Connection, keys: Sequence[tuple[int, int]]) -> int:
    new = dict(reversed(keys))  # the first of two that are the same
    for hashes in _portions(list(new)):
        for known in connection.execute(sql.KNOWN_KEYS, {"hashes": hashes}).scalars():
            del new[known]
    if new:
        rows = [{"hash": key_hash, "sequence": sequence} for key_hash, sequence in new.items()]
        connection.execute(sql.INSERT_KEYS, rows)
    return len(keys) - len(new)


def _remove_keys(connection: Connection, forgotten: Sequence[tuple[int, int, int]]) -> int:
    """One after the other, as each removal may free the key before it; how many there were."""
    wanted = {number for key_hash, _, following in forgotten for number in (key_hash, following)}
    known: dict[int, int] = {}
    for hashes in _portions(wanted):
        known |= {row.hash: row.sequence for row in connection.execute(sql.KNOWN_KEYS, {"hashes": hashes})}
    removed = []
    for key_hash, sequence, following in forgotten:
        if known.get(key_hash) == sequence and following not in known:
            del known[key_hash]
            removed.append(key_hash)
    for hashes in _portions(removed):
        connection.execute(sql.REMOVE_KEYS, {"hashes": hashes})
    return len(removed)


def _replace_snapshots(connection: Connection, rows: Sequence[SnapshotRow]) -> int:
    """How many actors had no row before."""
    by_place = {place_of(row.actor, row.system): row for row in rows}
    new = len(by_place)
    for places in _portions(by_place):
        new -= connection.execute(sql.REMOVE_SNAPSHOTS, {"places": places}).rowcount
        connection.execute(sql.INSERT_SNAPSHOTS, [_values(by_place[place]) | {"place": place} for place in places])
    return new


def _insert_marks(connection: Connection, writes: Writes) -> None:
    if not writes.lifecycle:
        return
    first = (connection.execute(sql.LAST_MARK).scalar() or 0) + 1
    connection.execute(
        sql.INSERT_LIFECYCLE,
        [
            {
                "number": number, "at_us": mark.at_us, "system": mark.actor.system, "actor": mark.actor.name,
                "event": mark.event, "revision": mark.revision, "definition": mark.definition,
            }
            for number, mark in enumerate(writes.lifecycle, first)
        ],
    )  # fmt: skip


def _insert_schedules(connection: Connection, rows: Sequence[ScheduleRow]) -> None:
    new = {place_of(row.id, ""): row for row in reversed(rows)}
    for places in _portions(list(new)):
        for known in connection.execute(sql.KNOWN_SCHEDULES, {"places": places}).scalars():
            del new[bytes(known)]
    if new:
        connection.execute(sql.INSERT_SCHEDULES, [_values(row) | {"place": place} for place, row in new.items()])


def _replace_schedules(connection: Connection, rows: Sequence[ScheduleRow]) -> None:
    wanted = {place_of(row.id, ""): row for row in rows}
    for places in _portions(wanted):
        known = [bytes(place) for place in connection.execute(sql.KNOWN_SCHEDULES, {"places": places}).scalars()]
        if known:
            connection.execute(sql.REMOVE_SCHEDULES, {"places": known})
            connection.execute(sql.INSERT_SCHEDULES, [_values(wanted[place]) | {"place": place} for place in known])


def _values(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def _portions(items: Iterable[T]) -> Iterator[list[T]]:
    """As many at a time as every server takes parameters."""
    rest = iter(items)
    while portion := list(islice(rest, PARAMETERS_AT_ONCE)):
        yield portion
