"""A session that works with another process's system: to look, to act, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench as wb
from runtime import Actor, action
from runtime.errors import BadSetting, NotAllowed, NotCapable, UnknownActor, Unreachable
from runtime.servers.grpc_node.server import NodeServer
from runtime.servers.spawn_proxy.server import serve
from runtime.system.embedded import EmbeddedSystem, embedded
from runtime.testing.raw_host import RawHost, ok
from runtime.testing.transport_checks import until
from workbench.session import Session


class Tally(Actor, name="tally"):
    total: int = 0

    @action
    def add(self, value: int) -> dict[str, int]:
        self.total += value
        return {"total": self.total}


@pytest.fixture
def other(tmp_path: Path, session: Session) -> Iterator[tuple[EmbeddedSystem, str]]:
    """Another process's system and its address; the session's own has `counter`."""
    with embedded(system="other", store=f"sqlite:///{tmp_path / 'other.db'}") as system, NodeServer(system) as server:
        system.deploy(Tally)
        system.invoke("tally", "add", {"value": 3})
        yield system, server.address
        session.detach()


def test_attaching_only_looks_by_default(other: tuple[EmbeddedSystem, str]) -> None:
    attached = wb.attach(other[1])

    assert attached.mode == "look"
    assert [row.id.name for row in wb.actors()] == ["tally"]
    assert wb.state("tally") == {"total": 3}
    with pytest.raises(NotAllowed, match=f"%attach {other[1]} --mode act"):
        wb.invoke("tally", "add", {"value": 1})


def test_history_is_the_attached_systems(other: tuple[EmbeddedSystem, str]) -> None:
    other[0].flush()
    wb.attach(other[1])

    assert wb.query("SELECT total FROM history.tally").fetchall() == [(3,)]


def test_acting_reaches_the_other_system(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1], mode="act")

    assert wb.invoke("tally", "add", {"value": 1}) == {"total": 4}
    assert other[0].state("tally") == {"total": 4}


def test_deploying_while_attached_offers_the_actor_there(other: tuple[EmbeddedSystem, str]) -> None:
    class Guest(Actor, name="guest"):
        @action
        def greet(self) -> str:
            return "hello from afar"

    wb.attach(other[1], mode="act")
    wb.deploy(Guest)

    assert other[0].invoke("guest", "greet") == "hello from afar"


def test_own_system_goes_on_and_comes_back(other: tuple[EmbeddedSystem, str]) -> None:
    wb.invoke("counter", "add", {"value": 2})
    wb.attach(other[1])

    left = wb.detach()

    assert left is not None
    assert left.system == "other"
    assert wb.invoke("counter", "add", {"value": 1}) == {"total": 3}
    assert wb.detach() is None


def test_status_says_where_one_is(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1])

    assert other[1] in repr(wb.status())
    assert repr(wb.attached()).startswith(f"Attached to actor system 'other' at {other[1]}, only to look")


def test_attaching_elsewhere_leaves_the_first(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1])
    first = wb.attach(other[1], mode="act")

    assert wb.attached() == first
    assert wb.detach() == first
    assert wb.attached() is None


@pytest.mark.parametrize("target", ["", "production", "ftp://x"])
def test_unusable_target_changes_nothing(session: Session, target: str) -> None:
    own = session.system

    with pytest.raises(BadSetting, match=r"Cannot (attach|connect) to"):
        wb.attach(target)

    assert session.system is own


def test_failed_attachment_leaves_everything_as_it_was(session: Session) -> None:
    own = session.system

    with pytest.raises(Unreachable):
        wb.attach("grpc://127.0.0.1:1", token="x")
    with pytest.raises(BadSetting, match="mode"):
        wb.attach("grpc://127.0.0.1:1", mode="lok")

    assert session.system is own


def test_starting_while_attached_is_refused(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1])

    with pytest.raises(BadSetting, match="%detach"):
        wb.start()
    with pytest.raises(BadSetting, match="another process's"):
        wb.serve()


def test_served_system_can_be_attached_to(session: Session) -> None:
    served = wb.serve()
    try:
        wb.attach(served.address)
        assert wb.state("counter") == {"total": 0}
        assert served.address in repr(served)
        wb.detach()
        assert wb.serve() is served
    finally:
        served.close()

    with pytest.raises(Unreachable):
        wb.attach(served.address, token="x")


def test_stopping_ends_what_is_served(session: Session) -> None:
    address = wb.serve().address

    wb.stop()

    with pytest.raises(Unreachable):
        wb.attach(address, token="x")


@pytest.fixture
def proxy(session: Session) -> Iterator[str]:
    """The address of a Spawn proxy whose system has `tally`."""
    with embedded(system="other") as system:
        system.deploy(Tally)
        running = serve(system, http_port=0)
        yield running.address
        session.detach()
        running.close()


def test_proxy_is_only_looked_at_by_default(proxy: str) -> None:
    attached = wb.attach(proxy)

    assert attached.mode == "look"
    with pytest.raises(NotAllowed, match="--mode act"):
        wb.invoke("tally", "add", {"value": 1})
    assert wb.state("tally") == {"total": 0}, "a proxy of ours shows it without waking the actor"


def test_proxy_can_be_acted_on_when_that_is_said(proxy: str) -> None:
    wb.attach(proxy, mode="act")

    assert wb.invoke("tally", "add", {"value": 4}) == {"total": 4}


def test_serving_shows_what_an_sdk_needs(session: Session) -> None:
    served = wb.serve()

    assert served.http_address.startswith("http://127.0.0.1:")
    assert f"SPAWN_PROXY_URL={served.http_address}" in repr(served)
    served.close()


class Abacus(Actor, name="abacus"):
    total: int = 0

    @action
    def add(self, value: int) -> dict:
        self.total += value
        return {"total": self.total}


def test_actor_deployed_beside_a_proxy_is_registered_there(proxy: str, tmp_path: Path) -> None:
    journal = f"sqlite:///{tmp_path / 'journal.db'}"
    attached = wb.attach(proxy, mode="act", journal=journal)

    report = wb.deploy(Abacus)

    assert "deployments go there" in repr(attached)
    assert report.actor == "abacus"
    assert wb.invoke("abacus", "add", {"value": 4}) == {"total": 4}
    assert wb.state("abacus") == {"total": 4}
    with pytest.raises(UnknownActor, match="this process has deployed no such actor to the proxy"):
        wb.undeploy("tally")
    wb.detach()
    with embedded(system="other", store=journal) as past:
        assert [turn.action for batch in past.turns(actor="abacus") for turn in batch] == ["add"]


def test_proxy_that_calls_another_process_gets_nothing_registered(session: Session) -> None:
    up = ok(b'{"status":"up"}', content_type="application/json")
    with RawHost(lambda _: up) as real:
        wb.attach(f"http://127.0.0.1:{real.port}", mode="act")
        try:
            with pytest.raises(NotAllowed, match="which host it calls cannot be found out"):
                wb.deploy(Abacus)
            with pytest.raises(UnknownActor, match="this process has deployed nothing to the proxy"):
                wb.undeploy("counter")
        finally:
            wb.detach()

    assert not any(message.start.startswith("POST") for message in real.messages)


def test_past_of_a_proxy_is_refused_with_its_reason_and_nobody_is_woken(session: Session) -> None:
    up = ok(b'{"status":"up"}', content_type="application/json")
    with RawHost(lambda _: up) as real:
        wb.attach(f"http://127.0.0.1:{real.port}", mode="act")
        try:
            for ask in (lambda: wb.history("tally"), wb.failures):
                with pytest.raises(NotCapable, match="keeps no messages"):
                    ask()
            assert "it tells    nothing but that it is well" in repr(wb.status())
        finally:
            wb.detach()

    assert not any(message.start.startswith("POST") for message in real.messages)


def test_attachment_says_whether_the_name_of_the_system_is_assumed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PROXY_ACTOR_SYSTEM_NAME", raising=False)
    up = ok(b'{"status":"up"}', content_type="application/json")
    with RawHost(lambda _: up) as real:
        try:
            assumed = repr(wb.attach(f"http://127.0.0.1:{real.port}"))
            given = repr(wb.attach(f"http://127.0.0.1:{real.port}", system="shop"))
        finally:
            wb.detach()

    assert "assumed, since a proxy does not say it: give --system NAME" in assumed
    assert "Attached to actor system 'shop'" in given
    assert "assumed" not in given


def test_workbench_node_says_itself_which_system_it_is(other: tuple[EmbeddedSystem, str]) -> None:
    with pytest.raises(BadSetting, match="a workbench node says itself which one it is"):
        wb.attach(other[1], system="other")


def test_host_options_are_for_proxies_that_are_acted_on(session: Session) -> None:
    with pytest.raises(BadSetting, match="--mode act"):
        wb.attach("http://127.0.0.1:9", host_port=8091)


def test_each_host_process_has_an_address_to_register_at(session: Session) -> None:
    served = wb.serve(host_port=[8090, 8091])
    try:
        assert wb.serve(host_port=8092) is served

        environments = served.environments
        assert list(environments) == [8090, 8091, 8092]
        assert len({each["SPAWN_PROXY_URL"] for each in environments.values()}) == 3
        assert environments[8092]["USER_FUNCTION_PORT"] == "8092"
        assert all(each["SPAWN_PROXY_URL"] in repr(served) for each in environments.values())
    finally:
        served.close()


def test_host_port_zero_is_one_free_port_also_when_the_cell_is_run_again(session: Session) -> None:
    served = wb.serve(host_port=0)
    try:
        wb.serve(host_port=0)
        once = list(served.environments)
        wb.serve(host_port=[0, 0])

        (chosen,) = once
        assert f"USER_FUNCTION_PORT={chosen}\n" in f"{served!r}\n"
        assert 0 not in served.environments
        assert len(served.environments) == 2
    finally:
        served.close()


def test_hosts_need_http(session: Session) -> None:
    served = wb.serve(http_port=None)
    try:
        with pytest.raises(BadSetting, match="HTTP is not served"):
            wb.serve(host_port=8091)
    finally:
        served.close()


def test_number_that_is_no_port_is_not_served(session: Session) -> None:
    with pytest.raises(BadSetting, match="70000 is no port"):
        wb.serve(grpc_port=70_000)

    assert session.served is None


def test_notebook_is_told_that_a_proxy_was_away(session: Session) -> None:
    news: list[str] = []
    session.notify = news.append
    with embedded(system="other") as system:
        running = serve(system, http_port=0)
        port = int(running.address.rpartition(":")[2])
        wb.attach(running.address, mode="act")
        try:
            wb.deploy(Abacus)
            running.close(0.0)
            running = serve(system, http_port=port)
            until(lambda: any("registered there again" in each for each in news), "the news")

            assert wb.invoke("abacus", "add", {"value": 4}) == {"total": 4}
        finally:
            wb.detach()
            running.close(0.0)
