"""A notebook's connection to an actor system: which one, where its store is, and the history database over it.

One `Session` exists per process, `current`.  Nothing starts before something is asked of it; after an explicit `stop`
nothing starts again by itself.  This module knows no Jupyter: what it has to say goes to `Session.notify`.
"""

from __future__ import annotations

import atexit
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from runtime.api import SystemApi, SystemStatus, is_local
from runtime.config import DEFAULT_SYSTEM, Durability, RuntimeConfig, as_durability
from runtime.errors import BadSetting, SpawnError, StoreInUse, SystemStopped, nearest, shown
from workbench.actor_logs import ActorLogs
from workbench.redaction import display
from workbench.render.tables import plural
from workbench.results import Status
from workbench.shutdown import by_actor, close_attentively
from workbench.store_location import default_store, prepare_directory, shown_path, store_url

if TYPE_CHECKING:
    from runtime.authoring.definition import ActorDefinition
    from runtime.contracts.contract import Contract
    from runtime.records import Left
    from runtime.system.embedded import EmbeddedSystem
    from runtime.system.guest_acts import GuestAct
    from workbench.remote.audit import Audits, Trail
    from workbench.remote.targets import Attached
    from workbench.sql.database import HistoryDatabase


# --- What there is to say of an embedded system: where its key is, and what is done to it on purpose ------------------


def key_location(system: SystemApi) -> str:
    """Where the key of a system's store is, as the system tells it; empty if it does not."""
    return str(getattr(getattr(system, "store", None), "key_location", "") or "")


def left_before(system: SystemApi) -> tuple[str, ...]:
    """What an earlier run has left, as sentences; nothing if it left nothing."""
    if not is_local(system):
        return ()
    left, notes = system.backlog(), []
    if left.dead_letters:
        found = plural(left.dead_letters, "message")
        notes.append(f"Undelivered: {found}. wb.dead_letters() lists them, %retry ID sends one again.")
    if waiting := left.waiting_for_code:
        notes.append(f"Accepted before, and processed once the cell of their actor has been run: {by_actor(waiting)}.")
    return tuple(notes)


def on_purpose(system: SystemApi) -> tuple[str, ...]:
    """Held actors and injected faults, which make a system look broken."""
    if not is_local(system):
        return ()
    names = system.held_actors()
    return (*([f"Held: {', '.join(names)}."] if names else []), *map(repr, system.debugger.faults()))


def key_is_new(system: SystemApi) -> bool:
    """Whether the store's key was made just now."""
    return bool(getattr(getattr(system, "store", None), "key_is_new", False))


def welcome(system: SystemApi) -> str:
    """What the user is told when a system has started: where its store and its key are, and what it continues."""
    status = system.status()
    line = f"Actor system {system.name!r} started. Store: {shown_path(status.store)}"
    key = key_location(system)
    lines = [line + (f" · key: {shown_path(key)}" if key else "")]
    if key and key_is_new(system):
        lines.append("Without its key a store cannot be read. A copy of both: python -m runtime backup STORE FILE")
    if status.committed:
        lines.append(
            f"It continues after {plural(status.committed, 'turn')}; an actor runs again once its cell has been run."
        )
    return "\n".join([*lines, *left_before(system)])


# --- Session ----------------------------------------------------------------------------------------------------------

_SETTINGS = {"system", "store", "durability", "key"} | set(RuntimeConfig.__struct_fields__) - {"store_url"}


class Closeable(Protocol):
    """Something that ends with the system."""

    def close(self) -> None: ...


