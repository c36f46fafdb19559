"""A little of each crash experiment; `make crash` does more.  And: would they notice?"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from runtime.stores.base import Group, Retention
from runtime.testing.retention_checks import retain_all
from runtime.testing.turns import TurnHistory
from tests.crash import experiments, load, retention
from tests.crash.disk import Disk, Operation
from tests.crash.recorder import NoCompilerError, build_shim

each_load = pytest.mark.parametrize("name", list(experiments.LOADS))


def run_apart(experiment: str) -> None:
    """In a process of its own: these fork, which a process with threads must not."""
    subprocess.run([sys.executable, "-c", f"from tests.crash import experiments; experiments.{experiment}"], check=True)


def lose_power(load: experiments.Load, moments: int, **options: str) -> int:
    try:
        return experiments.lose_power(load, moments, **options)
    except NoCompilerError as error:
        pytest.skip(str(error))


@each_load
def test_nothing_promised_is_lost_by_kills(name: str) -> None:
    run_apart(f"kill(experiments.LOADS[{name!r}], 4)")


@each_load
def test_nothing_promised_is_lost_with_the_power(name: str) -> None:
    moments = 6 if name == "the store, kept small" else 15  # each is followed by all that is left to do there
    assert lose_power(experiments.LOADS[name], moments) >= 2 * moments


def test_torn_commit_is_left_out_and_the_ones_before_stay() -> None:
    run_apart("tear(every_byte=False)")


def test_commit_that_is_not_synced_would_be_noticed() -> None:
    unsynced = """
from runtime.stores.sqlite import schema
schema.WRITER_PRAGMAS = (*schema.WRITER_PRAGMAS, "PRAGMA synchronous=NORMAL")
"""
    with pytest.raises(AssertionError, match="only what was synced"):
        lose_power(experiments.LOADS["the store"], 40, before=unsynced)


def test_lost_turn_would_be_noticed(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="turns 1 to 7 were acknowledged and are lost"):
        load.check(tmp_path / "store.db", 7)


def test_turn_removed_too_early_would_be_noticed(tmp_path: Path) -> None:
    with retention.small_sizes(), closing(load.opened(tmp_path / "store.db")) as store:
        store.commit(Group(turns=load.KnownLoad().advance(300)))
        retain_all(store, Retention(turns=5))

    with pytest.raises(AssertionError, match="turns that have to be kept are gone"):
        retention.check(tmp_path / "store.db", b"")


def test_failing_disk_refuses_groups_until_it_works_again(tmp_path: Path, build: Path) -> None:
    """Real EIO from write and fsync; the same groups are committed afterwards, and all are there after the end."""
    script = """
import os, sys
from pathlib import Path
from runtime.errors import StoreUnavailable
from runtime.stores.base import Group
from tests.crash.load import KnownLoad, opened

path, flag = Path(sys.argv[1]), Path(os.environ["CRASH_FAIL"])
store, load = opened(path), KnownLoad()
for _ in range(20):
    group = Group(turns=load.advance(7))
    flag.touch()
    for write in (lambda: store.commit(group), store.checkpoint):
        head = store.head()
        try:
            write()
        except StoreUnavailable as error:
            assert "disk I/O error" in str(error), error
        else:
            assert store.head() == head, "a commit succeeded on a disk that fails"
    flag.unlink()
    store.commit(group)
    store.checkpoint()
os._exit(0)
"""
    (tmp_path / "root").mkdir()
    environment = os.environ | {
        "LD_PRELOAD": str(build),
        "CRASH_ROOT": str(tmp_path / "root"),
        "CRASH_FAIL": str(tmp_path / "failing"),
    }
    subprocess.run([sys.executable, "-c", script, str(tmp_path / "root" / "store.db")], check=True, env=environment)

    assert load.check(tmp_path / "root" / "store.db", 140) == 140


@pytest.fixture
def build(tmp_path: Path) -> Path:
    try:
        return build_shim(tmp_path)
    except NoCompilerError as error:
        pytest.skip(str(error))


# the disk that the power failures are played on


def wrote(at: int, data: bytes, inode: int = 1, name: str = "/d/f") -> Operation:
    return Operation("W", inode, at, name, data)


def synced(before: int, inode: int = 1, name: str = "/d/f") -> Operation:
    return Operation("S", inode, before, name, b"")


@pytest.fixture
def disk() -> Callable[..., Disk]:
    def after(*operations: Operation) -> Disk:
        disk = Disk()
        for operation in operations:
            disk.apply(operation)
        return disk

    return after


def test_unsynced_write_is_not_certain(disk: Callable[..., Disk]) -> None:
    after = disk(wrote(0, b"abc"), synced(1), wrote(1, b"X"), wrote(3, b"d"))

    assert after.certain() == {"/d/f": b"abc"}
    assert after.everything() == {"/d/f": b"aXcd"}


def test_sync_vouches_only_for_what_was_written_before_it_began(disk: Callable[..., Disk]) -> None:
    after = disk(wrote(0, b"a"), wrote(1, b"b"), synced(1))

    assert after.certain() == {"/d/f": b"a"}


def test_new_file_is_certain_with_its_own_sync_or_its_directory(disk: Callable[..., Disk]) -> None:
    assert disk(wrote(0, b"a")).certain() == {}
    assert disk(wrote(0, b"a"), synced(1)).certain() == {"/d/f": b"a"}
    assert disk(wrote(0, b"a"), synced(1, inode=9, name="/d")).certain() == {"/d/f": b""}


def test_removed_file_is_gone_and_shrunken_file_shrinks(disk: Callable[..., Disk]) -> None:
    after = disk(wrote(0, b"abcdef"), Operation("T", 1, 2, "/d/f", b""), synced(2))
    assert after.certain() == {"/d/f": b"ab"}

    after.apply(Operation("U", 0, 0, "/d/f", b""))
    assert after.certain() == after.everything() == {}


def test_load_is_the_same_in_every_process() -> None:
    first, second = load.KnownLoad(), load.KnownLoad()
    first.advance(100)
    for _ in range(10):
        second.advance(10)

    assert first.past.turns == second.past.turns
    assert isinstance(first.past, TurnHistory)
