"""One kernel per module, with the workbench loaded and a store in memory."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.kernel_ext.kernel import Kernel

COUNTER = """\
%%actor
class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> dict:
        self.total += value
        return {"total": self.total}

    @action
    def divide(self, by: int) -> float:
        return self.total / by

    @action
    def say(self, text: str = "hello", times: int = 1) -> str:
        return text * times
"""

PAINTER = """\
%%actor
import enum
from typing import Literal

class Colour(enum.Enum):
    RED = "red"
    DARK = "dark red"

class Painter(Actor, kind="unnamed"):
    coats: int = 0

    @action
    def paint(self, colour: Colour, mode: Literal["fast", "slow"] | None = None, is_loud: bool = False, layer: int = 1) -> int:
        self.coats += layer
        return self.coats
"""


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """Has the actor `counter`."""
    directory: Path = tmp_path_factory.mktemp("notebook")
    with Kernel(directory) as kernel:
        kernel.ok("%load_ext workbench")
        kernel.ok("%config Workbench.store = 'memory'")
        kernel.ok(COUNTER)
        kernel.ok("import workbench as wb")
        yield kernel
