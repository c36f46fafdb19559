"""Forks of forks, the tree of all of them, and the lines that part in their pictures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import workbench as wb
from runtime import Actor, action
from runtime.errors import BadSetting, UnknownActor
from workbench.commands.time_travel import lineage
from workbench.render.parted_lines import Kind
from workbench.session import Session

pytestmark = pytest.mark.usefixtures("counter")


class Halving(Actor, name="counter"):
    total: float = 0.0

    @action
    def add(self, value: int) -> float:
        self.total += value / 2
        return self.total


@pytest.fixture
def counter(session: Session) -> Iterator[None]:
    """At revision 4, after 1, 2, 3 and 4 were added."""
    lineage._made.clear()
    for value in (1, 2, 3, 4):
        wb.invoke("counter", "add", {"value": value})
    yield
    lineage._made.clear()


def kinds(found: object) -> list[Kind]:
    return [each.kind for each in found.picture.stretches]  # type: ignore[attr-defined]


def test_a_fork_and_what_really_happened_are_lines_that_part() -> None:
    diff = wb.fork("counter", 1).replay(without=lambda message: message.payload == {"value": 3})

    assert kinds(diff) == [Kind.SAME, Kind.ONE, Kind.DIFFERS]
    assert diff.picture.mark == "first difference: add(value=3) at revision 2, left out"
    assert "▲ first difference: add(value=3)" in repr(diff)
    html = diff._repr_mimebundle_()["text/html"]
    assert html.index("<svg") < html.index("<table")


def test_a_message_that_never_came_is_on_the_forks_line_only() -> None:
    fork = wb.fork("counter")
    fork.invoke("add", {"value": 5})

    assert kinds(fork.diff()) == [Kind.OTHER]
    assert "which really never came" in repr(fork.diff())


def test_a_replay_draws_where_it_parts_from_the_record() -> None:
    found = wb.replay("counter", code=Halving, carry=True, progress=False)

    assert kinds(found) == [Kind.DIFFERS] * 4
    assert found.picture.ends == ("recorded: {total: 10.0}", "now: {total: 5.0}")
    assert "first difference: add(value=1) at revision 0" in found.picture.mark


def test_a_replay_that_agrees_draws_nothing() -> None:
    assert "<svg" not in wb.replay("counter", progress=False)._repr_mimebundle_()["text/html"]


def test_a_fork_of_a_fork_goes_on_from_one_of_its_turns() -> None:
    parent = wb.fork("counter", 1, name="parent")
    parent.replay(edit=lambda message: {"value": 20} if message.payload == {"value": 2} else None)

    child = parent.fork(2, name="child")
    diff = child.replay(without=lambda message: message.payload == {"value": 4})

    assert (parent.state, child.state) == ({"total": 28}, {"total": 24})
    assert [message.payload for message in child.messages] == [{"value": 4}]
    assert (diff.really, diff.forked) == ({"total": 28}, {"total": 24})
    assert "parent: {total: 28}" in repr(diff)
    assert "%restore" not in repr(child)


def test_a_fork_of_a_fork_keeps_its_code_and_answers_unless_given_others() -> None:
    parent = wb.fork("counter", 0, code=Halving, answers={"prices.of": 1})

    assert parent.fork().code == parent.code
    assert parent.fork()._forked.answers == {"prices.of": 1}
    assert parent.fork(answers={"prices.of": 2})._forked.answers == {"prices.of": 2}


@pytest.mark.parametrize("after", [-1, 1, 10**30])
def test_a_turn_that_a_fork_has_not_had_is_refused(after: int) -> None:
    with pytest.raises(BadSetting, match=r"has had 0 turns; give 0 to 0"):
        wb.fork("counter", 1).fork(after)


def test_lineage_says_where_each_fork_parted_with_what_edit_and_how_it_ended() -> None:
    parent = wb.fork("counter", 1, name="parent")
    parent.replay(without=lambda message: message.payload == {"value": 3})
    child = parent.fork(1, code=Halving, name="child")
    child.invoke("add", {"value": 100})
    wb.fork("counter", 4)

    assert parent.lineage.dicts() == [
        {
            "depth": 1, "name": "parent", "parted": "from revision 1", "edits": ["without add(value=3)"],
            "ended": "revision 3, {total: 7}; really → here: state.total: 10 → 7",
        },
        {
            "depth": 2, "name": "child", "parted": "after 1 turn of parent",
            "edits": [f"code {child.code[:8]}", "and add(value=100)"], "ended": "revision 3, {total: 53.0}",
        },
        {"depth": 1, "name": "", "parted": "from revision 4", "edits": [], "ended": ""},
    ]  # fmt: skip


def test_lineage_is_a_tree_as_text_and_as_nested_lists() -> None:
    parent = wb.fork("counter", 1, name="parent")
    parent.fork(name="child")

    assert repr(parent.lineage).splitlines() == [
        "counter, at revision 4",
        "╰─ parent, from revision 1 ◂ here",
        "   │ ended nothing has happened in it yet",
        "   ╰─ child, after 0 turns of parent",
        "        ended nothing has happened in it yet",
    ]
    assert parent.lineage._repr_mimebundle_()["text/html"].count("<ul") == 2


def test_lineage_outlives_its_forks_and_is_asked_of_the_actor_too() -> None:
    wb.fork("counter", 2, name="gone")

    assert [row["name"] for row in wb.history("counter").forks.dicts()] == ["gone"]
    assert [row["name"] for row in lineage_of_magic("counter")] == ["gone"]


def lineage_of_magic(actor: str) -> list[dict[str, object]]:
    from workbench.commands.time_travel.fork import lineage as asked

    return asked(actor).dicts()


def test_lineage_of_what_was_never_forked_says_how_to() -> None:
    assert "%fork counter makes one" in repr(wb.history("counter").forks)
    with pytest.raises(UnknownActor, match="nobody"):
        lineage_of_magic("nobody")
