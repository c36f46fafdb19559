"""Let other processes use this notebook's actor system: other notebooks over gRPC, Spawn's SDKs over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from runtime.errors import BadSetting
from workbench.redaction import redacted_text
from workbench.render.tables import html_lines
from workbench.session import current
from workbench.store_location import shown_path

if TYPE_CHECKING:
    from runtime.contracts.contract import Contract
    from runtime.servers.grpc_node.server import NodeServer
    from runtime.servers.spawn_proxy.server import RunningProxy
    from runtime.system.embedded import EmbeddedSystem

HOST_PORT = 8090
"""Where a host listens, as Spawn has it."""


class Served:
    """What listens, as an answer that shows itself; `close` stops listening, and the system runs on."""

    def __init__(self, node: NodeServer, proxy: RunningProxy | None) -> None:
        self._node, self._proxy = node, proxy
        self._contracts: dict[str, Contract] = {}

    @property
    def address(self) -> str:
        """What `wb.attach` takes in another notebook."""
        return self._node.address

    @property
    def token_file(self) -> str:
        """Where other processes of this user find the token by themselves."""
        return str(self._node.token_file or "")

    @property
    def look_token_file(self) -> str:
        """The file of the token with which one can only look, to be handed to others; the server sees to it."""
        return str(self._node.look_token_file or "")

    @property
    def http_address(self) -> str:
        """Where SDKs register and clients invoke; empty without HTTP."""
        return self._proxy.address if self._proxy is not None else ""

    @property
    def environment(self) -> dict[str, str]:
        """What an SDK in another process needs in its environment; empty without HTTP."""
        return self._proxy.environment() if self._proxy is not None else {}

    @property
    def environments(self) -> dict[int, dict[str, str]]:
        """The same for each host process, by the port on which it has to listen."""
        doors = self._proxy.addresses if self._proxy is not None else {}
        return {port: self._proxy.environment(url) for url, port in doors.items() if self._proxy is not None}

    def open_for(self, host_ports: Sequence[int]) -> None:
        """Have an address for each host process that listens on one of these ports, 0 for a free one; those that have one keep it.

        Raises:
            BadSetting: nothing is served over HTTP.
        """
        chosen = self._proxy.chosen_ports if self._proxy is not None else ()
        missing = [port for port in host_ports if port and port not in self.environments]
        missing += [0] * (list(host_ports).count(0) - len(chosen))
        if missing and self._proxy is None:
            raise BadSetting("HTTP is not served, so no host can register: close() this, and serve again.")
        for port in missing:
            cast("RunningProxy", self._proxy).open_local_door(port)

    def serve_contract(self, contract: Contract) -> None:
        """Answer a contract's methods as gRPC, and by its rules as HTTP/JSON where HTTP is served.

        Raises:
            ContractError: one of its services cannot be served.
        """
        from runtime.servers.contracts.grpc import serve_contract

        serve_contract(self._node, contract)
        if self._proxy is not None:
            self._proxy.serve_contract(contract)
        self._contracts[contract.package] = contract

    def close(self) -> None:
        """Stop listening.  Safe to call twice."""
        if self._proxy is not None:
            self._proxy.close()
        self._node.stop()
        if current.served is self:
            current.served = None

    def __repr__(self) -> str:
        lines = [f"Actor system {self._node.system.name!r} is served."]
        lines.append(f"  notebooks    %attach {self.address}")
        lines.append(
            f"  token        {shown_path(self.token_file)} (for your other processes; they find it by themselves)"
        )
        if self.look_token_file:
            lines.append(
                f"  to look      {shown_path(self.look_token_file)} (for those who may look and nothing else: --token-file)"
            )
        if self._proxy is not None:
            for environment in self.environments.values():
                lines.append(f"  SDKs         {environment['SPAWN_PROXY_URL']}")
                lines += [f"               {name}={value}" for name, value in environment.items()]
        for contract in self._contracts.values():
            served = ", ".join(each.descriptor.full_name for each in contract.services.values() if each.is_actor)
            lines.append(f"  contract     {served}" + (f" ({self.http_address}/openapi.json)" if self._proxy else ""))
        return redacted_text("\n".join(lines))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}


def serve(*, grpc_port: int = 0, http_port: int | None = 0, host_port: int | Sequence[int] | None = None) -> Served:
    """Listen for other processes of this machine, until the system stops; what listens already is answered again.

    Args:
        grpc_port: for other notebooks (`wb.attach`) and any gRPC client; 0 for a free one.
        http_port: for SDKs that speak Spawn's protocol; 0 for a free one, None for not at all.
        host_port: where a host of SDK actors listens (default: Spawn's 8090), 0 for a free port; a list for several host
            processes, which may register the same actors.  Each has an address of its own to register at; what is served
            already gets more.

    Raises:
        BadSetting: a port is taken or is none, or the current system is another process's.
    """
    from runtime.servers.grpc_node.server import NodeServer

    host_ports = [host_port] if isinstance(host_port, int) else list(host_port or ())
    _check_ports(grpc_port, http_port or 0, *host_ports)
    running = current.served
    if isinstance(running, Served):
        running.open_for(host_ports)
        return running
    if current.attached is not None:
        raise BadSetting(f"Cannot serve {current.attached.target}: it is another process's. %detach first.")
    system = cast("EmbeddedSystem", current.open())  # the only kind that is not attached
    node = NodeServer(system, port=grpc_port).start()
    try:
        proxy = None if http_port is None else _proxy(system, http_port, host_ports or [HOST_PORT])
        served = current.served = Served(node, proxy)
    except BaseException:
        node.stop()
        raise
    for contract in current.contracts.values():
        served.serve_contract(contract)
    return served


def _proxy(system: EmbeddedSystem, http_port: int, host_ports: Sequence[int]) -> RunningProxy:
    from runtime.servers.spawn_proxy.server import serve as serve_http

    first, *others = host_ports
    return serve_http(system, http_port=http_port, host_port=first, more=[(0, port) for port in others])


def _check_ports(*ports: int) -> None:
    for port in ports:
        if not 0 <= port <= 65_535:
            raise BadSetting(f"{port} is no port; use one from 1 to 65535, or 0 for a free one.")
