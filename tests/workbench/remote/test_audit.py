"""Who, where to, what and how it ended; never what was in a message, and nothing is sent without its record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from runtime import Actor
from runtime.api import SystemApi
from runtime.authoring.definition import define
from runtime.errors import InvocationTimeout, NotAllowed
from workbench.remote.access import AuditedSystem, name_of
from workbench.remote.audit import Audits, Trail, measured
from workbench.remote.audit_log import AuditLog, AuditUnwritable


class Target:
    """A system in another process, as far as it is acted on."""

    def __init__(self, answer: Callable[[], Any] = lambda: "answer") -> None:
        self.answer = answer
        self.asked: list[str] = []

    def invoke(self, actor: str, action: str, payload: Any = None, **_: Any) -> Any:
        self.asked.append(f"{actor}.{action}")
        return self.answer()

    async def ainvoke(self, actor: str, action: str, payload: Any = None, **_: Any) -> Any:
        return self.invoke(actor, action, payload)

    def undeploy(self, actor: str) -> None:
        self.asked.append(f"undeploy {actor}")


def trail(log: AuditLog, warn: Callable[[str], object] = print) -> Trail:
    return Trail(log, "grpc://there:1", "shop", "act", "order 17 is stuck", "book.ipynb", warn)


def audited(target: Target, log: AuditLog) -> AuditedSystem:
    return AuditedSystem(cast(SystemApi, target), trail(log))


def test_call_is_recorded_with_who_where_and_why() -> None:
    log = AuditLog(None)

    audited(Target(), log).invoke("counter", "add", {"value": 5})

    [act] = log.acts()
    assert (act.target, act.system, act.mode, act.reason) == ("grpc://there:1", "shop", "act", "order 17 is stuck")
    assert (act.act, act.actor, act.action, act.outcome) == ("invoke", "counter", "add", "done")
    assert "@" in act.who
    assert act.notebook == "book.ipynb"
    assert act.ended_us >= act.at_us > 0


def test_record_is_there_before_the_call_is_sent() -> None:
    log = AuditLog(None)
    seen: list[str] = []
    target = Target(lambda: seen.extend(act.outcome for act in log.acts()))

    audited(target, log).invoke("counter", "add")

    assert seen == [""]


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (InvocationTimeout("counter", "add", 1.0), "failed", "timeout"),
        (NotAllowed("no"), "refused", "not_allowed"),
        (KeyboardInterrupt(), "given up", "KeyboardInterrupt"),
        (RuntimeError("secret words"), "failed", "RuntimeError"),
    ],
)
def test_end_says_how_it_went(error: BaseException, outcome: str, code: str) -> None:
    def fail() -> None:
        raise error

    log = AuditLog(None)
    with pytest.raises(type(error)):
        audited(Target(fail), log).invoke("counter", "add")

    [act] = log.acts()
    assert (act.outcome, act.error) == (outcome, code)


def test_call_without_a_wait_was_sent_not_done() -> None:
    log = AuditLog(None)

    audited(Target(), log).invoke("counter", "add", asynchronous=True)

    assert log.acts()[0].outcome == "sent"


def test_call_of_a_coroutine_is_recorded_too() -> None:
    log = AuditLog(None)

    async def call() -> Any:
        return await audited(Target(), log).ainvoke("counter", "add")

    assert asyncio.run(call()) == "answer"
    assert [(act.actor, act.outcome) for act in log.acts()] == [("counter", "done")]


@pytest.mark.parametrize("act", [lambda it: it.invoke("counter", "add"), lambda it: it.undeploy("counter")])
def test_nothing_is_sent_that_cannot_be_recorded(tmp_path: Path, act: Callable[[AuditedSystem], Any]) -> None:
    (tmp_path / "file").touch()
    target = Target()

    with pytest.raises(AuditUnwritable, match="Nothing was sent"):
        act(audited(target, AuditLog(tmp_path / "file" / "audit.jsonl")))

    assert target.asked == []


def test_act_on_ones_own_system_goes_on_and_says_that_it_is_not_recorded(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told: list[str] = []
    own = Trail(AuditLog(tmp_path / "file" / "audit.jsonl"), "x.db", "shop", "", warn=told.append)

    with own.act("undeploy", "counter"):
        done = True

    assert done
    assert "cannot be written" in told[0]


def test_what_is_in_a_message_is_not_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"

    audited(Target(), AuditLog(path)).invoke("vault", "open", {"password": "xyzzy", "name": "plugh"})

    assert b"xyzzy" not in path.read_bytes()
    assert b"plugh" not in path.read_bytes()


def test_hash_tells_payloads_apart_and_nothing_of_their_secrets() -> None:
    one, other = measured({"name": "ada", "pin_code": 1234}), measured({"name": "ada", "pin_code": 9876})

    assert one == other
    assert measured({"name": "bob", "pin_code": 1234})[1] != one[1]
    assert measured(None) == (0, "")


def test_deployed_actor_is_recorded_by_its_own_name() -> None:
    class BigShop(Actor): ...

    class Named(Actor, name="till"): ...

    assert [name_of(each) for each in (BigShop, Named, define(Named), int)] == ["big-shop", "till", "till", "int"]


class TestAudits:
    """Where the record is."""

    def audits(self, store: str) -> Audits:
        return Audits(lambda: store, lambda: "", print)

    def test_it_is_beside_the_store(self, tmp_path: Path) -> None:
        audits = self.audits(f"sqlite:///{tmp_path}/.spawn/book.db")

        assert audits.place == tmp_path / ".spawn" / "book.audit.jsonl"
        with audits.own("shop").act("undeploy", "counter"):
            assert audits.place.exists()

    def test_what_is_done_to_a_system_in_memory_stays_in_memory(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        audits = self.audits("memory://")

        with audits.own("shop").act("undeploy", "counter"):
            pass

        assert [act.act for act in audits.acts()] == ["undeploy"]
        assert list(tmp_path.iterdir()) == []

    def test_what_is_done_to_an_attached_system_is_always_on_disk(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
        audits = self.audits("memory://")

        with audits.attached("grpc://there:1", "shop", "act").act("attach"):
            assert (tmp_path / ".spawn" / "default.audit.jsonl").exists()

    def test_everything_is_shown_together_in_the_order_of_time(self, tmp_path: Path) -> None:
        audits = self.audits("memory://")
        audits.file = tmp_path / "audit.jsonl"
        for number in range(3):
            with (audits.own("shop") if number % 2 else audits.attached("there", "shop", "act")).act(
                "hold", str(number)
            ):
                pass

        assert [act.actor for act in audits.acts()] == ["0", "1", "2"]
