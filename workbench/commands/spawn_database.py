"""The actors of a real Spawn system, read from its database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from runtime.errors import SpawnError, shown
from runtime.stores.spawn_db.reader import SpawnRevision, open_spawn_database
from runtime.wire.codecs.values import decode_value
from workbench.redaction import redacted
from workbench.render.tables import local_time
from workbench.results import Rows


class SpawnRevisions(Rows[SpawnRevision]):
    """States that a Spawn proxy saved: the newest of each actor, or those of one actor, oldest first."""

    __slots__ = ()
    columns = ("actor", "of", "system", "status", "revision", "written", "state")
    empty = "No states of such actors in this database."
    noun = "state"

    def cells(self, record: SpawnRevision) -> Sequence[object]:
        found = record.snapshot
        return (
            found.actor.name, found.parent, found.actor.system, found.status, found.revision, local_time(found.at_us),
            _shown(record),
        )  # fmt: skip


def spawn_database(
    url: str,
    actor: str | None = None,
    *,
    key: bytes | None = None,
    templates: Iterable[str] = (),
) -> SpawnRevisions:
    """The states that a Spawn proxy saved in its database, which is only read: each session there refuses to write.

    Args:
        url: `postgresql+psycopg://user:password@host/database` or `mariadb+pymysql://…`.
        actor: every saved revision of this actor, oldest first; None for the newest one of every actor.
        key: 32 bytes; None for `SPAWN_STATESTORE_KEY`, as for the proxy.
        templates: names of unnamed actors; children of these get their `parent`.

    Raises:
        BadSetting: no key, another sort of server, or a database that is no Spawn proxy's.
        StoreUnavailable: it cannot be reached.
    """
    with open_spawn_database(url, key=key, templates=templates) as database:
        return SpawnRevisions(database.current() if actor is None else database.history(actor))


def _shown(record: SpawnRevision) -> Any:
    state = record.snapshot.state
    if state is None:
        return record.problem
    try:
        return shown(redacted(decode_value(state.value)))
    except SpawnError:  # a message whose contract is not known here
        return f"{record.data_type}, {len(state.value.data):,} bytes"
