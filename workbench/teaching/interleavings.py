"""Every way to play something whose steps someone may choose, without playing the same situation twice.

A play cannot be copied, so it is played again from the start for each branch.  Two plays that lead to the same situation
(equal keys) go on alike, so only the first is followed: the number of situations, not of orders, is what counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from runtime.authoring.context import Calls
from runtime.authoring.definition import ActorDefinition
from runtime.drivers.step_driver import Pending, Possible, StepDriver
from runtime.errors import ActionFailed, SpawnError, WouldBlock
from runtime.hosts.in_process import InProcessHost
from runtime.ids import ActorId
from runtime.records import Invocation, Outcome, Phase, Work
from runtime.stores.memory import open_store
from workbench.teaching.exercise import Call, Exercise


class Playable(Protocol):
    """Something that goes on step by step.  The same choices lead to the same situations."""

    def options(self) -> int:
        """How many steps are possible now; 0 when it is over."""
        ...

    def step(self, choice: int) -> None:
        """Take one of them."""
        ...

    def key(self) -> Hashable:
        """Equal for situations that go on alike."""
        ...

    def close(self) -> None:
        """It is not played any further."""
        ...


P = TypeVar("P", bound=Playable)


class Exploration(Generic[P]):
    """Plays to the end everything that `start` can become; those with few surprises come first."""

    def __init__(self, start: Callable[[], P], bound: int, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """At most `bound` situations are looked at, and none after `is_stopped` says so."""
        self._start, self._bound, self._is_stopped = start, bound, is_stopped
        self._seen: set[Hashable] = set()
        self._waiting: deque[tuple[int, ...]] = deque([()])

    @property
    def situations(self) -> int:
        """How many different situations were met."""
        return len(self._seen)

    @property
    def is_complete(self) -> bool:
        """Nothing is left to be played."""
        return not self._waiting

    def endings(self) -> Iterator[P]:
        """Each play that came to an end which no other play came to before; its receiver closes it."""
        while self._waiting and not self._is_over():
            path = self._waiting.popleft()
            play = self._start()
            for choice in path:
                play.step(choice)
            if self._play_on(play, path):
                yield play
            else:
                play.close()

    def _play_on(self, play: P, path: tuple[int, ...]) -> bool:
        """Take the first step again and again, noting the others for later; False where someone has been before."""
        while not self._is_over():
            key = play.key()
            if key in self._seen:
                return False
            self._seen.add(key)
            options = play.options()
            if options == 0:
                return True
            self._waiting.extend((*path, other) for other in range(1, options))
            play.step(0)
            path = (*path, 0)
        self._waiting.appendleft(path)
        return False

    def _is_over(self) -> bool:
        return len(self._seen) >= self._bound or self._is_stopped()


# --- One play ---------------------------------------------------------------------------------------------------------
# One run of an exercise on a stage of its own: no thread, no clock, no disk, and every step chosen from outside.

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
        """What the actors print; the capture puts it here."""
        self._exercise = exercise
        self._choice = 0
        self._steps = 0
        self._broken = ""
        self._driver = StepDriver(open_store("memory://"), host=self.witness, choose=lambda _: self._choice)
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


# --- A host that notes what its actors did, and in which order --------------------------------------------------------


@dataclass(slots=True)
class Moment:
    """A turn began or ended."""

    invocation: Invocation
    outcome: Outcome | None
    """None for a beginning; a turn during which nothing else happened has only an end."""


class Witness(InProcessHost):
    """Runs actions as any host does."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[Moment] = []
        self.pasts: dict[ActorId, list[Hashable]] = {}
        """For each actor the messages it took and the answers it went on with: what its state depends on."""

    def run(self, work: Work, calls: Calls) -> Outcome:
        moment = self._began(work)
        outcome = super().run(work, calls)
        self._ended(moment, outcome)
        return outcome

    async def arun(self, work: Work, calls: Calls) -> Outcome:
        moment = self._began(work)
        outcome = await super().arun(work, calls)
        self._ended(moment, outcome)
        return outcome

    def _began(self, work: Work) -> Moment:
        moment = Moment(work.invocation, None)
        self.moments.append(moment)
        self.pasts.setdefault(work.invocation.actor, []).append(identity(work.invocation))
        return moment

    def _ended(self, moment: Moment, outcome: Outcome) -> None:
        if self.moments[-1] is moment:
            moment.outcome = outcome
        else:
            self.moments.append(Moment(moment.invocation, outcome))


def identity(invocation: Invocation) -> Hashable:
    """The same for messages that no actor can tell apart."""
    payload = invocation.payload.data if invocation.payload is not None else b""
    return (invocation.caller.name if invocation.caller else "", invocation.action, payload)
