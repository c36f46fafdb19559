"""The tables of a store in a SQL server.

Every statement on them is plain SQL: replaced rows are deleted and inserted again in one transaction, which is safe because
there is one writer, and saves a dialect's own "upsert".  So the statements that run on Postgres and MariaDB in the tests are
those that run elsewhere.

Actors are found and ordered by `place`, their name and system as bytes (see below): a text column would compare by the
server's collation, and an index on it would refuse long names.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sqlalchemy import (
    VARBINARY,
    BigInteger,
    Column,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects import mssql, mysql, postgresql

# --- Places -----------------------------------------------------------------------------------------------------------
# An actor's place: name and system as bytes that compare like the pair of texts, and fit into any server's index.

LONGEST = 850
"""Bytes; the least that an index key may have on the servers there are is 900 (MSSQL)."""

_DIGEST_BYTES = 16
_END = b"\0\0"


def place_of(name: str, system: str) -> bytes:
    """The place of an actor.  Distinct actors have distinct places.

    Places sort like (name, system) by code points, except among names of which the first 834 bytes are the same: those
    stand together, in an order of their own.

    Raises:
        UnicodeEncodeError: a text that UTF-8 cannot hold.
    """
    whole = _escaped(name) + _END + _escaped(system) + _END
    if len(whole) < LONGEST:
        return whole
    return whole[: LONGEST - _DIGEST_BYTES] + hashlib.blake2b(whole, digest_size=_DIGEST_BYTES).digest()


def places_from(prefix: str) -> tuple[bytes, bytes]:
    """The first place of a name with that prefix, and the first one after all of those.

    Raises:
        UnicodeEncodeError: as above.
    """
    start = _escaped(prefix)[: LONGEST - _DIGEST_BYTES]
    kept = start.rstrip(b"\xff")
    return start, kept[:-1] + bytes([kept[-1] + 1]) if kept else b"\xff"


def _escaped(text: str) -> bytes:
    """Without two zero bytes in a row, so that a shorter text always sorts before a longer one that begins with it."""
    return text.encode().replace(b"\0", b"\0\xff")


# --- Schema -----------------------------------------------------------------------------------------------------------

_ESCAPE = "\ue000"
_ESCAPES = {"\0": _ESCAPE + "\ue002", _ESCAPE: _ESCAPE + "\ue001"}
_MEANT = {escaped: plain for plain, escaped in _ESCAPES.items()}


class ExactText(TypeDecorator[str]):
    """Text that comes back as it was, also with NUL characters, which Postgres does not store.

    Raises UnicodeEncodeError for what UTF-8 cannot hold: PyMySQL would send broken bytes instead.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        if value is None or (value.isascii() and "\0" not in value):
            return value
        value.encode()
        return re.sub(f"[\0{_ESCAPE}]", lambda found: _ESCAPES[found[0]], value)

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        if value is None or _ESCAPE not in value:
            return value
        return re.sub(f"{_ESCAPE}[\ue001\ue002]", lambda found: _MEANT[found[0]], value)

    def load_dialect_impl(self, dialect: Any) -> Any:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.LONGTEXT(charset="utf8mb4", collation="utf8mb4_bin"))
        if dialect.name == "mssql":
            return dialect.type_descriptor(mssql.NVARCHAR(None))
        return dialect.type_descriptor(Text())


BYTES = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb").with_variant(mssql.VARBINARY("max"), "mssql")  # type: ignore[no-untyped-call]
PLACE = VARBINARY(LONGEST).with_variant(postgresql.BYTEA(), "postgresql", "cockroachdb")

_metadata = MetaData()


def _table(name: str, *columns: Column[Any]) -> Table:
    return Table(
        f"workbench_{name}",
        _metadata,
        *columns,
        mysql_engine="InnoDB",
        mysql_charset="utf8mb4",
        mariadb_engine="InnoDB",
        mariadb_charset="utf8mb4",
    )


def _number(name: str, *, is_key: bool = False) -> Column[Any]:
    return Column(name, BigInteger, primary_key=is_key, autoincrement=False, nullable=False)


META = _table("meta", Column("name", String(64), primary_key=True), Column("value", ExactText, nullable=False))
BLOCKS = _table(
    "blocks",
    _number("first", is_key=True),
    _number("last"),
    Column("actors", BYTES, nullable=False),
    _number("size"),
    Column("data", BYTES, nullable=False),
)
SEALED = _table(
    "sealed",
    _number("first", is_key=True),
    _number("last"),
    Column("data", BYTES, nullable=False),
)
KEYS = _table("keys", _number("hash", is_key=True), _number("sequence"))
SNAPSHOTS = _table(
    "snapshots",
    Column("place", PLACE, primary_key=True),
    Column("id", BigInteger),
    Column("actor", ExactText, nullable=False),
    Column("system", ExactText, nullable=False),
    Column("status", ExactText, nullable=False),
    Column("node", ExactText, nullable=False),
    _number("revision"),
    Column("tags", ExactText, nullable=False),
    Column("data_type", ExactText, nullable=False),
    Column("data", BYTES),
    _number("updated_us"),
    Column("parent", ExactText, nullable=False),
    Column("definition", ExactText, nullable=False),
    _number("sequence"),
    Column("kept_aside", BYTES),
)
LIFECYCLE = _table(
    "lifecycle",
    _number("number", is_key=True),
    _number("at_us"),
    Column("system", ExactText, nullable=False),
    Column("actor", ExactText, nullable=False),
    Column("event", ExactText, nullable=False),
    _number("revision"),
    Column("definition", ExactText, nullable=False),
)
DEFINITIONS = _table(
    "definitions",
    Column("hash", String(64), primary_key=True),
    Column("name", ExactText, nullable=False),
    _number("deployed_us"),
    Column("data", BYTES, nullable=False),
)
SCHEDULES = _table(
    "schedules",
    Column("place", PLACE, primary_key=True),
    Column("id", ExactText, nullable=False),
    _number("due_us"),
    Column("data", BYTES, nullable=False),
)
TABLES = (META, BLOCKS, SEALED, KEYS, SNAPSHOTS, LIFECYCLE, DEFINITIONS, SCHEDULES)


# --- Statements -------------------------------------------------------------------------------------------------------
# The statements on a store's tables, as SQLAlchemy expressions: compiled once for each dialect, then kept by it.

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
LOCK_META_ENTRY = READ_META_ENTRY.with_for_update().with_hint(META, "WITH (UPDLOCK, HOLDLOCK)", "mssql")
"""Nobody else can change the entry before the transaction ends.  MSSQL knows no `FOR UPDATE`, which is left out there."""
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
KEY_ROWS = (
    select(KEYS.c.hash, KEYS.c.sequence)
    .where(KEYS.c.hash >= bindparam("start"))
    .order_by(KEYS.c.hash)
    .limit(bindparam("limit"))
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
