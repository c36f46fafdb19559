"""A change to a store's tables without its key is noticed: each change is an error that says what was found."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.__main__ import main
from runtime.errors import StoreDamaged
from runtime.stores.base import Group, flatten
from runtime.stores.check import check
from runtime.stores.journal import idempotency
from runtime.stores.journal.attestation import Attestor, KeyAudit
from runtime.stores.journal.backend import Writes
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.stores.registry import open_store
from runtime.stores.repair import repair
from runtime.testing.turns import TurnHistory, actor_id, json_state
from tests.runtime.stores.journal.make_format_1 import DATA

KEY = bytes(range(32))


@pytest.fixture
def past() -> TurnHistory:
    return TurnHistory()


@pytest.fixture
def path(tmp_path: Path, past: TurnHistory) -> Path:
    """A store with everything in rows, and a last block that is not."""
    path = tmp_path / "store.db"
    store = opened(path)
    for name in ("a", "b", "c"):
        store.commit(
            Group(turns=(past.turn(name, b"1", key=f"{name}-key"), past.turn(name, b"2", tags={"mood": name})))
        )
    while store.checkpoint():
        pass
    store.commit(Group(turns=past.batch(2, "a")))
    store.close()
    return path


def opened(path: Path) -> JournalStore:
    store = open_store(f"sqlite:///{path}", key=KEY)
    assert isinstance(store, JournalStore)
    return store


def execute(path: Path, *statements: str) -> list[Any]:
    rows: list[Any] = []
    with sqlite3.connect(path) as connection:
        for statement in statements:
            rows += connection.execute(statement).fetchall()
    connection.close()
    return rows


OPENING = {
    "last block removed": "DELETE FROM blocks WHERE first = (SELECT max(first) FROM blocks)",
    "two blocks removed": "DELETE FROM blocks WHERE first > 4",
    "all blocks removed": "DELETE FROM blocks",
    "mark set back": "UPDATE meta SET value = '0' WHERE name = 'mark'",
    "mark set forward": "UPDATE meta SET value = '8' WHERE name = 'mark'",
    "past said to be gone": "INSERT INTO meta VALUES ('gone', '4')",
    "entry removed": "DELETE FROM meta WHERE name = 'attested'",
    "entry changed": "UPDATE meta SET value = replace(value, '8', '6') WHERE name = 'attested'",
    "said to be unbound": "UPDATE meta SET value = '[\"\",\"\"]' WHERE name = 'bound'",
    "said to be of format 1": "UPDATE meta SET value = '1' WHERE name = 'format'",
}


@pytest.mark.parametrize("what", [what for what in OPENING if what != "said to be of format 1"])
def test_change_of_what_a_store_says_of_itself_is_noticed_at_opening(path: Path, what: str) -> None:
    execute(path, OPENING[what])

    with pytest.raises(StoreDamaged, match=r"(?s)Nothing was changed.*--repair OUT"):
        opened(path)

    assert check(f"sqlite:///{path}", key=KEY).damaged


def test_removed_last_block_is_named(path: Path) -> None:
    execute(path, OPENING["last block removed"])

    with pytest.raises(StoreDamaged, match="turn 8 was the last to be written, and it has turns up to 6"):
        opened(path)


ROWS = {
    "revision": "UPDATE snapshots SET revision = 7 WHERE actor = 'b'",
    "tags": "UPDATE snapshots SET tags = '{\"mood\":\"bad\"}' WHERE actor = 'b'",
    "definition": "UPDATE snapshots SET definition = 'd0' WHERE actor = 'b'",
    "parent": "UPDATE snapshots SET parent = 'c' WHERE actor = 'b'",
    "type": "UPDATE snapshots SET data_type = 'x' WHERE actor = 'b'",
    "sequence": "UPDATE snapshots SET sequence = 1 WHERE actor = 'b'",
    "time": "UPDATE snapshots SET updated_us = 5 WHERE actor = 'b'",
    "state removed": "UPDATE snapshots SET data = NULL WHERE actor = 'b'",
    "state of another": "UPDATE snapshots SET data = (SELECT data FROM snapshots WHERE actor = 'c') WHERE actor = 'b'",
    "mark removed": "UPDATE snapshots SET kept_aside = NULL WHERE actor = 'b'",
    "names swapped": "UPDATE snapshots SET actor = CASE actor WHEN 'b' THEN '-' WHEN 'c' THEN 'b' ELSE actor END",
}


@pytest.mark.parametrize("what", ROWS)
def test_change_of_an_actors_row_is_noticed_when_it_is_read(path: Path, what: str) -> None:
    execute(path, ROWS[what])
    store = opened(path)

    with pytest.raises(StoreDamaged, match=r"(?s)state of b .*--repair OUT"):
        store.load(actor_id("b"))

    store.close()
    assert check(f"sqlite:///{path}", key=KEY).damaged


def test_removed_row_of_an_actor_is_no_new_actor(path: Path) -> None:
    execute(path, "DELETE FROM snapshots WHERE actor = 'b'")
    store = opened(path)

    with pytest.raises(StoreDamaged, match="rows of 2 actors, and 3 were written"):
        store.load(actor_id("b"))
    store.close()


def test_row_under_another_name_makes_no_new_actor(path: Path) -> None:
    execute(path, "UPDATE snapshots SET actor = 'zz' WHERE actor = 'b'")
    store = opened(path)

    with pytest.raises(StoreDamaged, match=r"the state of b is missing, though turn \d+ changed it"):
        store.load(actor_id("b"))
    assert store.load(actor_id("new")) is None
    store.close()


def test_row_that_hides_later_turns_is_noticed_at_opening(path: Path) -> None:
    execute(path, "UPDATE snapshots SET sequence = 8 WHERE actor = 'a'")

    with pytest.raises(StoreDamaged, match="state of a"):
        opened(path)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM keys WHERE sequence = 3", "rows of 2 idempotency keys, and 3 were written"),
        ("INSERT INTO keys VALUES (5, 1)", "rows of 4 idempotency keys, and 3 were written"),
        ("UPDATE keys SET sequence = 5 WHERE sequence = 3", "names turn 5, which did not use that key"),
        ("UPDATE keys SET sequence = 4 WHERE sequence = 3", "names turn 4, which did not use that key"),
        ("UPDATE keys SET sequence = 99 WHERE sequence = 3", "names turn 99, which did not use that key"),
    ],
)
def test_changed_key_does_not_run_a_call_again(path: Path, statement: str, said: str) -> None:
    execute(path, statement)
    store = opened(path)

    with pytest.raises(StoreDamaged, match=f"{said}|rows of idempotency keys are not what was written"):
        store.find_key(actor_id("b"), "b-key")

    store.close()
    assert check(f"sqlite:///{path}", key=KEY).damaged


def test_row_of_an_earlier_time_is_found_by_a_check(tmp_path: Path, past: TurnHistory) -> None:
    path = tmp_path / "store.db"
    for state in (b"1", b"2"):
        store = opened(path)
        store.commit(Group(turns=(past.turn("a", state),)))
        while store.checkpoint():
            pass
        store.close()
        if state == b"1":
            execute(path, "CREATE TABLE earlier AS SELECT * FROM snapshots")
    execute(path, "DELETE FROM snapshots", "INSERT INTO snapshots SELECT * FROM earlier")

    (damage,) = check(f"sqlite:///{path}", key=KEY).damaged

    assert "the row of a is as of turn 1, and turn 2 changed it" in damage


KEY_ROWS = {
    "renamed": "UPDATE keys SET hash = 5 WHERE sequence = 3",
    "one renamed forth, one back": "UPDATE keys SET hash = hash + CASE sequence WHEN 3 THEN 1 ELSE -1 END WHERE sequence > 1",
    "sequence 0": "UPDATE keys SET sequence = 0 WHERE sequence = 3",
    "negative sequence": "UPDATE keys SET sequence = -1 WHERE sequence = 3",
    "text for a sequence": "UPDATE keys SET sequence = 'x' WHERE sequence = 3",
    "sequences swapped": "UPDATE keys SET sequence = CASE sequence WHEN 3 THEN 5 WHEN 5 THEN 3 ELSE sequence END",
    "one removed, one invented": "UPDATE keys SET hash = 5, sequence = 2 WHERE sequence = 3",
}


@pytest.mark.parametrize("what", KEY_ROWS)
@pytest.mark.parametrize("key", ["b-key", "new"])
def test_changed_rows_of_keys_are_noticed_by_the_first_keyed_call(path: Path, what: str, key: str) -> None:
    execute(path, KEY_ROWS[what])
    store = opened(path)

    for _ in range(2):
        with pytest.raises(StoreDamaged, match="rows of idempotency keys are not what was written"):
            store.find_key(actor_id("b"), key)
    store.close()


def test_changed_row_on_one_of_the_first_pages_is_noticed_before_a_key_counts_as_new(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_PAGE", 1)
    execute(path, "UPDATE keys SET hash = 5 WHERE sequence = 3")
    store = opened(path)

    with pytest.raises(StoreDamaged, match="rows of idempotency keys"):
        store.find_key(actor_id("new"), "new")
    store.close()


def test_changed_row_on_a_later_page_is_noticed_after_the_last(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "_PAGE", 1)
    monkeypatch.setattr(idempotency, "_FIRST_PAGES", 1)
    execute(path, "UPDATE keys SET hash = 5 WHERE sequence = 3")
    store = opened(path)

    for _ in range(3):
        store.find_key(actor_id("new"), "new")

    with pytest.raises(StoreDamaged, match="rows of idempotency keys"):
        store.find_key(actor_id("new"), "new")
    store.close()


def without_sum(path: Path) -> None:
    """What a version before the sum would have written."""
    store = opened(path)
    attestor = store._backend.attests
    assert isinstance(attestor, Attestor)
    (text,) = execute(path, "SELECT value FROM meta WHERE name = 'attested'")[0]
    payload = msgspec.json.encode(msgspec.json.decode(text.rpartition(" ")[0])[:7])
    mac = store._identity.mac(b"attested", payload)
    store.close()
    execute(path, f"UPDATE meta SET value = '{payload.decode()} {mac}' WHERE name = 'attested'")


def write_key(store: JournalStore, past: TurnHistory, key: str) -> None:
    store.commit(Group(turns=(past.turn("d", b"1", key=key),)))
    while store.checkpoint():
        pass


@pytest.mark.parametrize("is_read_before", [True, False])
def test_store_without_a_sum_of_its_keys_gets_one(path: Path, past: TurnHistory, is_read_before: bool) -> None:
    without_sum(path)
    store = opened(path)
    for written in ("k1", "k2"):
        if is_read_before:
            assert store.find_key(actor_id("b"), "b-key")
        write_key(store, past, written)
        assert store.find_key(actor_id("b"), "b-key")
    write_key(store, past, "k3")
    store.close()
    store = opened(path)
    assert store.find_key(actor_id("d"), "k2")
    store.close()

    execute(path, "UPDATE keys SET hash = 5 WHERE sequence = 3")

    store = opened(path)
    with pytest.raises(StoreDamaged, match="rows of idempotency keys"):
        store.find_key(actor_id("b"), "b-key")
    store.close()


@pytest.mark.parametrize("is_old", [True, False])
def test_keys_written_and_removed_between_pages_are_no_damage(is_old: bool) -> None:
    chance = random.Random(7)
    for _ in range(60):
        backend = MemoryBackend()
        rows = {chance.randrange(40): number for number in range(1, 12)}
        identity = JournalStore(backend, key=KEY)._identity
        backend.write(Writes(keys=list(rows.items())))
        attested = Attestor(identity, "", backend.meta())
        attested.check(backend)
        if is_old:
            attested.key_audit.expect(0, is_whole=False)
        backend.attests = attested

        read_in_pages(backend, attested.key_audit, chance)

        before = identity.sum_of_key_rows(rows.items())
        assert attested.key_audit.left_out == (before if is_old else None)
        now = attested._read(backend.meta()["attested"])
        assert int(now.key_sum, 16) == identity.sum_of_key_rows(backend._keys.items())


def read_in_pages(backend: MemoryBackend, audit: KeyAudit, chance: random.Random) -> None:
    start, number, page = -(2**63), 100, [(0, 0)] * 2
    while len(page) == 2:
        page = backend.key_rows(start, 2)
        change_keys(backend, chance, number)
        audit.pass_rows(page, len(page) < 2)
        change_keys(backend, chance, number + 5)
        start, number = page[-1][0] + 1 if page else start, number + 10


def change_keys(backend: MemoryBackend, chance: random.Random, number: int) -> None:
    backend.write(Writes(keys=[(chance.randrange(40), number + each) for each in range(2)]))
    rows = chance.sample(sorted(backend._keys.items()), 2)
    backend.write(Writes(forgotten=[(*row, row[0] + 1) for row in rows]))


def test_key_under_another_hash_is_found_by_a_check(path: Path) -> None:
    execute(path, "UPDATE keys SET hash = 5 WHERE sequence = 3")

    assert check(f"sqlite:///{path}", key=KEY).damaged == ["The idempotency key of turn 3 of b has no row of its own."]


def test_removed_block_in_the_middle_is_found_by_a_check(path: Path) -> None:
    execute(path, "DELETE FROM blocks WHERE first = 3")

    assert check(f"sqlite:///{path}", key=KEY).damaged == [f"Turns 3 to 4 of sqlite:///{path} are missing."]


@pytest.mark.parametrize("what", [*OPENING, *ROWS])
def test_repaired_copy_of_a_changed_store_is_sound(path: Path, tmp_path: Path, what: str, past: TurnHistory) -> None:
    execute(path, (OPENING | ROWS)[what])

    if not repair(f"sqlite:///{path}", tmp_path / "out.db", key=KEY):
        assert what == "said to be of format 1"
        return

    assert not check(f"sqlite:///{tmp_path}/out.db", key=KEY)
    store = opened(tmp_path / "out.db")
    assert store.head() == 8
    if "block" not in what and what != "past said to be gone":
        assert store.load(actor_id("b")) == past.actors[actor_id("b")]
        assert list(flatten(store.turns())) == past.turns
    store.close()


# -- stores of format 1 ------------------------------------------------------------------------------------------------------


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SPAWN_STATESTORE_KEY", (DATA / "format-1.key").read_text().strip())
    return Path(shutil.copy(DATA / "format-1.db", tmp_path))


def read(path: Path) -> None:
    with closing(open_store(f"sqlite:///{path}")) as store:
        list(store.turns())


def written_to(path: Path) -> Path:
    store = open_store(f"sqlite:///{path}")
    turn = TurnHistory().turn("new", b"1")
    store.commit(Group(turns=(msgspec.structs.replace(turn, sequence=store.head() + 1),)))
    while store.checkpoint():
        pass
    store.close()
    return path


def test_store_of_format_1_is_accepted_once_and_authenticated_from_then_on(old: Path) -> None:
    assert execute(old, "SELECT count(*) FROM meta WHERE name = 'attested'") == [(0,)]

    written_to(old)

    assert execute(old, "SELECT value FROM meta WHERE name IN ('format', 'bound') ORDER BY name") == [("",), ("2",)]
    assert execute(old, "SELECT count(*) FROM snapshots WHERE substr(kept_aside, 1, 1) != x'02'") == [(0,)]
    assert not check(f"sqlite:///{old}")


def test_damaged_row_of_format_1_holds_up_no_other(old: Path) -> None:
    execute(old, "UPDATE snapshots SET kept_aside = x'0102' WHERE actor = (SELECT min(actor) FROM snapshots)")

    written_to(old)

    assert execute(old, "SELECT count(*) FROM snapshots WHERE substr(kept_aside, 1, 1) != x'02'") == [(1,)]
    assert len(check(f"sqlite:///{old}").damaged) == 1


def test_looking_at_a_store_of_format_1_changes_nothing(old: Path) -> None:
    before = old.read_bytes()

    store = open_store(f"sqlite:///{old}")
    list(store.turns())
    store.close()

    assert old.read_bytes() == before


@pytest.mark.parametrize("also", ["", "secret", "blocks"])
def test_stripping_a_store_to_format_1_is_noticed(old: Path, also: str) -> None:
    (secret,) = execute(old, "SELECT value FROM meta WHERE name = 'index_secret'")
    written_to(old)
    execute(
        old,
        "DELETE FROM meta WHERE name IN ('attested', 'bound')",
        "UPDATE meta SET value = '1' WHERE name = 'format'",
        "UPDATE snapshots SET kept_aside = NULL, revision = 99",
    )
    if also:
        execute(old, f"UPDATE meta SET value = '{secret[0]}' WHERE name = 'index_secret'")
    if also == "blocks":  # the flag of the last one
        execute(old, "UPDATE blocks SET data = CAST(substr(data, 1, 6) || x'0000' || substr(data, 9) AS BLOB)")

    with pytest.raises(StoreDamaged):
        read(old)


def test_format_1_whose_last_blocks_are_missing_is_noticed(old: Path) -> None:
    execute(old, "DELETE FROM blocks WHERE first > 2")

    with pytest.raises(StoreDamaged, match="its actors have seen turn"):
        open_store(f"sqlite:///{old}")


# -- in memory ---------------------------------------------------------------------------------------------------------------


def test_store_in_memory_is_checked_alike() -> None:
    backend = MemoryBackend()
    JournalStore(backend, key=KEY).commit(Group(turns=TurnHistory().batch(2, "a")))
    del backend._blocks[-1], backend._firsts[-1]

    with pytest.raises(StoreDamaged, match="turn 2 was the last to be written, and it has turns up to 0"):
        JournalStore(backend, key=KEY)


def test_command_says_what_was_changed(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPAWN_STATESTORE_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    execute(path, OPENING["last block removed"])

    status = main(["check", str(path)])

    assert status == 1
    assert "turn 8 was the last to be written" in capsys.readouterr().out


def test_state_and_tags_of_an_untouched_store_are_as_before(path: Path) -> None:
    store = opened(path)

    found = store.load(actor_id("b"))

    assert found is not None
    assert (found.state, found.tags) == (json_state(b"2"), {"mood": "b"})
    store.close()
