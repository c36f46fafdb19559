"""The store that Spawn's own variables name: a deployment made for a Spawn proxy keeps its settings under ours.

What the variables mean, and their defaults, is read from Spawn's source at dcbaec4f.  Only where the states go is taken from
them: pool sizes are ours, and the key is `SPAWN_STATESTORE_KEY`, which every store reads.  A database that a real Spawn
already uses is refused by the store itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from runtime.errors import BadSetting, nearest, shown

DATA = Path("/data")
"""Where Spawn's native store has a folder for each actor system."""

_NATIVE = "native"
_SCHEMES = {
    "postgres": "postgresql",
    "mariadb": "mariadb",
    "mysql": "mysql",
    "cockroachdb": "cockroachdb",
    "mssql": "mssql",
}
_PORTS = {"postgres": 5432, "mariadb": 3306, "mysql": 3306, "cockroachdb": 26257, "mssql": 1433}
_MNESIA = "schema.DAT"
"""Mnesia, which is the native store, has this file in each of its folders."""


def store_of(environ: Mapping[str, str], system: str, data: Path = DATA) -> str | None:
    """The store's URL by `PROXY_DATABASE_TYPE`, `_HOST`, `_PORT`, `_NAME`, `_USERNAME`, `_SECRET`, `_SSL` and `_SSL_VERIFY`;
    None where none of them but the last two is set.

    What is not set is as Spawn has it: `postgres`, at `localhost`, with the database `eigr-functions-db` of `admin`.  `native`
    is a file in `data`'s folder of that system, since the store of that name keeps its own there.

    Raises:
        BadSetting: there is no such type, the port is no number, or the folder is that of a real Spawn's native store.  No
            value is shown that can be a secret.
    """
    kind = environ.get("PROXY_DATABASE_TYPE", "")
    host, port = environ.get("PROXY_DATABASE_HOST", ""), environ.get("PROXY_DATABASE_PORT", "")
    name = environ.get("PROXY_DATABASE_NAME", "")
    user, secret = environ.get("PROXY_DATABASE_USERNAME", ""), environ.get("PROXY_DATABASE_SECRET")
    if not any((kind, host, port, name, user, secret)):
        return None
    kind = (kind or "postgres").lower()
    if kind == _NATIVE:
        return _native(data / system)
    if kind not in _SCHEMES:
        known = (*_SCHEMES, _NATIVE)
        raise BadSetting(
            f"There is no PROXY_DATABASE_TYPE {shown(kind)}. {nearest(kind, known, kind='type of database')}"
        )
    from sqlalchemy import URL

    made = URL.create(
        _SCHEMES[kind],
        username=user or "admin",
        password="admin" if secret is None else secret,
        host=host or "localhost",
        port=_port(port) or _PORTS[kind],
        database=name or "eigr-functions-db",
        query=_encryption(kind, environ),
    )
    return made.render_as_string(hide_password=False)


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) < 65_536:
        return int(text)
    if not text:
        return 0
    raise BadSetting(f"PROXY_DATABASE_PORT={shown(text)} is no port: give a number below 65536.")


def _encryption(kind: str, environ: Mapping[str, str]) -> dict[str, str]:
    """What the driver is asked for by `_SSL` and `_SSL_VERIFY`, which is the server's certificate checked."""
    if environ.get("PROXY_DATABASE_SSL", "").lower() != "true":
        return {}
    verifies = environ.get("PROXY_DATABASE_SSL_VERIFY", "").lower() == "true"
    if kind in ("postgres", "cockroachdb"):
        return {"sslmode": "verify-full", "sslrootcert": "system"} if verifies else {"sslmode": "require"}
    if verifies or kind == "mssql":
        what = (
            "PROXY_DATABASE_SSL_VERIFY needs the file of an authority" if verifies else "PROXY_DATABASE_SSL is unknown"
        )
        raise BadSetting(
            f"{what} for {kind}, which no variable of Spawn's names.\n"
            "Give the driver's own option in the store's URL, such as --store 'mariadb://USER:PASSWORD@HOST/DATABASE?ssl_ca=FILE'."
        )
    return {"ssl_check_hostname": "false"}


def _native(folder: Path) -> str:
    if (folder / _MNESIA).exists():
        raise BadSetting(
            f"Cannot keep a store in {folder}: it is the native store of a Spawn system, which only its proxy reads. "
            "Nothing was written.\nFor a store of your own, say --store sqlite:///PATH."
        )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadSetting(
            f"PROXY_DATABASE_TYPE=native keeps states in {folder}, which cannot be made: {error.strerror}.\n"
            f"Mount a volume at {folder.parent} that this user may write to, or say --store sqlite:///PATH."
        ) from None
    if not os.access(folder, os.W_OK):
        raise BadSetting(
            f"PROXY_DATABASE_TYPE=native keeps states in {folder}, where this user may not write.\n"
            "Have it mounted for this user, or say --store sqlite:///PATH."
        )
    return f"sqlite:///{folder / 'states.db'}"
