"""`python -m runtime check STORE`: read everything in a store, and say what is wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

from runtime.stores.check import Findings, check, url_of
from runtime.stores.repair import repair

HELP = """Read everything in a store and list what is wrong in it: turns (sequence, actor, what is wrong), states, schedules and
definitions that do not decode, which a store works without, and what is damaged: changed, torn or removed.  Nothing is changed, and
no one may have the store open meanwhile.  The status is 0 if nothing is wrong, else 1.

With --repair OUT, a copy of a store file is made without what was found; it has the same key.  States are kept as far as they
decode; a turn that is left out takes its idempotency key along.  OUT appears complete or not at all.  The status is 0 if nothing is
wrong, or if a copy was made."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="the path of a store file, or a URL as sqlite:///PATH")
    parser.add_argument("--repair", metavar="OUT", type=Path, help="make a copy without what was found, in a new file")


def run(given: argparse.Namespace) -> int:
    """The command; 0 when nothing is wrong or a copy was made."""
    url = url_of(given.store)
    findings = check(url) if given.repair is None else repair(url, given.repair)
    _show(findings)
    if not findings:
        return 0
    if given.repair is None:
        print("`--repair OUT` makes a copy of a store file without this; the original stays as it is.")
        return 1
    print(f"{given.repair} is a copy without this; use it in the store's place. The original is as it was.")
    return 0


def _show(findings: Findings) -> None:
    for finding in findings.quarantined:
        print(finding)
    for damage in findings.damaged:
        print(f"damaged: {damage}")
    amount = f"{findings.turns:,} turns and {findings.actors:,} actors were read"
    if not findings:
        print(f"Nothing is wrong in {findings.store}: {amount}.")
        return
    print(
        f"{findings.store}: {amount}; {len(findings.quarantined):,} do not decode, {len(findings.damaged):,} are damaged."
    )
