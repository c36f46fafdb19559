"""Durable messages through the embedded system: what was accepted is there after a restart, whatever sent it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import Actor, Context, action, embedded, errors
from runtime.system.embedded import EmbeddedSystem

KEY = bytes(range(32))


class Inbox(Actor, name="inbox"):
    seen: list[int] = []

    @action
    def put(self, n: int) -> None:
        self.seen.append(n)

    @action
    def look(self) -> list[int]:
        return self.seen


class Plain(Actor, name="plain"):
    @action
    def tell(self, ctx: Context, n: int, durable: Any = True) -> None:
        ctx.tell("inbox", "put", {"n": n}, durable=durable)

    @action
    def invoke(self, n: int) -> None:
        system().invoke("inbox", "put", {"n": n}, asynchronous=True, durable=True)


class Kept(Inbox, name="kept", durable_mailbox=True):
    pass


class Teller(Actor, name="teller"):
    @action
    def tell(self, ctx: Context, n: int) -> None:
        ctx.tell("kept", "put", {"n": n})


class Apart(Plain, name="apart", kind="task"):
    pass


opened: list[EmbeddedSystem] = []


def system() -> EmbeddedSystem:
    return opened[-1]


@pytest.fixture
def restart(tmp_path: Path) -> Iterator[Callable[..., EmbeddedSystem]]:
    """Stops the system, without processing what waits, and starts another one with these actors on its store."""

    def started(*actors: type) -> EmbeddedSystem:
        for each in opened:
            each.close(drain=0)
        opened.append(embedded(store=f"sqlite:///{tmp_path / 'store.db'}", key=KEY))
        for actor in actors:
            system().deploy(actor)
        return system()

    yield started
    for each in opened:
        each.close(drain=0)
    opened.clear()


def hold(system: EmbeddedSystem) -> None:
    """Messages for the inbox wait."""

    system.invoke("inbox", "look")
    system.debugger.hold("inbox")


def seen(system: EmbeddedSystem) -> list[int]:
    found: list[int] = system.invoke("inbox", "look")
    return found


def test_durable_calls_are_executed_after_a_restart(restart: Callable[..., EmbeddedSystem]) -> None:
    first = restart(Inbox)
    hold(first)
    for n in range(3):
        first.invoke("inbox", "put", {"n": n}, asynchronous=True, durable=True)

    async def post() -> None:
        await first.ainvoke("inbox", "put", {"n": 3}, asynchronous=True, durable=True)

    asyncio.run(post())

    again = restart(Inbox)

    assert first.left.durable == 4
    assert seen(again) == [0, 1, 2, 3]
    assert again.dead_letters() == []


@pytest.mark.parametrize(("sender", "way"), [("plain", "tell"), ("plain", "invoke"), ("apart", "tell")])
def test_what_actions_send_durably_is_executed_after_a_restart(
    restart: Callable[..., EmbeddedSystem], sender: str, way: str
) -> None:
    first = restart(Inbox, Plain, Apart)
    hold(first)
    first.invoke(sender, way, {"n": 5})

    again = restart(Inbox)

    assert seen(again) == [5]


def test_messages_wait_for_the_cell_of_their_actor(restart: Callable[..., EmbeddedSystem]) -> None:
    first = restart(Inbox)
    hold(first)
    first.invoke("inbox", "put", {"n": 1}, asynchronous=True, durable=True)
    restart()

    again = restart()
    again.deploy(Inbox)

    assert seen(again) == [1]


def test_what_is_sent_before_the_cell_of_a_durable_mailbox_was_run_waits_for_it(
    restart: Callable[..., EmbeddedSystem],
) -> None:
    restart(Kept)
    early = restart(Teller)
    early.invoke("teller", "tell", {"n": 7})
    early.deploy(Kept)
    assert early.invoke("kept", "look") == [7]

    restart(Teller).invoke("teller", "tell", {"n": 8})
    again = restart(Kept)

    assert again.invoke("kept", "look") == [7, 8]


def test_durable_that_is_no_flag_is_refused(restart: Callable[..., EmbeddedSystem]) -> None:
    first = restart(Inbox, Plain)

    with pytest.raises(errors.BadSetting, match="durable='yes' is neither True nor False"):
        first.invoke("plain", "tell", {"n": 1, "durable": "yes"})
    with pytest.raises(errors.BadSetting, match="durable=1 is neither True nor False"):
        first.invoke("inbox", "put", {"n": 1}, asynchronous=True, durable=1)  # type: ignore[arg-type]
    with pytest.raises(errors.BadSetting, match="add asynchronous=True"):
        first.invoke("inbox", "put", {"n": 1}, durable=True)
