"""State stores by URL."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from runtime.errors import BadSetting, nearest
from runtime.security.crypto import KeyFiles
from runtime.stores.base import StateStore

ENTRY_POINTS = "spawn_workbench.statestores"
"""Other packages add a scheme with an entry point of this group: name = scheme, value = `module:function`."""

_BUILT_IN = {
    "memory": "runtime.stores.memory",
    "sqlite": "runtime.stores.sqlite.backend",
    # One adapter over SQLAlchemy; which of these the tests run is said there.
    "postgresql": "runtime.stores.sql.backend",
    "mariadb": "runtime.stores.sql.backend",
    "mysql": "runtime.stores.sql.backend",
    "cockroachdb": "runtime.stores.sql.backend",
    "mssql": "runtime.stores.sql.backend",
}


class Opener(Protocol):
    """What an adapter offers: open the store at `url`, or create it there.

    It gets `old_keys` too, a sequence of keys, where they are passed.
    """

    def __call__(self, url: str, *, key: bytes | None, key_files: KeyFiles | None, **more: Any) -> StateStore: ...


def open_store(
    url: str, *, key: bytes | None = None, key_files: KeyFiles | None = None, old_keys: Sequence[bytes] | None = None
) -> StateStore:
    """The store at a URL, made if it is not there: `memory://`, `sqlite:///relative.db`, `sqlite:////absolute.db`,
    `postgresql+psycopg://user:password@host/database`, `mariadb+pymysql://user:password@host/database`.

    Args:
        url: SQLAlchemy's spelling; `scheme+driver` is opened by the adapter of `scheme`.
        key: 32 bytes; None for `SPAWN_STATESTORE_KEY`, else a key made for this store outside the project.  The store's
            `key_location` says where, `key_is_new` whether it was made just now.
        key_files: where such keys are kept; None for the user's own data directory.
        old_keys: what the store may have been written under before its key was changed to `key`; None for
            `SPAWN_STATESTORE_OLD_KEYS`, where no `key` is passed.  They open it; all that is written is under the new key.

    Raises:
        BadSetting: no adapter has that scheme, or the rest of the URL makes no sense to it.
        StoreInUse, WrongKey, StoreTooNew, StoreDamaged, StoreUnavailable: nothing was changed.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        raise BadSetting(f"{url!r} is not a store URL. Write memory:// or sqlite:///PATH.")
    more: dict[str, Any] = {} if old_keys is None else {"old_keys": old_keys}
    return _opener(scheme.partition("+")[0])(url, key=key, key_files=key_files or KeyFiles(), **more)


def _opener(scheme: str) -> Opener:
    if module := _BUILT_IN.get(scheme):
        return cast(Opener, import_module(module).open_store)
    others = entry_points(group=ENTRY_POINTS)
    for found in others.select(name=scheme):
        return cast(Opener, found.load())
    known = [*_BUILT_IN, *others.names]
    raise BadSetting(f"There is no state store for {scheme}://. {nearest(scheme, known, kind='state store')}")
