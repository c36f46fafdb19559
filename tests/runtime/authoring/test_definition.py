"""An actor class, read: its fields, its actions, and what it is told when it cannot be one."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Callable
from typing import Any, Optional

import pytest

from runtime import Actor, Context, action, init, timer
from runtime.authoring.definition import ActorDefinition, define, redefined
from runtime.errors import DefinitionError


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Odd:
    pass


class Everything(Actor, name="everything"):
    count: int
    share: float
    name: str
    ready: bool
    data: bytes
    items: list[int]
    table: dict[str, int]
    names: set[str]
    note: str | None
    older: Optional[int]  # noqa: UP045 - is another object than `int | None`
    start: int = 7

    @init
    def begin(self) -> None: ...

    @timer(every="90s")
    def tick(self) -> None: ...

    @action(name="paint", timeout="5s")
    async def colour_it(self, colour: Colour = Colour.RED, *, times: int = 1) -> None: ...

    @action
    def take(self, ctx: Context, first: int, second: str = "", **rest: Any) -> None: ...

    @action
    def plain(self, ctx, value) -> None: ...  # type: ignore[no-untyped-def]

    def helper(self) -> None: ...

    def _hidden(self) -> None: ...


@functools.cache
def everything() -> ActorDefinition:
    return define(Everything)


def test_field_without_default_begins_with_the_zero_of_its_type() -> None:
    assert {each.name: each.default for each in everything().fields} == {
        "count": 0, "share": 0.0, "name": "", "ready": False, "data": b"", "items": [], "table": {}, "names": set(),
        "note": None, "older": None, "start": 7,
    }  # fmt: skip


def test_zero_of_a_container_is_another_one_each_time() -> None:
    first, second = (next(each.default for each in define(Everything).fields if each.name == "items") for _ in "12")

    assert first is not second


def test_signatures_are_as_callers_see_them() -> None:
    assert everything().signatures == {
        "init": "()",
        "tick": "()",
        "paint": "(colour: Literal['red', 'blue'] = 'red', times: int = 1)",
        "take": "(first: int, second: str = '', **fields)",
        "plain": "(value)",
    }


def test_action_knows_what_it_is() -> None:
    actions = everything().actions

    assert {name: spec.role for name, spec in actions.items()} == {
        "init": "init", "tick": "timer", "paint": "action", "take": "action", "plain": "action",
    }  # fmt: skip
    assert everything().init is actions["init"]
    assert [name for name, spec in actions.items() if spec.is_async] == ["paint"]
    assert [name for name, spec in actions.items() if spec.takes_any] == ["take"]
    assert (actions["tick"].every_ms, actions["paint"].every_ms) == (90_000, 0)
    assert (actions["paint"].limit, actions["take"].limit) == ("5s", "")


def test_context_is_known_by_its_type_or_else_by_its_name() -> None:
    actions = everything().actions

    assert [actions[name].context_parameter for name in ("take", "plain", "paint")] == ["ctx", "ctx", ""]


def test_keyword_only_parameters_stay_so() -> None:
    assert [(each.name, each.keyword_only) for each in everything().actions["paint"].parameters] == [
        ("colour", False),
        ("times", True),
    ]


def test_public_methods_without_a_mark_are_named() -> None:
    assert everything().plain_methods == ("helper",)


def test_inherited_fields_come_first_with_the_later_default() -> None:
    class Derived(Everything, name="derived"):
        last: int = 1
        count: int = 5

    fields = {each.name: each.default for each in define(Derived).fields}

    assert list(fields) == [*(each.name for each in everything().fields), "last"]
    assert fields["count"] == 5


@pytest.mark.parametrize("name", ["Init", "setup", "Setup"])
def test_marked_init_wins_over_an_action_with_an_init_name(name: str) -> None:
    class Both(Actor, name="both"):
        @action(name=name)
        def other(self) -> None: ...

        @init
        def begin(self) -> None: ...

    assert {spec.name: spec.role for spec in define(Both).actions.values()} == {name: "action", "init": "init"}


def _two_of_one_name() -> type:
    class Twice(Actor, name="twice"):
        @action(name="go")
        def first(self) -> None: ...

        @action
        def go(self) -> None: ...

    return Twice


def _implicit_read() -> type:
    class Reader(Actor, name="reader"):
        @action
        def get(self) -> None: ...

    return Reader


def _no_default() -> type:
    class Bare(Actor, name="bare"):
        odd: Odd

    return Bare


def _positional() -> type:
    class Many(Actor, name="many"):
        @action
        def go(self, *values: int) -> None: ...

    return Many


def _unknown_type() -> type:
    class Unknown(Actor, name="unknown"):
        value: Missing = 0  # type: ignore[name-defined] # noqa: F821

    return Unknown


def _unknown_parameter_type() -> type:
    class Unknown(Actor, name="unknown"):
        @action
        def go(self, value: Missing) -> None: ...  # type: ignore[name-defined] # noqa: F821

    return Unknown


def _subjects(kind: str, source_action: str) -> type:
    class Follower(Actor, name="follower", kind=kind, subjects=[("account", "deposit", source_action)]):
        @action
        def note(self, amount: int) -> None: ...

    return Follower


def test_projection_follows_subjects_with_an_action_that_it_has() -> None:
    assert [each.action for each in define(_subjects("projection", "note")).settings.subjects] == ["note"]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Odd, "not an actor class"),
        (lambda: Actor, "not an actor class"),
        (lambda: "text", "not an actor class"),
        (_two_of_one_name, "two actions named 'go'"),
        (_implicit_read, r"Reader\.get cannot be an action"),
        (_no_default, r"Bare\.odd has no default, and none follows from its type .*Odd"),
        (lambda: _subjects("named", "note"), "only a projection follows: add kind='projection'"),
        (lambda: _subjects("projection", "noet"), r"'noet', which it does not have.*note"),
        (_positional, r"Many\.go: parameter \*values"),
        (_unknown_type, r"types of .*Unknown: .*Missing"),
        (_unknown_parameter_type, r"types of .*Unknown\.go: .*Missing"),
    ],
)
def test_class_that_cannot_be_an_actor_is_told_why(make: Callable[[], Any], complaint: str) -> None:
    with pytest.raises(DefinitionError, match=complaint):
        define(make())


def test_code_in_another_process_cannot_be_defined_here() -> None:
    elsewhere = dataclasses.replace(everything(), actor_class=None)

    assert elsewhere.plain_methods == ()
    with pytest.raises(DefinitionError, match="everything is in another process"):
        redefined(elsewhere)


def test_settings_given_beside_the_class_win_and_make_another_version() -> None:
    other = define(Everything, name="other")

    assert other.name == "other"
    assert other.hash != everything().hash
    assert redefined(other).hash == other.hash
