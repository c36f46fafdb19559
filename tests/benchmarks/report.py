"""Measured tables as text for a person and as JSON for a comparison."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.benchmarks.rounds import Result, Row

_HEAD = ("case", "min", "median", "max", "ratio (min..max)", "target", "")


def as_text(result: Result) -> str:
    """The table, aligned, under a line that says how steady the machine was."""
    table = result.table
    steadiness = max(result.probes_ms) / min(result.probes_ms)
    title = (
        f"{table.title}  [{table.unit}; rounds {len(result.probes_ms)}, noise probe max/min {steadiness:.2f}, "
        f"load {min(result.loads):.1f}..{max(result.loads):.1f}]"
    )
    lines = [_HEAD, *(_cells(row) for row in result.rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    body = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([title, *(f"  {line}" for line in body), *([f"  {table.note}"] if table.note else [])])


def as_json(results: Iterable[Result], machine: dict[str, Any]) -> dict[str, Any]:
    return {"machine": machine, "tables": [_table(result) for result in results]}


def _cells(row: Row) -> tuple[str, ...]:
    ratio = row.median_ratio
    ratios = "" if ratio is None else f"{ratio:.2f} ({min(row.ratios):.2f}..{max(row.ratios):.2f})"
    verdict = {None: "", True: "met", False: "MISSED"}[row.is_met]
    name = f"{row.case}: {row.column}" if row.column else row.case
    return (name, _short(min(row.values)), _short(row.median), _short(max(row.values)), ratios, row.target, verdict)


def _short(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1_000:,.1f}k"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(result: Result) -> dict[str, Any]:
    table = result.table
    return {
        "title": table.title,
        "unit": table.unit,
        "pinned": table.pinned,
        "reference": table.reference,
        "probes_ms": result.probes_ms,
        "loads": result.loads,
        "rows": [_row(row) for row in result.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "case": row.case,
        "column": row.column,
        "values": row.values,
        "median": row.median,
        "ratios": row.ratios,
        "median_ratio": row.median_ratio,
        "target": row.target,
        "met": row.is_met,
    }
