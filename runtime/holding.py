"""Holding actors of a threaded driver: the engine's `Holds`, from any thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec

from runtime.api import Waiting
from runtime.ids import ActorId

if TYPE_CHECKING:  # commands import this module, and loading the extension must not load the engine
    from runtime.drivers.threaded import ThreadedDriver
    from runtime.engine.commands import Command
    from runtime.engine.hold import Condition
    from runtime.engine.mailbox import Envelope
    from runtime.engine.system import Engine

T = TypeVar("T")


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """How a held actor is."""

    is_stopped: bool
    """Nothing runs but what is let through; else it runs until a message meets the condition."""
    is_conditional: bool
    trouble: str = ""
    """What the condition raised at the message where the actor stopped."""
    waiting: tuple[Waiting, ...] = ()
    """The messages that can be stepped to and changed, in order."""


def hold(driver: ThreadedDriver, actor: ActorId, when: Condition | None = None) -> None:
    """See `Holds.hold`."""
    _changed(driver, lambda engine: engine.holds.hold(actor, when))


def release(driver: ThreadedDriver, actor: ActorId) -> bool:
    """See `Holds.release`."""
    return _changed(driver, lambda engine: engine.holds.release(actor))


def step(driver: ThreadedDriver, actor: ActorId) -> str | None:
    """Let the first message through, without waiting for it: its id."""
    return _changed(driver, lambda engine: engine.holds.step(actor))


def go_on(driver: ThreadedDriver, actor: ActorId) -> None:
    """See `Holds.go_on`."""
    _changed(driver, lambda engine: engine.holds.go_on(actor))


def drop(driver: ThreadedDriver, actor: ActorId, invocation: str) -> None:
    """See `Holds.drop`."""
    driver.call(lambda engine, now_us: engine.holds.drop(actor, invocation, now_us))


def duplicate(driver: ThreadedDriver, actor: ActorId, invocation: str) -> str:
    """See `Holds.duplicate`."""
    now_us = driver.now_us()
    return _changed(driver, lambda engine: engine.holds.duplicate(actor, invocation, now_us))


def move(driver: ThreadedDriver, actor: ActorId, invocation: str, to: int) -> None:
    """See `Holds.move`."""
    _changed(driver, lambda engine: engine.holds.move(actor, invocation, to))


def held(driver: ThreadedDriver, actor: ActorId) -> Held | None:
    """How the actor is held; None if it is not."""

    def look(engine: Engine, _: int) -> Held | None:
        found = engine.holds.of(actor)
        if found is None:
            return None
        return Held(
            is_stopped=found.is_stopped,
            is_conditional=found.when is not None,
            trouble=found.trouble,
            waiting=tuple(_waiting(each) for each in engine.holds.waiting(actor)),
        )

    return driver.look(look)


def held_actors(driver: ThreadedDriver) -> list[str]:
    """Names of all actors that are held."""
    return driver.look(lambda engine, _: [actor.name for actor in engine.holds.actors])


def _waiting(envelope: Envelope) -> Waiting:
    invocation = envelope.invocation
    return Waiting(
        invocation=invocation.id,
        action=invocation.action,
        caller=invocation.caller.name if invocation.caller is not None else "",
        enqueued_us=envelope.enqueued_us,
        payload=invocation.payload,
    )


def _changed(driver: ThreadedDriver, change: Callable[[Engine], T]) -> T:
    """What a change answers; the driver then sees to what may run."""
    answers: list[T] = []

    def event(engine: Engine, _: int) -> list[Command] | None:
        answers.append(change(engine))
        return None

    driver.call(event)
    return answers[0]
