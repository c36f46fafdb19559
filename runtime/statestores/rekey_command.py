"""`python -m runtime rekey --store URL`: encrypt a store anew."""

from __future__ import annotations

import argparse

from runtime.statestores.rekey import rekey

HELP = """Encrypt a store anew, under the key in SPAWN_STATESTORE_KEY.  What it is encrypted with now is in
SPAWN_STATESTORE_OLD_KEYS (several are separated by commas), or in the file that was made for it.  Nobody may have the store open
meanwhile.  What was done stays when this is ended in the middle: run it again with the same keys."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--store", required=True, metavar="URL", help="sqlite:///PATH, postgresql+psycopg://…, mariadb+pymysql://…"
    )


def run(given: argparse.Namespace) -> int:
    """The command; 0 when everything is under the new key."""
    portions = 0

    def count() -> None:
        nonlocal portions
        portions += 1

    new = rekey(given.store, progress=count)
    done = f"It was written anew in {portions:,} portions." if portions else "There was nothing to do."
    print(f"The store is encrypted with key {new}; older keys are not needed. {done}")
    return 0
