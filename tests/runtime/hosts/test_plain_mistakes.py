"""A user's mistake in or around an action is told as such, by field, and never as a defect of the package."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import runtime
from runtime import Actor, action
from runtime.errors import ActionFailed, BadResponse, BadState, SpawnError
from runtime.system.embedded import EmbeddedSystem
from runtime.testing.any_values import NoEquality, NoRepr, NoText


class Careless(Actor, name="careless"):
    n: int = 0
    any: Any = None

    @action
    def undeclared(self) -> None:
        self.__dict__["other"] = 1

    @action
    def digits(self) -> None:
        self.n = 10**5000

    @action
    def answers_digits(self) -> int:
        return 10**5000

    @action
    def equality(self) -> None:
        self.any = NoEquality()

    @action
    def shows(self) -> None:
        self.any = NoRepr()

    @action
    def says(self) -> None:
        raise NoText


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with runtime.embedded() as system:
        system.deploy(Careless)
        yield system


@pytest.mark.parametrize(
    ("mistake", "kind", "said"),
    [
        ("undeclared", BadState, "The state of careless has no field 'other': only declared fields are kept."),
        ("digits", BadState, "n=<an int of about 5,000 digits> is not a int"),
        ("answers_digits", BadResponse, "Cannot encode the response, <an int of about 5,000 digits>"),
        ("equality", BadState, "The new state of careless would not come back equal: any=<"),
        ("shows", BadState, "any=<NoRepr, whose repr raised ValueError>"),
        ("says", ActionFailed, "careless.says failed with NoText: <its text "),
    ],
)
def test_mistake_names_its_field_and_leaves_the_state_as_it_was(
    system: EmbeddedSystem, mistake: str, kind: type[SpawnError], said: str
) -> None:
    with pytest.raises(kind) as caught:
        system.invoke("careless", mistake)

    assert said in str(caught.value)
    assert "defect" not in str(caught.value)
    assert system.state("careless") == {"n": 0, "any": None}
