"""`wb.history(…)` as an object: one turn forward or back, any two revisions, and another actor beside it."""

from __future__ import annotations

from typing import Any

import pytest

import workbench as wb
from runtime import Actor, Context, action
from runtime.errors import ActionFailed, BadSetting, UnknownActor, UnknownRevision
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import embedded
from tests.workbench.commands.conftest import Counter
from workbench.commands.time_travel.actor_past import NoSuchTurn
from workbench.session import Session

pytestmark = pytest.mark.usefixtures("session")


class Ledger(Actor, name="ledger"):
    total: int = 0
    rows: list = []
    by_owner: dict = {}

    @action
    def book(self, owner: str, value: int) -> int:
        self.total += value
        self.rows = [*self.rows, {"owner": owner, "value": value}]
        self.by_owner = {**self.by_owner, owner: self.by_owner.get(owner, 0) + value}
        return self.total

    @action
    def look(self) -> int:
        return self.total


class Other(Ledger, name="other"): ...


class Clerk(Actor, name="clerk"):
    @action
    async def ask(self, ctx: Context, owner: str, value: int) -> int:
        booked: int = await ctx.invoke("ledger", "book", {"owner": owner, "value": value})
        return booked


@pytest.fixture
def ledger() -> None:
    """At revision 3: ada 5, bert 2 through the clerk, ada 1."""
    for each in (Ledger, Clerk, Other):
        wb.deploy(each)
    wb.invoke("ledger", "book", {"owner": "ada", "value": 5})
    wb.invoke("clerk", "ask", {"owner": "bert", "value": 2})
    wb.invoke("ledger", "book", {"owner": "ada", "value": 1})


def paths(found: Any) -> list[str]:
    return [each.path for each in found]


def test_back_goes_from_now_turn_by_turn_to_the_first(ledger: None) -> None:
    past = wb.history("ledger")

    seen = [past.back() for _ in range(4)]

    assert [each.revision for each in seen] == [3, 2, 1, 1]
    assert [each.is_last for each in seen] == [True, False, False, False]
    assert [each.is_first for each in seen] == [False, False, True, True]


def test_step_goes_forward_again_and_finds_what_came_meanwhile(ledger: None) -> None:
    past = wb.history("ledger")
    past.back(), past.back()

    assert [past.step().revision, past.step().revision] == [3, 3]
    wb.invoke("ledger", "book", {"owner": "ada", "value": 9})
    seen = past.step()
    assert (seen.revision, seen.is_last) == (4, True)


def test_a_turn_says_what_it_changed_and_who_caused_it(ledger: None) -> None:
    past = wb.history("ledger", revision=2)

    turn = past.back()

    assert (turn.before["total"], turn.after["total"]) == (5, 7)
    assert paths(turn.differences) == ["total", "rows[1]", "by_owner.bert"]
    assert turn.entry.caller == "clerk"
    assert turn.cause == wb.history("clerk")[-1].invocation


def test_a_turn_that_failed_changed_nothing(ledger: None) -> None:
    with pytest.raises(ActionFailed):
        wb.invoke("counter", "divide", {"by": 0})

    turn = wb.history("counter").back()

    assert turn.differences == ()
    assert "ZeroDivisionError" in repr(turn)
    assert "The state did not change." in repr(turn)


def test_a_turn_says_that_it_is_the_first_of_new_code(ledger: None) -> None:
    class Changed(Ledger, name="ledger"):
        @action
        def book(self, owner: str, value: int) -> int:
            self.total += 2 * value
            return self.total

    wb.deploy(Changed)
    wb.invoke("ledger", "book", {"owner": "ada", "value": 1})

    past = wb.history("ledger")

    assert [past.back().is_new_code, past.back().is_new_code] == [True, False]


def test_an_actor_without_a_turn_has_none_to_step_to() -> None:
    with pytest.raises(NoSuchTurn, match="counter has no recorded turn"):
        wb.history("counter").back()
    assert wb.history("counter").turn is None


