"""MySQL, CockroachDB and MSSQL, which the tests do not run, get the statements with which Postgres and MariaDB are run."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import ClauseElement, Delete, Insert, Select
from sqlalchemy.dialects import mssql, mysql, postgresql
from sqlalchemy.engine import Dialect

from runtime.errors import BadSetting
from runtime.stores.registry import open_store
from runtime.stores.sql import schema
from runtime.stores.sql.dialects import NOT_RUN, SERVERS
from tests.runtime.stores.sql.places import SERVERS as RUN


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
STATEMENTS: dict[str, ClauseElement] = {
    name: value
    for name, value in vars(schema).items()
    if isinstance(value, Select | Insert | Delete) and name.isupper()
}
_MYSQL_TEXT = "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
TYPES = {
    "postgresql": {"BIGINT", "VARCHAR(64)", "VARCHAR", "BYTEA"},
    "cockroachdb": {"BIGINT", "VARCHAR(64)", "VARCHAR", "BYTEA"},
    "mariadb": {"BIGINT", "VARCHAR(64)", _MYSQL_TEXT, "LONGBLOB", "VARBINARY(850)"},
    "mysql": {"BIGINT", "VARCHAR(64)", _MYSQL_TEXT, "LONGBLOB", "VARBINARY(850)"},
    "mssql": {"BIGINT", "VARCHAR(64)", "NVARCHAR(max)", "VARBINARY(max)", "VARBINARY(850)"},
}
"""The types of all columns: exact text and bytes of any length, and keys that fit into an index."""
_LOCK = re.compile(r" FOR UPDATE$| WITH \(UPDLOCK, HOLDLOCK\)")
_LIMIT = re.compile(r"\bTOP \?|\bLIMIT \?|\bOFFSET 0 ROWS FETCH FIRST \? ROWS ONLY")


def sent(statement: ClauseElement, server: str) -> str:
    """The statement as that server gets it, but for what may differ: quotes, placeholders, how rows are limited and locked."""
    text = " ".join(str(statement.compile(dialect=DIALECTS[server])).split())
    text = re.sub(r"__\[\w+\]|%\(\w+\)s(::\w+)?|%s|:\w+", "?", text)
    text, limits = _LIMIT.subn("", re.sub(r"[`\"\[\]]", "", text))
    return " ".join(f"{_LOCK.sub('', text)}{' (limited)' if limits else ''}".split()).replace(" )", ")")


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_server_gets_the_statement_that_runs_on_postgres(name: str) -> None:
    of_postgres = sent(STATEMENTS[name], "postgresql")

    assert {server: sent(STATEMENTS[name], server) for server in SERVERS} == dict.fromkeys(SERVERS, of_postgres)


@pytest.mark.parametrize("server", SERVERS)
def test_owner_is_read_under_a_lock_on_every_server(server: str) -> None:
    text = str(schema.LOCK_META_ENTRY.compile(dialect=DIALECTS[server]))

    assert ("WITH (UPDLOCK, HOLDLOCK)" if server == "mssql" else "FOR UPDATE") in text


@pytest.mark.parametrize("server", SERVERS)
def test_columns_have_types_that_keep_every_value_exact(server: str) -> None:
    columns = [column for table in schema.TABLES for column in table.columns]

    compiled = {column.type.compile(dialect=DIALECTS[server]) for column in columns}
    assert {"VARCHAR" if each == "TEXT" else each for each in compiled} == TYPES[server]  # two names of one type


def test_every_server_is_run_or_said_not_to_be() -> None:
    assert {*RUN, *NOT_RUN} == {*SERVERS} == {*DIALECTS}
    assert not {*RUN} & {*NOT_RUN}


def test_exact_text_brings_back_every_character() -> None:
    exact = schema.ExactText()
    for text in ("", "plain", "\0", "a\0\0b", "\ue000", "\ue000\ue001\ue002\0", "日本語"):
        bound = exact.process_bind_param(text, None)
        assert bound is not None
        assert "\0" not in bound
        assert exact.process_result_value(bound, None) == text
    with pytest.raises(UnicodeEncodeError):
        exact.process_bind_param("\udcff", None)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("cockroachdb://root@localhost/db", "pip install 'sqlalchemy-cockroachdb'"),
        ("mssql://sa:secret@localhost/db", "pip install 'pyodbc'"),
        ("mysql+mysqldb://root@localhost/db", r"pip install 'spawn-workbench\[mysql\]'"),
    ],
)
def test_missing_driver_is_named_with_its_package(url: str, says: str) -> None:
    with pytest.raises(BadSetting, match=says) as caught:
        open_store(url)
    assert "secret" not in str(caught.value)


def test_url_that_cannot_be_read_does_not_show_its_password() -> None:
    with pytest.raises(BadSetting, match="in a password, write @") as caught:
        open_store("postgresql://ada:se@cret:x@host:port/db")
    assert "cret" not in str(caught.value)
