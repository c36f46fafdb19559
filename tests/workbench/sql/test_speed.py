"""How long a cold read takes and what it keeps: `pytest -m bench -s tests/workbench/sql/test_speed.py`."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Encoded, State, Turn
from tests.workbench.sql.fake_system import FakeSystem, database, rows

TURNS = 1_000_000
_STATE = b'{"total":%d,"name":"actor number %d","ratio":%r,"ok":true,"last":"2024-01-02T03:04:05Z","items":[1,2,3],"notes":"%s"}'
_FIELDS = {
    "total": "int", "name": "str", "ratio": "float", "ok": "bool", "last": "datetime", "items": "list[int]", "notes": "str",
}  # fmt: skip


class BigSystem(FakeSystem):
    """A million turns of a thousand actors with 200-byte states, made while they are read; knows how long making took."""

    making_s = 0.0

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        actors = [ActorId(self.name, f"plane-{number}") for number in range(1_000)]
        for start in range(after, TURNS, 1_000):
            began = time.perf_counter()
            batch = [made(start + place + 1, actor_id) for place, actor_id in enumerate(actors)]
            self.making_s += time.perf_counter() - began
            yield batch


def made(sequence: int, actor: ActorId) -> Turn:
    state = _STATE % (sequence, sequence % 1_000, sequence / 7, b"x" * 70)
    revision = (sequence - 1) // 1_000
    at_us = 1_700_000_000_000_000 + 300 * sequence
    return Turn(
        sequence=sequence, invocation=InvocationId(f"70336cd0ecf5ba26{sequence:08x}"), actor=actor, parent="plane", action="add",
        correlation="70336cd0ecf5ba2600000001", cause="", caller=None, key="", payload=Encoded(JSON, b'{"value":%d}' % sequence),
        metadata={}, enqueued_us=at_us, started_us=at_us + 10, finished_us=at_us + 200, now_us=at_us, seed=sequence, sent=(),
        tags_before={}, tags_after=None, failure=None, response=Encoded(JSON, b'{"total":%d}' % sequence),
        revision_before=revision, revision=revision + 1, state=State(Encoded(JSON, state)), definition="d1",
    )  # fmt: skip


def resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_a_million_turns_are_read_within_seconds() -> None:
    system = BigSystem()
    system.define("plane", _FIELDS)
    history = database(system)
    before_mib, began = resident_mib(), time.perf_counter()

    history.refresh()
    reading_s = time.perf_counter() - began - system.making_s
    print(f"\ncold: {reading_s:.2f} s for {TURNS:,} turns, {resident_mib() - before_mib:.0f} MiB")
    for title in ("first", "again"):
        began = time.perf_counter()
        rows(history, "SELECT actor, sum(total), max(last) FROM history.plane GROUP BY actor")
        print(f"typed view, {title}: {time.perf_counter() - began:.3f} s, {resident_mib() - before_mib:.0f} MiB")
    began = time.perf_counter()
    history.query("FROM history.plane")
    print(f"a result of all rows: {time.perf_counter() - began:.3f} s")

    assert reading_s < 4 * 4, "four times the goal, for a machine that does other things"
