from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.errors import StoreInUse, StoreUnavailable
from runtime.stores.base import Group
from runtime.stores.registry import open_store
from runtime.stores.sqlite import lock
from runtime.stores.sqlite.lock import StoreLock
from runtime.testing.turns import TurnHistory
from tests.runtime.stores.conftest import SqliteStores

HOLDER = """
import os, sys, time
from pathlib import Path
from runtime.stores.sqlite import lock
from runtime.stores.sqlite.lock import StoreLock

lock = StoreLock(Path(sys.argv[1]), "sqlite:///x.db")
child = os.fork() if "fork" in sys.argv else os.getpid()
if child:
    print(child, flush=True)
time.sleep(600)
"""


def holder(store: Path, *how: str) -> tuple[subprocess.Popen[str], int]:
    """A process that holds the lock, and the process that stays when it is killed."""
    environment = os.environ | {"JPY_SESSION_NAME": "/home/ada/flights.ipynb"}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(store), *how], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def test_second_process_is_told_who_owns_the_store(tmp_path: Path) -> None:
    process, _ = holder(tmp_path / "x.db")
    try:
        with pytest.raises(StoreInUse) as caught:
            StoreLock(tmp_path / "x.db", "sqlite:///x.db")
    finally:
        process.kill()
        process.communicate()

    said = str(caught.value)
    assert f"process {process.pid} " in said
    assert "notebook /home/ada/flights.ipynb" in said
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", said)
    assert "Shut Down Kernel" in said
    assert "wb.start(store=" in said


def test_killed_owner_frees_the_store_though_its_child_lives(tmp_path: Path) -> None:
    process, child = holder(tmp_path / "x.db", "fork")
    try:
        process.kill()
        process.wait()
        os.kill(child, 0)  # it is alive

        StoreLock(tmp_path / "x.db", "sqlite:///x.db").release()
    finally:
        os.kill(child, signal.SIGKILL)
        process.communicate()


def test_same_process_cannot_open_a_store_twice(tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "x.db", "sqlite:///x.db")
    (tmp_path / "link").symlink_to(tmp_path)

    for path in (tmp_path / "x.db", tmp_path / "link" / "x.db"):
        with pytest.raises(StoreInUse, match="already open in this process"):
            StoreLock(path, "sqlite:///x.db")

    lock.release()
    lock.release()
    StoreLock(tmp_path / "x.db", "sqlite:///x.db").release()


def test_store_opened_under_a_link_is_locked_for_all_its_names(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "x.db")
    owner = open_store(f"sqlite:///{tmp_path}/x.db", key=bytes(32))
    owner.commit(Group(turns=TurnHistory().batch(2, "a")))

    assert "in use by process" in other_process_opens(tmp_path / "link.db")
    with pytest.raises(StoreInUse, match="already open in this process"):
        open_store(f"sqlite:///{tmp_path}/link.db", key=bytes(32))
    owner.close()
    assert other_process_opens(tmp_path / "link.db") == "opened"


def test_file_with_two_names_is_no_store(tmp_path: Path) -> None:
    owner = open_store(f"sqlite:///{tmp_path}/x.db", key=bytes(32))
    (tmp_path / "y.db").hardlink_to(tmp_path / "x.db")

    assert "2 names (hard links)" in other_process_opens(tmp_path / "y.db")
    with pytest.raises(StoreUnavailable, match="hard links"):
        open_store(f"sqlite:///{tmp_path}/y.db", key=bytes(32))
    owner.commit(Group(turns=TurnHistory().batch(1, "a")))
    owner.close()


