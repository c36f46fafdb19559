"""A server that is away, slow, frozen, full, read-only or closed to us: what the writer is told, and what is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from runtime.errors import StoreDamaged, StoreUnavailable
from runtime.records import Lifecycle
from runtime.stores.base import Group, flatten
from runtime.stores.journal.store import JournalStore
from runtime.stores.sql.backend import SqlBackend
from runtime.testing.turns import TurnHistory, actor_id
from tests.runtime.stores.sql.fixtures import QUICK, past, proxy, server, store
from tests.runtime.stores.sql.places import KEY, Place
from tests.runtime.stores.sql.proxy import Loss, Proxy

__all__ = ["past", "proxy", "server", "store"]


def assert_unwritten(server: Place, past: TurnHistory, group: Group) -> None:
    """Another session sees nothing of the group."""
    (head,) = server.execute(f"SELECT max(last) FROM {server.table('blocks')}")
    assert head[0] == len(past.turns) - len(group.turns)


def assert_holds(store: JournalStore, past: TurnHistory) -> None:
    assert list(flatten(store.turns())) == past.turns


# away


def test_server_that_is_away_refuses_the_group_and_takes_it_later(
    server: Place, proxy: Proxy, store: JournalStore, past: TurnHistory
) -> None:
    group = Group(turns=past.batch(3, "a", "b"))
    proxy.cut()

    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="Cannot write to the store"):
            store.commit(group)
    with pytest.raises(StoreUnavailable, match="Cannot read the store"):
        store.find_key(actor_id("a"), "k")
    assert_unwritten(server, past, group)

    proxy.mend()
    store.commit(group)
    assert_holds(store, past)


def test_server_that_comes_back_is_read_from_at_once(server: Place, store: JournalStore, past: TurnHistory) -> None:
    while store.checkpoint():
        pass
    store.load(actor_id("other"))
    server.end_sessions()

    assert store.load(actor_id("other")) is None
    assert_holds(store, past)


def test_sessions_ended_by_an_admin_are_made_anew(server: Place, store: JournalStore, past: TurnHistory) -> None:
    server.end_sessions()

    with pytest.raises(StoreUnavailable):
        store.commit(Group(turns=past.batch(1, "a")))
    store.commit(Group(turns=past.turns[2:]))

    assert_holds(store, past)


def test_address_where_nothing_listens_is_explained(server: Place, proxy: Proxy) -> None:
    proxy.close()

    with pytest.raises(StoreUnavailable, match=r"Cannot open the store .*\n.*"):
        SqlBackend(server.through(proxy.port))


# slow, frozen


@pytest.fixture
def lock_on_blocks(server: Place) -> Iterator[Callable[[], None]]:
    """A session that has locked the table; the call lets it go."""
    with server._engine.connect().execution_options(isolation_level="READ COMMITTED") as connection:
        locking = "LOCK TABLE {0} IN ACCESS EXCLUSIVE MODE" if server.is_postgres else "LOCK TABLES {0} WRITE"

        def lock() -> None:
            connection.execute(text(locking.format(server.table("blocks"))))

        yield lock
        connection.rollback()


def test_table_locked_by_another_session_is_reported_in_time(
    server: Place, store: JournalStore, past: TurnHistory, lock_on_blocks: Callable[[], None]
) -> None:
    lock_on_blocks()
    group = Group(turns=past.batch(1, "a"))
    started = time.monotonic()

    with pytest.raises(StoreUnavailable, match=r"Cannot write.*\n.*holds a lock"):
        store.commit(group)

    assert time.monotonic() - started < QUICK.silence_s + 60  # a lock is waited for without end by default


def test_frozen_server_is_given_up_and_found_again(
    server: Place, proxy: Proxy, store: JournalStore, past: TurnHistory
) -> None:
    group = Group(turns=past.batch(1, "a"))
    proxy.freeze()

    with pytest.raises(StoreUnavailable, match="Cannot write"):
        store.commit(group)
    with pytest.raises(StoreUnavailable, match="Cannot read"):
        store.find_key(actor_id("a"), "k")

    proxy.cut()
    proxy.mend()
    store.commit(group)
    assert_holds(store, past)


# full, read-only, too large, denied


def refuse_blocks(server: Place, postgres_state: str, mariadb_number: int, message: str) -> str:
    """Have the server refuse every block as it would then; the statement that ends this."""
    table = server.table("blocks")
    if server.is_postgres:
        server.execute(
            f"CREATE FUNCTION {server.name}.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$BEGIN RAISE EXCEPTION '{message}' USING ERRCODE = '{postgres_state}'; END$$"
        )
        server.execute(f"CREATE TRIGGER refuse BEFORE INSERT ON {table} EXECUTE FUNCTION {server.name}.refuse()")
        return f"DROP TRIGGER refuse ON {table}"
    server.execute(
        f"CREATE TRIGGER {server.name}.refuse BEFORE INSERT ON {table} FOR EACH ROW"
        f" SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {mariadb_number}, MESSAGE_TEXT = '{message}'"
    )
    return f"DROP TRIGGER {server.name}.refuse"


@pytest.mark.parametrize(
    ("postgres_state", "mariadb_number", "advice"),
    [("53100", 1114, "Make room"), ("25006", 1290, "Make the database writable"), ("42501", 1142, "Check user")],
    ids=["full", "read-only", "denied"],
)
def test_refused_group_changes_nothing_and_is_taken_later(
    server: Place, store: JournalStore, past: TurnHistory, postgres_state: str, mariadb_number: int, advice: str
) -> None:
    end = refuse_blocks(server, postgres_state, mariadb_number, "no way")
    group = Group(turns=past.batch(2, "a"), lifecycle=(Lifecycle(1, actor_id("a"), "activated"),))

    with pytest.raises(StoreUnavailable, match=rf"no way.*\n.*{advice}"):
        store.commit(group)
    assert_unwritten(server, past, group)
    assert store.load(actor_id("a")) is not None
    assert list(store.lifecycle()) == []

    server.execute(end)
    store.commit(group)
    assert_holds(store, past)
    assert list(store.lifecycle()) == list(group.lifecycle)


def test_read_only_database_is_read_and_refuses_groups(server: Place, store: JournalStore, past: TurnHistory) -> None:
    if not server.is_postgres:
        pytest.skip("MariaDB can be made read-only for all only")
    store.close()
    address = server.address.update_query_dict(
        {"options": f"-csearch_path={server.name} -cdefault_transaction_read_only=on"}
    )
    store = JournalStore(SqlBackend(address.render_as_string(hide_password=False)), key=KEY)

    assert_holds(store, past)
    with pytest.raises(StoreUnavailable, match=r"read-only.*\n.*Make the database writable"):
        store.commit(Group(turns=past.batch(1, "a")))
    store.close()


def test_group_larger_than_the_server_takes_is_explained(server: Place, store: JournalStore, past: TurnHistory) -> None:
    if server.is_postgres:
        pytest.skip("Postgres has no such limit")
    group = Group(turns=(past.turn("a", b"x" * 17_000_000),))

    with pytest.raises(StoreUnavailable, match=r"at most 16,777,216 at once.*\n.*max_allowed_packet"):
        store.commit(group)

    assert_unwritten(server, past, group)
    assert store.load(actor_id("a")) is not None


def test_unknown_database_and_wrong_password_are_told_apart(server: Place) -> None:
    nowhere = server.address.set(database="wbtest_nowhere").render_as_string(hide_password=False)
    stranger = server.address.set(username="wbtest_stranger", password="sesame").render_as_string(hide_password=False)

    with pytest.raises(StoreUnavailable, match="Create that database"):
        SqlBackend(nowhere)
    with pytest.raises(StoreUnavailable, match="Check user and password") as caught:
        SqlBackend(stranger)
    assert "sesame" not in str(caught.value)


def test_store_that_was_not_made_to_the_end_is_made_anew(server: Place, store: JournalStore) -> None:
    store.close()
    server.execute(f"DELETE FROM {server.table('meta')} WHERE name <> 'owner'")
    for table in ("blocks", "snapshots"):
        server.execute(f"DROP TABLE {server.table(table)}")

    JournalStore(SqlBackend(server.url), key=KEY).close()
    again = JournalStore(SqlBackend(server.url), key=KEY)

    again.commit(Group(turns=TurnHistory().batch(1, "a")))
    assert again.head() == 1
    again.close()


def test_missing_table_is_damage(server: Place, store: JournalStore, past: TurnHistory) -> None:
    server.execute(f"DROP TABLE {server.table('blocks')}")

    with pytest.raises(StoreDamaged, match=r"tables are damaged.*\n.*Restore"):
        store.commit(Group(turns=past.batch(1, "a")))


# an answer that was lost


@pytest.mark.parametrize("lose", ["request", "answer"])
def test_group_is_committed_once_however_its_commit_was_lost(
    server: Place, proxy: Proxy, store: JournalStore, past: TurnHistory, lose: Loss
) -> None:
    turns = (past.turn("a", b"x" * 70_000, key="k"), past.turn("b", b"1"))
    group = Group(turns=turns, snapshots=(past.snapshot("c", b"1"),), lifecycle=(Lifecycle(1, actor_id("a"), "x"),))
    proxy.lose = lose
    with pytest.raises(StoreUnavailable):
        store.commit(group)
    assert proxy.lost.is_set()

    store.commit(group)
    store.commit(Group(turns=(past.turn("a", b"x" * 70_001),)))

    assert_holds(store, past)
    assert store.load(actor_id("c")) == past.actors[actor_id("c")]
    assert store.find_key(actor_id("a"), "k") == turns[0]
    assert list(store.lifecycle()) == list(group.lifecycle)


def test_session_ended_in_the_middle_of_its_commit_leaves_nothing(
    server: Place, store: JournalStore, past: TurnHistory
) -> None:
    if not server.is_postgres:
        pytest.skip("MariaDB has no trigger that runs in a commit")
    gate = 5_000_000_000 + int(server.name[-6:], 16)
    server.execute(
        f"CREATE FUNCTION {server.name}.wait() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$BEGIN PERFORM pg_advisory_xact_lock({gate}); RETURN NULL; END$$"
    )
    server.execute(
        f"CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON {server.table('blocks')} DEFERRABLE INITIALLY DEFERRED"
        f" FOR EACH ROW EXECUTE FUNCTION {server.name}.wait()"
    )
    group = Group(turns=past.batch(2, "a"))
    with server._engine.connect() as holder:
        holder.execute(text(f"SELECT pg_advisory_lock({gate})"))
        thread = threading.Thread(target=_end_when_committing, args=(server,))
        thread.start()

        with pytest.raises(StoreUnavailable):
            store.commit(group)

        thread.join()
        assert_unwritten(server, past, group)
        holder.execute(text(f"SELECT pg_advisory_unlock({gate})"))
    store.commit(group)
    assert_holds(store, past)


def _end_when_committing(server: Place) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        committing = server.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = :name AND query = 'COMMIT'"
            " AND wait_event_type = 'Lock'",
            name=server.name,
        )
        if committing:
            server.execute(f"SELECT pg_terminate_backend({committing[0][0]})")
            return
        time.sleep(0.01)
    raise AssertionError("no session was seen committing")
