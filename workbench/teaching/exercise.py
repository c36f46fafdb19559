"""What an exercise is: a task, messages that arrive together, and what must be true when all have been answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from runtime.authoring.actor import Actor


@dataclass(frozen=True, slots=True)
class Call:
    """One message from outside."""

    actor: str
    action: str
    payload: Any = None
    parent: str | None = None
    sender: str = ""
    """Who sends it, for the report; empty for no one in particular."""


class Ending(Protocol):
    """How one run ended: every call was answered, none with an error."""

    size: int

    @property
    def answers(self) -> Sequence[Any]:
        """The decoded responses, in the order of the calls."""
        ...

    def state(self, actor: str) -> Any:
        """The decoded state of an actor."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercise:
    """A task for a learner and the means to check it.

    `check` runs the learner's actors with the calls of `setup(size)`, for each size in turn, under every order in which
    messages can arrive and actors can take them, as far as `bound` goes.
    """

    name: str
    prompt: str
    """The task, in Markdown."""
    actors: tuple[str, ...]
    """Names of the actors that the learner writes."""
    setup: Callable[[int], Sequence[Call]]
    """The calls that arrive at the same time, for a size.  Other inputs for each size show up code that answers a constant."""
    property: Callable[[Ending], str]
    """What is wrong with an ending, as a sentence; empty if it is right."""
    callers: str = "caller"
    """What a size counts, in the singular: `2 clerks`."""
    cast: tuple[type[Actor], ...] = ()
    """Actors that the exercise brings along."""
    sizes: tuple[int, ...] = (1, 2, 3)
    bound: int = 5_000
    """Situations to look at for each size."""
    seconds: float = 20.0
    """Processor time for the whole check; it ends after ten times as long in any case, where an action waits."""
    action_seconds: float = 2.0
    """How long one action may compute: without an end in sight it is given up after that, and named."""

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.prompt, "text/markdown": self.prompt}
