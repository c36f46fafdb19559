"""No value may poison the store: whatever is handed over, wherever, fails its own turn or request, and all else is read back."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import runtime
from runtime import Actor, action
from runtime.api import Subscription, SystemApi
from runtime.authoring.settings import SETTINGS
from runtime.errors import InternalError, InvocationTimeout, SpawnError, shown_text
from runtime.system.embedded import EmbeddedSystem
from runtime.testing.any_values import VALUES
from tests.runtime.any_value import HANDED, PLACES, Other, Probe, action_at
from tests.runtime.read_back import check_read_back, watched

KEY = bytes(range(32))
FEEDS: dict[EmbeddedSystem, Subscription] = {}


def opened(folder: Path) -> EmbeddedSystem:
    system = runtime.embedded(store=f"sqlite:///{folder}/store.db", key=KEY, timeout_s=5.0)
    FEEDS[system] = watched(system)
    system.deploy(Other)
    system.deploy(Probe)
    return system


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    HANDED.clear()
    FEEDS.clear()


def hand_over(system: EmbeddedSystem, place: str, value: str = "") -> None:
    """Have an action hand a value over; it may fail, but neither with a defect nor for ever."""
    try:
        system.invoke("probe", action_at(place), {"place": place, "value": value})
    except InternalError as error:
        raise AssertionError(f"{value or HANDED[place]!r} at {place}: {error}") from error
    except InvocationTimeout as error:
        if "probe" in str(error):
            raise AssertionError(f"{value} at {place} leaves its caller waiting") from error
    except SpawnError as error:
        shown_text(error).encode()


def check_all_is_read_back(system: EmbeddedSystem, folder: Path) -> None:
    """Close, open again, and compare everything with what was answered; then the actor goes on."""
    count = system.invoke("probe", "bump")
    check_read_back(system, FEEDS.pop(system), lambda: opened(folder))

    with opened(folder) as again:
        assert again.invoke("probe", "bump") == count + 1


# -- what an action hands over ----------------------------------------------------------------------------------------------


def test_each_value_at_each_place_of_an_action_harms_nothing_else(folder: Path) -> None:
    system = opened(folder)

    for place in PLACES:
        for value in VALUES:
            if not place.startswith(("ctx.call", "ctx.invoke")) or "timeout" not in place or value != "zero":
                hand_over(system, place, value)
        system.flush(10.0)

    check_all_is_read_back(system, folder)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=2**53)
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.binary()
    | st.datetimes()
    | st.sampled_from(sorted(VALUES)).map(lambda name: VALUES[name]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3),
    max_leaves=5,
)
quick = settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def test_anything_at_any_place_of_an_action_harms_nothing_else(folder: Path) -> None:
    system = opened(folder)

    @quick
    @given(place=st.sampled_from(sorted(set(PLACES) - {"ctx.call(timeout)", "ctx.invoke(timeout)"})), value=anything)
    def hand(place: str, value: Any) -> None:
        HANDED[place] = value
        hand_over(system, place)

    hand()

    check_all_is_read_back(system, folder)


def test_each_value_that_a_worker_process_hands_over_harms_nothing_else(folder: Path) -> None:
    class Worker(Probe, name="worker", kind="task"):
        pass

    system = opened(folder)
    system.deploy(Worker)

    for place in [
        each for each in PLACES if each.startswith(("Value.tags", "SideEffect.", "ctx.t", "raise", "return"))
    ]:
        for value in VALUES:
            try:
                system.invoke("worker", "use", {"place": place, "value": value}, timeout=60.0)
            except InternalError as error:
                raise AssertionError(f"{value} at {place}: {error}") from error
            except SpawnError as error:
                shown_text(error).encode()

    check_all_is_read_back(system, folder)


# -- what a caller hands over ----------------------------------------------------------------------------------------------

_ARGUMENTS: dict[str, Any] = {
    "actor": "probe",
    "action": "bump",
    "revision": 1,
    "payload": None,
    "invocation": "i-0",
    "invocations": [],
}
_NOT_CALLED = ("close", "deploy", "subscribe", "undeploy")


def calls() -> list[tuple[str, str]]:
    """Methods of a system, with each of their parameters."""
    methods = [(name, each) for name, each in vars(SystemApi).items() if inspect.isfunction(each) and name[0] != "_"]
    return [
        (name, parameter)
        for name, method in methods
        if name not in _NOT_CALLED
        for parameter in inspect.signature(method).parameters
        if parameter != "self"
    ]


def call(system: EmbeddedSystem, method: str, parameter: str, value: Any) -> None:
    known = inspect.signature(getattr(SystemApi, method)).parameters
    arguments = {**{name: given for name, given in _ARGUMENTS.items() if name in known}, parameter: value}
    if method in ("invoke", "ainvoke") and parameter != "timeout":
        arguments["timeout"] = 5.0
    try:
        if method == "ainvoke":

            async def awaited() -> None:
                await system.ainvoke(**arguments)

            asyncio.run(awaited())
        else:
            found = getattr(system, method)(**arguments)
            if hasattr(found, "__next__"):
                list(found)
    except InternalError as error:
        raise AssertionError(f"{method}({parameter}={value!r}): {error}") from error
    except SpawnError as error:
        shown_text(error).encode()


@pytest.mark.parametrize(("method", "parameter"), calls())
def test_each_value_of_a_caller_is_taken_or_refused_by_name(folder: Path, method: str, parameter: str) -> None:
    system = opened(folder)
    system.invoke("probe", "bump")

    for value in VALUES.values():
        call(system, method, parameter, value)

    check_all_is_read_back(system, folder)


@pytest.mark.parametrize("keyword", SETTINGS)
def test_each_value_of_a_class_keyword_is_taken_or_refused_by_name(folder: Path, keyword: str) -> None:
    system = opened(folder)

    for value in VALUES.values():
        try:

            class Odd(Actor, **{"name": "odd", keyword: value}):
                n: int = 0

                @action
                def count(self) -> int:
                    self.n += 1
                    return self.n

            system.deploy(Odd)
            name = value if keyword == "name" and isinstance(value, str) else "odd"
            system.invoke(name, "count", timeout=20.0)
            system.undeploy(name)
        except InternalError as error:
            raise AssertionError(f"{keyword}={value!r}: {error}") from error
        except SpawnError as error:
            shown_text(error).encode()

    check_all_is_read_back(system, folder)
