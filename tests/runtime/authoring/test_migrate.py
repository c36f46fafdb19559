"""`@migrate`: the author's way from an old state to a new one."""

from collections.abc import Iterator
from typing import Any

import pytest

from runtime import Actor, action, embedded, migrate
from runtime.authoring.definition import define
from runtime.errors import ActionFailed, BadState, DefinitionError
from runtime.system.embedded import EmbeddedSystem


class Old(Actor, name="purse"):
    euros: float = 0.0
    owner: str = "ada"

    @action
    def put(self, euros: float) -> None:
        self.euros += euros


class New(Actor, name="purse"):
    cents: int = 0
    owner: str = ""

    @migrate
    def from_old(cls, old: dict[str, Any]) -> dict[str, Any]:
        return {"cents": round(old["euros"] * 100)}

    @action
    def put(self, cents: int) -> None:
        self.cents += cents


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Old)
        system.invoke("purse", "put", {"euros": 2.5})
        yield system


def test_the_function_makes_the_new_fields_and_others_are_kept(system: EmbeddedSystem) -> None:
    system.deploy(New)

    assert system.state("purse") == {"cents": 250, "owner": "ada"}


def test_a_message_after_the_redeploy_starts_from_the_migrated_state(system: EmbeddedSystem) -> None:
    system.deploy(New)

    system.invoke("purse", "put", {"cents": 5})

    assert system.state("purse") == {"cents": 255, "owner": "ada"}


def test_dropped_field_is_kept_until_confirmed(system: EmbeddedSystem) -> None:
    report = system.deploy(New)

    assert report.dropped_fields == ("euros",)
    assert system.confirm_dropped("purse") == ("euros",)


def test_it_is_not_called_again_for_its_own_result(system: EmbeddedSystem) -> None:
    system.deploy(New)
    system.invoke("purse", "put", {"cents": 5})

    class Newer(New, name="purse"):
        @action
        def put(self, cents: int) -> None:
            self.cents += 2 * cents

    system.deploy(Newer)
    system.invoke("purse", "put", {"cents": 5})

    assert system.state("purse")["cents"] == 265


def test_a_function_that_fails_keeps_the_old_definition(system: EmbeddedSystem) -> None:
    class Wrong(New, name="purse"):
        @migrate
        def from_old(cls, old: dict[str, Any]) -> dict[str, Any]:
            return {"cents": old["pence"]}

    with pytest.raises(DefinitionError, match=r"from_old of purse failed on the stored state .* KeyError: 'pence'"):
        system.deploy(Wrong)

    system.invoke("purse", "put", {"euros": 1.0})
    assert system.state("purse")["euros"] == 3.5


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ([1], r"must give a dict of fields, and gave \[1\]"),
        ({"cent": 1}, "which is no field. Did you mean cents"),
        ({"cents": "many"}, "The migrated cents of purse is 'many', which is no int"),
    ],
)
def test_a_result_that_does_not_fit_is_refused(system: EmbeddedSystem, given: Any, complaint: str) -> None:
    class Wrong(New, name="purse"):
        @migrate
        def from_old(cls, old: dict[str, Any]) -> Any:
            return given

    with pytest.raises(DefinitionError, match=complaint):
        system.deploy(Wrong)


def test_a_value_that_does_not_fit_its_new_type_is_migrated_too(system: EmbeddedSystem) -> None:
    class Retyped(Actor, name="purse"):
        euros: float = 0.0
        owner: list[str] = []

        @migrate
        def from_old(cls, old: dict[str, Any]) -> dict[str, Any]:
            return {"owner": [old["owner"]]}

    system.deploy(Retyped)

    assert system.state("purse") == {"euros": 2.5, "owner": ["ada"]}


def test_children_are_migrated_at_their_next_message() -> None:
    class OldChild(Old, name="purses", kind="unnamed"): ...

    class NewChild(New, name="purses", kind="unnamed"): ...

    with embedded() as system:
        system.deploy(OldChild)
        for name in "ab":
            system.invoke(name, "put", {"euros": 1.0}, parent="purses")
        system.deploy(NewChild)
        system.invoke("a", "put", {"cents": 1})

        assert system.state("a")["cents"] == 101
        assert system.state("b")["cents"] == 100


def test_a_child_that_cannot_be_migrated_fails_its_message_and_keeps_its_state() -> None:
    class OldChild(Old, name="purses", kind="unnamed"): ...

    class NewChild(New, name="purses", kind="unnamed"):
        @migrate
        def from_old(cls, old: dict[str, Any]) -> dict[str, Any]:
            return {"cents": 1 // (0 if old["euros"] > 1 else 1)}

    with embedded() as system:
        system.deploy(OldChild)
        system.invoke("rich", "put", {"euros": 9.0}, parent="purses")
        system.deploy(NewChild)

        with pytest.raises((BadState, ActionFailed), match="ZeroDivisionError"):
            system.invoke("rich", "put", {"cents": 1})
        system.deploy(OldChild)
        assert system.state("rich")["euros"] == 9.0


def test_it_is_no_action() -> None:
    assert list(define(New).actions) == ["put"]


def test_its_code_is_part_of_the_definition() -> None:
    class Other(New, name="purse"):
        @migrate
        def from_old(cls, old: dict[str, Any]) -> dict[str, Any]:
            return {"cents": round(old["euros"])}

    assert define(Other).hash != define(New).hash


def test_a_wrong_signature_and_a_second_one_are_refused() -> None:
    class NoArgument(Actor):
        @migrate
        def from_old(cls) -> dict[str, Any]:  # type: ignore[misc]
            return {}

    class Two(New):
        @migrate
        def again(cls, old: dict[str, Any]) -> dict[str, Any]:
            return old

    with pytest.raises(DefinitionError, match="def from_old"):
        define(NoArgument)
    with pytest.raises(DefinitionError, match="two @migrate functions"):
        define(Two)
