"""Tracing what a block sets in motion, over a real system."""

from __future__ import annotations

import asyncio
import threading

import pytest

import workbench as wb
from runtime import Actor, Broadcast, Context, Value, action
from workbench.commands.trace import NoSuchMessage

pytestmark = pytest.mark.usefixtures("desk")

go_on = threading.Event()


class Desk(Actor, name="desk"):
    @action
    async def announce(self, ctx: Context, text: str) -> Value:
        kept = await ctx.invoke("archive", "keep", {"text": text})
        ctx.tell("nobody", "read", {"text": text})
        ctx.tell("archive", "later", {})
        return Value.of().response(kept).broadcast(Broadcast.to("news", {"text": text}))


class Archive(Actor, name="archive", channels=("news", "hear")):
    texts: list[str] = []

    @action
    def keep(self, text: str) -> int:
        self.texts.append(text)
        return len(self.texts)

    @action
    def hear(self, text: str) -> None: ...

    @action
    def later(self) -> None:
        go_on.wait(120)


@pytest.fixture
def desk(session: object) -> None:
    go_on.set()
    wb.deploy(Desk)
    wb.deploy(Archive)


def test_everything_that_the_block_caused_is_there_and_nothing_else() -> None:
    ended = threading.Event()

    def foreign() -> None:
        wb.invoke("counter", "add", {"value": 1})
        ended.set()

    with wb.trace() as trace:
        threading.Thread(target=foreign).start()
        assert ended.wait(120), "the other thread did not end"
        wb.invoke("desk", "announce", {"text": "hi"})

    found = [(each.sender, each.actor, each.action, each.kind, each.outcome) for each in trace]
    assert found == [
        ("notebook", "desk", "announce", "call", "ok"),
        ("desk", "archive", "keep", "call", "ok"),
        ("desk", "nobody", "read", "cast", "undelivered"),
        ("desk", "archive", "later", "cast", "ok"),
        ("desk", "archive", "hear", "broadcast", "ok"),
    ]


def test_with_everything_the_others_are_there_too() -> None:
    with wb.trace(everything=True) as trace:
        thread = threading.Thread(target=lambda: wb.invoke("counter", "add", {"value": 1}))
        thread.start()
        thread.join(120)

    assert [each.actor for each in trace] == ["counter"]


def test_what_is_still_on_its_way_is_waited_for_and_then_said() -> None:
    go_on.clear()

    with wb.trace(settle=0.05) as trace:
        wb.invoke("desk", "announce", {"text": "hi"})
    go_on.set()

    assert [each.action for each in trace if each.outcome == "pending"] == ["later", "hear"]
    assert "2 still on the way" in trace.summary


def test_a_function_is_traced_and_its_value_kept() -> None:
    trace = wb.trace(lambda: wb.invoke("counter", "add", {"value": 4}))

    assert (trace.value, [each.action for each in trace]) == ({"total": 4}, ["add"])


def test_a_coroutine_block_is_traced() -> None:
    async def block() -> wb.trace:  # type: ignore[valid-type]
        with wb.trace() as trace:
            await asyncio.gather(*(wb.ainvoke("counter", "add", {"value": i}) for i in range(5)))
        return trace

    assert len(asyncio.run(block())) == 5


def test_a_failed_block_leaves_its_trace_and_no_subscription() -> None:
    with pytest.raises(Exception, match="ZeroDivisionError"), wb.trace() as trace:
        wb.invoke("counter", "divide", {"by": 0})
    wb.invoke("counter", "add", {"value": 1})

    assert [each.outcome for each in trace] == ["raised"]


def test_a_chain_is_found_from_any_of_its_messages() -> None:
    with wb.trace() as trace:
        wb.invoke("desk", "announce", {"text": "hi"})
    wb.invoke("counter", "add", {"value": 1})
    keep = next(each for each in trace if each.action == "keep")
    announce = next(each for each in trace if each.action == "announce")

    assert [each.action for each in wb.cause(keep.id[-6:])] == ["announce", "keep"]
    assert {each.action for each in wb.cause(announce.id)} == {"announce", "keep", "later", "hear"}
    assert wb.cause(keep.id).focus == keep.id


def test_an_unknown_message_is_said() -> None:
    with pytest.raises(NoSuchMessage, match="'zzz'"):
        wb.cause("zzz")
