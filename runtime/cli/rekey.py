"""`python -m runtime rekey --store URL`: encrypt a store anew."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence

from runtime.config import key_from_environment, old_keys_from_environment
from runtime.errors import BadSetting
from runtime.security.crypto import KeyFiles, fingerprint
from runtime.stores.journal.store import JournalStore
from runtime.stores.registry import open_store

HELP = """Encrypt a store anew, under the key in SPAWN_STATESTORE_KEY.  What it is encrypted with now is in
SPAWN_STATESTORE_OLD_KEYS (several are separated by commas), or in the file that was made for it.  No one may have the store open
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


# --- A store under a new key: what `python -m runtime rekey --store URL` does -----------------------------------------


def rekey(
    url: str,
    *,
    key: bytes | None = None,
    old_keys: Sequence[bytes] | None = None,
    key_files: KeyFiles | None = None,
    progress: Callable[[], None] = lambda: None,
) -> str:
    """Write everything in a store anew, under `key`; that key's fingerprint.

    In bounded portions, each a transaction: after an interrupt or a crash at any moment the store opens with the new key and
    the old ones, and another call goes on where this one stopped.

    Args:
        key: the new key; None for `SPAWN_STATESTORE_KEY`.
        old_keys: what the store may be encrypted with, beside the key made for it; None for `SPAWN_STATESTORE_OLD_KEYS`.
        progress: called after each portion.

    Raises:
        BadSetting: there is no new key, or the store is of a kind that does not keep keys.
        WrongKey: an old key is missing; nothing was changed.
        StoreInUse: someone has the store open.
    """
    key = key if key is not None else key_from_environment()
    if key is None:
        raise BadSetting(
            "There is no new key: set SPAWN_STATESTORE_KEY to it, and SPAWN_STATESTORE_OLD_KEYS to the present one."
        )
    old_keys = old_keys if old_keys is not None else old_keys_from_environment()
    store = open_store(url, key=key, key_files=key_files, old_keys=old_keys)
    try:
        if not isinstance(store, JournalStore):
            raise BadSetting(f"Stores of the kind of {store.url} cannot be encrypted anew by this command.")
        while store.rekey():
            progress()
    finally:
        store.close()
    return fingerprint(key).hex()
