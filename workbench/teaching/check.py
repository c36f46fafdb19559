"""`wb.check`: is an exercise solved?"""

from __future__ import annotations

from collections.abc import Callable

from runtime.definition import ActorDefinition
from runtime.errors import BadSetting, NotCapable, UnknownActor, nearest
from workbench.session import current
from workbench.teaching.exercise import Exercise
from workbench.teaching.report import CheckReport
from workbench.teaching.running import Running


def check(exercise: Exercise | str) -> CheckReport:
    """Run the actors that are deployed for an exercise under every order in which messages can arrive.

    They run apart, from their first state: what the deployed actors have in store is neither used nor changed.  The report is
    true if the exercise is solved, and shows the shortest way to go wrong if it is not.

    Args:
        exercise: an `Exercise`, or the name of one that comes with the workbench.

    Raises:
        BadSetting: there is no exercise of that name.
        UnknownActor: an actor that the exercise asks for is not deployed.
        NotCapable: the current system's actors are not defined in this process.
    """
    if isinstance(exercise, str):
        exercise = _named(exercise)
    return Running(exercise, [_deployed(actor, exercise) for actor in exercise.actors]).report()


def _named(name: str) -> Exercise:
    from workbench.teaching.exercises import EXERCISES

    if name not in EXERCISES:
        raise BadSetting(f"There is no exercise {name!r}. {nearest(name, EXERCISES, kind='exercise')}")
    return EXERCISES[name]


def _deployed(actor: str, exercise: Exercise) -> ActorDefinition:
    system = current.open()
    look: Callable[[str], ActorDefinition | None] | None = getattr(system, "deployed", None)
    if look is None:
        raise NotCapable(
            f"check {actor}", system.name, "only actors that are defined in this notebook can be run apart."
        )
    definition = look(actor)
    if definition is None:
        error = UnknownActor(actor, (info.id.name for info in system.actors() if info.deployed))
        error.add_note(f"The exercise {exercise.name!r} needs it: run the cell that defines it, then check again.")
        raise error
    return definition
