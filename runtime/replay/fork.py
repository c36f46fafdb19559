"""An actor continued from a past revision: a line of its own, beside what really happened."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from runtime.authoring.definition import ActorDefinition
from runtime.errors import InvocationTimeout
from runtime.hosts.program import Program
from runtime.ids import ActorId, CountingIds
from runtime.records import Encoded, Invocation, State, Turn
from runtime.replay.compare import Shape, TurnOutcome, outcome_of
from runtime.replay.rerun import run_with_deadline
from runtime.replay.sandbox import ActorSandbox, Position, TurnInput
from runtime.replay.side_effects import SideEffects, checked_kinds
from runtime.wire.codecs.values import encode_value


class Step(msgspec.Struct, frozen=True):
    """One turn of a fork."""

    turn: Turn
    came: TurnOutcome
    """What it led to."""


class ForkedActor:
    """Runs turns in this process, one after the other, on a thread of its own.  Not for several threads at once."""

    def __init__(
        self,
        definition: ActorDefinition,
        actor: ActorId,
        at: Position,
        *,
        answers: Mapping[str, Any] | None = None,
        allow: Collection[str] | str = (),
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        """Raises DefinitionError: a type of the code has no encoding; BadSetting: `allow` names something else.

        Args:
            at: where it starts.
            answers: what others answer, by `"actor.action"`; whatever else it asks, and that is not recorded, is refused.
            allow: what its actions may do beside their context: `files`, `network`, `processes`.
            clock: nanoseconds since the epoch, for messages that were never recorded.
        """
        # A system of its own, so that what it prints is not put into the original's log.
        self.actor = ActorId(f"fork of {actor.system}", actor.name)
        self.start = at
        self.steps: list[Step] = []
        self._clock = clock
        self._allowed = checked_kinds(allow)
        self._ids = CountingIds()
        self._line = ActorSandbox(definition, self.actor, at, answers=answers)
        self._shape = Shape(definition.hash, Program(definition).codec)

    @property
    def definition(self) -> ActorDefinition:
        """The code that it runs."""
        return self._line.definition

    @property
    def at(self) -> Position:
        """Where it stands now."""
        return self._line.at

    @property
    def state(self) -> State | None:
        """Its state, in the shape of its code.

        Raises:
            BadState: a stored value does not fit the code.
        """
        return self._line.state

    @property
    def shape(self) -> Shape:
        """How its code reads states."""
        return self._shape

    def use(self, definition: ActorDefinition) -> None:
        """Run this code from the next turn on.

        Raises:
            DefinitionError: a type of it has no encoding.
        """
        self._line.use(definition)
        self._shape = Shape(definition.hash, Program(definition).codec)

    @property
    def answers(self) -> Mapping[str, Any]:
        """What others answer, by `"actor.action"`."""
        return self._line.answers

    def answer(self, answers: Mapping[str, Any]) -> None:
        """Say what others answer from now on, by `"actor.action"`."""
        self._line.answers.update(answers)

    def back_to_start(self) -> None:
        """Be again as it was before its first turn."""
        self._line.at = self.start
        self.steps.clear()

    def invoke(self, action: str, payload: Any, *, metadata: Mapping[str, str], timeout_s: float) -> Step:
        """Run a message that was never recorded, now and with a chance of its own.

        Raises:
            BadPayload: it has no encoding.
            InvocationTimeout: as `run`.
        """
        value = payload if isinstance(payload, Encoded) else encode_value(payload, what=f"the payload of {action}")
        seed = int.from_bytes(os.urandom(8), "big")
        invocation = Invocation(id=self._ids(), actor=self.actor, action=action, payload=value, metadata=dict(metadata))
        return self.run(TurnInput(invocation=invocation, now_us=self._clock() // 1_000, seed=seed), timeout_s)

    def run(self, given: TurnInput, timeout_s: float) -> Step:
        """Run one message.

        Raises:
            InvocationTimeout: the action has not ended in time; its thread is left to itself, the fork stands where it stood.
        """
        line = self._line
        before = line.at

        def run() -> Turn:
            with SideEffects(self._allowed).guard(), line:  # its event loop belongs to this thread
                return line.run(given)

        try:
            turn = run_with_deadline(run, timeout_s)
        except (TimeoutError, KeyboardInterrupt) as error:
            self._line = ActorSandbox(line.definition, self.actor, before, answers=line.answers)
            if isinstance(error, KeyboardInterrupt):
                raise
            name = f"the fork of {self.actor.name}"
            raise InvocationTimeout(name, given.invocation.action, timeout_s) from None
        step = Step(turn, outcome_of(turn, self.at, self._shape))
        self.steps.append(step)
        return step