def test_two_revisions_differ_place_by_place_with_what_made_it_so(ledger: None) -> None:
    diff = wb.history("ledger").diff(1, 3)

    made = [(each.path, each.old, each.new, each.turn and (each.turn.revision, each.turn.caller)) for each in diff]
    assert made == [
        ("total", 5, 8, (3, "")),
        ("rows[1]", None, {"owner": "bert", "value": 2}, (2, "clerk")),
        ("rows[2]", None, {"owner": "ada", "value": 1}, (3, "")),
        ("by_owner.ada", 5, 6, (3, "")),
        ("by_owner.bert", None, 2, (2, "clerk")),
    ]
    assert {each.turn.definition for each in diff if each.turn} == {wb.history("ledger")[-1].definition}


def test_the_later_revision_may_come_first(ledger: None) -> None:
    forward, backward = wb.history("ledger").diff(1, 3), wb.history("ledger").diff(3, 1)

    assert [(e.path, e.new, e.old, e.turn) for e in backward if e.path != "by_owner"] == [
        (e.path, e.old, e.new, e.turn) for e in forward
    ]


def test_revision_0_is_before_the_first_turn(ledger: None) -> None:
    assert paths(wb.history("ledger").diff(0, 1)) == ["total", "rows", "by_owner"]
    assert paths(wb.history("ledger", revision=1).diff(0)) == ["total", "rows", "by_owner"]


def test_equal_revisions_do_not_differ(ledger: None) -> None:
    assert repr(wb.history("ledger").diff(2, 2)) == "ledger, revision 2 → 2: nothing differs.\nBoth states are equal."


@pytest.mark.parametrize(("revision", "error"), [(99, UnknownRevision), (-1, BadSetting)])
def test_a_revision_that_there_is_not_is_refused(ledger: None, revision: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=str(revision)):
        wb.history("ledger").diff(1, revision)


def test_a_diff_is_a_data_frame_too(ledger: None) -> None:
    frame = wb.history("ledger").diff(2, 3).df()

    assert list(frame["path"]) == ["total", "rows[2]", "by_owner.ada"]
    assert list(frame["revision"]) == [3, 3, 3]


def test_actors_that_did_the_same_compare_as_equal(ledger: None) -> None:
    for owner, value in (("ada", 5), ("bert", 2), ("ada", 1)):
        wb.invoke("other", "book", {"owner": owner, "value": value})

    found = wb.history("ledger").compare("other")

    assert found
    assert (found.same, found.rest, found.first) == (3, (0, 0), None)


def test_the_first_difference_of_two_actors_is_told_field_by_field(ledger: None) -> None:
    for owner, value in (("ada", 5), ("bert", 3), ("ada", 1), ("ada", 1)):
        wb.invoke("other", "book", {"owner": owner, "value": value})

    found = wb.history("ledger").compare("other")

    assert (found.same, found.rest) == (1, (2, 3))
    assert [each.place for each in found.sides] == [
        "message", "state.total", "state.rows[1].value", "state.by_owner.bert", "response",
    ]  # fmt: skip
    assert [row["path"] for row in found.dicts()] == [
        "total", "rows[1].value", "rows[2]", "by_owner.ada", "by_owner.bert",
    ]  # fmt: skip
    assert 'book(owner="bert", value=2) | book(owner="bert", value=3)' in repr(found)
    assert "<svg" in found._repr_mimebundle_()["text/html"]


def test_an_actor_without_a_past_parts_from_the_first_turn_on(ledger: None) -> None:
    found = wb.history("ledger").compare("other")

    assert (found.same, found.rest) == (0, (3, 0))
    assert found.first is not None
    assert found.first[1] is None


def test_what_is_not_there_cannot_be_compared(ledger: None) -> None:
    with pytest.raises(UnknownActor, match="nobody"):
        wb.history("ledger").compare("nobody")
    with pytest.raises(BadSetting, match="give an actor's name"):
        wb.history("ledger").compare(3)  # type: ignore[arg-type]


def test_one_actor_is_compared_in_two_systems(session: Session) -> None:
    for value in (1, 2):
        wb.invoke("counter", "add", {"value": value})
    with embedded(store="memory://", system="there") as there, NodeServer(there) as node:
        there.deploy(Counter)
        for value in (1, 5):
            there.invoke("counter", "add", {"value": value})
        there.flush()
        wb.attach(node.address)

        found = wb.history("counter").compare(wb.history("counter", own=True))

        assert found.names == (f"counter ({node.address})", "counter (this notebook)")
        assert (found.same, found.rest) == (1, (1, 1))
        assert [(row["one"], row["other"]) for row in found.dicts()] == [(6, 3)]
        wb.detach()
