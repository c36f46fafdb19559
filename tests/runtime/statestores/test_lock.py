from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.errors import StoreInUse
from runtime.statestores.lock import StoreLock
from tests.runtime.statestores.conftest import SqliteStores

HOLDER = """
import os, sys, time
from pathlib import Path
from runtime.statestores.lock import StoreLock

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
from runtime.statestores.base import Group, flatten
from runtime.testing.turns import Past, actor_id
from tests.runtime.statestores.conftest import SqliteStores
from tests.runtime.statestores.test_lock import other_process_gets_it

stores, past = SqliteStores(Path(sys.argv[1])), Past()
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


def other_process_gets_it(store: Path, answer: str = "type(error).__name__") -> str:
    script = f"""
from pathlib import Path
from runtime.statestores.lock import StoreLock
try:
    StoreLock(Path({str(store)!r}), "sqlite:///x.db")
    print("locked")
except Exception as error:
    print({answer})
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()
