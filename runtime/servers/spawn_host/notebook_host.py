"""A notebook beside a proxy: its actors run in this process, as the proxy's host."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import msgspec

from runtime.api import DeployReport
from runtime.clients.proxy.client import SpawnProxyClient
from runtime.clients.proxy.connection import ProxyLink, read_target
from runtime.errors import UnknownActor, rebuild
from runtime.servers.spawn_host.host import ActorHost
from runtime.servers.spawn_host.journal import HostJournal


class LateHost:
    """An actor host that begins to listen at the first deploy: attaching alone takes no port."""

    def __init__(
        self,
        link: ProxyLink,
        *,
        port: int | None = None,
        journal: str = "",
        notify: Callable[[str], object] | None = None,
    ) -> None:
        self._link, self._port, self._journal = link, port, journal
        self._told: dict[str, Any] = {} if notify is None else {"notify": notify}
        self.client: SpawnProxyClient
        """Set by the owner before the first deploy."""
        self._host: ActorHost | None = None
        self._starting = threading.Lock()

    def deploy(self, actor: type) -> DeployReport:
        with self._starting:
            if self._host is None:
                self._host = ActorHost(
                    self._link,
                    self.client.about,
                    self.client.name,
                    port=self._port,
                    journal=open_journal(self._journal),
                    **self._told,
                )
        return noted(self._host.deploy(actor), self.client)

    def undeploy(self, actor: str) -> None:
        try:
            if self._host is not None:
                self._host.undeploy(actor)
                return
        except UnknownActor:
            pass
        what = "nothing" if self._host is None else "no such actor"
        raise rebuild(
            UnknownActor.code,
            f"Cannot undeploy {actor}: this process has deployed {what} to the proxy at {self._link.target.url}.\n"
            "What other hosts registered there, the proxy forgets when it is restarted.",
        )

    def close(self) -> None:
        if self._host is not None:
            self._host.close()


def noted(report: DeployReport, client: SpawnProxyClient) -> DeployReport:
    """The report, and that no one has said the name of the actor system, where that is so."""
    if not client.is_name_assumed:
        return report
    note = (
        f"It is registered in the actor system {client.name!r}, which is Spawn's default: this proxy does not say its own.\n"
        "If that is another one, the actor begins empty there: give its name (--system NAME)."
    )
    return msgspec.structs.replace(report, notes=(*report.notes, note))


def open_journal(url: str) -> HostJournal | None:
    """The journal at a store's URL; None for none.

    Raises:
        StoreError: it cannot be opened.
    """
    if not url:
        return None
    from runtime.stores.registry import open_store

    return HostJournal(open_store(url))


def join(
    url: str,
    *,
    port: int | None = None,
    journal: str = "",
    system: str = "",
    timeout: float = 60.0,
    notify: Callable[[str], object] | None = None,
    **options: Any,
) -> SpawnProxyClient:
    """The system of a proxy, to act on and to deploy to: this process becomes its actor host at the first deploy.

    Args:
        port: where the proxy calls its host; None for Spawn's 8090, or with a proxy of ours any free port.
        journal: URL of a store in which every invocation of our actors and its answer is recorded.
        system: the proxy's actor system; not given, it is found out as `SpawnProxyClient` says.
        notify: is told when the proxy was away and has the actors again; None to log it.
        options: of `proxy_link.read_target`: token, certificates.

    Raises:
        BadSetting, Unreachable, NotAllowed: see `SpawnProxyClient`; whether the proxy calls this process is found out before
            the first deploy registers anything.
    """
    link = ProxyLink(read_target(url, **options))
    host = LateHost(link, port=port, journal=journal, notify=notify)
    try:
        client = SpawnProxyClient(link, mode="act", system=system, timeout_s=timeout, deployer=host)
    except BaseException:
        link.close()
        raise
    host.client = client
    return client
