"""`python -m runtime check`: a look at a whole store, and a copy without what is wrong in it."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from runtime.__main__ import main
from runtime.config import RuntimeConfig
from runtime.errors import BadSetting, StoreInUse, StoreUnavailable, WrongKey
from runtime.ids import ActorId
from runtime.records import JSON, Encoded, Turn
from runtime.stores.base import Group, flatten
from runtime.stores.check import check
from runtime.stores.registry import open_store
from runtime.stores.repair import repair
from runtime.system.embedded import EmbeddedSystem
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.make_poisoned import DATA, Good, Mended, Odd, Tagged

KEY = base64.b64decode((DATA / "poisoned.key").read_bytes().strip())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(DATA / "poisoned.db", tmp_path))


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPAWN_STATESTORE_KEY", base64.b64encode(KEY).decode())


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sound(directory: Path) -> str:
    url = f"sqlite:///{directory}/sound.db"
    store = open_store(url, key=KEY)
    store.commit(Group(turns=TurnHistory().batch(5, "a", "b")))
    store.close()
    return url


def test_sound_store_has_no_findings(tmp_path: Path) -> None:
    found = check(sound(tmp_path), key=KEY)

    assert (bool(found), found.turns, found.quarantined, found.damaged) == (False, 5, [], [])


@pytest.mark.usefixtures("key")
def test_command_lists_sequence_actor_and_what_is_wrong(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = digest(path)

    status = main(["check", str(path)])

    said = capsys.readouterr().out.splitlines()
    assert status == 1
    assert said[0] == "turn 3 of tagged: tags_after cannot be kept (Expected `str`, got `int` - at `$[...]`)"
    assert [line.partition(":")[0] for line in said[:9]] == [
        "turn 3 of tagged", "turn 4 of mended", "turn 5 of mended", "turn 6 of mended", "turn 9 of odd", "turn 10 of odd",
        "turn 11 of odd", "turn 13 of mended", "state of tagged",
    ]  # fmt: skip
    assert "14 turns and 3 actors were read; 9 do not decode, 0 are damaged." in said[9]
    assert digest(path) == before


@pytest.mark.usefixtures("key")
def test_command_ends_with_0_for_a_sound_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", sound(tmp_path)]) == 0

    assert "Nothing is wrong" in capsys.readouterr().out


def test_damage_is_told_apart_from_what_does_not_decode(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE blocks SET data = CAST(substr(data, 1, 200) AS BLOB) WHERE first = 8")
    connection.close()

    found = check(f"sqlite:///{path}", key=KEY)

    assert [each.sequence for each in found.quarantined if each.what == "turn"] == [3, 4, 5, 6]
    assert len(found.damaged) == 1
    assert "turns 8 to 14" in found.damaged[0]


def test_wrong_key_missing_file_and_open_store_are_errors(path: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongKey):
        check(f"sqlite:///{path}", key=bytes(32))
    with pytest.raises(StoreUnavailable, match="no store at"):
        check(f"sqlite:///{tmp_path}/none.db", key=KEY)
    assert not (tmp_path / "none.db").exists()
    store = open_store(f"sqlite:///{path}", key=KEY)
    with pytest.raises(StoreInUse):
        check(f"sqlite:///{path}", key=KEY)
    store.close()


@pytest.mark.usefixtures("key")
def test_repaired_copy_is_sound_and_keeps_states_and_other_turns(path: Path, tmp_path: Path) -> None:
    before, out = digest(path), tmp_path / "out.db"

    status = main(["check", str(path), "--repair", str(out)])

    assert status == 0
    assert digest(path) == before
    assert not check(f"sqlite:///{out}", key=KEY)
    store = open_store(f"sqlite:///{out}", key=KEY)
    turns = list(flatten(store.turns()))
    assert [turn.sequence for turn in turns] == [1, 2, 7, 8, 12, 14]
    assert store.head() == 14
    for name, total, revision in [("good", 6, 3), ("tagged", 3, 2), ("mended", 7, 5), ("odd", 12, 3)]:
        found = store.load(ActorId("test", name))
        assert found is not None
        assert (found.state.value.data if found.state else b"", found.revision) == (b'{"total":%d}' % total, revision)
    assert [bool(store.find_key(ActorId("test", "good"), key)) for key in ("good-1", "good-2")] == [True, True]
    store.close()
    assert sorted(each.name for each in tmp_path.iterdir() if "draft" in each.name) == []


def test_system_goes_on_with_a_repaired_copy(path: Path, tmp_path: Path) -> None:
    repair(f"sqlite:///{path}", tmp_path / "out.db", key=KEY)

    with EmbeddedSystem(RuntimeConfig(system="test"), open_store(f"sqlite:///{tmp_path}/out.db", key=KEY)) as system:
        for actor in (Good, Tagged, Mended, Odd):
            system.deploy(actor)
        assert [system.invoke(name, "add", {"value": 1}) for name in ("good", "tagged", "mended", "odd")] == [
            7,
            4,
            8,
            13,
        ]
        assert system.status().problems == ()


def test_repair_replaces_no_file_and_makes_none_without_need(path: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.db"
    out.write_text("mine")
    with pytest.raises(BadSetting, match="a file of that name"):
        repair(f"sqlite:///{path}", out, key=KEY)
    assert out.read_text() == "mine"

    assert not repair(sound(tmp_path), tmp_path / "copy.db", key=KEY)
    assert not (tmp_path / "copy.db").exists()


def test_damaged_block_becomes_a_gap_in_a_repaired_copy(tmp_path: Path) -> None:
    past, url = TurnHistory(), f"sqlite:///{tmp_path}/store.db"
    store = open_store(url, key=KEY)
    for _ in range(3):
        store.commit(Group(turns=past.batch(2, "a")))
    while store.checkpoint():
        pass
    store.close()
    with sqlite3.connect(tmp_path / "store.db") as connection:
        connection.execute("UPDATE blocks SET data = zeroblob(100) WHERE first IN (3, 5)")
    connection.close()

    repair(url, tmp_path / "out.db", key=KEY)

    store = open_store(f"sqlite:///{tmp_path}/out.db", key=KEY)
    assert [turn.sequence for turn in flatten(store.turns())] == [1, 2]
    assert store.head() == 6
    assert store.load(actor_id("a")) is not None
    store.close()


def test_large_states_after_a_removed_turn_stay_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They may be stored as differences to its state."""
    past, url = TurnHistory(), f"sqlite:///{tmp_path}/store.db"
    texts = [b'{"text":"%s"}' % (b"x" * 70_000 + b"%d" % index) for index in range(3)]
    turns = [past.turn("a", text) for text in texts]
    poisoned = Turn(*[getattr(turns[0], name) for name in Turn.__struct_fields__[:-2]], None)  # type: ignore[arg-type]
    poisoned.metadata["x"] = 5  # type: ignore[assignment]
    store = open_store(url, key=KEY)
    for turn in (poisoned, *turns[1:]):
        store.commit(Group(turns=(turn,)))
    store.close()

    repair(url, tmp_path / "out.db", key=KEY)

    store = open_store(f"sqlite:///{tmp_path}/out.db", key=KEY)
    states = [turn.state.value for turn in flatten(store.turns()) if turn.state is not None]
    assert states == [Encoded(JSON, text) for text in texts[1:]]
    store.close()
