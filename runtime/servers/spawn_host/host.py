"""Actors of this process behind a proxy, Spawn's own or one of ours: the proxy keeps mailboxes and states, we run the code."""

from __future__ import annotations

import importlib.metadata
import logging
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import msgspec

from runtime.api import DeployReport
from runtime.authoring.definition import ActorDefinition, define
from runtime.clients.proxy.client import ProxyCalls
from runtime.clients.proxy.connection import ProxyLink, accepted
from runtime.drivers.event_loops import OwnLoop
from runtime.errors import BadSetting, SpawnError, UnknownActor, Unreachable
from runtime.ids import RandomIds
from runtime.servers.http.server import HttpServer
from runtime.servers.security import LOOPBACK, is_loopback
from runtime.servers.spawn_host.app import CrashBudget, FirstFailures, HostApp, Strays
from runtime.servers.spawn_host.discovery import DEFAULT_HOST_PORT, ProxyWatch, check_host
from runtime.servers.spawn_host.journal import HostJournal
from runtime.servers.spawn_host.turns import HostedCalls, HostTurns
from runtime.system.redeploy import compare, stored
from runtime.wire.pb.spawn.actors.protocol_pb2 import RegistrationResponse
from runtime.wire.spawn.registration import Announced, make_registration
from runtime.wire.spawn.statuses import About

_REGISTER_S = 30.0
_log = logging.getLogger("runtime.servers")


