"""`python -m runtime restore BACKUP STORE`: a backup as a store again."""

from __future__ import annotations

import argparse
from pathlib import Path

from runtime.cli.common import add_passphrase, passphrase_from
from runtime.stores.backup import restore
from runtime.stores.check import url_of

HELP = """Make a file of `backup` a store again, and keep its key where stores look for it.  The store appears complete or not at
all, and never in place of a file that is there."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backup", metavar="BACKUP", type=Path, help="a file that `backup` made")
    parser.add_argument("store", metavar="STORE", help="the path of the new store file, or a URL as sqlite:///PATH")
    add_passphrase(parser)


def run(given: argparse.Namespace) -> int:
    """The command; 0 when the store is there."""
    store_id = restore(given.backup, url_of(given.store), passphrase_from(given, is_new=False))
    print(
        f"{given.store} is store {store_id} as it was backed up, and its key is kept. Use it with store={given.store!r}."
    )
    return 0
