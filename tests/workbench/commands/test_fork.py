"""`wb.fork`: an actor continued from a past revision, beside what really happened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import workbench as wb
from runtime import Actor, Context, Value, action
from runtime.errors import ActionFailed, InvocationTimeout, NotRecorded, UnknownAction, UnknownRevision
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.workbench.commands.conftest import Counter, release
from tests.workbench.commands.test_proto import SHOP_V1, deploy_till
from workbench.commands.time_travel.fork import Fork, NoSuchMessage
from workbench.session import Session, current

pytestmark = pytest.mark.usefixtures("session")


class Shop(Actor, name="shop"):
    earned: int = 0

    @action
    async def sell(self, ctx: Context, item: str) -> int:
        price: int = await ctx.invoke("prices", "of", {"item": item})
        self.earned += price
        ctx.tags["last"] = item
        ctx.tell("archive", "keep", {"item": item, "chance": ctx.random.random()})
        return self.earned


class Prices(Actor, name="prices"):
    asked: int = 0

    @action
    def of(self, item: str) -> int:
        self.asked += 1
        return 10 * self.asked


class Archive(Actor, name="archive"):
    kept: int = 0

    @action
    def keep(self, item: str, chance: float) -> None:
        self.kept += 1


class Halving(Actor, name="counter"):
    total: float = 0.0

    @action
    def add(self, value: int) -> float:
        self.total += value / 2
        return self.total


@pytest.fixture
def counter(session: Session) -> None:
    for value in (1, 2, 3, 4):
        wb.invoke("counter", "add", {"value": value})


@pytest.fixture
def shop(session: Session) -> None:
    for each in (Shop, Prices, Archive):
        wb.deploy(each)
    for item in ("tea", "cake"):
        wb.invoke("shop", "sell", {"item": item})
    wb.invoke("archive", "get")  # it comes after what was told


def _everything() -> tuple[Any, ...]:
    """All that a fork must leave alone."""
    system = current.open()
    sequence = system.flush()
    names = [row.id.name for row in system.actors()]
    return sequence, [(n, system.state(n), system.info(n).revision, system.mailbox(n)) for n in names]


@pytest.mark.usefixtures("counter")
def test_a_fork_begins_at_its_revision_and_goes_its_own_way() -> None:
    fork = wb.fork("counter", 2)

    assert fork.state == {"total": 3}
    assert fork.invoke("add", {"value": 10}) == {"total": 13}
    assert (fork.state, wb.state("counter")) == ({"total": 13}, {"total": 10})


@pytest.mark.usefixtures("shop")
def test_a_fork_changes_nothing_of_the_original() -> None:
    before = _everything()

    fork = wb.fork("shop", 0)
    fork.replay()
    fork.replay(list(reversed(fork.messages)))
    with pytest.raises(NotRecorded):
        fork.invoke("sell", {"item": "pie"})

    assert _everything() == before


@pytest.mark.usefixtures("counter")
def test_the_messages_after_a_revision_lead_to_the_same() -> None:
    diff = wb.fork("counter", 1).replay()

    assert [each.what for each in diff] == ["same", "same", "same"]
    assert repr(diff).endswith("In the end both states are equal.")


@pytest.mark.usefixtures("counter")
def test_one_message_left_out_shows_what_it_changed() -> None:
    fork = wb.fork("counter", 1)

    diff = fork.replay(without=fork.messages[1].id[-6:])

    assert [(each.what, each.really, each.forked) for each in diff] == [
        ("same", "→ {total: 3}", "→ {total: 3}"),
        ("left out", "→ {total: 6}", "–"),
        ("differs", "→ {total: 10}", "→ {total: 7}"),
    ]
    assert (diff.really, diff.forked) == ({"total": 10}, {"total": 7})
    assert "state.total: 10 → 7" in repr(fork)


@pytest.mark.usefixtures("counter")
def test_messages_are_edited_by_id_or_by_a_function() -> None:
    fork = wb.fork("counter", 2)

    by_id = fork.replay(edit={fork.messages[0].id: {"value": 0}})
    by_function = fork.replay(edit=lambda each: {"value": each.payload["value"] * 10})

    assert [each.what for each in by_id] == ["edited, differs", "differs"]
    assert (by_id.forked, by_function.forked) == ({"total": 7}, {"total": 73})


@pytest.mark.usefixtures("counter")
def test_messages_come_in_another_order() -> None:
    fork = wb.fork("counter", 2)
    first, second = fork.messages

    diff = fork.replay([second, first.with_payload(value=30)])

    assert [(each.payload["value"], each.what) for each in diff] == [(4, "differs"), (30, "edited, moved, differs")]


@pytest.mark.usefixtures("counter")
def test_other_code_runs_in_the_fork() -> None:
    diff = wb.fork("counter", 2, code=Halving).replay()

    assert diff.forked == {"total": 6.5}
    assert wb.state("counter") == {"total": 10}


@pytest.mark.usefixtures("shop")
def test_answers_of_others_come_from_the_record_with_tags_and_chance() -> None:
    diff = wb.fork("shop", 0).replay()

    assert [each.what for each in diff] == ["same", "same"]


@pytest.mark.usefixtures("shop")
def test_a_question_of_ones_own_needs_an_answer_of_ones_own() -> None:
    fork = wb.fork("shop", 1)

    with pytest.raises(NotRecorded, match=r"answers=\{'prices.of': …\}"):
        fork.invoke("sell", {"item": "pie"})

    assert fork.answer({"prices.of": 7}).invoke("sell", {"item": "pie"}) == 17
    assert fork.tags == {"last": "pie"}
    assert [each.text.partition("(")[0] for each in fork.sent] == ["asks prices.of"] * 2 + ["tells archive.keep"]
    assert wb.state("prices") == {"asked": 2}


@pytest.mark.usefixtures("counter")
def test_a_failure_in_a_fork_leaves_it_as_it_was() -> None:
    fork = wb.fork("counter", 1)

    with pytest.raises(ActionFailed, match="ZeroDivisionError"):
        fork.invoke("divide", {"by": 0})
    with pytest.raises(UnknownAction, match="Did you mean add"):
        fork.invoke("ad")

    assert fork.state == {"total": 1}


def test_an_action_that_does_not_end_is_given_up() -> None:
    fork = wb.fork("counter")

    with pytest.raises(InvocationTimeout, match=r"the fork of counter\.wait"):
        fork.invoke("wait", timeout=0.05)
    release.set()

    assert fork.invoke("add", {"value": 1}) == {"total": 1}


@pytest.mark.usefixtures("counter")
def test_what_it_shows_says_how_to_make_it_real() -> None:
    shown = repr(wb.fork("counter", 3, name="what_if"))

    assert shown.startswith("what_if: a fork of counter from revision 3, with code ")
    assert "1 recorded message came after it." in shown
    assert "state  {total: 6}" in shown
    assert shown.endswith("to have it go on from there: %restore counter 3")


@pytest.mark.usefixtures("counter")
def test_a_revision_or_id_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownRevision, match="no counter at revision 9: it is at revision 4"):
        wb.fork("counter", 9)
    with pytest.raises(NoSuchMessage, match="no recorded message has the id 'zzz'"):
        wb.fork("counter", 2).replay(without="zzz")


def test_a_state_of_a_message_class_is_forked() -> None:
    deploy_till(SHOP_V1)
    for value in (5, 2):
        wb.invoke("Till", "Add", SHOP_V1.AddRequest(value=value))

    fork = wb.fork("Till", 1)

    assert [each.what for each in fork.replay()] == ["same"]
    assert fork.invoke("Add", SHOP_V1.AddRequest(value=3)).total == 10
    assert fork.state == SHOP_V1.Total(total=10)
    assert wb.state("Till") == SHOP_V1.Total(total=7)


def test_messages_of_a_cells_contract_are_carried_to_other_processes() -> None:
    deploy_till(SHOP_V1)
    wb.invoke("Till", "Add", SHOP_V1.AddRequest(value=5))

    found = wb.replay("Till")

    assert found
    assert not found.notes


def test_a_child_is_forked_with_its_templates_code() -> None:
    class Plane(Actor, name="plane", kind="unnamed"):
        flown: int = 0

        @action
        def fly(self, miles: int) -> Value:
            self.flown += miles
            return Value.of(self.flown)

    wb.deploy(Plane)
    for miles in (10, 20):
        wb.invoke("LX-1", "fly", {"miles": miles}, parent="plane")

    assert wb.fork("LX-1", 1).replay().forked == {"flown": 30}


def test_an_actor_that_has_had_no_turn_is_forked_with_what_it_begins_with() -> None:
    class Tagged(Actor, name="tagged", tags={"colour": "red"}):
        count: int = 3

        @action
        def show(self) -> int:
            return self.count

    wb.deploy(Tagged)

    fork = wb.fork("tagged")

    assert (fork.tags, fork.state, fork.invoke("show")) == ({"colour": "red"}, {"count": 3}, 3)


def test_without_recorded_turns_a_state_can_still_be_forked() -> None:
    class Light(Actor, name="light", durability="snapshot"):
        turned: int = 0

        @action
        def turn(self) -> int:
            self.turned += 1
            return self.turned

    wb.deploy(Light)
    wb.invoke("light", "turn")

    fork = wb.fork("light")

    assert "no message is recorded after it" in repr(fork)
    assert fork.invoke("turn") == 2


@pytest.fixture
def attached(tmp_path: Path, session: Session) -> Iterator[EmbeddedSystem]:
    """Another process's system with a history of `counter`; the session only looks at it."""
    with embedded(system="other", store=f"sqlite:///{tmp_path / 'other.db'}") as system, NodeServer(system) as server:
        system.deploy(Counter)
        for value in (1, 2):
            system.invoke("counter", "add", {"value": value})
        system.flush()
        wb.attach(server.address)
        yield system
        session.detach()


def test_an_attached_systems_actor_is_forked_at_home(attached: EmbeddedSystem) -> None:
    fork: Fork = wb.fork("counter", 1)

    assert [each.what for each in fork.replay()] == ["same"]
    assert fork.invoke("add", {"value": 5}) == {"total": 8}
    assert attached.state("counter") == {"total": 3}
