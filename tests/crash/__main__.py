"""Kills writers, loses writes and tears the log, and says what did not survive that should have.

python -m tests.crash --kills 200
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from functools import partial

from tests.crash import experiments, servers
from tests.crash.recorder import NoCompilerError
from tests.runtime.stores.sql.places import SERVERS, missing


def main() -> int:
    """0 when everything held."""
    options = _parser().parse_args()
    print(f"seed {options.seed}", flush=True)
    try:
        kills = -(-options.kills // len(experiments.LOADS))
        for name, load in experiments.LOADS.items():
            _timed(f"{name}, killed", partial(experiments.kill, load, kills, options.seed))
        for name, load in experiments.LOADS.items():
            _timed(f"{name}, power lost", partial(experiments.lose_power, load, options.kills, options.seed))
        _timed("the last commit, torn", partial(experiments.tear, every_byte=options.kills >= 100))
        if options.kills >= 100:  # in short runs the tests do as much
            _with_servers(options.kills, options.seed)
    except AssertionError as error:
        print(f"\nFAILED {error}\nRun again with --seed {options.seed}", file=sys.stderr)
        return 1
    return 0


def _with_servers(kills: int, seed: int) -> None:
    each = -(-kills // (len(SERVERS) * len(servers.LOADS)))
    for server in SERVERS:
        if why := missing(server):
            print(f"{server} … SKIPPED: {why}")
            continue
        for name in servers.LOADS:
            _timed(f"{name} in {server}, killed", partial(servers.kill, server, name, each, seed))
        for name in (name for name in servers.LOADS if name.startswith("actors")):
            _timed(f"{name} in {server}, sessions ended", partial(servers.end_sessions, server, name, each, seed))


def _timed(name: str, experiment: Callable[[], int]) -> None:
    print(f"{name} … ", end="", flush=True)
    started = time.monotonic()
    try:
        checked = experiment()
    except NoCompilerError as error:
        print(f"SKIPPED: {error}")
        return
    print(f"{checked} checked, all as promised ({time.monotonic() - started:.1f} s)", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how many kills, and power failures for each load (200)")
    parser.add_argument(
        "--seed", type=int, default=int.from_bytes(os.urandom(4), "little"), help="of the random moments"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
