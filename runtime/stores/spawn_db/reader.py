"""Reads the database of a real Spawn proxy: states now and before, on Postgres and MariaDB.  Never writes.

Spawn keeps states at snapshot times and no messages (docs/protocols.md, "State tables").  Postgres copies each row that is replaced
to `historical_snapshots`; MariaDB keeps the versions of `snapshots` by itself.  The template of a child is not stored, but goes
into its number: the names of the templates give it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from google.protobuf.any_pb2 import Any as AnyMessage
from sqlalchemy import RowMapping, TextClause, inspect, text

from runtime.config import key_from_environment
from runtime.errors import BadSetting
from runtime.ids import ActorId
from runtime.records import Snapshot, State
from runtime.security.crypto import Cipher, SealBrokenError, uncloak
from runtime.stores.spawn_db.phash2 import template_of
from runtime.stores.sql.dialects import Limits
from runtime.stores.sql.engine import Database, is_spawn_database, translated
from runtime.wire.spawn.messages import JSON_NAMES, from_any

_LIMITS = Limits(statement_s=120, silence_s=150)  # history has no index by actor
_READ_ONLY = {
    "postgresql": ("SET default_transaction_read_only = on",),
    "mariadb": ("SET SESSION TRANSACTION READ ONLY", "SET SESSION time_zone = '+00:00'"),
}

_COLUMNS = "actor, `system`, status, node, revision, tags, data_type, data"
_CURRENT = f"SELECT id AS number, {_COLUMNS}, updated_at FROM snapshots"
_OF_SYSTEM = "`system` = :system"
_SYSTEMS = "SELECT DISTINCT `system` FROM snapshots ORDER BY `system`"
_COPIES = (
    f"SELECT actor_id AS number, {_COLUMNS}, valid_to, updated_at FROM historical_snapshots"
    " WHERE actor_id = :number ORDER BY historical_id"
)
_VERSIONS = (
    f"SELECT id AS number, {_COLUMNS}, ROW_START AS began, CASE WHEN ROW_END <= NOW(6) THEN ROW_END END AS ended"
    " FROM snapshots FOR SYSTEM_TIME ALL WHERE id = :number ORDER BY ROW_START"
)


class SpawnDatabase:
    """The states in one Spawn database.  Any thread."""

    def __init__(self, database: Database, rows: RowReader, *, is_postgres: bool, has_history: bool) -> None:
        """Use `open_spawn_database`."""
        self.url = database.url
        self.has_history = has_history
        """False where only the newest revisions are kept."""
        self._database, self._rows, self._is_postgres = database, rows, is_postgres

    def systems(self) -> list[str]:
        """The actor systems that have states here."""
        return [row[0] for row in self._database.rows(self._sql(_SYSTEMS))]

    def current(self, *, system: str | None = None) -> Iterator[SpawnRevision]:
        """The newest revision of every actor, in the server's order of names.

        One whose state cannot be read comes too, with its `problem`; it does not end the iteration.  A status of `ACTIVATED`
        says that the row was written while the actor ran, not that it runs now.
        """
        where = f" WHERE {_OF_SYSTEM}" if system is not None else ""
        wanted = {"system": system} if system is not None else {}
        for row in self._database.stream(self._sql(f"{_CURRENT}{where} ORDER BY actor, `system`, id"), wanted):
            yield self._newest(row._mapping)

    def find(self, actor: str, *, system: str | None = None) -> SpawnRevision | None:
        """The newest revision of an actor; of two actors of that name (under two templates) the one written last."""
        where = f" WHERE actor = :name{f' AND {_OF_SYSTEM}' if system is not None else ''}"
        wanted = {"name": actor} | ({"system": system} if system is not None else {})
        found = self._database.rows(self._sql(f"{_CURRENT}{where} ORDER BY updated_at DESC LIMIT 1"), wanted)
        return self._newest(found[0]._mapping) if found else None

    def history(self, actor: str, *, system: str | None = None) -> Iterator[SpawnRevision]:
        """Every stored revision of an actor, oldest first, the newest last; nothing for an actor that is not there.

        A revision is a state at a snapshot time, not a message: the proxy keeps only the last state between two snapshots.
        On MariaDB the last save of an activation reuses its number, so one number can stand for two states.
        """
        newest = self.find(actor, system=system)
        if newest is None:
            return
        if not self.has_history:
            yield newest
        elif self._is_postgres:
            yield from self._copies(newest)
        else:
            yield from self._versions(newest)

    def at_revision(self, actor: str, revision: int, *, system: str | None = None) -> SpawnRevision | None:
        """An actor as it was last at that revision, or None."""
        found = None
        for each in self.history(actor, system=system):
            if each.snapshot.revision == revision:
                found = each
        return found

    def close(self) -> None:
        """Safe to call twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _copies(self, newest: SpawnRevision) -> Iterator[SpawnRevision]:
        """A write that the proxy refuses leaves a copy of the row that stays: one revision, written once, several times."""
        waiting: SpawnRevision | None = None
        for row in self._database.stream(self._sql(_COPIES), {"number": newest.number}):
            revision = self._rows.revision(row._mapping, row.valid_to, row.updated_at)
            if waiting is not None and not _same_write(waiting, revision):
                yield waiting
            waiting = revision
        if waiting is not None and not _same_write(waiting, newest):
            yield waiting
        yield newest

    def _versions(self, newest: SpawnRevision) -> Iterator[SpawnRevision]:
        for row in self._database.stream(self._sql(_VERSIONS), {"number": newest.number}):
            yield self._rows.revision(row._mapping, row.began, row.ended)

    def _newest(self, row: RowMapping) -> SpawnRevision:
        return self._rows.revision(row, row["updated_at"], None)

    def _sql(self, statement: str) -> TextClause:
        return text(statement.replace("`", "") if self._is_postgres else statement)


