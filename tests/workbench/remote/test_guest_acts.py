"""What another process does to the code of one's own system is told to the owner, and is in the owner's audit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import Actor, action
from runtime.clients.node.client import NodeClient, connect
from runtime.security.crypto import TokenFiles
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import EmbeddedSystem
from runtime.system.guest_acts import Call, GuestAct, GuestCalls
from workbench.remote.audit_log import Act
from workbench.session import Session


@pytest.fixture
def session() -> Iterator[Session]:
    session = Session()
    session.notify = lambda _: None
    yield session
    session.stop()


def test_a_foreign_deployment_is_told_and_audited(session: Session) -> None:
    system = session.start(store="memory")
    assert isinstance(system, EmbeddedSystem)

    system.guest_acts.note(GuestAct(1_000_000, "other.ipynb (process 7)", "deploy", "counter", "0123456789abcdef"))

    [line] = session.guest_news
    assert line.startswith("counter now runs code of other.ipynb (process 7), deployed ")
    [act] = session.audits.acts()
    assert (act.who, act.act, act.actor, act.outcome) == ("other.ipynb (process 7)", "deploy", "counter", "done")
    assert session.status().guests == (line,)


class Tally(Actor, name="tally"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total

    @action
    def fail(self) -> None:
        raise ValueError("no")


class Pupil(Actor, name="pupil", kind="unnamed"):
    @action
    def learn(self) -> None: ...


@pytest.fixture
def owner(session: Session, tmp_path: Path) -> EmbeddedSystem:
    system = session.start(store=f"sqlite:///{tmp_path / 'own.db'}")
    assert isinstance(system, EmbeddedSystem)
    system.deploy(Tally)
    system.deploy(Pupil)
    return system


@pytest.fixture
def guest(owner: EmbeddedSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NodeClient]:
    """Another notebook's client, over gRPC."""
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ann/lüders.ipynb")
    tokens = TokenFiles(tmp_path / "tokens")
    with NodeServer(owner, token_files=tokens) as server, connect(server.address, token_files=tokens) as client:
        yield client


def _shown(acts: list[Act]) -> list[tuple[str, str, str, str, int]]:
    return sorted((each.act, each.actor, each.action, each.outcome, each.count) for each in acts)


def _calls(acts: list[Act]) -> dict[tuple[str, str], dict[str, int]]:
    """Over all minutes."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for act in acts:
        counts = found.setdefault((act.act, act.actor), {})
        for outcome, count in act.outcomes.items():
            counts[outcome] = counts.get(outcome, 0) + count
    return found


def test_calls_of_a_guest_are_in_the_audit_when_it_is_read(session: Session, guest: NodeClient) -> None:
    for _ in range(20):
        guest.invoke("tally", "add", {"value": 1})
    guest.invoke("tally", "add", {"value": 1}, asynchronous=True)
    with pytest.raises(Exception, match="no"):
        guest.invoke("tally", "fail")
    guest.invoke("pupil/1", "learn", parent="pupil")

    acts = session.audits.acts()

    totals = _calls(acts)
    assert totals.pop(("spawn", "pupil/1")) == {"done": 1}
    done = totals.pop(("invoke", "tally"))
    assert (done["done"], done["failed"], done.get("sent", 1)) == (20, 1, 1)
    assert not totals
    assert len(acts) <= 8, "calls are recorded one by one"
    assert all(each.at_us <= each.ended_us for each in acts)


def test_acts_name_the_notebook_the_user_and_the_address(session: Session, guest: NodeClient) -> None:
    guest.invoke("tally", "add", {"value": 1})
    guest.restore("tally", 1)
    guest.confirm_dropped("tally")
    guest.deploy(Tally)
    guest.undeploy("tally")

    acts = session.audits.acts()

    assert {"invoke", "restore", "confirm_dropped", "undeploy"} <= {each.act for each in acts}
    for each in acts:
        assert each.who.startswith("lüders.ipynb (process "), each
        assert "@" in each.who, each
        assert ", from ipv4:127.0.0.1:" in each.who, each


def test_calls_are_written_when_the_owner_stops(session: Session, guest: NodeClient) -> None:
    guest.invoke("tally", "add", {"value": 1})
    written = session.audits.place

    session.stop()

    assert '"invoke"' in written.read_text()


def test_calls_alike_in_one_minute_are_told_once() -> None:
    told: list[GuestAct] = []
    now_us = [60_000_000]
    calls = GuestCalls(told.append, now_us=lambda: now_us[0])
    for _ in range(1_000):
        now_us[0] += 100
        calls.add(Call("ann", "invoke", "tally", "add"), "done")
    calls.add(Call("ann", "invoke", "tally", "add"), "failed")

    calls.stop()

    assert told == [
        GuestAct(60_000_100, "ann", "invoke", "tally", "add", 1_001, 60_100_000, {"done": 1_000, "failed": 1})
    ]


def test_calls_to_endless_actors_take_bounded_memory() -> None:
    told: list[GuestAct] = []
    calls = GuestCalls(told.append, now_us=lambda: 60_000_000)
    for number in range(20_000):
        calls.add(Call("ann", "invoke", f"pupil/{number}", "learn"), "done")

        assert len(calls._tallies) <= 4_097

    calls.stop()
    assert sum(each.count for each in told) == 20_000
