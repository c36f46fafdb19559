"""An archive in a real kernel: magics read it, and the class of a cell runs its past again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workbench.kernel_ext.kernel import Kernel

CELL = """%%actor
class Till(Actor, name="till"):
    total: int = 0

    @action
    def take(self, value: int) -> int:
        self.total += {value}
        return self.total
"""


@pytest.fixture(scope="module")
def opened(kernel: Kernel) -> Iterator[Kernel]:
    """The archive of a till that took 1 to 5."""
    kernel.ok("import workbench as wb")
    kernel.ok(CELL.format(value="value"))
    kernel.ok("for value in range(1, 6): wb.invoke('till', 'take', {'value': value})")
    kernel.ok("wb.archive('till.spawn', actors='till')")
    kernel.ok("wb.open_archive('till.spawn')")
    yield kernel
    kernel.ok("%detach")


def test_magics_read_an_archive(opened: Kernel) -> None:
    assert "{'total': 15}" in opened.ok("%state till").text
    assert "revision 4 → 5: take(value=5)" in opened.ok("%history till --back").text
    assert "15" in opened.ok("%%query\nSELECT max(total) FROM history.till").text
    assert "till" in opened.ok("%actors").text


def test_the_class_of_a_cell_runs_the_past_of_an_archive_and_nothing_else(opened: Kernel) -> None:
    deployed = opened.ok(CELL.format(value="min(value, 4)"))
    replayed = opened.ok("%replay till --carry")

    assert "In an archive no actor runs" in deployed.text
    assert "first difference: take(value=5) at revision 4" in replayed.text
    assert "<svg" in replayed.html
    assert "it is an archive" in opened.run("%invoke till take value=1").traceback
