"""The statements on a store's tables, as SQLAlchemy expressions: compiled once for each dialect, then kept by it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Select, bindparam, delete, func, insert, literal_column, null, select

from runtime.statestores.sql_schema import BLOCKS, DEFINITIONS, KEYS, LIFECYCLE, META, SCHEDULES, SEALED, SNAPSHOTS

_blocks = BLOCKS.c
_sealed = SEALED.c
_limit = bindparam("limit", type_=BLOCKS.c.first.type)


def _following(*columns: Column[Any]) -> Select[Any]:
    """Rows of turns with `last` above `after`, in order.

    They do not overlap: the one with turn `after` + 1 is the last that starts at or before it.
    """
    row = columns[0].table.c
    start = select(func.coalesce(func.max(row.first), literal_column("0"))).where(
        row.first <= bindparam("after") + literal_column("1")
    )
    return (
        select(*columns)
        .where(row.first >= start.scalar_subquery(), row.last > bindparam("after"))
        .order_by(row.first)
        .limit(_limit)
    )


READ_META = select(META.c.name, META.c.value)
READ_META_ENTRY = select(META.c.value).where(META.c.name == bindparam("name"))
LOCK_META_ENTRY = READ_META_ENTRY.with_for_update()
REMOVE_META = delete(META).where(META.c.name.in_(bindparam("names", expanding=True)))
INSERT_META = insert(META)

HEAD = select(_blocks.last).order_by(_blocks.first.desc()).limit(1)
INSERT_BLOCK = insert(BLOCKS)
REMOVE_BLOCKS = delete(BLOCKS).where(_blocks.first.between(bindparam("from"), bindparam("to")))
READ_BLOCKS = _following(_blocks.first, _blocks.last, _blocks.actors, _blocks.data)
READ_BLOCK_HEADS = _following(_blocks.first, _blocks.last, _blocks.actors, _blocks.size)
BLOCK_OF = (
    select(_blocks.first, _blocks.last, _blocks.actors, _blocks.data)
    .where(_blocks.first <= bindparam("sequence"))
    .order_by(_blocks.first.desc())
    .limit(1)
)

READ_SEALED = _following(_sealed.first, _sealed.last, _sealed.data)
READ_SEALED_RANGES = _following(_sealed.first, _sealed.last)
INSERT_SEALED = insert(SEALED)
REMOVE_SEALED = delete(SEALED).where(_sealed.last >= bindparam("from"), _sealed.first <= bindparam("to"))

KEY = select(KEYS.c.sequence).where(KEYS.c.hash == bindparam("hash"))
KEY_HASHES = (
    select(KEYS.c.hash).where(KEYS.c.hash >= bindparam("start")).order_by(KEYS.c.hash).limit(bindparam("limit"))
)
KNOWN_KEYS = select(KEYS.c.hash, KEYS.c.sequence).where(KEYS.c.hash.in_(bindparam("hashes", expanding=True)))
INSERT_KEYS = insert(KEYS)
REMOVE_KEYS = delete(KEYS).where(KEYS.c.hash.in_(bindparam("hashes", expanding=True)))

SNAPSHOT_COLUMNS = tuple(column.name for column in SNAPSHOTS.c if column.name != "place")
_LARGE = ("data", "kept_aside")
READ_SNAPSHOT = select(*(SNAPSHOTS.c[name] for name in SNAPSHOT_COLUMNS)).where(SNAPSHOTS.c.place == bindparam("place"))
READ_SNAPSHOTS = (
    select(*(null().label(name) if name in _LARGE else SNAPSHOTS.c[name] for name in SNAPSHOT_COLUMNS))
    .where(
        SNAPSHOTS.c.place > bindparam("after"),
        SNAPSHOTS.c.place >= bindparam("start"),
        SNAPSHOTS.c.place < bindparam("end"),
    )
    .order_by(SNAPSHOTS.c.place)
    .limit(_limit)
)
REMOVE_SNAPSHOTS = delete(SNAPSHOTS).where(SNAPSHOTS.c.place.in_(bindparam("places", expanding=True)))
INSERT_SNAPSHOTS = insert(SNAPSHOTS)

LAST_MARK = select(func.coalesce(func.max(LIFECYCLE.c.number), literal_column("0")))
READ_LIFECYCLE = (
    select(LIFECYCLE).where(LIFECYCLE.c.number > bindparam("after")).order_by(LIFECYCLE.c.number).limit(_limit)
)
INSERT_LIFECYCLE = insert(LIFECYCLE)

COUNTS = select(
    HEAD.scalar_subquery(),
    select(func.count()).select_from(KEYS).scalar_subquery(),
    select(func.count()).select_from(SNAPSHOTS).scalar_subquery(),
    select(META.c.value).where(META.c.name == "attested").scalar_subquery(),
)

READ_DEFINITIONS = select(DEFINITIONS).order_by(DEFINITIONS.c.deployed_us, DEFINITIONS.c.hash)
REMOVE_DEFINITIONS = delete(DEFINITIONS).where(DEFINITIONS.c.hash.in_(bindparam("hashes", expanding=True)))
INSERT_DEFINITIONS = insert(DEFINITIONS)

READ_SCHEDULES = select(SCHEDULES.c.id, SCHEDULES.c.due_us, SCHEDULES.c.data).order_by(
    SCHEDULES.c.due_us, SCHEDULES.c.place
)
KNOWN_SCHEDULES = select(SCHEDULES.c.place).where(SCHEDULES.c.place.in_(bindparam("places", expanding=True)))
REMOVE_SCHEDULES = delete(SCHEDULES).where(SCHEDULES.c.place.in_(bindparam("places", expanding=True)))
INSERT_SCHEDULES = insert(SCHEDULES)

PARAMETERS_AT_ONCE = 1_000
"""MSSQL takes 2,100 parameters in one statement."""
