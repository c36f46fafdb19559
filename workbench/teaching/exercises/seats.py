"""Check, then act: between the question and the act someone else may have been there."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.authoring.actor import Actor, action
from runtime.authoring.context import Context
from runtime.errors import ActionFailed
from workbench.teaching.exercise import Call, Ending, Exercise

_GUESTS = ("cleo", "dan", "anna", "ben", "cleo", "dan")
_SEATS = 1


def _guests(size: int) -> Sequence[str]:
    """Others for each size, so that no guest is the right one twice."""
    return _GUESTS[size : 2 * size]


class Guest(Actor, name="guest", kind="unnamed"):
    """Asks whether there is a seat, and books one if so."""

    @action
    async def come(self, ctx: Context) -> bool:
        """Whether the guest was told to have a seat."""
        free = await ctx.invoke("seats", "free")
        if free < 1:
            return False
        try:
            return bool(await ctx.invoke("seats", "book", {"guest": ctx.self.name}))
        except ActionFailed:
            return False


def _setup(size: int) -> Sequence[Call]:
    return [Call(name, "come", parent="guest", sender="the street") for name in _guests(size)]


def _property(ending: Ending) -> str:
    seated = [name for name, has_seat in zip(_guests(ending.size), ending.answers, strict=False) if has_seat]
    if len(seated) > _SEATS:
        return f"{' and '.join(seated)} were both told to have a seat, and there is only one."
    if not seated:
        return "There was a seat, and no one got it."
    return ""


SEATS = Exercise(
    name="seats",
    prompt=(
        "The last seat of the house. Write the actor `seats` with two actions: `free()` answers how many seats are left (1 at "
        "first), and `book(guest)` answers True if the guest has got a seat, and False if not. Guests ask `free()` first, and "
        "book only if there is one. However they come, exactly one of them gets the seat."
    ),
    actors=("seats",),
    cast=(Guest,),
    setup=_setup,
    property=_property,
    callers="guest",
)