def open_spawn_database(
    url: str, *, key: bytes | None = None, other_keys: Iterable[bytes] = (), templates: Iterable[str] = ()
) -> SpawnDatabase:
    """A Spawn proxy's database, for reading only: its sessions cannot write.

    Args:
        url: `postgresql+psycopg://user:password@host/eigr-functions-db`, or `mariadb+pymysql://…`.
        key: 32 bytes; None for `SPAWN_STATESTORE_KEY`, as for the proxy.
        other_keys: further keys that rows may have been written under.
        templates: names of unnamed actors; children of these get their `parent`.

    Raises:
        BadSetting: no key, another sort of server, or a database without Spawn's table.
        StoreUnavailable: it cannot be reached.
    """
    key = key or key_from_environment()
    if key is None:
        raise BadSetting("Reading a Spawn database takes its key: pass `key`, or set SPAWN_STATESTORE_KEY.")
    scheme = url.partition("://")[0].partition("+")[0].replace("mysql", "mariadb")
    if scheme not in _READ_ONLY:
        raise BadSetting(
            "Spawn keeps states in Postgres or MariaDB: write postgresql+psycopg://… or mariadb+pymysql://…."
        )
    database = Database(url, _LIMITS, _READ_ONLY[scheme])
    try:
        has_history = _check_tables(database, is_postgres=scheme == "postgresql")
    except BaseException:
        database.close()
        raise
    rows = RowReader([key, *other_keys], templates)
    return SpawnDatabase(database, rows, is_postgres=scheme == "postgresql", has_history=has_history)


def _check_tables(database: Database, *, is_postgres: bool) -> bool:
    """Whether there is a history beside the table of states.

    Raises:
        BadSetting: the table is not there.
    """
    with translated(database.url, "read"), database.engine.connect() as connection:
        inspector = inspect(connection)
        tables = inspector.get_table_names()
        if not is_spawn_database(inspector):
            found = ", ".join(sorted(tables)[:8]) or "none"
            raise BadSetting(
                f"{database.url} is not the database of a Spawn proxy: it has no table `snapshots` with Spawn's columns "
                f"(tables found: {found}).\nGive the database that PROXY_DATABASE_NAME names."
            )
        if is_postgres:
            return "historical_snapshots" in tables
        kind = connection.execute(
            text(
                "SELECT table_type FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'snapshots'"
            )
        ).scalar()
        return kind == "SYSTEM VERSIONED"


def _same_write(left: SpawnRevision, right: SpawnRevision) -> bool:
    return (left.snapshot.revision, left.snapshot.at_us) == (right.snapshot.revision, right.snapshot.at_us)


