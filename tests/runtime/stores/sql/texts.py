"""All statements of a store as each server gets them.

    python -m tests.runtime.stores.sql.texts

writes them to `data/sql/`, where a change of any of them is seen in review.  MySQL, CockroachDB and MSSQL are *not run* by the
tests: these texts are all there is to go by.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import ClauseElement, Delete, Insert, Select
from sqlalchemy.dialects import mssql, mysql, postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import CreateTable

from runtime.stores.sql import schema
from runtime.stores.sql.dialects import LIMITS, NOT_RUN, SERVERS

DIRECTORY = Path(__file__).parent / "data" / "sql"


class CockroachDialect(postgresql.dialect):  # type: ignore[misc, valid-type]
    """CockroachDB's own package derives its dialect from this one too, and wants an older SQLAlchemy than there is here."""

    name = "cockroachdb"


def _mariadb() -> Dialect:
    dialect = mysql.dialect(is_mariadb=True)
    dialect.name = "mariadb"
    return dialect


def _mssql() -> Dialect:
    """As it is once connected to a server of 2012 or later."""
    dialect = mssql.dialect()
    dialect._supports_offset_fetch = True
    return dialect


DIALECTS: dict[str, Dialect] = {
    "postgresql": postgresql.dialect(),
    "mariadb": _mariadb(),
    "mysql": mysql.dialect(),
    "cockroachdb": CockroachDialect(),
    "mssql": _mssql(),
}


def text_for(name: str) -> str:
    """Tables, statements, session settings and the lock of one server."""
    parts = [f"-- {name}: {'NOT RUN by the tests' if name in NOT_RUN else 'run by the tests'}"]
    parts += [_compiled(CreateTable(table), name) for table in schema.TABLES]
    parts += [f"-- {title}\n{_compiled(statement, name)}" for title, statement in _statements()]
    server = SERVERS[name](LIMITS)
    parts += [f"-- each session\n{setting}" for setting in server.settings]
    if server.locking is not None:
        parts += [f"-- lock: {part}\n{text}" for part, text in server.locking._asdict().items() if text is not None]
    return "\n\n".join(parts) + "\n"


def _statements() -> list[tuple[str, ClauseElement]]:
    return [
        (name, value)
        for name, value in vars(schema).items()
        if isinstance(value, Select | Insert | Delete) and name.isupper()
    ]


def _compiled(statement: ClauseElement, name: str) -> str:
    lines = str(statement.compile(dialect=DIALECTS[name])).strip().splitlines()
    return "\n".join(line.replace("\t", "    ").rstrip() for line in lines if line.strip())


def main() -> None:
    DIRECTORY.mkdir(exist_ok=True)
    for name in DIALECTS:
        (DIRECTORY / f"{name}.sql").write_text(text_for(name))


if __name__ == "__main__":
    main()
