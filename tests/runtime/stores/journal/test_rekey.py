"""A store under another key: old ones open, new ones write, and `rekey` leaves nothing under the old."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import pytest

from runtime.__main__ import main
from runtime.cli.rekey import rekey
from runtime.errors import BadSetting, StoreInUse, WrongKey
from runtime.ids import InvocationId
from runtime.records import JSON, Encoded, Invocation, State, StoredDefinition
from runtime.security.crypto import KeyFiles, fingerprint
from runtime.stores.base import Group, flatten
from runtime.stores.journal.blocks import sealed_with
from runtime.stores.journal.store import JournalStore
from runtime.stores.memory import MemoryBackend
from runtime.stores.registry import open_store
from runtime.testing.turns import TurnHistory, actor_id, alike
from tests.runtime.stores.sql.places import SERVERS, place

OLD, NEW, NEWER = (bytes([number]) * 32 for number in (1, 2, 3))


def named(key: bytes) -> str:
    return fingerprint(key).hex()


class Opener(Protocol):
    def __call__(self, key: bytes, *old_keys: bytes) -> JournalStore: ...


@pytest.fixture(params=["memory", "sqlite", *SERVERS])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """One store of each kind, opened with these keys."""
    if request.param == "memory":
        backend = MemoryBackend()
        yield lambda key, *old: JournalStore(backend, key=key, old_keys=old or None)
    elif request.param == "sqlite":
        yield lambda key, *old: _of(f"sqlite:///{tmp_path}/x.db", key, old)
    else:
        with place(request.param) as made:
            yield lambda key, *old: _of(made.url, key, old)


def _of(url: str, key: bytes, old: tuple[bytes, ...]) -> JournalStore:
    store = open_store(url, key=key, old_keys=old or None)
    assert isinstance(store, JournalStore)
    return store


def scheduled(name: str) -> Invocation:
    return Invocation(
        id=InvocationId(name), actor=actor_id("a"), action="act", payload=Encoded(JSON, b"1"), scheduled_to_us=5
    )


DEFINITION = StoredDefinition(
    hash="h1", name="a", source="class A: ...", settings={}, fields={}, actions={}, deployed_us=1
)


def fill(store: JournalStore, past: TurnHistory) -> None:
    """Everything that a store encrypts."""
    for _ in range(12):
        store.commit(Group(turns=past.batch(3, "a", "b", "c")))
    store.commit(
        Group(turns=(past.turn("keyed", b"1", key="k"), past.turn("aside", State(Encoded(JSON, b"2"), b'{"x":1}'))))
    )
    store.commit(Group(snapshots=(past.snapshot("only", b"3"),), scheduled=(scheduled("later"),)))
    store.save_definition(DEFINITION)
    while store.checkpoint():
        pass


def assert_holds(store: JournalStore, past: TurnHistory) -> None:
    assert list(flatten(store.turns())) == past.turns
    for actor, expected in past.actors.items():
        assert alike(store.load(actor), expected), actor
    found = store.find_key(actor_id("keyed"), "k")
    assert found is not None
    assert found.key == "k"
    assert store.definitions() == [DEFINITION]
    assert store.schedules() == [scheduled("later")]
    assert sum(batch.num_rows for batch in store.history_batches()) == len(past.turns)


def keys_of_blocks(store: JournalStore) -> set[str]:
    return {sealed_with(row).hex() for row in store._backend.blocks(0, 10_000)}


# opening


def test_old_key_opens_and_new_key_writes(opened: Opener) -> None:
    past = TurnHistory()
    with closing(opened(OLD)) as store:
        fill(store, past)

    with closing(opened(NEW, OLD)) as store:
        assert_holds(store, past)
        store.commit(Group(turns=past.batch(2, "a")))
        assert keys_of_blocks(store) == {named(OLD), named(NEW)}
        assert_holds(store, past)
    with closing(opened(NEW, OLD)) as store:
        assert_holds(store, past)


def test_missing_key_is_named_with_what_was_given(opened: Opener) -> None:
    with closing(opened(OLD)) as store:
        fill(store, TurnHistory())
    with pytest.raises(WrongKey, match=rf"key {named(OLD)}, which was not found.\n.*passed in \({named(NEW)}\)"):
        opened(NEW)
    with pytest.raises(WrongKey, match=rf"old keys \({named(NEWER)}\)"):
        opened(NEW, NEWER)

    opened(NEW, OLD).close()

    with pytest.raises(WrongKey, match=rf"still encrypted with the older key {named(OLD)}.*\n.*\n.*runtime rekey"):
        opened(NEW)
    with pytest.raises(WrongKey, match=rf"encrypted with key {named(NEW)}"):
        opened(OLD)


def test_old_key_alone_goes_on_as_before(opened: Opener) -> None:
    past = TurnHistory()
    with closing(opened(OLD, NEW)) as store:
        fill(store, past)
    with closing(opened(OLD)) as store:
        assert_holds(store, past)
        assert store.rekey() is False


# rewriting


def test_nothing_is_left_under_the_old_key(opened: Opener) -> None:
    past = TurnHistory()
    with closing(opened(OLD)) as store:
        fill(store, past)
        while store.seal():
            pass

    with closing(opened(NEW, OLD)) as store:
        while store.rekey():
            assert_holds(store, past)
        assert keys_of_blocks(store) == {named(NEW)}

    with closing(opened(NEW)) as store:
        assert_holds(store, past)
        store.commit(Group(turns=past.batch(2, "a")))
        assert_holds(store, past)


def test_rewriting_goes_on_wherever_it_was_ended(opened: Opener) -> None:
    past = TurnHistory()
    with closing(opened(OLD)) as store:
        fill(store, past)

    for _ in range(100):
        with closing(opened(NEW, OLD)) as store:
            left = store.rekey()
            assert_holds(store, past)
        if not left:
            break
    assert not left

    with closing(opened(NEW)) as store:
        assert_holds(store, past)


def test_turns_written_meanwhile_are_kept(opened: Opener) -> None:
    past = TurnHistory()
    with closing(opened(OLD)) as store:
        fill(store, past)

    with closing(opened(NEW, OLD)) as store:
        while store.rekey():
            store.commit(Group(turns=past.batch(2, "a", "d")))
            store.checkpoint()
    with closing(opened(NEW)) as store:
        assert_holds(store, past)


def test_key_changed_again_in_the_middle_needs_both_before_it(opened: Opener) -> None:
    past = TurnHistory()
    with closing(opened(OLD)) as store:
        fill(store, past)
    with closing(opened(NEW, OLD)) as store:
        store.rekey()

    with pytest.raises(WrongKey, match=f"older key {named(OLD)}"):
        opened(NEWER, NEW)
    with closing(opened(NEWER, NEW, OLD)) as store:
        assert_holds(store, past)
        while store.rekey():
            pass
    with closing(opened(NEWER)) as store:
        assert_holds(store, past)


# the command


@pytest.fixture
def store_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    for name in ("SPAWN_STATESTORE_KEY", "SPAWN_STATESTORE_OLD_KEYS"):
        monkeypatch.delenv(name, raising=False)
    return f"sqlite:///{tmp_path}/x.db"


def text(*keys: bytes) -> str:
    return ",".join(base64.b64encode(key).decode() for key in keys)


def test_command_takes_keys_from_the_environment(
    store_file: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    past = TurnHistory()
    with closing(_of(store_file, OLD, ())) as store:
        fill(store, past)
    monkeypatch.setenv("SPAWN_STATESTORE_KEY", text(NEW))
    assert main(["rekey", "--store", store_file]) == 1
    assert f"encrypted with key {named(OLD)}, which was not found" in capsys.readouterr().err

    monkeypatch.setenv("SPAWN_STATESTORE_OLD_KEYS", text(NEWER, OLD))
    assert main(["rekey", "--store", store_file]) == 0

    assert f"encrypted with key {named(NEW)}; older keys are not needed" in capsys.readouterr().out
    with closing(_of(store_file, NEW, ())) as store:
        assert_holds(store, past)
    assert main(["rekey", "--store", store_file]) == 0
    assert "nothing to do" in capsys.readouterr().out


def test_environment_opens_with_old_keys_too(store_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(_of(store_file, OLD, ())) as store:
        fill(store, TurnHistory())
    monkeypatch.setenv("SPAWN_STATESTORE_KEY", text(NEW))
    monkeypatch.setenv("SPAWN_STATESTORE_OLD_KEYS", f"{text(NEWER)}, {text(OLD)},")

    store: Any = open_store(store_file)

    assert store.key_location == "SPAWN_STATESTORE_KEY"
    store.close()


def test_key_that_was_made_for_a_store_counts_as_its_old_one(store_file: str, tmp_path: Path) -> None:
    past = TurnHistory()
    keys = KeyFiles(tmp_path / "keys")
    made: Any = open_store(store_file, key_files=keys)
    fill(made, past)
    made.close()

    rekey(store_file, key=NEW, old_keys=(), key_files=keys)

    with closing(_of(store_file, NEW, ())) as store:
        assert_holds(store, past)


def test_other_key_in_the_environment_does_not_replace_the_one_that_was_made(
    store_file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeyFiles(tmp_path / "keys")
    open_store(store_file, key_files=keys).close()
    monkeypatch.setenv("SPAWN_STATESTORE_KEY", text(NEW))

    store: Any = open_store(store_file, key_files=keys)

    assert store.key_location.startswith(str(tmp_path / "keys"))
    store.close()


def test_what_is_missing_is_said(store_file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadSetting, match="no new key: set SPAWN_STATESTORE_KEY"):
        rekey(store_file)
    monkeypatch.setenv("SPAWN_STATESTORE_OLD_KEYS", "nonsense")
    with pytest.raises(BadSetting, match="Each of SPAWN_STATESTORE_OLD_KEYS must be base64"):
        rekey(store_file, key=NEW)


def test_store_in_use_is_left_alone(store_file: str) -> None:
    with closing(_of(store_file, OLD, ())), pytest.raises(StoreInUse):
        rekey(store_file, key=NEW, old_keys=[OLD])


REKEY = """
import sys
from runtime.cli.rekey import rekey
print("start", flush=True)
rekey(sys.argv[1], key=bytes([2]) * 32, old_keys=[bytes([1]) * 32], progress=lambda: print(".", flush=True))
print("done", flush=True)
"""


@pytest.mark.parametrize("kind", ["sqlite", *SERVERS])
def test_killed_rewriting_loses_nothing_and_goes_on(kind: str, tmp_path: Path) -> None:
    if kind == "sqlite":
        _kill_again_and_again(f"sqlite:///{tmp_path}/x.db")
    else:
        with place(kind) as made:
            _kill_again_and_again(made.url)


def _kill_again_and_again(url: str) -> None:
    past = TurnHistory()
    with closing(_of(url, OLD, ())) as store:
        for _ in range(6):
            fill(store, past)
    for portions in (0, 1, 3, 1_000):
        process = subprocess.Popen([sys.executable, "-c", REKEY, url], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        for _ in range(1 + portions):
            if process.stdout.readline() in ("done\n", ""):
                break
        else:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        with closing(_of(url, NEW, (OLD,))) as store:
            assert_holds(store, past)

    with closing(_of(url, NEW, ())) as store:
        assert_holds(store, past)
        assert keys_of_blocks(store) == {named(NEW)}