class ActorHost:
    """Registers and serves.  Public methods may be called by any thread."""

    def __init__(
        self,
        link: ProxyLink,
        about: About | None,
        system: str,
        *,
        port: int | None = None,
        bind: str = LOOPBACK,
        journal: HostJournal | None = None,
        service: str = "spawn-workbench",
        timeout_s: float = 60.0,
        notify: Callable[[str], object] = _log.warning,
    ) -> None:
        """Listens, and makes sure that the proxy calls this process; nothing is registered yet.

        Args:
            about: what a proxy of ours says of itself; None for one of Spawn's.
            bind: an address of this machine only: a proxy cannot show who it is.
            port: where the proxy calls; None for Spawn's 8090, or with a proxy of ours any free port.
            journal: where every invocation and its answer is recorded; the host closes it.
            notify: is told when the proxy was away and has the actors again, and once of each actor that a real proxy calls and
                that is not ours; called by a thread of the host.

        Raises:
            BadSetting: another process listens on the port, or everybody could have actions run.
            NotAllowed: the proxy calls another process, or there is no telling.
        """
        if not is_loopback(bind):
            raise BadSetting(
                f"Cannot listen on {bind!r}: proxies call hosts without TLS and without a token, so anybody there could run "
                "actions.\nRun this host beside the proxy, as in one pod, and forward a port to it where that is not possible."
            )
        self._link, self._about, self.system, self._service = link, about, system, service
        self._journal = journal
        self._turns = HostTurns(journal)
        self._turns.calls = HostedCalls(
            ProxyCalls(link, has_keys=about is not None), RandomIds(), timeout_s, has_keys=about is not None
        )
        self._own = OwnLoop("wb-actor-host")
        identity = secrets.token_hex(16)
        self.app = HostApp(self._turns, self._own.loop, identity)
        if about is None:
            self.app.budget = CrashBudget()
            self.app.strays = Strays(link.target.url, notify)
            self.app.retries.failures = FirstFailures(self._turns.stays_s)
        # A real proxy sends the name or address that it calls as `Host`.
        self._server = HttpServer(self.app, bind=bind, names=(os.environ.get("USER_FUNCTION_HOST", ""),))
        self._watch = ProxyWatch(link.target, self.register, notify)
        self._announced: dict[str, Announced] = {}
        self._deploying = threading.Lock()
        self._is_closed = False
        wanted = port if port is not None else DEFAULT_HOST_PORT if about is None else 0
        try:
            self.port = self._listen(bind, wanted)
            self.how_known = check_host(link, about, self.port, identity, is_stated=port is not None)
        except BaseException:
            self.close()
            raise
        self._own.loop.call_soon_threadsafe(self._watch.start)

    def _listen(self, bind: str, port: int) -> int:
        try:
            return self._own.wait(self._server.listen(port), 10.0)
        except OSError as error:
            raise BadSetting(
                f"Cannot listen on {bind}:{port}: {error.strerror or error}. If the proxy calls that port, its calls go to the "
                "process that listens there."
            ) from error

    def deploy(self, actor: type | ActorDefinition) -> DeployReport:
        """Run an actor's actions for the proxy from now on, and register it there.

        The report's notes say what a real proxy takes over only later.

        Raises:
            DefinitionError, HostFailed: the class cannot be an actor, or the proxy refuses it; what ran before still runs.
            Unreachable: the proxy does not answer; it is registered when the proxy is back.
        """
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        with self._deploying:
            former = self._turns.definition(definition.name)
            report = compare(definition, former)
            if former is not None and former.hash == definition.hash:
                self._turns.prepare(definition)  # equal code in other objects: these run from the next call on
                return report
            initial = self._turns.prepare(definition)
            if self._journal is not None:
                self._journal.save(stored(definition, time.time_ns() // 1_000))
            before = self._announced.get(definition.name)
            self._announced[definition.name] = Announced(definition, initial)
            try:
                self.register()
            except Unreachable:
                raise  # it is registered when the proxy is back
            except SpawnError:
                self._go_back(definition.name, before)
                raise
        notes = consequences(definition, former) if self._about is None else ()
        return msgspec.structs.replace(report, notes=(*report.notes, *notes))

    def _go_back(self, name: str, before: Announced | None) -> None:
        """The proxy refused a definition: what ran before runs on."""
        if before is None:
            del self._announced[name]
            self._turns.withdraw(name)
        else:
            self._announced[name] = before
            self._turns.prepare(before.definition)

    def undeploy(self, actor: str) -> None:
        """Run nothing of this actor any more.  The proxy still knows it until it is restarted: its calls fail.

        Raises:
            UnknownActor: nothing of that name is deployed here.
        """
        with self._deploying:
            self._announced.pop(actor, None)
            if not self._turns.withdraw(actor):
                raise UnknownActor(actor, self._announced)

    def register(self) -> None:
        """Have the proxy know all actors of this host, again or for the first time.

        Raises:
            Unreachable: the proxy does not answer.
            HostFailed, DefinitionError: it does not take them.
        """
        if not self._announced:
            return
        request = make_registration(
            list(self._announced.values()), self.system, self._service, _version(), is_real=self._about is None
        )
        query = f"?host-port={self.port}" if self._about is not None else ""
        answer = self._link.request("POST", f"/api/v1/system{query}", request.SerializeToString(), _REGISTER_S)
        accepted(RegistrationResponse, answer, f"register {', '.join(self._announced)}", self.system)

    @property
    def actors(self) -> tuple[str, ...]:
        return tuple(self._announced)

    @property
    def retries_recognised(self) -> int:
        """How many calls were answered without running their action again."""
        return self.app.retries.recognised

    @property
    def times_registered_again(self) -> int:
        return self._watch.times_registered

    def close(self, timeout_s: float = 10.0) -> bool:
        """Answer what runs for up to `timeout_s`, then stop; False if the journal could not be written whole.

        Safe to call twice.  The proxy still knows the actors, and its calls of them fail until a host is there again.
        """
        if self._is_closed:
            return True
        self._is_closed = True
        self._own.loop.call_soon_threadsafe(self._watch.stop)
        with suppress(TimeoutError):  # an action that does not end
            self._own.wait(self._server.close(timeout_s), timeout_s + 5.0)
        self._turns.close()
        self._own.stop()
        return self._journal.close() if self._journal is not None else True


def _version() -> str:
    try:
        return importlib.metadata.version("spawn-workbench")
    except importlib.metadata.PackageNotFoundError:
        return "unknown"


# --- What a redeploy means behind a real proxy, as it was measured (docs/protocols.md, "Redeploy behind a real proxy") ---

_JITTER_S = 3


def consequences(new: ActorDefinition, old: ActorDefinition | None) -> tuple[str, ...]:
    """Sentences for the user; empty when everything holds at once."""
    return () if old is None else tuple(_consequences(new, old))


def _consequences(new: ActorDefinition, old: ActorDefinition) -> Iterator[str]:
    name = new.name
    window_s = old.settings.deactivate_timeout_ms // 1_000 + _JITTER_S
    until = f"until {name} leaves memory, up to {window_s} s after it was activated, or the proxy is restarted"
    timers, former = _timers(new), _timers(old)
    added = sorted(set(new.actions) - set(old.actions) - set(timers))
    removed = sorted(set(old.actions) - set(new.actions) - set(former))
    if added:
        yield f"New actions ({', '.join(added)}) are not found by the proxy {until}."
    if removed:
        yield f"Removed actions ({', '.join(removed)}) are still accepted by the proxy {until}; here they fail."
    if _kept_by_proxy(new) != _kept_by_proxy(old):
        yield f"The proxy keeps the old settings {until}."
    if timers != former:
        yield "The proxy goes on with the old timers beside the new ones until it is restarted."
    yield f"Changed code of actions runs from the next call on. A stored state of {name} wins over new defaults."


def _timers(definition: ActorDefinition) -> dict[str, int]:
    return {spec.name: spec.every_ms for spec in definition.actions.values() if spec.role == "timer"}


def _kept_by_proxy(definition: ActorDefinition) -> tuple[object, ...]:
    settings = definition.settings
    return (
        settings.kind,
        settings.stateful,
        settings.deactivate_timeout_ms,
        settings.snapshot_timeout_ms,
        settings.channels,
    )
