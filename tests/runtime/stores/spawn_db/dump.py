"""Loads the dump of a real Spawn database, and builds what Spawn's MariaDB adapter would have."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import psycopg

from tests.runtime.stores.sql.places import Place

DIRECTORY = Path(__file__).parent / "data" / "spawn"


def expected() -> dict[str, Any]:
    """What the proxy had written, by its own account (see the README there)."""
    found: dict[str, Any] = json.loads(gzip.decompress((DIRECTORY / "expected.json.gz").read_bytes()))
    return found


def load(place: Place) -> None:
    """Put the dump into a schema of Postgres."""
    text = gzip.decompress((DIRECTORY / "dump.sql.gz").read_bytes()).decode().replace("public.", f"{place.name}.")
    address = place._base
    with psycopg.connect(
        host=address.host, port=address.port, user=address.username, password=address.password, dbname=address.database
    ) as connection:
        _run(connection, text)


def _run(connection: psycopg.Connection[Any], text: str) -> None:
    statement: list[str] = []
    lines = iter(text.splitlines(keepends=True))
    for line in lines:
        if line.startswith(("--", "\\")) or (not statement and not line.strip()):
            continue
        statement.append(line)
        if line.rstrip().endswith(";"):
            whole = "".join(statement)
            statement.clear()
            if whole.startswith("COPY "):
                with connection.cursor().copy(whole.encode()) as copy:
                    while (row := next(lines)) != "\\.\n":
                        copy.write(row)
            else:
                connection.execute(whole.encode())


MARIADB_TABLE = """
CREATE TABLE {0}.snapshots (
    id BIGINT NOT NULL PRIMARY KEY, actor TEXT, `system` TEXT, status TEXT, node TEXT, revision BIGINT DEFAULT 0, tags JSON,
    data_type TEXT NOT NULL, data LONGBLOB, inserted_at TIMESTAMP NULL, updated_at TIMESTAMP NULL, INDEX (status(32))
) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME LIMIT 1000 PARTITIONS 2
"""
"""As docs/protocols.md, "State tables" describes it."""
