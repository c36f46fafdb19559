"""What works on code, while a session is attached to another process's system: the code stays where its cell ran."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench as wb
from runtime import Actor, Context, action
from runtime.api import Capability
from runtime.errors import ActionFailed, ContractError, DefinitionError, NotAllowed, NotCapable, UnknownActor
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import EmbeddedSystem, embedded
from workbench.commands.deploy import CodeNotLoaded
from workbench.session import Session


class Till(Actor, name="till"):
    cents: int = 10

    @action
    def take(self, amount: int) -> int:
        if amount > self.cents:
            raise ValueError("too little")
        self.cents -= amount
        return self.cents

    @action
    def post(self, ctx: Context, text: str) -> None:
        ctx.tell("nobody", "read", {"text": text})


class Mended(Till, name="till"):
    coins: int = 0

    @action
    def take(self, amount: int) -> int:
        self.cents = max(0, self.cents - amount)
        return self.cents


class Unfit(Actor, name="till"):
    cents: list[str] = []

    @action
    def take(self, amount: int) -> int:
        return amount


@pytest.fixture
def other(tmp_path: Path, session: Session) -> Iterator[tuple[EmbeddedSystem, str]]:
    """A system of another process in which `till` has 7 cents, and its address."""
    with embedded(system="other", store=f"sqlite:///{tmp_path / 'other.db'}") as system, NodeServer(system) as server:
        system.deploy(Till)
        system.invoke("till", "take", {"amount": 3})
        system.flush()
        yield system, server.address
        session.detach()


@pytest.fixture
def hosting(other: tuple[EmbeddedSystem, str]) -> EmbeddedSystem:
    """That system, for which this process now runs `till`."""
    wb.attach(other[1], mode="act")
    wb.deploy(Till)
    return other[0]


def test_preview_works_where_one_may_only_look(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1])

    report = wb.preview(Mended)

    assert ("coins", "added") in [(each.name, each.change) for each in report.fields]
    assert (report.revision, report.definition != report.previous) == (1, True)
    deployed = other[0].deployed("till")
    assert deployed is not None
    assert deployed.hash == report.previous


def test_preview_tries_the_state_of_the_other_system(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1])

    with pytest.raises(DefinitionError, match="cents"):
        wb.preview(Unfit)


def test_preview_of_what_is_new_there_says_so(other: tuple[EmbeddedSystem, str]) -> None:
    class Guest(Actor, name="guest"):
        @action
        def greet(self) -> str:
            return "hello"

    wb.attach(other[1])

    assert wb.preview(Guest).previous == ""


def test_an_earlier_version_that_ran_here_is_offered_again(hosting: EmbeddedSystem) -> None:
    wb.deploy(Mended)
    first = next(each for each in wb.versions("till") if "coins" not in each.definition.fields)

    report = wb.redeploy("till", first.hash[:8])

    assert report.changed  # type: ignore[union-attr]
    with pytest.raises(ActionFailed, match="too little"):
        hosting.invoke("till", "take", {"amount": 100})


def test_versions_say_which_one_runs_there_and_is_here(hosting: EmbeddedSystem) -> None:
    wb.deploy(Mended)

    marks = {"coins" in each.definition.fields: (each.is_current, each.is_here) for each in wb.versions("till")}

    assert marks == {False: (False, True), True: (True, True)}


def test_going_back_is_refused_where_one_may_only_look(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1], mode="act")
    wb.deploy(Mended)
    [first, _] = wb.versions("till")
    wb.attach(other[1])

    with pytest.raises(NotAllowed, match="--mode act"):
        wb.redeploy("till", first.hash, execute=True)


def test_a_failed_message_is_tried_on_a_copy_here(hosting: EmbeddedSystem) -> None:
    with pytest.raises(ActionFailed):
        wb.invoke("till", "take", {"amount": 100})
    wb.deploy(Mended)

    tried = wb.retry("till", fork=True)

    assert (bool(tried), tried.response) == (True, 0)
    assert hosting.state("till")["cents"] == 7


def test_a_failure_of_code_that_is_not_here_cannot_be_tried(other: tuple[EmbeddedSystem, str]) -> None:
    with pytest.raises(ActionFailed):
        other[0].invoke("till", "take", {"amount": 100})
    other[0].flush()
    wb.attach(other[1])

    with pytest.raises(CodeNotLoaded, match="Run the cell"):
        wb.retry("till", fork=True)


def test_messages_that_were_not_delivered_there_are_listed(other: tuple[EmbeddedSystem, str]) -> None:
    other[0].invoke("till", "post", {"text": "hello"})
    wb.attach(other[1])

    [letter] = wb.dead_letters()

    [there] = other[0].dead_letters()
    assert (letter.at_us, letter.code, letter.why) == (there.at_us, there.code, there.why)
    sent, known = letter.invocation, there.invocation
    assert (sent.id, sent.actor, sent.action, sent.payload) == (known.id, known.actor, known.action, known.payload)
    assert (sent.caller, sent.cause) == (known.caller, known.cause)
    assert wb.failures().undelivered == 1


class Nobody(Actor, name="nobody"):
    seen: list[str] = []

    @action
    def read(self, text: str) -> int:
        self.seen.append(text)
        return len(self.seen)


def test_a_message_that_was_not_delivered_there_is_sent_again_and_leaves_their_list(
    other: tuple[EmbeddedSystem, str],
) -> None:
    for text in ("one", "two", "three"):
        other[0].invoke("till", "post", {"text": text})
    wb.attach(other[1], mode="act")
    other[0].deploy(Nobody)

    answer = wb.retry(wb.dead_letters()[0])
    discarded = wb.dead_letters("nobody").discard(wb.dead_letters()[0].invocation.id[-8:])

    assert (answer, discarded) == (1, 1)
    assert [each.invocation.payload.data for each in other[0].dead_letters() if each.invocation.payload] == [
        b'{"text":"three"}'
    ]
    assert [(act.act, act.actor, act.outcome) for act in wb.audit()][-2:] == [
        ("retry", "nobody", "done"),
        ("discard", "nobody", "done"),
    ]


def test_an_older_node_sends_a_dead_letter_as_a_new_message_and_discards_none(
    other: tuple[EmbeddedSystem, str], session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(session, "notify", told.append)
    monkeypatch.setattr(other[0], "capabilities", other[0].capabilities - {Capability.LETTERS})
    other[0].invoke("till", "post", {"text": "hello"})
    wb.attach(other[1], mode="act")
    other[0].deploy(Nobody)

    assert wb.retry(wb.dead_letters()[0]) == 1
    assert "older version" in told[-1]
    with pytest.raises(NotCapable, match="older version"):
        wb.dead_letters().discard()


def test_who_only_looks_cannot_send_again_or_discard(other: tuple[EmbeddedSystem, str]) -> None:
    other[0].invoke("till", "post", {"text": "hello"})
    wb.attach(other[1])

    for act in (wb.retry, lambda letter: wb.dead_letters().discard(letter)):
        with pytest.raises(NotAllowed, match="attached only to look"):
            act(wb.dead_letters()[0])
    assert len(other[0].dead_letters()) == 1


def test_a_contract_needs_the_code_here(other: tuple[EmbeddedSystem, str]) -> None:
    wb.attach(other[1])

    with pytest.raises(ContractError, match="The code of till is not in this process"):
        wb.contract("till")
    with pytest.raises(UnknownActor, match="Did you mean till"):
        wb.contract("tills")


def test_a_contract_is_made_of_what_runs_here_for_the_other_system(hosting: EmbeddedSystem) -> None:
    assert "rpc take(TakeRequest)" in wb.contract("till")
