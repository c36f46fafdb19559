"""One process owns a store in a SQL server."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runtime.errors import StoreInUse, StoreUnavailable
from runtime.stores.base import Group, flatten
from runtime.stores.journal.store import JournalStore
from runtime.stores.registry import open_store
from runtime.stores.sql import engine
from runtime.stores.sql.backend import SqlBackend
from runtime.stores.sql.dialects import SERVERS, Limits
from runtime.testing.turns import TurnHistory
from tests.runtime.stores.sql.fixtures import past, proxy, server, store
from tests.runtime.stores.sql.places import KEY, Place, place
from tests.runtime.stores.sql.proxy import Proxy

__all__ = ["past", "proxy", "server", "store"]

HOLDER = """
import sys, time
from runtime.stores.registry import open_store

store = open_store(sys.argv[1], key=bytes(range(32)))
print("open", flush=True)
time.sleep(600)
"""


@pytest.fixture
def holder(server: Place) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the store."""
    environment = os.environ | {"JPY_SESSION_NAME": "/home/ada/flights.ipynb"}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, server.url], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.communicate()


def test_second_process_is_told_who_owns_the_store(server: Place, holder: subprocess.Popen[str]) -> None:
    with pytest.raises(StoreInUse) as caught:
        open_store(server.url, key=KEY)

    said = str(caught.value)
    assert f"process {holder.pid} " in said
    assert "notebook /home/ada/flights.ipynb" in said
    assert re.search(r"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", said)
    assert "Shut Down Kernel" in said


def test_killed_owner_frees_the_store_at_once(server: Place, holder: subprocess.Popen[str]) -> None:
    holder.send_signal(signal.SIGKILL)
    holder.wait()

    open_store(server.url, key=KEY).close()


def test_same_process_cannot_open_a_store_twice(server: Place) -> None:
    first = open_store(server.url, key=KEY)

    with pytest.raises(StoreInUse, match="already open in this process"):
        open_store(server.url, key=KEY)

    first.close()
    open_store(server.url, key=KEY).close()


def test_two_stores_of_one_server_do_not_meet(server: Place) -> None:
    with place(server.server) as other:
        first, second = open_store(server.url, key=KEY), open_store(other.url, key=KEY)
        first.commit(Group(turns=TurnHistory().batch(2, "a")))

        assert (first.head(), second.head()) == (2, 0)
        first.close()
        second.close()


def test_store_taken_while_the_connection_was_lost_is_not_written_to(
    server: Place, proxy: Proxy, store: JournalStore, past: TurnHistory
) -> None:
    proxy.cut()
    server.end_sessions()
    thief = JournalStore(SqlBackend(server.url), key=KEY)
    theirs = TurnHistory()
    theirs.batch(2, "a")
    thief.commit(Group(turns=theirs.batch(1, "b")))
    proxy.mend()

    with pytest.raises(StoreUnavailable):
        store.commit(Group(turns=past.batch(1, "a")))
    with pytest.raises(StoreInUse, match="already open in this process"):
        store.commit(Group(turns=past.turns[2:]))

    assert list(flatten(thief.turns())) == theirs.turns
    thief.close()


def test_own_session_that_the_server_believes_alive_is_ended(
    server: Place, proxy: Proxy, store: JournalStore, past: TurnHistory
) -> None:
    proxy.cut(unnoticed_by_server=True)
    (lost,) = server.execute(f"SELECT value FROM {server.table('meta')} WHERE name = 'owner'")
    group = Group(turns=past.batch(1, "a"))
    with pytest.raises(StoreUnavailable):
        store.commit(group)
    proxy.mend()

    store.commit(group)

    assert list(flatten(store.turns())) == past.turns
    session = int(re.search(r'"session":(\d+)', lost[0])[1])  # type: ignore[index]
    assert session not in server.sessions()


PARENT = """
import os, sys
import pytest
from runtime.errors import StoreInUse
from runtime.stores.base import Group, flatten
from runtime.stores.registry import open_store
from runtime.testing.turns import TurnHistory, actor_id

url, past = sys.argv[1], TurnHistory()
store = open_store(url, key=bytes(range(32)))
store.commit(Group(turns=past.batch(3, "a")))
list(store.turns())
if os.fork() == 0:
    with pytest.raises(StoreInUse, match="forked child"):
        store.commit(Group(turns=past.batch(1, "a")))
    with pytest.raises(StoreInUse):
        open_store(url, key=bytes(range(32)))
    store.close()
    sys.exit()  # it ends like a program, which tears down its copies of the parent's connections
assert os.wait()[1] == 0, "the child failed"
store.commit(Group(turns=past.batch(3, "a")))
assert list(flatten(store.turns())) == past.turns
os._exit(0)
"""


def test_forked_child_can_neither_use_nor_harm_the_store(server: Place) -> None:
    subprocess.run([sys.executable, "-c", PARENT, server.url], check=True, timeout=120)

    store = open_store(server.url, key=KEY)
    assert store.head() == 6
    store.close()


# servers whose sessions cannot lock


@pytest.fixture
def lockless(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Postgres, used like CockroachDB, where the last one to open a store owns it."""

    def without_locks(limits: Limits) -> object:
        return SERVERS["postgresql"](limits)._replace(locking=None)

    monkeypatch.setattr(engine, "SERVERS", {"postgresql": without_locks})
    with place("postgresql") as made:
        yield made


def test_last_one_to_open_owns_where_sessions_cannot_lock(lockless: Place, past: TurnHistory) -> None:
    first = open_store(lockless.url, key=KEY)
    first.commit(Group(turns=past.batch(2, "a")))
    second = open_store(lockless.url, key=KEY)

    with pytest.raises(StoreInUse):
        first.commit(Group(turns=past.batch(1, "a")))

    second.commit(Group(turns=past.turns[2:]))
    assert list(flatten(second.turns())) == past.turns
    first.close()
    second.close()


def test_lost_connection_is_no_reason_to_take_a_store_back(lockless: Place, past: TurnHistory) -> None:
    first = open_store(lockless.url, key=KEY)
    second = open_store(lockless.url, key=KEY)
    group = Group(turns=past.batch(1, "a"))
    lockless.end_sessions()

    with pytest.raises(StoreUnavailable):
        first.commit(group)
    with pytest.raises(StoreInUse):
        first.commit(group)
    with pytest.raises(StoreUnavailable):
        second.commit(group)
    second.commit(group)

    assert list(flatten(second.turns())) == past.turns
    first.close()
    second.close()
