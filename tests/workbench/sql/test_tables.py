import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from runtime.api import ActorInfo, Capability
from runtime.ids import ActorId
from runtime.records import JSON, Encoded
from runtime.testing.turns import SYSTEM
from tests.workbench.sql.fake_system import FakeSystem, database, rows
from workbench.remote.audit_log import Act
from workbench.sql import schema
from workbench.sql.database import HistoryDatabase


def replaced(system: FakeSystem, **changes: Any) -> None:
    """The last turn with other values."""
    system.past.turns[-1] = msgspec.structs.replace(system.past.turns[-1], **changes)


def one(history: HistoryDatabase, table: str) -> dict[str, Any]:
    """The only row, by column."""
    relation = history.query(f"FROM {table}")
    (row,) = relation.fetchall()
    return dict(zip(relation.columns, row, strict=True))


def test_an_invocation_has_everything_that_was_recorded() -> None:
    system = FakeSystem()
    turn = system.past.turn("counter", b'{"total": 5}', key="k1", tags={"a": "b"})
    replaced(
        system, caller=ActorId("other", "teller"), cause="i-0", correlation="i-00", metadata={"x": "y", "é": ""},
        response=Encoded(JSON, b'{"ok": true}'), started_us=turn.enqueued_us + 2_500, finished_us=turn.enqueued_us + 4_000,
    )  # fmt: skip

    found = one(database(system), "invocations")

    enqueued = datetime.fromtimestamp(turn.enqueued_us // 1_000_000, UTC) + timedelta(
        microseconds=turn.enqueued_us % 1_000_000
    )
    assert found == {
        "id": "i-1", "actor": "counter", "parent": "counter", "action": "act", "caller": "teller", "caller_system": "other",
        "cause": "i-0", "correlation": "i-00", "key": "k1", "payload": '{"value": 1}', "response": '{"ok": true}',
        "error_code": None, "error_type": None, "error": None, "revision_before": 0, "revision": 1, "enqueued_at": enqueued,
        "started_at": enqueued + timedelta(microseconds=2_500), "finished_at": enqueued + timedelta(microseconds=4_000),
        "wait_ms": 2.5, "run_ms": 1.5, "metadata": {"x": "y", "é": ""}, "definition": "d1", "system": SYSTEM, "sequence": 1,
    }  # fmt: skip


def test_what_is_absent_is_null() -> None:
    system = FakeSystem()
    system.past.turn("counter")
    replaced(system, payload=None, response=None, parent="", definition="")

    found = one(database(system), "invocations")

    absent = ("caller", "caller_system", "cause", "key", "payload", "response", "error", "error_type", "definition")
    assert [found[name] for name in absent] == [None] * len(absent)
    assert (found["parent"], found["metadata"]) == ("counter", {})


def test_a_failed_turn_is_an_invocation_and_a_failure() -> None:
    system = FakeSystem()
    system.past.turn("counter", fails=True)
    system.past.turn("counter", b"{}")
    history = database(system)

    found = one(history, "failures")

    assert (found["type"], found["text"], found["code"], found["trace"]) == ("ValueError", "no", "action_failed", None)
    assert rows(history, "SELECT error_type, error FROM invocations ORDER BY sequence") == [
        ("ValueError", "no"),
        (None, None),
    ]


def test_revisions_and_states_hold_the_state_as_json() -> None:
    system = FakeSystem()
    system.define("counter", {"total": "int"})
    system.past.turn("counter", b'{"total": 1}', tags={"t": "1"})
    system.past.turn("counter", b'{"total": 18446744073709551617}')
    system.past.turn("counter", tags={"t": "2"})
    history = database(system)

    revisions = rows(history, "SELECT revision, cause, state->>'total' FROM revisions ORDER BY revision")
    state = one(history, "states")

    assert revisions == [(1, "i-1", "1"), (2, "i-2", "18446744073709551617")]
    assert (state["revision"], state["cause"], state["kind"], state["tags"]) == (2, "i-2", "named", {"t": "2"})
    assert json.loads(state["state"]) == {"total": 2**64 + 1}


def test_actors_join_what_is_known_now_with_what_is_recorded() -> None:
    system = FakeSystem()
    system.past.turn("counter", b"{}")
    system.past.turn("counter", fails=True)
    system.past.turn("gone", b"{}")
    counter = ActorInfo(
        id=ActorId(SYSTEM, "counter"), parent="counter", kind="named", phase="ready", revision=1, waiting=3
    )
    fresh = ActorInfo(id=ActorId(SYSTEM, "fresh"), parent="fresh", kind="named", phase="passive")
    system.infos = [counter, fresh]

    found = rows(database(system), "SELECT actor, phase, turns, failures, waiting, revision FROM actors ORDER BY actor")

    assert found == [("counter", "ready", 2, 1, 3, 1), ("fresh", "passive", 0, 0, 0, 0), ("gone", None, 1, 0, None, 1)]


def test_actors_come_from_the_journal_where_a_system_lists_none() -> None:
    system = FakeSystem()
    system.capabilities = frozenset({Capability.HISTORY})
    system.past.turn("counter", b"{}")

    assert rows(database(system), "SELECT actor, kind FROM actors") == [("counter", None)]


def test_lifecycle_marks_are_read_once() -> None:
    system = FakeSystem()
    system.mark("counter", "deployed")
    history = database(system)
    rows(history, "FROM lifecycle")

    system.mark("counter", "activated")

    assert rows(history, "SELECT event, actor FROM lifecycle ORDER BY at") == [
        ("deployed", "counter"),
        ("activated", "counter"),
    ]


def test_definitions_show_source_settings_and_signatures() -> None:
    system = FakeSystem()
    system.define("counter", {"total": "int"})

    found = one(database(system), "definitions")

    assert (found["actor"], found["definition"], found["source"]) == ("counter", "d1", "class counter: ...")
    assert (found["settings"], found["fields"], found["actions"]) == (
        '{"kind":"named"}',
        {"total": "int"},
        {"act": "()"},
    )


def test_audit_has_what_the_session_has_recorded_by_now() -> None:
    acts = [
        Act(
            id="a1",
            at_us=1_000_000,
            who="ada@desk",
            target="grpc://there:1",
            mode="act",
            act="undeploy",
            actor="counter",
        )
    ]
    history = HistoryDatabase(FakeSystem(), audit=lambda: acts)

    [before] = rows(history, "SELECT who, act, actor, outcome, reason, ended_at, payload_bytes FROM audit")
    acts[0] = msgspec.structs.replace(acts[0], outcome="done", ended_us=2_000_000, reason="too slow")
    [after] = rows(history, "SELECT outcome, reason, epoch(ended_at) AS ended FROM audit")

    assert before == ("ada@desk", "undeploy", "counter", None, None, None, 0)
    assert after == ("done", "too slow", 2.0)


def test_every_noted_column_exists_and_every_table_is_listed() -> None:
    history = database(FakeSystem())

    shown = rows(
        history,
        "SELECT table_name, column_name FROM duckdb_columns() WHERE schema_name = 'main' "
        "AND database_name <> 'temp' AND NOT internal",
    )

    assert {tuple(note.split(".")) for note in schema.NOTES} <= set(shown)
    assert {table for table, _ in shown} == set(schema.NAMES)
