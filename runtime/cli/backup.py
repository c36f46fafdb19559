"""`python -m runtime backup STORE OUT`: a copy of a store file with its key."""

from __future__ import annotations

import argparse
from pathlib import Path

from runtime.cli.common import add_passphrase, passphrase_from
from runtime.stores.backup import backup
from runtime.stores.check import url_of

HELP = """Copy a store file with its key into one file.  The store may be in use: the copy has every turn that was on disk when this
began.  The key in it is encrypted with a passphrase, which is asked for, or is in SPAWN_BACKUP_PASSPHRASE or a file.  Anyone with
the file and the passphrase can read everything; without the passphrase the file is of no use, to you neither."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("store", metavar="STORE", help="the path of a store file, or a URL as sqlite:///PATH")
    parser.add_argument("out", metavar="OUT", type=Path, help="the new file")
    add_passphrase(parser)


def run(given: argparse.Namespace) -> int:
    """The command; 0 when the file is complete."""
    store_id = backup(url_of(given.store), given.out, passphrase_from(given, is_new=True))
    print(f"{given.out} has store {store_id} and its key, {given.out.stat().st_size:,} bytes.")
    print(f"Get it back with: python -m runtime restore {given.out} STORE")
    return 0
