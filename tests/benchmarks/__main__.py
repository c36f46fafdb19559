"""`python -m tests.benchmarks`: every table, on stdout and as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from tests.benchmarks import (
    actors,
    asks,
    delays,
    durable,
    flights,
    import_time,
    large,
    machine,
    many,
    node,
    proxy,
    redeploy,
    together,
    workflows,
)
from tests.benchmarks.report import as_json, as_text
from tests.benchmarks.rounds import FULL, QUICK, Result, measure

SETS = {
    "asks": asks.TABLES,
    "delays": delays.TABLES,
    "loading": import_time.TABLES,
    "together": together.TABLES,
    "durable": durable.TABLES,
    "actors": actors.TABLES,
    "many": many.TABLES,
    "redeploy": redeploy.TABLES,
    "flights": flights.TABLES,
    "large": large.TABLES,
    "workflows": workflows.TABLES,
    "node": node.TABLES,
    "proxied": proxy.TABLES,
}


def main(arguments: list[str]) -> int:
    """Measure what was asked for; always 0, since times prove nothing on a machine that others use too."""
    options = _parser().parse_args(arguments)
    rounds = options.rounds or (1 if options.quick else 7)
    size = QUICK if options.quick else FULL
    if options.whole_year:
        size = replace(size, flights=flights.ALL)
    results: list[Result] = []
    for name in options.only or SETS:
        for table in SETS[name]:
            results.append(measure(table, rounds, size, _say))
            print(as_text(results[-1]), flush=True)
            print(flush=True)
    described = machine.description()
    print(f"Python {described['python']}, {described['cores']} cores, {described['system']}, {described['versions']}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(as_json(results, described), indent=1), encoding="utf-8")
    print(f"Also in {options.json}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", choices=SETS, action="append", help="this set; may be given several times")
    parser.add_argument("--rounds", type=int, default=0, help="how often each case runs (7); slow tables run fewer")
    parser.add_argument(
        "--quick", action="store_true", help="tiny counts: shows that every case runs, and nothing else"
    )
    parser.add_argument("--whole-year", action="store_true", help="all flights of the year, not the first 20,000")
    parser.add_argument("--json", type=Path, default=Path(".cache/benchmarks.json"), help="where the JSON goes")
    return parser


def _say(line: str) -> None:
    print(f"\r\033[K{line}\r" if sys.stderr.isatty() else "", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
