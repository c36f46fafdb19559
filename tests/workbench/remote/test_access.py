"""Looking reads and nothing else: every other way to a system is refused before anything reaches it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runtime import Actor, action
from runtime.api import LOCAL, Capability, SystemApi
from runtime.errors import BadSetting, NotAllowed, NotCapable
from runtime.system.embedded import EmbeddedSystem, embedded
from workbench.remote.access import PASSED, AuditedSystem, Mode, ReadOnlySystem, guarded, read_mode
from workbench.remote.audit import Trail
from workbench.remote.audit_log import AuditLog


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Counter)
        system.invoke("counter", "add", {"value": 5})
        yield system


def trail(mode: Mode, target: str = "grpc://there:1") -> Trail:
    return Trail(AuditLog(None), target, "spawn-system", mode)


@pytest.fixture
def look(system: EmbeddedSystem) -> ReadOnlySystem:
    return ReadOnlySystem(system, trail(Mode.LOOK))


ACTS: list[tuple[str, tuple[Any, ...]]] = [
    ("invoke", ("counter", "add", {"value": 1})),
    ("invoke", ("counter", "get")),
    ("ainvoke", ("counter", "add", {"value": 1})),
    ("deploy", (Counter,)),
    ("undeploy", ("counter",)),
    ("confirm_dropped", ("counter",)),
    ("restore", ("counter", 1)),
    ("retry_letter", ("counter",)),
    ("discard_letters", (["counter"],)),
]
READS: list[tuple[str, tuple[Any, ...]]] = [
    ("actors", ()),
    ("info", ("counter",)),
    ("actions", ("counter",)),
    ("state", ("counter",)),
    ("encoded_state", ("counter",)),
    ("mailbox", ("counter",)),
    ("turns", ()),
    ("history_batches", ()),
    ("retention_mark", ()),
    ("lifecycle", ()),
    ("definitions", ()),
    ("dead_letters", ()),
    ("subscribe", ()),
    ("status", ()),
]


@pytest.mark.parametrize(("name", "arguments"), ACTS)
def test_acting_is_refused_with_the_way_to_open(look: ReadOnlySystem, name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(NotAllowed, match="attached only to look") as caught:
        getattr(look, name)(*arguments)

    assert "%attach grpc://there:1 --mode act" in str(caught.value)


def test_refused_acts_change_nothing(system: EmbeddedSystem, look: ReadOnlySystem) -> None:
    turns = system.status().turns
    for name, arguments in ACTS:
        with pytest.raises(NotAllowed):
            getattr(look, name)(*arguments)

    assert (system.status().turns, system.state("counter")) == (turns, {"total": 5})


@pytest.mark.parametrize(("name", "arguments"), READS)
def test_reads_pass(look: ReadOnlySystem, name: str, arguments: tuple[Any, ...]) -> None:
    getattr(look, name)(*arguments)


def test_implicit_read_is_explained_as_acting(look: ReadOnlySystem) -> None:
    with pytest.raises(NotAllowed, match=r"wakes it: %state counter does not"):
        look.invoke("counter", "get")


def test_everything_that_a_system_offers_is_a_read_or_refused() -> None:
    offered = {name for name in vars(SystemApi) if not name.startswith("_")}

    assert offered == {name for name, _ in [*ACTS, *READS]} | {"flush", "close"}


def test_what_is_not_listed_does_not_get_through(look: ReadOnlySystem) -> None:
    for name in ("store", "driver", "host", "start", "some_later_method"):
        assert not hasattr(look, name)


def test_capabilities_are_reads(look: ReadOnlySystem) -> None:
    assert look.capabilities == frozenset(Capability) - LOCAL - {
        Capability.INVOKE,
        Capability.DEPLOY,
        Capability.LETTERS,
    }


@pytest.mark.parametrize(("name", "arguments"), [read for read in READS if read[0] not in ("status", "retention_mark")])
def test_read_that_the_system_does_not_offer_without_acting_is_refused(
    system: EmbeddedSystem, name: str, arguments: tuple[Any, ...]
) -> None:
    system.capabilities = frozenset({Capability.INVOKE})

    with pytest.raises(NotCapable, match=r"without being acted on|does not offer that"):
        getattr(ReadOnlySystem(system, trail(Mode.LOOK, "http://there:1")), name)(*arguments)


def test_flush_makes_the_system_write_nothing(
    system: EmbeddedSystem, look: ReadOnlySystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[float] = []
    monkeypatch.setattr(system, "flush", sent.append)

    assert look.flush() == system.status().committed
    assert sent == []


def test_acting_gets_everything_recorded_and_looking_only_the_reads(system: EmbeddedSystem) -> None:
    assert isinstance(guarded(system, Mode.ACT, trail(Mode.ACT)), AuditedSystem)
    assert isinstance(guarded(system, Mode.LOOK, trail(Mode.LOOK)), ReadOnlySystem)


@pytest.mark.parametrize(("name", "arguments"), ACTS)
def test_refused_act_is_recorded(look: ReadOnlySystem, name: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(NotAllowed):
        getattr(look, name)(*arguments)

    [act] = look._trail.log.acts()
    assert (act.outcome, (act.actor or act.action).lower()) == ("refused", "counter")


def test_everything_that_a_system_offers_passes_unchanged_or_is_recorded() -> None:
    offered = {name for name in vars(SystemApi) if not name.startswith("_")} | {"name", "capabilities"}

    assert offered - PASSED == {name for name, _ in ACTS} == {name for name in vars(AuditedSystem) if name in offered}


def test_what_is_not_listed_does_not_get_through_when_acting(system: EmbeddedSystem) -> None:
    acting = AuditedSystem(system, trail(Mode.ACT))

    for name in ("store", "driver", "host", "some_later_method"):
        assert not hasattr(acting, name)


def test_unknown_mode_is_named_with_the_nearest() -> None:
    with pytest.raises(BadSetting, match="Did you mean look"):
        read_mode("lok")
