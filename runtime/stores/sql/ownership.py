"""One process owns a store in a SQL server.

The connection that writes holds a lock of its session: the one who can write is therefore the owner, and a lost connection loses
both at once.  The server frees the lock when the session ends, however the process did.  Who has it is written into the
store's `meta` table, for the message only.  A server without such locks (CockroachDB) gives the store to the last one that
opened it; the others find that out before they write.
"""

from __future__ import annotations

import os
import platform
import secrets
import time
from contextlib import suppress
from typing import Any

import msgspec
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from runtime.errors import StoreInUse
from runtime.stores.sql.dialects import Locking, Server, lock_of, value_of
from runtime.stores.sql.schema import INSERT_META, LOCK_META_ENTRY, READ_META_ENTRY, REMOVE_META
from runtime.stores.sqlite.lock import Owner

ENTRY = "owner"
_AT_ONCE_S = 0.3
_AFTER_DEATH_S = 5.0
_PAUSE_S = 0.02


class Claim(msgspec.Struct, frozen=True):
    """Who owns a store, as it says of itself."""

    owner: Owner
    session: int
    token: str
    """Tells one opening of the store from every other."""


class Ownership:
    """The right to write of one opened store, over all connections that it has one after another."""

    def __init__(self, server: Server, url: str) -> None:
        self._locking, self._url = server.locking, url
        self._owner, self._token = Owner.here(), secrets.token_hex(8)
        self._session = 0
        """Of the connection that had the lock last."""

    def take(self, connection: Connection) -> None:
        """Make `connection`, which is in no transaction, the owner's.

        Raises:
            StoreInUse: another process has the store, or this one twice; it is named.
        """
        if self._locking is None:
            if self._session:  # this connection takes the place of one that was lost
                self.check(connection)
                connection.rollback()
            self._session = -1
        else:
            lock = lock_of(str(value_of(connection, self._locking.place)))
            self._wait_for(connection, self._locking, lock)
            self._session = value_of(connection, self._locking.session)
            connection.rollback()
        with suppress(SQLAlchemyError):  # no table yet, or read-only: then the message says less
            self._write_claim(connection)

    def check(self, connection: Connection) -> None:
        """Inside a transaction that is about to write.

        Raises:
            StoreInUse: another process opened the store, where sessions cannot lock.
        """
        if self._locking is not None:
            return
        found = connection.execute(LOCK_META_ENTRY, {"name": ENTRY}).scalar()
        claim = None if found is None else _read(found)
        if claim is not None and claim.token != self._token:
            raise self._taken(claim)

    def entry(self) -> str:
        """The claim as `meta` keeps it."""
        return msgspec.json.encode(Claim(self._owner, self._session, self._token)).decode()

    def _wait_for(self, connection: Connection, locking: Locking, lock: dict[str, Any]) -> None:
        """A process that was killed still has a session until the server notices; one that lives is not waited for."""
        started = time.monotonic()
        while not value_of(connection, locking.take, lock):
            claim, holder = _claim(connection), self._holder(connection, locking, lock)
            if claim is not None and holder is not None and claim.session != holder:
                claim = None  # of an earlier owner
            connection.rollback()
            if claim is not None and claim.token == self._token:
                self._end_own(connection, locking)
            elif time.monotonic() - started > (_AFTER_DEATH_S if _is_gone(claim) else _AT_ONCE_S):
                raise self._taken(claim)
            time.sleep(_PAUSE_S)
        connection.rollback()

    def _holder(self, connection: Connection, locking: Locking, lock: dict[str, Any]) -> int | None:
        return None if locking.holder is None else value_of(connection, locking.holder, lock)

    def _end_own(self, connection: Connection, locking: Locking) -> None:
        """Our own connection was lost and its session does not know: it may still be committing, so it must end first."""
        if locking.end is not None:
            with suppress(SQLAlchemyError):  # it has just ended
                connection.execute(locking.end, {"session": self._session})
            connection.rollback()

    def _write_claim(self, connection: Connection) -> None:
        with connection.begin():
            connection.execute(REMOVE_META, {"names": [ENTRY]})
            connection.execute(INSERT_META, {"name": ENTRY, "value": self.entry()})

    def _taken(self, claim: Claim | None) -> StoreInUse:
        if claim is not None and (claim.owner.pid, claim.owner.host) == (os.getpid(), platform.node()):
            return StoreInUse(
                f"Cannot use {self._url}: it is already open in this process.\n"
                "Use the system that runs on it, or stop that one first with wb.stop() or %spawn stop."
            )
        return StoreInUse(
            f"Cannot use {self._url}: it is in use by {claim.owner if claim else 'another process'}.\n"
            "Shut that kernel down (in JupyterLab: Kernel › Shut Down Kernel), or use another database or schema."
        )


def _claim(connection: Connection) -> Claim | None:
    try:
        found = connection.execute(READ_META_ENTRY, {"name": ENTRY}).scalar()
    except SQLAlchemyError:
        return None
    return None if found is None else _read(found)


def _read(text: str) -> Claim | None:
    try:
        return msgspec.json.decode(text, type=Claim)
    except msgspec.DecodeError:
        return None


def _is_gone(claim: Claim | None) -> bool:
    """Whether the claim is of a process of this machine that has ended."""
    if claim is None or claim.owner.host != platform.node() or os.name == "nt":
        return False
    try:
        os.kill(claim.owner.pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False
