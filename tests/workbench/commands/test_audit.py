"""What this notebook did, to its own system and to others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import workbench as wb
from runtime import Actor, action
from runtime.errors import ActionFailed, BadSetting, NotAllowed
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import EmbeddedSystem, embedded
from workbench.remote.audit_log import AuditUnwritable
from workbench.session import Session, current


class Tally(Actor, name="tally"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


@pytest.fixture
def other(session: Session) -> Iterator[tuple[EmbeddedSystem, str]]:
    """Another process's system and its address."""
    with embedded(system="other") as system, NodeServer(system) as server:
        system.deploy(Tally)
        yield system, server.address
        session.detach()


def acts() -> list[tuple[str, str, str]]:
    return [(act.act, act.actor, act.outcome) for act in wb.audit()]


def test_visit_is_recorded_from_attaching_to_leaving(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1], mode="act", reason="total is wrong")
    wb.invoke("tally", "add", {"value": 1})
    wb.detach()

    assert acts() == [("attach", "", "done"), ("invoke", "tally", "done"), ("detach", "", "done")]
    assert {(act.target, act.mode, act.reason) for act in wb.audit()} == {(other[1], "act", "total is wrong")}


def test_what_looking_refuses_is_recorded_and_changes_nothing(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1])
    with pytest.raises(NotAllowed):
        wb.invoke("tally", "add", {"value": 1})
    with pytest.raises(NotAllowed):
        wb.undeploy("tally")

    assert acts() == [("attach", "", "done"), ("invoke", "tally", "refused"), ("undeploy", "tally", "refused")]
    assert other[0].state("tally") == {"total": 0}


def test_reading_an_attached_system_is_not_recorded(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1], mode="act")
    before = acts()

    wb.actors()
    wb.state("tally")
    wb.history("tally")

    assert acts() == before


def test_system_is_not_opened_to_act_if_that_cannot_be_recorded(
    other: tuple[EmbeddedSystem, str], session: Session, tmp_path: Path
) -> None:
    own = session.system
    (tmp_path / "file").touch()
    session.audits.file = tmp_path / "file" / "audit.jsonl"

    with pytest.raises(AuditUnwritable, match="Nothing was sent"):
        wb.attach(other[1], mode="act")

    assert session.system is own
    assert wb.attached() is None


def test_own_system_can_be_looked_at_without_a_writable_record(
    other: tuple[EmbeddedSystem, str], session: Session, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    session.audits.file = tmp_path / "file" / "audit.jsonl"

    assert wb.attach(other[1]).mode == "look"


def test_on_ones_own_system_what_does_not_come_by_message_is_recorded(session: Session) -> None:
    wb.deploy(Tally)
    wb.invoke("tally", "add", {"value": 1})
    with pytest.raises(ActionFailed):
        wb.invoke("counter", "divide", {"by": 0})
    with pytest.raises(ActionFailed):
        wb.retry("counter")
    with wb.hold("tally") as hold:
        wb.invoke("tally", "add", {"value": 2}, asynchronous=True)
        hold.wait().drop()
    wb.faults("tally", delay=0.1, seconds=1).end()
    wb.undeploy("tally")

    assert acts() == [
        ("deploy", "tally", "done"),
        ("retry", "counter", "failed"),
        ("hold", "tally", "done"),
        ("drop", "tally", "done"),
        ("release", "tally", "done"),
        ("fault", "tally", "done"),
        ("undeploy", "tally", "done"),
    ]


def test_list_can_be_narrowed(session: Session) -> None:
    wb.deploy(Tally)
    wb.undeploy("tally")
    wb.confirm_dropped("counter")

    assert [act.act for act in wb.audit("counter")] == ["confirm_dropped"]
    assert [act.act for act in wb.audit(limit=1)] == ["confirm_dropped"]
    assert len(wb.audit(since="1h")) == len(wb.audit(since=60)) == 3
    assert wb.audit(since=datetime.now(UTC) + timedelta(seconds=1)) == ()


@pytest.mark.parametrize("since", ["yesterday-ish", -1, "-1h"])
def test_time_that_is_none_is_refused(session: Session, since: float | str) -> None:
    with pytest.raises(BadSetting, match="is no time"):
        wb.audit(since=since)


def test_it_is_shown_as_text_table_data_frame_and_sql(session: Session) -> None:
    wb.undeploy("counter")
    shown = wb.audit()

    assert "undeploy" in repr(shown)
    assert "<table" in shown._repr_mimebundle_()["text/html"]
    assert list(shown.df()["outcome"]) == ["done"]
    assert wb.query("SELECT act, actor FROM audit").fetchall() == [("undeploy", "counter")]


def test_asking_starts_nothing(session: Session) -> None:
    session.reset()

    wb.audit()

    assert session.system is None


def test_audit_says_which_line_does_not_fit(session: Session) -> None:
    wb.deploy(Tally)
    wb.undeploy("tally")
    place = current.audits.place
    place.write_bytes(place.read_bytes().replace(b'"undeploy"', b'"deployed"'))

    shown = wb.audit()

    [damage] = shown.damages
    assert repr(shown).startswith("The record is not as it was written")
    assert f"Line {damage.line} of {place.name}: it was changed" in repr(shown)
    assert "it was changed" in shown._repr_mimebundle_()["text/html"]
