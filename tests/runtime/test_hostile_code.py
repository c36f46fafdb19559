"""Nothing that a user's code raises, anywhere, ends a thread of the runtime or leaves anybody waiting."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from runtime import Actor, Context, action, errors, init, migrate, timer
from runtime.engine.turns import Turns
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.drivers.steps import wait_until

WAIT_S = 10.0

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class OwnExit(BaseException):
    """No `Exception`."""


class Unshowable(BaseException):
    """Has a text, a traceback and notes that cannot be had."""

    def __str__(self) -> str:
        raise SystemExit("of __str__")

    def __repr__(self) -> str:
        raise SystemExit("of __repr__")

    @property
    def __notes__(self) -> Any:
        raise KeyboardInterrupt("of __notes__")


class Untraceable(Exception):
    def with_traceback(self, _: Any) -> Any:
        raise SystemExit("of with_traceback")


RAISED: tuple[type[BaseException], ...] = (
    KeyboardInterrupt,
    SystemExit,
    GeneratorExit,
    asyncio.CancelledError,
    StopIteration,
    StopAsyncIteration,
    RecursionError,
    OwnExit,
    Unshowable,
    Untraceable,
)

_armed: dict[str, type[BaseException]] = {}


def trip(place: str) -> None:
    kind = _armed.get(place)
    if kind is not None:
        raise kind("tripped")


@dataclass
class Thing:
    """Part of a state, of a payload, of a response."""

    size: int = 0

    def __post_init__(self) -> None:
        trip("post_init")

    def __eq__(self, other: object) -> bool:
        trip("eq")
        return isinstance(other, Thing) and other.size == self.size

    def __hash__(self) -> int:
        trip("hash")
        return self.size

    def __repr__(self) -> str:
        trip("repr")
        return "Thing"

    def __str__(self) -> str:
        trip("str")
        return "Thing"

    def __del__(self, trip: Any = trip, armed: Any = _armed) -> None:
        if "del" in armed:
            trip("del")


class Strange(Exception):
    def __str__(self) -> str:
        trip("exception text")
        return "strange"


class Tripping:
    """A value of a class that nobody knows."""

    def __getattribute__(self, name: str) -> Any:
        trip("getattribute")
        return object.__getattribute__(self, name)

    def __iter__(self) -> Iterator[int]:
        trip("iter")
        return iter(())

    def __len__(self) -> int:
        trip("len")
        return 1

    def __bool__(self) -> bool:
        trip("bool")
        return True


class _Settled:
    def __get__(self, *_: Any) -> int:
        trip("descriptor")
        return 1


class Base(Actor, kind="unnamed"):
    """All that a hostile actor has but its actions."""

    thing: Thing = Thing(1)
    many: list[Thing] = []
    settled = _Settled()

    @property
    def derived(self) -> int:
        trip("property")
        return 1


class Plain(Base, name="plain"):
    @init
    def begin(self) -> None:
        trip("init")

    @action
    def ping(self) -> int:
        return self.thing.size

    @action
    def act(self, thing: Thing, ctx: Context) -> Any:
        return act(self, thing, ctx)


class Awaiting(Base, name="awaiting"):
    @init
    async def begin(self) -> None:
        trip("init")

    @action
    async def ping(self) -> int:
        return self.thing.size

    @action
    async def act(self, thing: Thing, ctx: Context) -> Any:
        for place, start in _LOOP_PLACES.items():
            if place in _armed:
                start()
        await asyncio.sleep(0)
        trip("after await")
        return act(self, thing, ctx)


def act(actor: Any, thing: Thing, ctx: Context) -> Any:
    trip("action")
    _ = actor.derived, actor.settled
    actor.thing = Thing(thing.size + 1)
    actor.many = [Thing(number) for number in range(3)]
    if "exception text" in _armed:
        raise Strange
    if any(place in _armed for place in ("getattribute", "iter", "len", "bool")):
        return {"tripping": Tripping()}
    if "log" in _armed:
        ctx.log.warning("for a handler that fails")
    return Thing(3)


def _stop_loop() -> None:
    asyncio.get_running_loop().stop()


def _fail_on_loop() -> None:
    asyncio.get_running_loop().call_soon(trip, "loop callback")


_tasks: list[Any] = []


def _fail_in_task() -> None:
    async def fail() -> None:
        trip("loop task")

    _tasks.append(asyncio.get_running_loop().create_task(fail()))


def _cancel_all() -> None:
    for task in asyncio.all_tasks():
        task.cancel()


_LOOP_PLACES = {
    "loop callback": _fail_on_loop,
    "loop task": _fail_in_task,
    "loop stop": _stop_loop,
    "loop cancel": _cancel_all,
}

PLACES = (
    *("action", "post_init", "eq", "hash", "repr", "str", "del", "property", "descriptor", "init", "log"),
    *("exception text", "getattribute", "iter", "len", "bool", "after await"),
    *_LOOP_PLACES,
)


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        trip("log")


class Ticking(Actor, name="ticking"):
    """Timers go on."""

    ticks: int = 0

    @timer(every="20ms")
    def tick(self) -> None:
        self.ticks += 1


@pytest.fixture(scope="module")
def system() -> Iterator[EmbeddedSystem]:
    handler = _Handler()
    logging.getLogger("runtime.actors").addHandler(handler)
    with embedded(system="hostile", timeout_s=WAIT_S, mailbox_limit=100) as running:
        for each in (Plain, Awaiting, Ticking):
            running.deploy(each)
        yield running
    logging.getLogger("runtime.actors").removeHandler(handler)


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    _armed.clear()


_names = itertools.count(1)


def attempt(system: EmbeddedSystem, name: str, kind: str) -> None:
    """One hostile turn: whatever becomes of it, there is an answer."""
    try:
        system.invoke(name, "act", {"thing": {"size": 1}}, parent=kind)
    except errors.InvocationTimeout as error:
        raise AssertionError(f"nobody answered: {error}") from error
    except errors.SpawnError:
        pass


def assert_well(system: EmbeddedSystem) -> None:
    """Every part of the runtime goes on: workers, the loop, timers, recorder."""
    assert system.invoke("well-plain", "ping", parent="plain") == 1
    assert system.invoke("well-awaiting", "ping", parent="awaiting") == 1
    before = system.invoke("ticking", "get")["ticks"]
    wait_until(lambda: system.invoke("ticking", "get")["ticks"] > before, "the timer went on")
    assert system.flush(WAIT_S) > 0


@pytest.mark.parametrize("kind", ["plain", "awaiting"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("raised", RAISED, ids=lambda kind: kind.__name__)
def test_whatever_is_raised_everybody_else_goes_on(
    system: EmbeddedSystem, raised: type[BaseException], place: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        sys, "unraisablehook", lambda _: None
    )  # pytest's own shows the exception, which one of them forbids
    if kind == "plain" and (place in _LOOP_PLACES or place == "after await"):
        pytest.skip("a plain def has no loop")
    name = f"{kind}-{next(_names)}"
    if place != "init":
        system.invoke(name, "ping", parent=kind)

    _armed[place] = raised
    attempt(system, name, kind)
    attempt(system, name, kind)
    _armed.clear()

    assert system.invoke(name, "ping", parent=kind) >= 1
    assert_well(system)


class Migrating(Actor, name="migrating"):
    count: int = 0

    @action
    def ping(self) -> int:
        return self.count


@pytest.mark.parametrize("raised", RAISED, ids=lambda kind: kind.__name__)
def test_failing_migration_leaves_nobody_waiting(system: EmbeddedSystem, raised: type[BaseException]) -> None:
    class Older(Actor, name="moved", kind="unnamed"):
        amount: int = 1

        @action
        def set(self) -> None:
            self.amount = 2

    class Newer(Actor, name="moved", kind="unnamed"):
        cents: int = 1

        @action
        def set(self) -> int:
            return self.cents

        @migrate
        def moved(cls, old: dict[str, Any]) -> dict[str, Any]:
            trip("migration")
            return {"cents": 5}

    name = f"moved-{next(_names)}"
    system.deploy(Older)
    system.invoke(name, "set", parent="moved")
    system.deploy(Newer)
    _armed["migration"] = raised

    with pytest.raises(errors.SpawnError) as failure:
        system.invoke(name, "set")

    assert not isinstance(failure.value, errors.InvocationTimeout)
    _armed.clear()
    assert system.invoke(name, "set") == 5


@pytest.mark.parametrize("kind", ["plain", "awaiting"])
def test_defect_of_the_engine_fails_one_turn_only(
    system: EmbeddedSystem, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    name = f"{kind}-{next(_names)}"
    system.invoke(name, "ping", parent=kind)
    conclude = Turns._conclude

    def fail_once(turns: Turns, activation: Any, *rest: Any) -> Any:
        if activation.id.name != name:
            return conclude(turns, activation, *rest)
        monkeypatch.setattr(Turns, "_conclude", conclude)
        raise SystemExit("a defect")

    monkeypatch.setattr(Turns, "_conclude", fail_once)

    with pytest.raises(errors.InternalError, match="could not be recorded: SystemExit"):
        system.invoke(name, "ping")

    assert system.invoke(name, "ping") == 1
    assert_well(system)


def test_ended_worker_thread_is_said_and_replaced() -> None:
    with embedded(system="ended", timeout_s=WAIT_S) as system:
        system.deploy(Plain)
        system.invoke("a", "ping", parent="plain")
        drain = system.driver.pool._drain

        def end(worker: Any) -> None:
            system.driver.pool._drain = drain
            raise SystemExit

        system.driver.pool._drain = end
        wait_until(lambda: not system.driver.pool.draining, "the worker rested")

        assert system.invoke("a", "ping") == 1
        assert "SystemExit" in "".join(system.status().problems)
