"""What other actors feel while some block: one in `time.sleep(5)`, and 200.

A prober asks eight other actors, one after the other, about once a millisecond.  The first half second after the sleepers
were told to sleep is the *ramp*, in which the runtime has to notice them; after that the state is *steady*.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pykka

from runtime.system.embedded import EmbeddedSystem
from tests.benchmarks import subject
from tests.benchmarks.rounds import Case, Size, Table

PROBED = 8
RAMP_S = 0.5
NAP_S = 5.0
LIMIT_MS = 20

Ask = Callable[[int], object]


def beside_sleepers(sleepers: int) -> Callable[[Size], dict[str, float]]:
    def measure(size: Size) -> dict[str, float]:
        with subject.running(actors=PROBED) as system:
            system.deploy(subject.Sleeper)
            _put_to_sleep(system, sleepers, 0.0)  # they are active before the clock starts, as the probed actors are
            _put_to_sleep(system, sleepers, min(NAP_S, size.seconds + RAMP_S))
            ask = _asker(system)
            ramp = probe(ask, RAMP_S if sleepers else 0.0)
            return {**_summary(ramp, "ramp "), **_summary(probe(ask, size.seconds), "steady ")}

    return measure


def _put_to_sleep(system: EmbeddedSystem, sleepers: int, seconds: float) -> None:
    for number in range(sleepers):
        system.invoke(f"sleeper-{number}", "sleep", {"seconds": seconds}, parent="sleeper", asynchronous=True)


def _asker(system: EmbeddedSystem) -> Ask:
    return lambda number: system.invoke(f"account-{number}", "add", {"value": 1})


def probe(ask: Ask, seconds: float) -> list[float]:
    """Milliseconds of each ask."""
    waits: list[float] = []
    ends, pause = time.perf_counter() + seconds, threading.Event()
    while time.perf_counter() < ends:
        started = time.perf_counter()
        ask(len(waits) % PROBED)
        waits.append((time.perf_counter() - started) * 1e3)
        pause.wait(0.001)
    return waits


def _summary(waits: list[float], prefix: str) -> dict[str, float]:
    if not waits:
        return {}
    waits = sorted(waits)
    return {
        f"{prefix}p50": waits[len(waits) // 2],
        f"{prefix}p99": waits[min(len(waits) - 1, len(waits) * 99 // 100)],
        f"{prefix}worst": waits[-1],
    }


class _PykkaSleeper(pykka.ThreadingActor):
    def on_receive(self, message: float) -> None:
        time.sleep(message)


class _PykkaEcho(pykka.ThreadingActor):
    def on_receive(self, message: int) -> int:
        return message


def pykka_beside_sleepers(sleepers: int) -> Callable[[Size], dict[str, float]]:
    """A thread for each actor: no actor waits for another, whatever it does."""

    def measure(size: Size) -> dict[str, float]:
        actors = [_PykkaEcho.start() for _ in range(PROBED)]
        asleep = [_PykkaSleeper.start() for _ in range(sleepers)]
        try:
            for each in asleep:
                each.tell(min(NAP_S, size.seconds + RAMP_S))
            ramp = probe(lambda number: actors[number].ask(number), RAMP_S)
            steady = probe(lambda number: actors[number].ask(number), size.seconds)
            return {**_summary(ramp, "ramp "), **_summary(steady, "steady ")}
        finally:
            for actor in (*actors, *asleep):
                actor.stop(block=False)

    return measure


_TARGETS = {"ramp worst": f"<= {LIMIT_MS}", "steady worst": f"<= {LIMIT_MS}"}

CASES = (
    Case("nobody sleeps", beside_sleepers(0), {"steady worst": f"<= {LIMIT_MS}"}),
    Case("1 sleeps", beside_sleepers(1), _TARGETS),
    Case("200 sleep", beside_sleepers(200), _TARGETS),
    Case("pykka, 200 sleep", pykka_beside_sleepers(200)),
)

TABLES = (
    Table(
        "Delay of other actors beside time.sleep(5)",
        "ms",
        CASES,
        note="Ramp: the first half second after the sleepers were told; a worst case of one run is one ask.",
        most_rounds=5,
    ),
)
