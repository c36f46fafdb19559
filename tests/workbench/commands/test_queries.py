"""The library of queries over small known histories, and the log of statements."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest

import workbench as wb
from runtime.api import ActorInfo
from runtime.errors import BadQuery, BadSetting, UnknownActor
from runtime.ids import ActorId
from runtime.records import JSON, Encoded, Failure
from runtime.testing.turns import SYSTEM
from tests.workbench.sql.fake_system import FakeSystem, database
from workbench.commands.history import queries
from workbench.session import Session
from workbench.sql.query_library import LIMIT, StandardQuery

MS = 1_000


def past(*turns: dict[str, Any]) -> FakeSystem:
    """Turns that each begin when the one before has ended, but for what is said of them; times in ms from the first."""
    system, now = FakeSystem(), 1_700_000_000_000_000
    for known in turns:
        fails = Failure("action_failed", "it failed", "ValueError", known["fails"]) if "fails" in known else False
        turn = system.past.turn(known["actor"], known.get("state"), fails=fails, parent=known.get("parent", ""))
        started = now + known.get("after", 0) * MS
        now = started + known.get("takes", 1) * MS
        system.past.turns[-1] = msgspec.structs.replace(
            turn, action=known.get("action", "act"), enqueued_us=started - known.get("waits", 0) * MS, started_us=started,
            finished_us=now, payload=Encoded(JSON, known.get("payload", b"{}")), caller=known.get("caller"),
        )  # fmt: skip
    return system


def found(query: StandardQuery, system: FakeSystem, *columns: str) -> list[tuple[Any, ...]]:
    return database(system).query(query.sql).project(", ".join(columns)).fetchall()


def test_slowest_actions_come_by_their_slow_turns() -> None:
    system = past(
        *({"actor": f"anna{n}", "parent": "teller", "action": "pay", "takes": n} for n in range(1, 5)),
        {"actor": "counter", "action": "add", "takes": 3},
    )

    assert found(queries.slowest_actions, system, "parent", "action", "turns", "median_ms", "max_ms", "slowest") == [
        ("teller", "pay", 4, 2.5, 4.0, "i-4"), ("counter", "add", 1, 3.0, 3.0, "i-5"),
    ]  # fmt: skip


def test_hottest_actors_come_by_their_share_of_the_time() -> None:
    system = past(
        {"actor": "calm"}, {"actor": "hot", "takes": 2}, {"actor": "hot", "takes": 1, "fails": "no", "waits": 4}
    )

    assert found(queries.hottest_actors, system, "actor", "turns", "failures", "busy_ms", "share", "mean_wait_ms") == [
        ("hot", 2, 1, 3.0, 0.75, 2.0), ("calm", 1, 0, 1.0, 0.25, 0.0),
    ]  # fmt: skip


def test_growing_mailboxes_have_messages_waiting_or_waits_that_grow() -> None:
    system = past(
        {"actor": "calm", "waits": 5}, {"actor": "calm"},
        {"actor": "late"}, {"actor": "late", "waits": 1}, {"actor": "late", "waits": 2}, {"actor": "late", "waits": 3},
        {"actor": "full"},
    )  # fmt: skip
    system.infos = [
        ActorInfo(id=ActorId(SYSTEM, name), parent=name, kind="named", phase="ready", waiting=waiting)
        for name, waiting in (("calm", 0), ("late", 0), ("full", 7))
    ]

    columns = ("actor", "waiting", "most_waiting", "earlier_wait_ms", "later_wait_ms")
    assert found(queries.growing_mailboxes, system, *columns) == [
        ("full", 7, 0, 0.0, None), ("late", 0, 3, 0.5, 2.5),
    ]  # fmt: skip


def test_retries_are_attempts_at_the_same_message_until_it_succeeds() -> None:
    system = past(
        {"actor": "till", "action": "pay", "payload": b'{"sum": 1}'},
        {"actor": "till", "action": "pay", "payload": b'{"sum": 1}', "fails": "closed"},
        {"actor": "till", "action": "pay", "payload": b'{"sum": 2}', "fails": "closed"},
        {"actor": "till", "action": "pay", "payload": b'{"sum": 1}', "fails": "closed"},
        {"actor": "till", "action": "pay", "payload": b'{"sum": 1}'},
        {"actor": "till", "action": "pay", "payload": b'{"sum": 3}', "fails": "closed"},
        {"actor": "till", "action": "pay", "payload": b'{"sum": 3}', "fails": "broken"},
    )

    assert found(queries.retries, system, "payload", "attempts", "outcome", "error", "last") == [
        ('{"sum": 1}', 3, "succeeded", "ValueError", "i-5"), ('{"sum": 3}', 2, "failed", "ValueError", "i-7"),
    ]  # fmt: skip


def test_gaps_are_the_times_in_which_nothing_ran() -> None:
    system = past(
        {"actor": "a", "takes": 10}, {"actor": "b", "after": -5}, {"actor": "c", "after": 1},
        {"actor": "d", "after": 20}, {"actor": "e", "after": 2},
    )  # fmt: skip

    assert found(queries.gaps, system, "actor", "gap") == [
        ("d", timedelta(milliseconds=18)),
        ("e", timedelta(milliseconds=2)),
    ]


def test_calls_are_counted_between_templates_and_from_outside() -> None:
    anna, bert = ({"actor": name, "parent": "teller", "action": "pay"} for name in ("anna", "bert"))
    called = {"actor": "counter", "action": "add"}
    system = past(
        anna, called | {"caller": ActorId(SYSTEM, "anna")}, bert,
        called | {"caller": ActorId(SYSTEM, "bert"), "fails": "no"}, anna,
    )  # fmt: skip

    assert found(queries.who_calls_whom, system, "caller", "actor", "action", "calls", "actors", "failures") == [
        (None, "teller", "pay", 3, 2, 0), ("teller", "counter", "add", 2, 1, 1),
    ]  # fmt: skip


def test_largest_states_are_counted_in_bytes() -> None:
    system = past({"actor": "small", "state": b'{"a":1}'}, {"actor": "größer", "state": '{"a":"öö"}'.encode()})

    assert found(queries.largest_states, system, "actor", "bytes", "share", "revision") == [
        ("größer", 12, round(12 / 19, 4), 1), ("small", 7, round(7 / 19, 4), 1),
    ]  # fmt: skip


def test_failures_that_differ_only_in_numbers_have_one_cause() -> None:
    system = past(
        {"actor": "anna", "parent": "teller", "fails": "only 12 left\nask again"},
        {"actor": "bert", "parent": "teller", "fails": "only 7 left"},
        {"actor": "anna", "parent": "teller", "fails": "closed"},
    )

    assert found(queries.failures_by_cause, system, "type", "text", "parent", "failures", "actors", "last") == [
        ("ValueError", "only # left", "teller", 2, 2, "i-2"), ("ValueError", "closed", "teller", 1, 1, "i-3"),
    ]  # fmt: skip


@pytest.mark.parametrize("query", list(queries), ids=lambda query: query.name)
def test_every_query_is_narrowed_and_limited(session: Session, query: StandardQuery) -> None:
    wb.invoke("counter", "add", {"value": 1})

    assert query.name
    assert query.what.endswith(".")
    assert len(query()) <= 1
    assert len(query("counter", since="1h", limit=1)) <= 1
    assert len(query(since="2100-01-01")) == 0
    assert wb.query(query.sql).columns == query("counter", since="1h").columns


def test_a_query_over_an_actor_that_no_one_knows_says_so(session: Session) -> None:
    with pytest.raises(UnknownActor, match="co'unter"):
        wb.queries.gaps("co'unter")
    with pytest.raises(BadSetting, match="limit"):
        wb.queries.gaps(limit=0)
    with pytest.raises(BadSetting, match="since"):
        wb.queries.gaps(since="yesterday")


def test_the_library_lists_itself_and_shows_each_text() -> None:
    assert [each.name for each in queries] == [
        "slowest_actions", "hottest_actors", "growing_mailboxes", "retries", "gaps", "who_calls_whom", "largest_states",
        "failures_by_cause",
    ]  # fmt: skip
    assert all(each.name in repr(queries) and each.sql in each.getdoc() for each in queries)
    assert queries.gaps.sql.endswith(f"\nLIMIT {LIMIT}")


def test_the_log_has_time_rows_and_duration_of_statements_but_no_results(session: Session) -> None:
    wb.query("SELECT 4711 + 1 AS answer")
    with pytest.raises(BadQuery):
        wb.query("SELECT nothing FROM actors")

    answered, failed = wb.queries.log(2)

    assert (answered.sql, answered.rows, answered.error) == ("SELECT 4711 + 1 AS answer", 1, "")
    assert answered.took_ms > 0
    assert failed.rows is None
    assert "nothing" in failed.error
    assert "4712" not in repr(wb.queries.log(2))


def test_the_log_hides_what_stands_behind_a_secrets_name(session: Session) -> None:
    wb.query("SELECT 1 WHERE 'password=hunter2' <> ''")

    assert "hunter2" not in repr(wb.queries.log(1))


def test_statements_that_a_command_needs_for_itself_are_not_noted(session: Session) -> None:
    wb.invoke("counter", "add", {"value": 1})
    wb.query("SELECT 1")

    wb.find("total > 0")

    assert [each.sql.split()[0] for each in wb.queries.log(2)] == ["SELECT", "("]
