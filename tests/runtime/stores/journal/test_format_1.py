"""The store file of the first format, which every later version opens."""

from __future__ import annotations

import base64
import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest

from runtime.stores.base import Group
from runtime.stores.registry import open_store
from runtime.testing.turns import TurnHistory
from tests.runtime.stores.journal.make_format_1 import DATA, contents

KEY = base64.b64decode((DATA / "format-1.key").read_bytes().strip())


@pytest.fixture
def copy(tmp_path: Path) -> str:
    """The file is never opened in its place: opening makes files beside it."""
    shutil.copy(DATA / "format-1.db", tmp_path)
    return f"sqlite:///{tmp_path}/format-1.db"


def test_file_of_format_1_is_read_completely(copy: str) -> None:
    store = open_store(copy, key=KEY)

    found = msgspec.json.decode(msgspec.json.encode(contents(store)))

    expected = msgspec.json.decode((DATA / "format-1.json").read_bytes())
    for part, value in expected.items():
        assert len(found[part]) == len(value) if isinstance(value, list) else True, part
        assert _as_first_written(found[part], value) == value, part
    store.close()


def test_file_of_format_1_is_continued(copy: str) -> None:
    store = open_store(copy, key=KEY)
    (turn,) = TurnHistory().batch(1, "new")
    turn = msgspec.structs.replace(turn, sequence=store.head() + 1)

    store.commit(Group(turns=(turn,)))
    while store.checkpoint():
        pass
    store.close()

    store = open_store(copy, key=KEY)
    assert store.load(turn.actor) is not None
    assert store.head() == turn.sequence
    store.close()


def test_file_of_format_1_holds_what_it_is_there_to_show() -> None:
    connection = sqlite3.connect(f"file:{DATA}/format-1.db?mode=ro&immutable=1", uri=True)
    facts = dict(connection.execute("SELECT name, value FROM meta"))
    blocks = connection.execute("SELECT count(*), max(length(data)) FROM blocks").fetchone()
    sizes = [size for (size,) in connection.execute("SELECT length(data) FROM blocks ORDER BY first")]
    connection.close()

    assert facts["format"] == "1"
    assert 0 < int(facts["mark"]) < 8  # rows for a part, the rest to be rolled forward
    assert blocks[0] == 3
    assert sizes[0] > 65_536 > 10 * sizes[1]  # a whole large state, then a difference


def _as_first_written(found: object, expected: object) -> object:
    """What was found, without the fields that records have got since: they are at the end, so lists are cut."""
    if isinstance(found, list) and isinstance(expected, list):
        return [_as_first_written(item, first) for item, first in zip(found, expected, strict=False)]
    if isinstance(found, dict) and isinstance(expected, dict):
        return {name: _as_first_written(found[name], first) for name, first in expected.items() if name in found}
    return found