# --- Rows -------------------------------------------------------------------------------------------------------------
# Rows of a Spawn database as records: columns decrypted, JSON taken out of its envelope, what cannot be read said.

_COUNTER_LABEL = b"\x01\x0aAES.CTR.V1"
_IV_BYTES = 16
_tags_decoder = msgspec.json.Decoder(dict[str, Any])


class SpawnRevision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of one actor, as a Spawn proxy wrote it."""

    snapshot: Snapshot
    """`state` is None where there is none, and where it cannot be read; `parent` is empty while the template is not known;
    `definition` is empty: code is not in the database; `at_us` is when the revision was written."""
    number: int
    """Spawn's own 27-bit id of the actor."""
    node: str
    data_type: str
    """The state's type URL as stored; JSON states have `records.JSON` in the snapshot."""
    until_us: int = 0
    """When the next revision took its place; 0 for the present one."""
    problem: str = ""
    """Why the state cannot be read; empty if it can."""

    @property
    def is_current(self) -> bool:
        return self.until_us == 0


class RowReader:
    """Makes records of rows, with the keys and templates that were given."""

    def __init__(self, keys: Sequence[bytes], templates: Iterable[str]) -> None:
        self._keys = keys
        self._ciphers = [Cipher(key) for key in keys]
        self._templates = tuple(dict.fromkeys(templates))
        self._parents: dict[int, str] = {}

    def revision(self, row: RowMapping, at: datetime, until: datetime | None) -> SpawnRevision:
        """The record of a row of either table."""
        try:
            state, problem = self._state(row["data_type"] or "", row["data"]), ""
        except SealBrokenError as error:
            state, problem = None, str(error)
        return SpawnRevision(
            snapshot=Snapshot(
                actor=ActorId(row["system"] or "", row["actor"] or ""),
                parent=self._parent(row["number"], row["actor"] or "", row["system"] or ""),
                revision=row["revision"] or 0,
                state=state,
                tags=_tags(row["tags"]),
                definition="",
                at_us=_microseconds(at),
                status=row["status"] or "UNKNOWN",
            ),
            number=row["number"],
            node=row["node"] or "",
            data_type=row["data_type"] or "",
            until_us=0 if until is None else _microseconds(until),
            problem=problem,
        )

    def _parent(self, number: int, name: str, system: str) -> str:
        found = self._parents.get(number)
        if found is None:
            found = self._parents[number] = template_of(number, name, system, self._templates) or ""
        return found

    def _state(self, data_type: str, column: bytes | None) -> State | None:
        """Nothing and an encryption of nothing both stand for a message of default values; as JSON that is no state."""
        plain = self._opened(bytes(column)) if column else b""
        if not data_type or (not plain and data_type.rpartition("/")[2] in JSON_NAMES):
            return None
        return State(from_any(AnyMessage(type_url=data_type, value=plain)))

    def _opened(self, column: bytes) -> bytes:
        if column.startswith(_COUNTER_LABEL):
            return self._opened_unauthenticated(column)
        for cipher in self._ciphers:
            try:
                return uncloak(cipher, column)
            except SealBrokenError as error:
                if "layout" in str(error):
                    raise
        given = ", ".join(cipher.fingerprint.hex() for cipher in self._ciphers)
        raise SealBrokenError(f"encrypted with another key, or changed since (tried: {given})")

    def _opened_unauthenticated(self, column: bytes) -> bytes:
        """Spawn's older layout cannot tell a wrong key from a right one, so the first key is the only one tried."""
        body = column[len(_COUNTER_LABEL) :]
        decryptor = BlockCipher(algorithms.AES(self._keys[0]), modes.CTR(body[:_IV_BYTES])).decryptor()
        return decryptor.update(body[_IV_BYTES:]) + decryptor.finalize()


def _tags(value: Any) -> dict[str, str]:
    """Postgres gives a dict, MariaDB the text."""
    tags = value if isinstance(value, dict) else _tags_decoder.decode(value) if value else {}
    return {str(name): str(text) for name, text in tags.items()}


def _microseconds(moment: datetime) -> int:
    """Spawn's columns have no zone and mean UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
