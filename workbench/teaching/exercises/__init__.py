"""The exercises that come with the workbench, by name."""

from workbench.teaching.exercise import Exercise
from workbench.teaching.exercises.account import ACCOUNT
from workbench.teaching.exercises.seats import SEATS

EXERCISES: dict[str, Exercise] = {exercise.name: exercise for exercise in (ACCOUNT, SEATS)}
