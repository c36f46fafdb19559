"""The tables of a store in a SQL server.

Every statement on them is plain SQL: replaced rows are deleted and inserted again in one transaction, which is safe because
there is one writer, and saves a dialect's own "upsert".  So the statements that run on Postgres and MariaDB in the tests are
those that run elsewhere.

Actors are found and ordered by `place`, their name and system as bytes (see `places`): a text column would compare by the
server's collation, and an index on it would refuse long names.
"""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import VARBINARY, BigInteger, Column, LargeBinary, MetaData, String, Table, Text, TypeDecorator
from sqlalchemy.dialects import mssql, mysql, postgresql

from runtime.statestores.places import LONGEST

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