class Session:
    """Holds the current system.  Safe to use from several threads; `system` is None until something needs it."""

    def __init__(self) -> None:
        self.system: SystemApi | None = None
        """The running system: a plain attribute, so that a call costs no more than reading it."""
        self.defaults: dict[str, Any] = {}
        """Settings for a start that does not say: `system`, `store`, `durability` and runtime options."""
        self.notebook = ""
        """The notebook's file, where a front end tells it otherwise than Jupyter does."""
        self.notify: Callable[[str], object] = _tell_on_stderr
        """Gets what the user should know once, such as where the store and its key are."""
        self.show_plainly: Callable[[BaseException], object] = _leave_as_it_is
        """Have an exception of the user's own code, which a command has called, shown without the frames of the command."""
        self.watched: Callable[[SystemApi, str, str], AbstractContextManager[object]] = _unwatched
        """Around a call of an actor's action: says in the cell what it waits behind."""
        self.guest_news: deque[str] = deque(maxlen=100)
        """What other processes did to the code of one's own system and the user has not been told yet."""
        self.logs = ActorLogs()
        """What actors print and log, while something brings it here."""
        self.left: Left | None = None
        """What the last stop left; None before the first."""
        self._lock = threading.RLock()
        self.variables: Mapping[str, Any] = {}
        """The notebook's variables, in which a query finds tables by name."""
        self._sql_reads_files = False
        self._history: HistoryDatabase | None = None
        self._stopped = False
        self._started_with: dict[str, Any] = {}
        self.contracts: dict[str, Contract] = {}
        """What was compiled here and declares actors, by package; served when the system is."""
        self.served: Closeable | None = None
        """What lets other processes in, while something does; closed before the system is."""
        self._attached: Attached | None = None
        self._trail: Trail | None = None
        self._audits: Audits | None = None
        self._own: SystemApi | None = None
        """While attached: the embedded system, which runs on."""
        self._sharing: Closeable | None = None
        """Lets other processes on the same store join."""
        self._orphan: SystemApi | None = None
        """The system of a process whose store this one had joined, and that has ended since; until the next use."""
        self._unsettled: list[ActorDefinition] = []
        """What ran here for it, to be deployed again."""
        self._swap = threading.Lock()
        """Held while the current system is exchanged, never while anything is waited for."""

    def open(self) -> SystemApi:
        """The running system, started if this is the first use, or if the process whose system it was has ended.

        Raises:
            SystemStopped: it was stopped explicitly.
        """
        system = self.system
        if system is not None:
            return system
        if self._stopped:
            raise SystemStopped(str(self._settings({})["system"]))
        with self._lock:
            if self._orphan is not None or self._unsettled:
                return self._succeed()
            return self.system or self._start(self._settings({}), is_first_use=True)

    def start(
        self,
        *,
        system: str | None = None,
        store: str | Path | None = None,
        durability: Durability | str | None = None,
        join: bool = True,
        **options: Any,
    ) -> SystemApi:
        """Start an embedded system, or give the one that runs.

        A store that another process of this user has open is joined: its system becomes the current one, over loopback.

        Args:
            join: False to be refused instead.

        Raises:
            BadSetting: one runs already with other settings, or a setting is not usable.
            StoreInUse, WrongKey, StoreDamaged, StoreTooNew: the store cannot be opened; nothing was started.
        """
        given = {"system": system, "store": store, "durability": durability, **options}
        wanted = {name: value for name, value in given.items() if value is not None}
        with self._lock:
            if self._orphan is not None:
                self._abandon_orphan()
            if self._attached is not None:
                raise BadSetting(f"Attached to {self._attached.target}. Leave it first, with wb.detach() or %detach.")
            if self.system is not None:
                self._refuse_other_settings(wanted)
                return self.system
            settings = self._settings(wanted)
            if settings["store"] != self._started_with.get("store"):
                self._unsettled = []  # what ran for one store is no business of another
            return self._settled(self._start(settings, is_first_use=False, may_join=join))

    def stop(self, drain: float | None = None) -> bool:
        """Stop the system and write everything it answered; False if none was running.

        What was accepted is processed for `drain` seconds (5 if the system was not configured otherwise), or until an interrupt;
        `left` says what remains.  Turns in progress get some seconds to end.  Until an explicit `start`, nothing starts by
        itself.  Safe to call twice.
        """
        with self._lock:
            self.detach()
            self._unsettled = []
            for each in (self._sharing, self.served):
                if each is not None:
                    each.close()
            self._sharing = self.served = None
            running, self.system = self.system, None
            self._forget_history()
            self._stopped = True
            atexit.unregister(self.stop)
            if running is not None:
                try:
                    close_attentively(running, self.notify, drain)
                finally:
                    self.left = running.left if is_local(running) else None
            return running is not None

    def attach(self, system: SystemApi, attached: Attached, reason: str = "") -> None:
        """Make a system of another process the current one, as far as the mode allows, instead of one attached before.

        The embedded system, if it runs, goes on beside it and is current again after `detach`.

        Raises:
            AuditUnwritable: what is done there could not be recorded; the system is closed, and nothing has changed.
        """
        from workbench.remote.access import guarded

        with self._lock:
            trail = self.audits.attached(attached.target, attached.system, attached.mode, reason)
            try:
                with trail.act("attach"):
                    self.detach()
            except BaseException:
                system.close()
                raise
            self._forget_history()
            with self._swap:
                self._own, self.system = self.system, guarded(system, attached.mode, trail)
                self._attached, self._trail = attached, trail
            display.is_attached = True

    def detach(self) -> Attached | None:
        """Leave the attached system, which runs on; what was left, or None if nothing was attached."""
        with self._lock:
            with self._swap:
                attached, self._attached = self._attached, None
                trail, self._trail = self._trail, None
                if attached is None or trail is None:
                    return None
                left, self.system, self._own = self._orphan or self.system, self._own, None
                self._orphan = None
                display.is_attached = False
            self._forget_history()
            with trail.act("detach"):
                if left is not None:
                    left.close()
            return attached

    @property
    def audits(self) -> Audits:
        """The record of what was done to systems."""
        if self._audits is None:
            from workbench.remote.audit import Audits

            self._audits = Audits(
                self._own_store, lambda: self.notebook, lambda text: self.notify(text), self._write_guest_calls
            )
        return self._audits

    def _own_store(self) -> str:
        return str(self._started_with.get("store") or self._settings({})["store"])

    @property
    def attached(self) -> Attached | None:
        """What the current system is attached to; None for the embedded one, and if what was joined has ended."""
        return None if self._orphan is not None else self._attached

    @property
    def own(self) -> SystemApi | None:
        """The embedded system, also while another one is attached; None if it does not run."""
        return self.system if self._attached is None else self._own

    def _forget_history(self) -> None:
        history, self._history = self._history, None
        if history is not None:
            history.close()

    def reset(self) -> None:
        """Stop, and be as new: the next use starts again."""
        self.stop()
        self.contracts = {}
        self._stopped = False

    def history(self) -> HistoryDatabase:
        """The DuckDB database over the current system's journal, made at first use."""
        system = self.open()
        with self._lock:
            if self._history is None:
                from workbench.sql.database import HistoryDatabase
                from workbench.sql.json_text import as_message

                self._history = HistoryDatabase(
                    system,
                    decode_state=as_message,
                    audit=self.audits.acts,
                    variables=self.variables,
                    reads_files=self._sql_reads_files,
                )
            return self._history

    @property
    def sql_reads_files(self) -> bool:
        """Whether a query may read files of this machine.  A change takes effect at the next query, which reads all anew."""
        return self._sql_reads_files

    @sql_reads_files.setter
    def sql_reads_files(self, wanted: bool) -> None:
        with self._lock:
            if wanted != self._sql_reads_files:
                self._sql_reads_files = wanted
                self._forget_history()

    def status(self) -> Status:
        """How the system is doing.  Starts nothing."""
        system = self.system
        if system is not None and self._attached is not None:
            return Status.of(self._attached.located(system.status()))
        if system is not None:
            # What was opened counts as running, though its threads start with the first call.
            running = msgspec.structs.replace(system.status(), running=True)
            durability, notes = str(self._started_with["durability"]), (*on_purpose(system), *left_before(system))
            return Status.of(running, key=key_location(system), durability=durability, notes=notes)
        settings, notes = self._settings({}), tuple[str, ...]()
        if self._orphan is not None:
            settings, notes = (
                self._started_with,
                ("The process that had the store open has closed it, or has ended: the next command opens it here.",),
            )
        status = SystemStatus(system=settings["system"], store=settings["store"], running=False)
        return Status.of(status, notes=notes)

    def _start(self, settings: dict[str, Any], *, is_first_use: bool, may_join: bool = True) -> SystemApi:
        from runtime import embedded

        prepare_directory(settings["store"])
        try:
            system = embedded(**settings)
        except StoreInUse as error:
            joined = self._join(settings) if may_join else None
            if joined is None:
                raise error from None
            return joined
        self.system, self._stopped, self._started_with = system, False, settings
        # A courtesy to scripts that end without a stop; what must not be lost does not depend on it.
        atexit.register(self.stop)
        system.guest_acts.listener = partial(self._guest_acted, system.name)
        self._share(system, settings["store"])
        if is_first_use or key_is_new(system):
            self.notify(welcome(system))
        return system

    def _guest_acted(self, system: str, act: GuestAct) -> None:
        """Another process did something to this system: recorded in the audit, and, but for calls, told with the next output."""
        if not act.is_of_calls:
            self.guest_news.append(str(act))
        self.audits.own(system).by_guest(act)

    def _write_guest_calls(self) -> None:
        """What is counted so far, into the audit."""
        if self.own is not None and is_local(self.own):
            self.own.guest_acts.calls.flush()

    def _share(self, system: EmbeddedSystem, store: str) -> None:
        from workbench.remote.shared_store import Sharing

        self._sharing = Sharing(system, store, lambda: str(getattr(self.served, "address", "")))

    def _join(self, settings: dict[str, Any]) -> SystemApi | None:
        """Attach to the process that has the store; None if it does not let us in."""
        from workbench.remote.shared_store import join

        joined = join(settings["store"], self.notify, self._owner_gone)
        if joined is None:
            return None
        self._stopped, self._started_with = False, settings
        self.attach(*joined)
        return self.system

    def _owner_gone(self, attached: Attached) -> None:
        """The process that was joined has ended: the next use opens the store here.  Any thread; waits for nothing."""
        with self._swap:
            if self._attached is attached and self.system is not None:
                self._orphan, self.system = self.system, None

    def _succeed(self) -> SystemApi:
        """Open the store whose owner has ended, or join the process that was faster, and go on with the code that ran here."""
        self._abandon_orphan()
        self.notify(f"The process that had {shown_path(self._started_with['store'])} open has closed it, or has ended.")
        return self._settled(self._start(self._started_with, is_first_use=True))

    def _settled(self, system: SystemApi) -> SystemApi:
        definitions, self._unsettled = self._unsettled, []
        deploy: Callable[[Any], object] = system.deploy
        for definition in definitions:
            try:
                deploy(definition)
            except SpawnError as error:
                self.notify(f"{definition.name} does not run here: {error}")
        if definitions:
            self.notify(f"Runs here as before: {', '.join(each.name for each in definitions)}.")
        return system

    def _abandon_orphan(self) -> None:
        self._unsettled += getattr(self._orphan, "loaded", list)()
        self.detach()

    def _settings(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        settings = {"system": DEFAULT_SYSTEM, "durability": Durability.JOURNAL, **self.defaults, **wanted}
        for name in settings.keys() - _SETTINGS:
            raise BadSetting(f"There is no setting {name!r}. {nearest(name, _SETTINGS, kind='setting')}")
        settings["store"] = store_url(settings.get("store") or default_store(self.notebook))
        settings["durability"] = as_durability(settings["durability"])
        return settings

    def _refuse_other_settings(self, wanted: Mapping[str, Any]) -> None:
        running = self._started_with
        for name, value in wanted.items():
            if (store_url(value) if name == "store" else value) == running.get(name):
                continue
            # A key is never shown.
            asked, has = (
                ("another key", "its own") if name == "key" else (f"{name}={shown(value)}", shown(running.get(name)))
            )
            raise BadSetting(
                f"Cannot start with {asked}: an actor system runs already with {has}.\n"
                "Stop it first with wb.stop() or %spawn stop."
            )


_NOTHING = nullcontext()


def _unwatched(*_: object) -> AbstractContextManager[object]:
    """In a script no one looks at an output meanwhile."""
    return _NOTHING


def _leave_as_it_is(_: BaseException) -> None:
    """In a script a traceback is Python's."""


def _tell_on_stderr(text: str) -> None:
    sys.stderr.write(f"{text}\n")


current = Session()
"""This process's session."""
