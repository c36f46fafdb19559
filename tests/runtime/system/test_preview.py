"""A preview says what a deploy would change and break, and does nothing."""

import threading
from collections.abc import Iterator

import pytest

from runtime import Actor, action, embedded
from runtime.errors import DefinitionError
from runtime.system.embedded import EmbeddedSystem

release = threading.Event()


class Purse(Actor, name="purse", kind="unnamed", deactivate_timeout="30s"):
    coins: int = 0

    @action
    def put(self, coins: int) -> None:
        self.coins += coins

    @action
    def wait(self) -> None:
        release.wait(120)

    @action
    def old(self) -> None: ...


class Changed(Actor, name="purse", kind="unnamed", deactivate_timeout="1min", mailbox=(5, "wait")):
    coins: list[int] = []

    @action
    def put(self, coins: int) -> None:
        self.coins.append(coins)


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    release.clear()
    with embedded() as system:
        system.deploy(Purse)
        for name in "abc":
            system.invoke(name, "put", {"coins": 1}, parent="purse")
        yield system
        release.set()


def test_settings_are_told_in_the_words_of_class_keywords(system: EmbeddedSystem) -> None:
    report = system.preview(Changed)

    assert report.changed_settings == ("deactivate_timeout: '30s' -> '1min'", "mailbox: None -> (5, 'wait')")


def test_children_whose_state_does_not_fit_are_counted_and_one_is_named(system: EmbeddedSystem) -> None:
    [note] = system.preview(Changed).notes

    assert note.startswith("The state of 3 of 3 active actors does not fit; of ")
    assert "The stored coins of purse is 1, which is no list[int]" in note


def test_messages_for_actions_that_would_be_gone_are_counted(system: EmbeddedSystem) -> None:
    class Fewer(Actor, name="purse", kind="unnamed"):
        coins: int = 0

        @action
        def put(self, coins: int) -> None: ...

        @action
        def wait(self) -> None: ...

    system.invoke("a", "wait", asynchronous=True)
    for _ in range(2):
        system.invoke("a", "old", asynchronous=True)

    assert system.preview(Fewer).notes == (
        "2 waiting message(s) are for old, which would be gone: they would be refused.",
    )


def test_nothing_is_deployed_and_nothing_is_stored(system: EmbeddedSystem) -> None:
    before = system.deployed("purse")

    system.preview(Changed)

    assert system.deployed("purse") is before
    assert len(system.definitions()) == 1


def test_what_would_be_refused_is_refused() -> None:
    class Wrong(Purse, name="one", kind="named"):
        coins: list[int] = []  # type: ignore[assignment]

    class One(Purse, name="one", kind="named"): ...

    with embedded() as system:
        system.deploy(One)
        system.invoke("one", "put", {"coins": 1})
        with pytest.raises(DefinitionError, match="The stored coins of one is 1"):
            system.preview(Wrong)


def test_a_first_deploy_can_be_previewed_before_anything_runs() -> None:
    with embedded() as system:
        report = system.preview(Purse)

        assert (report.previous, report.notes) == ("", ())
        assert not system.status().running
