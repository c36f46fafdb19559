"""Whatever an action handed over, SQL reads the whole past: before and after a restart."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import runtime
from runtime.errors import SpawnError
from runtime.system.embedded import EmbeddedSystem
from runtime.testing.any_values import VALUES
from tests.runtime.any_value import PLACES, Other, Probe, action_at
from tests.workbench.sql.fake_system import rows
from workbench.sql.database import HistoryDatabase


def opened(folder: Path) -> EmbeddedSystem:
    system = runtime.embedded(store=f"sqlite:///{folder}/store.db", key=bytes(range(32)), timeout_s=5.0)
    system.deploy(Other)
    system.deploy(Probe)
    return system


def hand_over_everything(system: EmbeddedSystem) -> None:
    for place in [each for each in PLACES if "timeout" not in each and "delay" not in each]:
        for value in VALUES:
            with suppress(SpawnError):
                system.invoke("probe", action_at(place), {"place": place, "value": value})


def read_everything(system: EmbeddedSystem) -> list[list[tuple[object, ...]]]:
    history = HistoryDatabase(system)

    return [
        rows(history, "SELECT sequence, action, error_code FROM invocations ORDER BY sequence"),
        rows(history, 'SELECT revision, n, "any" FROM history.probe ORDER BY revision'),
    ]


def test_sql_reads_the_whole_past_whatever_was_handed_over(tmp_path: Path) -> None:
    with opened(tmp_path) as system:
        hand_over_everything(system)
        system.flush(20.0)
        before = read_everything(system)

    with opened(tmp_path) as again:
        after = read_everything(again)

    for told, read in zip(before, after, strict=True):
        assert read[: len(told)] == told
    assert len(after[0]) > len(PLACES) * 20
