"""One system under two drivers: every test that takes `system` runs threaded and stepped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest

from runtime.config import RuntimeConfig
from runtime.drivers.step_driver import StepDriver
from runtime.engine.state import EngineOptions
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.stores.base import StateStore, flatten
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem

KEY = bytes(range(32))


class Handle(Protocol):
    """A reply to come."""

    def result(self) -> Any: ...


class System(Protocol):
    """What a test does with a system, whatever drives it."""

    store: StateStore

    def deploy(self, actor: type) -> None: ...
    def send(self, actor: str, action: str, payload: Any = None, **options: Any) -> Handle: ...
    def ask(self, actor: str, action: str, payload: Any = None, **options: Any) -> Any: ...
    def state(self, actor: str) -> Any: ...
    def turns(self) -> list[Turn]: ...
    def undeploy(self, actor: str) -> None: ...


class Stepped:
    """A step driver that runs until nothing is left."""

    def __init__(self, store: StateStore, options: EngineOptions) -> None:
        self.store = store
        self.driver = StepDriver(store, options=options)

    def deploy(self, actor: type) -> None:
        self.driver.deploy(actor)

    def undeploy(self, actor: str) -> None:
        self.driver.engine.undeploy(actor, self.driver.clock.now_us())

    def send(self, actor: str, action: str, payload: Any = None, **options: Any) -> Handle:
        pending = self.driver.send(actor, action, payload, **options)
        self.driver.run()
        return pending

    def ask(self, actor: str, action: str, payload: Any = None, **options: Any) -> Any:
        return self.driver.ask(actor, action, payload, **options)

    def state(self, actor: str) -> Any:
        return self.ask(actor, "get")

    def turns(self) -> list[Turn]:
        return list(flatten(self.store.turns()))


class _Sent:
    def __init__(self, call: Callable[[], Any]) -> None:
        try:
            self._result, self._error = call(), None
        except Exception as error:
            self._result, self._error = None, error

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._result


class Threaded:
    """The embedded system with its threads."""

    def __init__(self, store: StateStore, options: EngineOptions) -> None:
        self.store = store
        config = RuntimeConfig(
            system=options.system, durability=options.durability, mailbox_limit=options.mailbox_limit, timeout_s=120.0
        )
        self.system = EmbeddedSystem(config, store)

    def deploy(self, actor: type) -> None:
        self.system.deploy(actor)

    def undeploy(self, actor: str) -> None:
        self.system.undeploy(actor)

    def send(self, actor: str, action: str, payload: Any = None, **options: Any) -> Handle:
        return _Sent(lambda: self.ask(actor, action, payload, **options))

    def ask(self, actor: str, action: str, payload: Any = None, **options: Any) -> Any:
        return self.system.invoke(actor, action, payload, **options)

    def state(self, actor: str) -> Any:
        return self.ask(actor, "get")

    def turns(self) -> list[Turn]:
        self.system.flush()
        return list(flatten(self.store.turns()))


@pytest.fixture
def options() -> EngineOptions:
    return EngineOptions(system="test")


@pytest.fixture(params=["stepped", "threaded"])
def system(request: pytest.FixtureRequest, options: EngineOptions) -> Iterator[System]:
    store = open_store("memory://", key=KEY)
    if request.param == "stepped":
        yield Stepped(store, options)
        store.close()
        return
    threaded = Threaded(store, options)
    yield threaded
    threaded.system.close()


@pytest.fixture
def stepping() -> Iterator[StepDriver]:
    store = open_store("memory://", key=KEY)
    yield StepDriver(store, options=EngineOptions(system="test"))
    store.close()


def actor(name: str) -> ActorId:
    return ActorId("test", name)
