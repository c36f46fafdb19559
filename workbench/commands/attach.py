"""Work with an actor system of another process, come back, read what was done to it, and read a Spawn system's database."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime.api import Capability, SystemApi, offers
from runtime.errors import SpawnError, shown
from runtime.wire.codecs.values import decode_value
from workbench.commands.history import since_us
from workbench.presenters.acts import Acts
from workbench.redaction import redacted
from workbench.remote.access import read_mode
from workbench.remote.targets import Attached, open_target
from workbench.render.tables import local_time
from workbench.results import Rows
from workbench.session import current

if TYPE_CHECKING:
    from runtime.stores.spawn_db.reader import SpawnRevision


def attach(
    target: str,
    mode: str = "look",
    *,
    reason: str | None = None,
    system: str | None = None,
    token: str | None = None,
    token_file: str | Path | None = None,
    authority: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    host_port: int | None = None,
    journal: str | None = None,
) -> Attached:
    """Make the actor system at `target` the current one: every command goes there until `detach`.

    An embedded system that runs goes on in this process.  A node on this machine and of this user needs no token.

    Acting on a proxy, this process is its actor host from the first deploy on: whether the proxy calls this process is found
    out before anything is registered.

    Args:
        target: `grpc://HOST:PORT` of another workbench node, or `http://HOST:PORT` of a Spawn proxy, where
            `?system=NAME` after it does the same as `system`.
        mode: `look` only reads; `act` can call, deploy and everything else that the system can do.
        reason: why it is opened; recorded with everything that is done there (`wb.audit`).
        system: name of the proxy's actor system; None to find it out: from the proxy's own environment where it is a process
            of this machine, else from PROXY_ACTOR_SYSTEM_NAME, else it is taken for Spawn's default, and that is said.
        token: what the node's server named when it started; else read from `token_file`, or from `SPAWN_NODE_TOKEN`.
        authority: PEM file of who signed the certificate of a `grpcs://` node.
        certificate, key: PEM files by which such a node knows us.
        host_port: where a proxy calls the actors of this process; None for Spawn's 8090, or a free one if the proxy is ours.
        journal: URL of a store in which every invocation of those actors and its answer is recorded.

    Raises:
        BadSetting: the target, the mode, a file or an option is not usable, or the proxy serves another actor system.
        Unreachable: no one answers there.
        NotAllowed: the token is missing or wrong.
        AuditUnwritable: what is done there could not be recorded, so it is not opened to act.
    """
    wanted = read_mode(mode)
    options = {
        "system": system, "token": token, "token_file": token_file, "authority": authority, "certificate": certificate, "key": key,
        "host_port": host_port, "journal": journal,
    }  # fmt: skip
    opened = open_target(target, wanted, current.notify, **options)
    attached = Attached.to(opened, target, wanted)
    current.attach(opened, attached, reason or "")
    return attached


def attached() -> Attached | None:
    """What is attached; None while the embedded system is the current one."""
    return current.attached


def detach() -> Attached | None:
    """Leave the attached system, which runs on; what was left, or None if nothing was attached.

    Actors that were deployed there from here give way to what ran before.
    """
    return current.detach()


# --- What this notebook did to actor systems --------------------------------------------------------------------------


def audit(actor: str | None = None, *, since: datetime | float | str | None = None, limit: int = 50) -> Acts:
    """The last acts of this notebook on actor systems, oldest first, and what was refused to it.

    Of an attached system: attaching, leaving, each call, deployment, undeployment and restoring in mode `act`, and what mode `look`
    refused.  Of one's own: what does not come by message, such as deploying, retrying, holding and dropping messages, injecting
    faults; its calls are in its history.  What other notebooks did to one's own, with the name and user that they give and
    their address: deploying and taking back, undeploying, restoring, `confirm_dropped`, and their calls once they are answered,
    counted by actor, action and minute (`spawn` where a parent is named).

    An act of one's own is recorded before it is sent; one without an end was cut short.  Of payloads size and hash are kept, never
    what is in them.  The record is a file beside the store, which only its owner can read; for a system in memory it is in
    memory.  Also as SQL: `SELECT * FROM audit`.

    Its lines are chained: where one was changed or removed, or cannot be read, the answer says which; `damages` has it as data.

    Args:
        actor: only acts on this actor.
        since: only later acts: an aware datetime, or how long ago in seconds or as text such as `"1h"`.
        limit: how many.

    Raises:
        BadSetting: `since` is no time.
    """
    first_us = since_us(since)
    found = [act for act in current.audits.acts() if act.at_us >= first_us and actor in (None, act.actor)]
    return Acts.of(found[-limit:] if limit > 0 else (), current.audits.damages())


# --- Recording what is done to one's own system outside messages; attached systems record by themselves ---------------


def acting(
    system: SystemApi, act: str, actor: str = "", action: str = "", payload: Any = None
) -> AbstractContextManager[object]:
    """Record an act around doing it.  One that cannot be recorded is done all the same, and the user is told."""
    if not offers(system, Capability.HOLD):
        return nullcontext()
    return current.audits.own(system.name).act(act, actor, action, payload)


# --- The actors of a real Spawn system, read from its database --------------------------------------------------------


class SpawnRevisions(Rows["SpawnRevision"]):
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
    from runtime.stores.spawn_db.reader import open_spawn_database

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
