"""Cases measured side by side: every round runs each case once, and ratios are taken within a round.

Absolute rates on a shared machine vary by more than any difference that matters, and they vary together.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.benchmarks import machine


@dataclass(frozen=True)
class Size:
    """How much one run of a case does."""

    calls: int
    """For the cases that count what happens in a second."""
    seconds: float
    """For the cases that watch others for a while."""
    actors: int
    """For the cases with very many actors."""
    flights: int = 20_000
    """For the case with real input."""


FULL = Size(calls=6_000, seconds=2.0, actors=100_000)
QUICK = Size(calls=50, seconds=0.05, actors=300, flights=30)


@dataclass(frozen=True)
class Case:
    """One row: `measure` gives the numbers of one run, by the name of the column."""

    name: str
    measure: Callable[[Size], dict[str, float]]
    targets: dict[str, str] = field(default_factory=dict)
    """By column, what the project wants: `">= 1.5x"` for a ratio to the reference, `"<= 20"` for a number."""


@dataclass(frozen=True)
class Table:
    """Cases that are compared with the first of them."""

    title: str
    unit: str
    cases: Sequence[Case]
    note: str = ""
    reference: str = ""
    """The case that ratios refer to; empty for a table without ratios."""
    pinned: bool = False
    """On one core."""
    most_rounds: int = 99
    """For cases that take long."""


@dataclass
class Row:
    """What the rounds gave for one column of one case."""

    case: str
    column: str
    target: str
    values: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def median_ratio(self) -> float | None:
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def is_met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if not self.target:
            return None
        sign, _, limit = self.target.partition(" ")
        found = self.median_ratio if limit.endswith("x") else self.median
        if found is None:
            return None
        return found >= float(limit.rstrip("x")) if sign == ">=" else found <= float(limit.rstrip("x"))


@dataclass
class Result:
    """A measured table, with how steady the machine was meanwhile."""

    table: Table
    rows: list[Row]
    probes_ms: list[float]
    loads: list[float]


def measure(table: Table, rounds: int, size: Size, say: Callable[[str], None]) -> Result:
    """Run the rounds.  `say` gets a line for each."""
    result = Result(table, [], [], [])
    rows: dict[tuple[str, str], Row] = {}
    for number in range(min(rounds, table.most_rounds)):
        result.probes_ms.append(machine.probe_ms())
        result.loads.append(machine.load())
        found = dict(_one_round(table, size))
        for case in table.cases:
            for column, value in found[case.name].items():
                row = rows.setdefault((case.name, column), Row(case.name, column, case.targets.get(column, "")))
                row.values.append(value)
                reference = found.get(table.reference, {}).get(column)
                if reference:
                    row.ratios.append(value / reference)
        say(f"{table.title}: round {number + 1}")
    result.rows = list(rows.values())
    return result


def _one_round(table: Table, size: Size) -> Iterator[tuple[str, dict[str, float]]]:
    for case in table.cases:
        gc.collect()
        if table.pinned:
            with machine.one_core():
                yield case.name, case.measure(size)
        else:
            yield case.name, case.measure(size)
