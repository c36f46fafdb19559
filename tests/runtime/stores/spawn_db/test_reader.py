"""A real Spawn database read: every state and revision equal to what the proxy said."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from google.protobuf import wrappers_pb2
from sqlalchemy.exc import SQLAlchemyError

from runtime.errors import BadSetting, StoreUnavailable
from runtime.ids import ActorId
from runtime.records import JSON
from runtime.security.crypto import Cipher, cloak, fingerprint
from runtime.stores.base import Group
from runtime.stores.registry import open_store
from runtime.stores.spawn_db.phash2 import actor_number, template_of
from runtime.stores.spawn_db.reader import SpawnDatabase, SpawnRevision, open_spawn_database
from runtime.testing.turns import TurnHistory
from runtime.wire.codecs.values import decode_value
from tests.runtime.stores.spawn_db import dump
from tests.runtime.stores.sql.fixtures import server
from tests.runtime.stores.sql.places import KEY as OTHER_KEY
from tests.runtime.stores.sql.places import Place, place
from workbench.commands.attach import spawn_database

__all__ = ["server"]

EXPECTED = dump.expected()
KEY = base64.b64decode(EXPECTED["key"])
OLD_KEY = base64.b64decode(EXPECTED["other_key"])
ACTORS: dict[str, Any] = EXPECTED["actors"]


@pytest.fixture(scope="module")
def shop() -> Iterator[Place]:
    with place("postgresql") as made:
        dump.load(made)
        yield made


@pytest.fixture
def database(shop: Place) -> Iterator[SpawnDatabase]:
    with open_spawn_database(shop.url, key=KEY, templates=["order", "cart"]) as database:
        yield database


def microseconds(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000 + moment.microsecond


def shown(revision: SpawnRevision) -> Any:
    """The decoded state, as `expected.json` has it."""
    state = revision.snapshot.state
    assert state is not None, revision.problem
    if state.value.type == JSON:
        return json.loads(state.value.data)
    message = decode_value(state.value)
    assert isinstance(message, wrappers_pb2.StringValue)
    return message.value


# the dump


def test_current_states_are_those_that_the_proxy_wrote(database: SpawnDatabase) -> None:
    found = list(database.current())

    assert sorted(each.snapshot.actor.name for each in found) == sorted(ACTORS)
    for each in found:
        wanted = ACTORS[each.snapshot.actor.name]
        newest = wanted["revisions"][-1]
        assert each.snapshot.actor == ActorId("shop", each.snapshot.actor.name)
        assert (each.number, each.node) == (wanted["id"], wanted["node"])
        assert (each.snapshot.revision, each.snapshot.status) == (newest["revision"], newest["status"])
        assert (each.snapshot.tags, each.data_type) == (newest["tags"], newest["data_type"])
        assert each.snapshot.at_us == microseconds(newest["written_at"])
        assert each.is_current
        if "error" not in newest:
            assert shown(each) == newest["state"]


def test_history_is_every_revision_in_order(database: SpawnDatabase) -> None:
    total = 0
    for name, wanted in ACTORS.items():
        found = list(database.history(name))
        assert [each.snapshot.revision for each in found] == [r["revision"] for r in wanted["revisions"]]
        for each, revision in zip(found, wanted["revisions"], strict=True):
            assert (each.snapshot.tags, each.snapshot.status) == (revision["tags"], revision["status"])
            assert each.snapshot.at_us == microseconds(revision["written_at"])
            assert each.is_current == revision.get("current", False)
            if not each.is_current:
                assert each.until_us == microseconds(revision["updated_at"])
            if "error" not in revision:
                assert shown(each) == revision["state"]
        total += len(found)

    assert total == EXPECTED["revisions_total"]


def test_one_actor_is_found_now_and_at_a_revision(database: SpawnDatabase) -> None:
    newest, earlier = database.find("incrementor"), database.at_revision("incrementor", 1)

    assert newest is not None
    assert earlier is not None
    assert (newest.snapshot.revision, shown(newest)) == (175, {"total": 539})
    assert (earlier.snapshot.revision, shown(earlier)) == (1, {"total": 4})
    assert database.at_revision("incrementor", 176) is None
    assert database.find("nobody") is None
    assert list(database.history("nobody")) == []
    assert database.find("incrementor", system="elsewhere") is None
    assert list(database.current(system="elsewhere")) == []
    assert database.systems() == ["shop"]


def test_state_that_cannot_be_decrypted_is_reported_and_the_others_come(database: SpawnDatabase) -> None:
    unreadable = [each for each in database.current() if each.problem]

    assert [each.snapshot.actor.name for each in unreadable] == ["old_key_actor"]
    assert unreadable[0].snapshot.state is None
    assert unreadable[0].snapshot.tags == {"era": "before-rotation"}
    assert f"another key, or changed since (tried: {fingerprint(KEY).hex()})" in unreadable[0].problem


def test_other_keys_are_tried_too(shop: Place) -> None:
    with open_spawn_database(shop.url, key=KEY, other_keys=[OTHER_KEY, OLD_KEY]) as database:
        found = {each.snapshot.actor.name: each for each in database.current()}

    assert not any(each.problem for each in found.values())
    assert shown(found["old_key_actor"]) == ACTORS["old_key_actor"]["revisions"][0]["state_with_other_key"]


def test_wrong_key_reports_each_state(shop: Place) -> None:
    with open_spawn_database(shop.url, key=OTHER_KEY) as database:
        assert all(each.problem for each in database.current())


def test_template_of_a_child_is_found_among_the_candidates(shop: Place, database: SpawnDatabase) -> None:
    parents = {each.snapshot.actor.name: each.snapshot.parent for each in database.current()}
    assert parents["cart-0001"] == parents["cart-0040"] == "cart"
    assert (parents["incrementor"], parents["greeting"]) == ("incrementor", "greeting")

    with open_spawn_database(shop.url, key=KEY, templates=["order"]) as other:
        found = other.find("cart-0001")
        assert found is not None
        assert found.snapshot.parent == ""


def test_key_of_the_environment_is_the_one_that_the_proxy_uses(shop: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting, match="takes its key"):
        open_spawn_database(shop.url)

    monkeypatch.setenv("SPAWN_STATESTORE_KEY", EXPECTED["key"])
    with open_spawn_database(shop.url) as database:
        found = database.find("incrementor")
        assert found is not None
        assert shown(found) == {"total": 539}


def test_nothing_can_be_written_through_it(database: SpawnDatabase) -> None:
    with pytest.raises(SQLAlchemyError, match="read-only"), database._database.engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM snapshots")


def test_refused_write_does_not_repeat_a_revision(server: Place) -> None:
    """The proxy copies the row, and then its own check refuses the new one (README of the dump)."""
    if not server.is_postgres:
        pytest.skip("only its Postgres adapter copies rows")
    dump.load(server)
    copied = "actor_id, actor, system, status, node, revision, tags, data_type, data, valid_from, valid_to, inserted_at, updated_at"
    for _ in range(2):
        server.execute(
            f"INSERT INTO {server.name}.historical_snapshots ({copied}) SELECT id, actor, system, status, node, revision,"
            " tags, data_type, data, inserted_at, updated_at, now() AT TIME ZONE 'utc', now() AT TIME ZONE 'utc'"
            f" FROM {server.name}.snapshots WHERE actor = 'incrementor'"
        )

    with open_spawn_database(server.url, key=KEY) as database:
        assert [each.snapshot.revision for each in database.history("incrementor")] == list(range(1, 176))


# MariaDB, whose table keeps its own versions


@pytest.fixture
def versioned() -> Iterator[Place]:
    with place("mariadb") as made:
        made.execute(dump.MARIADB_TABLE.format(made.name))
        yield made


def save(versioned: Place, revision: int, data_type: str, plain: bytes | None, status: str = "ACTIVATED") -> None:
    """What Spawn's adapter does: insert the actor's row, or update it in place."""
    number = actor_number("u-1", "shop", "cart")
    data = None if plain is None else cloak(Cipher(KEY), plain)
    versioned.execute(
        f"INSERT INTO {versioned.name}.snapshots VALUES (:number, 'u-1', 'shop', :status, 'spawn@10.0.0.1', :revision, :tags,"
        " :data_type, :data, UTC_TIMESTAMP(), UTC_TIMESTAMP()) ON DUPLICATE KEY UPDATE status = VALUES(status),"
        " revision = VALUES(revision), tags = VALUES(tags), data_type = VALUES(data_type), data = VALUES(data),"
        " updated_at = VALUES(updated_at)",
        number=number, status=status, revision=revision, tags=json.dumps({"n": str(revision)}), data_type=data_type, data=data,
    )  # fmt: skip


def json_state(value: object) -> bytes:
    from runtime.wire.pb.spawn.actors.protocol_pb2 import JSONType

    return JSONType(content=json.dumps(value)).SerializeToString()


JSON_TYPE = "type.googleapis.com/spawn.JSONType"
TEXT_TYPE = "type.googleapis.com/google.protobuf.StringValue"


def test_versions_of_mariadb_are_the_history(versioned: Place) -> None:
    for revision in range(1, 4):
        save(versioned, revision, JSON_TYPE, json_state({"total": revision}))
    save(versioned, 3, JSON_TYPE, json_state({"total": 4}), status="DEACTIVATED")

    with open_spawn_database(versioned.url, key=KEY, templates=["cart"]) as database:
        found = list(database.history("u-1"))
        now = database.find("u-1")
        assert database.has_history

    assert [(each.snapshot.revision, shown(each)) for each in found] == [
        (1, {"total": 1}), (2, {"total": 2}), (3, {"total": 3}), (3, {"total": 4}),
    ]  # fmt: skip
    assert [each.is_current for each in found] == [False, False, False, True]
    assert all(before.until_us == after.snapshot.at_us for before, after in itertools.pairwise(found))
    assert found[0].snapshot.tags == {"n": "1"}
    assert found[0].snapshot.parent == "cart"
    assert now is not None
    assert (now.snapshot.status, shown(now)) == ("DEACTIVATED", {"total": 4})


def test_nothing_and_an_encryption_of_nothing_are_default_values(versioned: Place) -> None:
    save(versioned, 1, TEXT_TYPE, b"")
    save(versioned, 2, TEXT_TYPE, None)
    save(versioned, 3, JSON_TYPE, b"")

    with open_spawn_database(versioned.url, key=KEY) as database:
        first, second, third = database.history("u-1")

    assert shown(first) == shown(second) == ""
    assert third.snapshot.state is None
    assert third.problem == ""


def test_older_layout_without_a_tag_is_read(versioned: Place) -> None:
    encryptor = BlockCipher(algorithms.AES(KEY), modes.CTR(b"i" * 16)).encryptor()
    column = b"\x01\x0aAES.CTR.V1" + b"i" * 16 + encryptor.update(json_state([1, 2]))
    save(versioned, 1, JSON_TYPE, None)
    versioned.execute(f"UPDATE {versioned.name}.snapshots SET data = :column", column=column)

    with open_spawn_database(versioned.url, key=KEY) as database:
        found = database.find("u-1")

    assert found is not None
    assert shown(found) == [1, 2]


def test_state_in_no_known_layout_is_reported(versioned: Place) -> None:
    save(versioned, 1, JSON_TYPE, None)
    versioned.execute(f"UPDATE {versioned.name}.snapshots SET data = 'plain text'")

    with open_spawn_database(versioned.url, key=KEY) as database:
        found = database.find("u-1")

    assert found is not None
    assert "layout" in found.problem


def test_table_without_versions_has_the_present_only(versioned: Place) -> None:
    save(versioned, 1, JSON_TYPE, json_state(1))
    versioned.execute(f"ALTER TABLE {versioned.name}.snapshots REMOVE PARTITIONING")
    versioned.execute(f"ALTER TABLE {versioned.name}.snapshots DROP SYSTEM VERSIONING")

    with open_spawn_database(versioned.url, key=KEY) as database:
        assert not database.has_history
        assert [each.snapshot.revision for each in database.history("u-1")] == [1]


# what is no Spawn database


def test_other_databases_are_told_apart(server: Place) -> None:
    with pytest.raises(BadSetting, match=r"not the database of a Spawn proxy.*tables found: none"):
        open_spawn_database(server.url, key=KEY)

    open_store(server.url, key=OTHER_KEY).close()
    with pytest.raises(BadSetting, match="tables found: workbench_blocks"):
        open_spawn_database(server.url, key=KEY)


def test_other_servers_are_refused() -> None:
    with pytest.raises(BadSetting, match="Postgres or MariaDB"):
        open_spawn_database("sqlite:///x.db", key=KEY)


def test_server_that_is_away_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        open_spawn_database("postgresql+psycopg://ada@127.0.0.1:1/shop", key=KEY)


# Erlang's hash


@pytest.mark.parametrize(
    ("name", "system", "parent", "number"),
    [
        # from a real proxy (docs/protocols.md, "State tables")
        ("Counter", "lab-system", "", 28953085), ("Sn1", "lab-system", "", 64735702),
        ("u1", "lab-system", "User", 36071691), ("joe", "sys", "", 129067260),
        # from erlang:phash2/1 of OTP 25
        ("", "s", "", 31412532), ("a", "", "", 6505237), ("twelve-bytes", "spawn-system", "cart", 78468951),
        ("eleven-byte", "sys", None, 93154239), ("日本語", "シス", "型", 122167524), ("ü/🙂", "sys", "p", 133285429),
        ("a name of more than two blocks of bytes", "shop", "a template with a long name", 18130274),
        ("\0", "x", None, 133839925),
    ],
)  # fmt: skip
def test_number_of_an_actor_is_erlangs(name: str, system: str, parent: str | None, number: int) -> None:
    assert actor_number(name, system, parent) == number


def test_every_number_of_the_dump_leads_to_its_template() -> None:
    for name, wanted in ACTORS.items():
        template = template_of(wanted["id"], name, "shop", ["order", "cart"])
        assert template == ("cart" if name.startswith("cart-") else name)


# a store of ours


@pytest.mark.parametrize("earlier", [False, True], ids=["untouched", "with empty tables of an earlier version"])
def test_database_of_a_proxy_is_recognised_and_no_store_is_made_in_it(server: Place, earlier: bool) -> None:
    if earlier:
        open_store(server.url, key=OTHER_KEY).close()
    if server.is_postgres:
        dump.load(server)
    else:
        server.execute(dump.MARIADB_TABLE.format(server.name))
    before = tables_of(server)

    with pytest.raises(BadSetting, match=r"(?s)is the database of a Spawn system.*%spawn database URL"):
        open_store(server.url, key=OTHER_KEY)

    assert tables_of(server) == before


def test_store_with_turns_that_lies_in_such_a_database_is_opened(server: Place) -> None:
    store = open_store(server.url, key=OTHER_KEY)
    store.commit(Group(turns=TurnHistory().batch(1, "a")))
    store.close()
    if server.is_postgres:
        dump.load(server)
    else:
        server.execute(dump.MARIADB_TABLE.format(server.name))

    store = open_store(server.url, key=OTHER_KEY)

    assert store.head() == 1
    store.close()


def tables_of(place: Place) -> set[str]:
    statement = "SELECT table_name FROM information_schema.tables WHERE table_schema = :name"
    return {row[0] for row in place.execute(statement, name=place.name)}


# commands


def test_command_shows_each_actor_and_the_revisions_of_one(shop: Place) -> None:
    everyone, one = spawn_database(shop.url, key=KEY), spawn_database(shop.url, "incrementor", key=KEY)

    assert sorted(each.snapshot.actor.name for each in everyone) == sorted(ACTORS)
    assert "another key" in repr(everyone)
    assert len(one) == len(ACTORS["incrementor"]["revisions"])
    assert "{'total': 4}" in repr(one)
