"""Calls through the system: from inside an action they mean the context's; from outside they can be noted and followed."""

import contextvars
import threading
from collections.abc import Iterator

import pytest

from runtime import Actor, Context, action, embedded
from runtime.invocations import noted
from runtime.records import Invocation
from runtime.system.embedded import EmbeddedSystem

release = threading.Event()
systems: list[EmbeddedSystem] = []


class Desk(Actor, name="desk"):
    @action
    def post(self, text: str) -> None:
        systems[0].invoke("archive", "keep", {"text": text}, asynchronous=True)

    @action
    async def apost(self, text: str) -> None:
        await systems[0].ainvoke("archive", "keep", {"text": text}, asynchronous=True)

    @action
    async def ask(self, ctx: Context, text: str) -> int:
        return await ctx.invoke("archive", "keep", {"text": text})

    @action
    def fail_after(self, text: str) -> None:
        systems[0].invoke("archive", "keep", {"text": text}, asynchronous=True)
        raise ValueError(text)


class Archive(Actor, name="archive"):
    texts: list[str] = []

    @action
    def keep(self, text: str) -> int:
        if text == "wait":
            release.wait(120)
        self.texts.append(text)
        return len(self.texts)


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    release.clear()
    with embedded() as system:
        systems[:] = [system]
        system.deploy(Desk)
        system.deploy(Archive)
        yield system
        release.set()


@pytest.mark.parametrize("send", ["post", "apost"])
def test_an_asynchronous_call_inside_an_action_waits_for_nothing(system: EmbeddedSystem, send: str) -> None:
    system.invoke("desk", send, {"text": "wait"}, timeout=120)

    assert [each.action for each in system.mailbox("archive")] == ["keep"]


def test_an_asynchronous_call_leaves_only_when_the_turn_succeeds(system: EmbeddedSystem) -> None:
    with pytest.raises(Exception, match="ValueError"):
        system.invoke("desk", "fail_after", {"text": "never"})

    assert system.invoke("archive", "keep", {"text": "first"}) == 1


def test_messages_from_outside_are_noted_in_their_own_context_only(system: EmbeddedSystem) -> None:
    notes: list[Invocation] = []

    def call() -> None:
        noted.set(notes)
        system.invoke("desk", "ask", {"text": "a"})

    contextvars.copy_context().run(call)
    system.invoke("desk", "ask", {"text": "b"})

    assert [(each.actor.name, each.action) for each in notes] == [("desk", "ask")]


def test_pending_are_the_messages_of_a_chain_that_wait_or_run(system: EmbeddedSystem) -> None:
    system.invoke("archive", "keep", {"text": "wait"}, asynchronous=True)
    notes: list[Invocation] = []
    token = noted.set(notes)
    system.invoke("desk", "post", {"text": "behind"})
    noted.reset(token)

    [pending] = system.pending({str(notes[0].id)})

    assert (pending.actor.name, pending.cause) == ("archive", notes[0].id)
    release.set()
    system.invoke("archive", "keep", {"text": "last"})
    assert system.pending({str(notes[0].id)}) == []
