"""The database of a real Spawn system in a real kernel: it can be read, and is never taken for a store."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

import pytest

from runtime.__main__ import main
from runtime.security.crypto import Cipher, cloak
from runtime.stores.spawn_db.phash2 import actor_number
from runtime.wire.pb.spawn.actors.protocol_pb2 import JSONType
from tests.runtime.stores.spawn_db import dump
from tests.runtime.stores.sql.places import SERVERS, Place, place
from tests.workbench.kernel_ext.kernel import Kernel

KEY = dump.expected()["key"]


@pytest.fixture(scope="module", params=list(SERVERS))
def proxys(request: pytest.FixtureRequest) -> Iterator[Place]:
    """What a proxy has written: on Postgres the dump of one, on MariaDB one actor."""
    with place(request.param) as made:
        if made.is_postgres:
            dump.load(made)
        else:
            made.execute(dump.MARIADB_TABLE.format(made.name))
            state = JSONType(content=json.dumps({"total": 4})).SerializeToString()
            made.execute(
                f"INSERT INTO {made.name}.snapshots VALUES (:number, 'incrementor', 'shop', 'ACTIVATED', 'spawn@10.0.0.1', 4,"
                " '{}', 'type.googleapis.com/spawn.JSONType', :data, UTC_TIMESTAMP(), UTC_TIMESTAMP())",
                number=actor_number("incrementor", "shop", ""),
                data=cloak(Cipher(base64.b64decode(KEY)), state),
            )
        yield made


def tables_of(place: Place) -> list[tuple[str, ...]]:
    statement = "SELECT table_name FROM information_schema.tables WHERE table_schema = :name ORDER BY 1"
    return [tuple(row) for row in place.execute(statement, name=place.name)]


def test_magic_lists_its_actors_and_the_revisions_of_one(proxys: Place, kernel: Kernel) -> None:
    kernel.ok(f"import os\nos.environ['SPAWN_STATESTORE_KEY'] = {KEY!r}")

    everyone = kernel.ok(f"%spawn database {proxys.url}").text
    one = kernel.ok(f"%spawn database {proxys.url} --actors incrementor").text

    assert "incrementor" in everyone
    assert "{'total': 4}" in one


def test_start_refuses_it_points_to_the_reader_and_writes_nothing(proxys: Place, kernel: Kernel) -> None:
    before = tables_of(proxys)
    kernel.ok("wb.stop()")

    refused = kernel.run(f"wb.start(store={proxys.url!r})")

    assert refused.ename == "BadSetting"
    assert "is the database of a Spawn system" in refused.traceback
    assert "%spawn database URL" in refused.traceback
    assert "is not running" in kernel.ok("%spawn status").text
    assert tables_of(proxys) == before


def test_serve_refuses_it_and_writes_nothing(proxys: Place, capsys: pytest.CaptureFixture[str]) -> None:
    before = tables_of(proxys)

    assert main(["serve", "--system", "shop", "--store", proxys.url, "--http-port", "0"]) == 1

    assert "BadSetting: Cannot keep a store in" in (said := capsys.readouterr().err)
    assert "%spawn database URL" in said
    assert tables_of(proxys) == before
