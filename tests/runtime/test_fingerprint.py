"""What of a module belongs to an actor's definition."""

from typing import Any

from runtime import Actor, action
from runtime.definition import ActorDefinition, define

SOURCE = """
RATE = {rate}
OTHER = 1

def inner(x):
    return x * RATE

class Helper:
    def apply(self, x):
        return inner(x)

class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> None:
        self.total += Helper().apply(value)
"""


def _defined(**names: Any) -> ActorDefinition:
    namespace: dict[str, Any] = {"Actor": Actor, "action": action, "__name__": "fingerprints"}
    exec(SOURCE.format(**names), namespace)
    return define(namespace["Counter"])


def test_what_helpers_use_is_used_too() -> None:
    assert set(_defined(rate=2).uses) == {"Helper", "inner", "RATE"}


def test_a_constant_two_steps_away_makes_another_definition() -> None:
    assert _defined(rate=2).hash == _defined(rate=2).hash
    assert _defined(rate=2).hash != _defined(rate=3).hash
