"""A class that does not mean what its author thinks is told so when it is deployed."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

import pytest

import runtime
from runtime import Actor, Context, action
from runtime.authoring.advice import advice
from runtime.authoring.definition import define
from runtime.errors import CallCycle, DefinitionError


class Forgetful(Actor, name="forgetful"):
    rate = 3
    seen = []
    LIMIT = 10
    unit: ClassVar[str] = "EUR"
    total: int = 0

    def ship(self, number: int) -> int:
        return number

    def helper(self) -> int:
        return self.total

    @property
    def doubled(self) -> int:
        return self.total * 2

    @action
    def add(self) -> int:
        return self.helper()

    @action
    async def drop(self, ctx: Context) -> None:
        ctx.invoke("archive", "keep", {"text": "x"})

    @action
    async def index(self, ctx: Context) -> Any:
        answer = ctx.invoke("archive", "count")
        return answer["total"]  # type: ignore[index]

    @action
    async def compute(self) -> None:
        self.later()  # type: ignore[unused-coroutine]

    async def later(self) -> None:
        await asyncio.sleep(0)


class Careful(Actor, name="careful"):
    total: int = 0

    @action
    async def gather(self, ctx: Context) -> Any:
        answers = [ctx.invoke("archive", "count") for _ in range(2)]
        first = ctx.invoke("archive", "count")
        second = ctx.invoke("archive", "count")
        return [*await asyncio.gather(*answers), await asyncio.wait_for(first, 1), (await second)["total"]]


def test_each_probable_mistake_is_one_sentence_with_the_way_out() -> None:
    told = "\n".join(advice(define(Forgetful)))

    assert "Forgetful.ship is a plain method, which no message can invoke" in told
    assert (
        "Forgetful.rate = 3 has no type, so it is a constant of the class and no state. Write `rate: int = 3`" in told
    )
    assert "Forgetful.seen = [] has no type" in told
    assert "drop: `ctx.invoke('archive', 'keep', {'text': 'x'})` is sent, and its answer is dropped" in told
    assert "index: `ctx.invoke('archive', 'count')` is sent" in told
    assert "compute: `self.later()` does nothing, because nothing awaits it. Write `await self.later(…)`." in told
    assert len(advice(define(Forgetful))) == 6


def test_class_that_means_what_it_says_gets_no_advice() -> None:
    assert advice(define(Careful)) == ()


wb: Any = None
"""What a notebook calls the workbench; only read here."""


class Selfish(Actor, name="selfish"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total

    @action
    async def refresh(self) -> None:
        await asyncio.sleep(0)

    @action
    async def by_name(self, ctx: Context) -> Any:
        return await ctx.invoke("selfish", "add", {"value": 1})

    @action
    def by_itself(self, turn: Context) -> Any:
        return turn.call(turn.self.name, "refresh")

    @action
    def from_outside(self) -> Any:
        return wb.invoke("selfish", "add", {"value": 1})

    @action
    async def told(self, ctx: Context) -> Any:
        ctx.tell("selfish", "add", {"value": 1})
        wb.invoke("selfish", "add", {"value": 1}, asynchronous=True)
        return await ctx.invoke("other", "add", {"value": 1})


class Template(Actor, name="template", kind="unnamed"):
    @action
    def of_its_own_name(self, ctx: Context) -> Any:
        return ctx.call("template", "other"), ctx.call(ctx.self.name, "other")


def test_question_of_an_actor_to_itself_is_noted_with_what_to_write_instead() -> None:
    told = advice(define(Selfish))

    assert [line.partition(":")[0] for line in told] == ["by_name", "by_itself", "from_outside"]
    assert "`ctx.invoke('selfish', 'add', {'value': 1})` waits for its own actor" in told[0]
    assert (
        "in this turn, write `self.add(…)`; to have it done in a turn after this one, write `ctx.tell('selfish', 'add', …)`"
        in told[0]
    )
    assert "write `await self.refresh(…)`" in told[1]
    assert "`turn.tell(turn.self.name, 'refresh', …)`" in told[1]


def test_name_of_a_template_is_not_that_of_the_child_that_calls() -> None:
    (told,) = advice(define(Template))

    assert "`ctx.call(ctx.self.name, 'other')`" in told
    assert "To do it in this turn, call its method;" in told


def test_question_of_an_actor_to_itself_is_refused_as_the_note_says() -> None:
    with runtime.embedded() as system:
        system.deploy(Selfish)
        with pytest.raises(CallCycle, match="selfish → selfish"):
            system.invoke("selfish", "by_name")


def test_report_of_a_deploy_carries_the_advice() -> None:
    with runtime.embedded() as system:
        assert system.preview(Forgetful).notes == advice(define(Forgetful))
        assert system.deploy(Forgetful).notes == advice(define(Forgetful))
        assert system.deploy(Forgetful).notes == advice(define(Forgetful))


def test_constructor_is_refused_with_what_to_write_instead() -> None:
    class Built(Actor, name="built"):
        total: int = 0

        def __init__(self) -> None:
            self.total = 7

    with pytest.raises(DefinitionError, match=r"Built.__init__ would never be called.*(?s:.)*@init"):
        define(Built)


def test_constructor_of_a_mixin_is_refused_too() -> None:
    class Mixin:
        def __init__(self) -> None:
            self.total = 7

    class Mixed(Mixin, Actor, name="mixed"):
        total: int = 0

    with pytest.raises(DefinitionError, match=r"Mixin.__init__ would never be called"):
        define(Mixed)


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("kind", "poled", "there is no such kind. Did you mean pooled"),
        ("durability", "comit", "durability='comit': there is no such durability. Did you mean commit?"),
        ("mailbox", (5, "wiat"), "there is no such mailbox policy. Did you mean wait?"),
        ("kind", "zzz", "Known: named, pooled, projection, task, unnamed."),
    ],
)
def test_misspelt_word_of_a_setting_gets_the_nearest(setting: str, value: object, told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        define(Careful, **{setting: value})

    assert told in str(caught.value)
