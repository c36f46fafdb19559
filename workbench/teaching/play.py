"""One run of an exercise on a stage of its own: no thread, no clock, no disk, and every step chosen from outside."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from runtime.definition import ActorDefinition
from runtime.drivers.stepping import Possible, SteppingDriver
from runtime.drivers.stepping_calls import Pending
from runtime.errors import ActionFailed, SpawnError, WouldBlock
from runtime.records import Phase
from runtime.statestores.memory import open_store
from workbench.teaching.exercise import Call, Exercise
from workbench.teaching.witness import Witness, identity

_MOST_STEPS = 200
_NO_LOOP_TEXT = "no running event loop"
_NO_LOOP = (
    "{name} awaits something that is not an actor. In a check nothing else goes on: only ctx.invoke can be awaited."
)


class Play:
    """A `Playable`, and the `Ending` of itself."""

    def __init__(self, exercise: Exercise, definitions: Sequence[ActorDefinition], size: int) -> None:
        self.size = size
        self.witness = Witness()
        self.printed: list[str] = []
        """What the actors print; whoever catches it puts it here."""
        self._exercise = exercise
        self._choice = 0
        self._steps = 0
        self._broken = ""
        self._driver = SteppingDriver(open_store("memory://"), host=self.witness, choose=lambda _: self._choice)
        for definition in definitions:
            self._driver.deploy(definition)
        self._calls = tuple(exercise.setup(size))
        self._pending: list[Pending | None] = [None] * len(self._calls)
        for number in range(len(self._calls)):
            if not self._meets_another(number):
                self._send(number)
        self._let_load()

    # -- playing -------------------------------------------------------------------------------------------------------

    @property
    def is_endless(self) -> bool:
        """There is still something to do after more steps than any exercise needs."""
        return self._steps > _MOST_STEPS

    def options(self) -> int:
        if self._broken or self.is_endless:
            return 0
        return len(self._driver.possible()) + len(self._unsent())

    def step(self, choice: int) -> None:
        self._steps += 1
        possible, self._choice = self._driver.possible(), choice
        if choice >= len(possible):
            self._send(self._unsent()[choice - len(possible)])
        else:
            self._take(possible[choice])
        self._let_load()

    def key(self) -> Hashable:
        active = self._driver.engine.directory.active
        pasts = frozenset((actor, tuple(past)) for actor, past in self.witness.pasts.items())
        mail = frozenset(
            (actor, tuple(identity(envelope.invocation) for envelope in activation.mailbox))
            for actor, activation in active.items()
            if activation.mailbox
        )
        return pasts, mail, tuple(self._unsent()), self._broken, self.is_endless

    def _take(self, possible: Possible) -> None:
        if possible.what == "resume":
            driver = self._driver
            actor = next(each for each in driver.engine.directory.active if each.name == possible.actor)
            self.witness.pasts[actor].append("goes on")
        try:
            self._driver.step()
        except WouldBlock as error:
            self._broken = str(error)

    def _let_load(self) -> None:
        """An actor comes into memory as soon as it has mail: when exactly makes no difference to anybody."""
        while (choice := self._loading()) is not None:
            self._choice = choice
            self._driver.step()

    def _loading(self) -> int | None:
        active = self._driver.engine.directory.active
        fresh = {actor.name for actor, one in active.items() if one.phase is Phase.NEW}
        return (
            next((i for i, each in enumerate(self._driver.possible()) if each.actor in fresh), None) if fresh else None
        )

    def close(self) -> None:
        """End the actions that are in the middle of a turn."""
        self._driver.close()

    # -- calls ---------------------------------------------------------------------------------------------------------

    def _meets_another(self, number: int) -> bool:
        """Whether another call goes to the same actor, so that it matters which arrives first."""
        return sum(call.actor == self._calls[number].actor for call in self._calls) > 1

    def _unsent(self) -> list[int]:
        return [number for number, pending in enumerate(self._pending) if pending is None]

    def _send(self, number: int) -> None:
        call = self._calls[number]
        self._pending[number] = self._driver.send(call.actor, call.action, call.payload, parent=call.parent)

    # -- the ending ----------------------------------------------------------------------------------------------------

    @property
    def answers(self) -> Sequence[Any]:
        """The decoded responses, in the order of the calls."""
        return [pending.result() for pending in self._pending if pending is not None]

    def state(self, actor: str) -> Any:
        """The decoded state of an actor."""
        return self._driver.ask(actor, "get")

    def sender(self, invocation_id: str) -> str:
        """Who sent a message from outside."""
        for call, pending in zip(self._calls, self._pending, strict=True):
            if pending is not None and pending.invocation.id == invocation_id:
                return call.sender
        return ""

    def wrong(self) -> str:
        """What is wrong with how it ended; empty if nothing is."""
        if self._broken:
            return self._broken
        if self.is_endless:
            return f"It does not come to rest: after {_MOST_STEPS} steps there is still something to do."
        for call, pending in zip(self._calls, self._pending, strict=True):
            if problem := _problem(call, pending):
                return problem
        try:
            return self._exercise.property(self)
        except SpawnError as error:
            return str(error)


def _problem(call: Call, pending: Pending | None) -> str:
    if pending is None or not pending.is_done:
        return f"{call.sender or 'The caller'} waits for an answer of {call.actor}.{call.action} for ever."
    try:
        pending.result()
    except ActionFailed as error:
        return _NO_LOOP.format(name=f"{error.actor}.{error.action}") if error.text == _NO_LOOP_TEXT else str(error)
    except SpawnError as error:
        return str(error)
    return ""