def test_owner_takes_a_deleted_lock_again_before_it_writes(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/x.db", key=bytes(32))
    (tmp_path / "x.db.lock").unlink()
    (tmp_path / "x.db.owner").unlink()

    store.commit(Group(turns=TurnHistory().batch(1, "a")))

    assert "in use by process" in other_process_opens(tmp_path / "x.db")
    store.close()


def test_child_of_a_fork_in_the_middle_of_an_opening_can_open_stores() -> None:
    lock._guard.acquire()

    lock._forget_in_child()

    assert not lock._guard.locked()


def test_owner_whose_lock_another_process_got_does_not_write(tmp_path: Path) -> None:
    store, past = open_store(f"sqlite:///{tmp_path}/x.db", key=bytes(32)), TurnHistory()
    store.commit(Group(turns=past.batch(1, "a")))
    (tmp_path / "x.db.lock").unlink()
    process, _ = holder(tmp_path / "x.db")
    group = Group(turns=past.batch(1, "a"))
    try:
        with pytest.raises(StoreUnavailable, match=f"(?s)lock .* was deleted.*process {process.pid} "):
            store.commit(group)
    finally:
        process.kill()
        process.communicate()

    store.commit(group)
    assert store.head() == 2
    store.close()


def test_lock_is_never_taken_on_what_a_link_in_its_place_leads_to(tmp_path: Path) -> None:
    (tmp_path / "x.db.lock").symlink_to(tmp_path / "elsewhere")

    with pytest.raises(StoreUnavailable, match=r"x\.db\.lock"):
        open_store(f"sqlite:///{tmp_path}/x.db", key=bytes(32))

    assert not (tmp_path / "elsewhere").exists()


def test_link_planted_where_the_owner_is_noted_harms_nothing(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    for name in (f"x.db.owner.{os.getpid()}", "x.db.owner"):
        (tmp_path / name).symlink_to(victim)

    StoreLock(tmp_path / "x.db", "sqlite:///x.db").release()

    assert victim.read_text() == "precious"
    assert not (tmp_path / "x.db.owner").is_symlink()


def test_refused_attempt_leaves_the_owner_in_place(tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "x.db", "sqlite:///x.db")
    with pytest.raises(StoreInUse):
        StoreLock(tmp_path / "x.db", "sqlite:///x.db")

    # Had the attempt opened and closed the lock file, the lock would be gone: POSIX drops it on any close.
    assert other_process_gets_it(tmp_path / "x.db") == "StoreInUse"
    lock.release()
    assert other_process_gets_it(tmp_path / "x.db") == "locked"


def test_unreadable_owner_file_still_gives_an_answer(tmp_path: Path) -> None:
    lock = StoreLock(tmp_path / "x.db", "sqlite:///x.db")
    (tmp_path / "x.db.owner").write_text("{")

    assert "another process" in other_process_gets_it(tmp_path / "x.db", "str(error)")
    lock.release()


PARENT = """
import os, sys
from pathlib import Path
import pytest
from runtime.errors import StoreInUse
from runtime.stores.base import Group, flatten
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.conftest import SqliteStores
from tests.runtime.stores.sqlite.test_lock import other_process_gets_it

stores, past = SqliteStores(Path(sys.argv[1])), TurnHistory()
store = stores.open()
store.commit(Group(turns=past.batch(3, "a")))
list(store.turns())
if os.fork() == 0:
{child}
assert os.wait()[1] == 0, "the child failed"
assert other_process_gets_it(stores.path) == "StoreInUse"
store.commit(Group(turns=past.batch(3, "a")))
assert list(flatten(store.turns())) == past.turns
os._exit(0)  # no close: what is there is what commit left
"""


@pytest.mark.parametrize(
    "child",
    [
        """
    for use in (
        lambda: store.commit(Group(turns=past.batch(1, "a"))), lambda: store.load(actor_id("a")), store.checkpoint
    ):
        with pytest.raises(StoreInUse, match="forked child"):
            use()
    with pytest.raises(StoreInUse, match=f"process {os.getppid()} "):
        stores.open()
    store.close()
    os._exit(0)
""",
        # It ends like a program, which tears down its copies of the parent's connections.
        """
    sys.exit()
""",
    ],
    ids=["uses it", "exits"],
)
def test_forked_child_can_neither_use_nor_harm_the_store(sqlite_stores: SqliteStores, child: str) -> None:
    script = PARENT.replace("{child}", child)

    subprocess.run([sys.executable, "-c", script, str(sqlite_stores._directory)], check=True)

    store = sqlite_stores.open()
    assert store.head() == 6
    store.close()


def other_process_opens(store: Path) -> str:
    script = f"""
from runtime.stores.registry import open_store
try:
    open_store("sqlite:///{store}", key=bytes(32)).close()
    print("opened")
except Exception as error:
    print(error)
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()


def other_process_gets_it(store: Path, answer: str = "type(error).__name__") -> str:
    script = f"""
from pathlib import Path
from runtime.stores.sqlite import lock
from runtime.stores.sqlite.lock import StoreLock
try:
    StoreLock(Path({str(store)!r}), "sqlite:///x.db")
    print("locked")
except Exception as error:
    print({answer})
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
