"""An actor system served as a Spawn proxy: `serve` starts it, on a loop and a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from runtime.drivers.event_loops import OwnLoop
from runtime.errors import BadSetting, Overloaded, SpawnError
from runtime.hosts.http import REPLY_S, HostAddress, HttpHost
from runtime.servers.http.messages import JSON_TEXT, Access, HttpLimits, Reply, Request, Response
from runtime.servers.http.server import HttpServer
from runtime.servers.security import LOOPBACK, Rate, Security, check_listener, is_loopback
from runtime.servers.spawn_proxy.app import SpawnProxy
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.pb.spawn.actors.protocol_pb2 import InvocationResponse
from runtime.wire.spawn.statuses import Headers, error_status, failure_notes

if TYPE_CHECKING:
    from runtime.contracts.contract import Contract
    from runtime.servers.contracts.http import ContractApp

HTTP_PORT, HOST_PORT = 9001, 8090
PROTOCOL = "/api/v1/"
_ANYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - addresses that are no address to call


class RunningProxy:
    """A proxy that listens.  Any thread may use it; `close` ends it, and its system runs on."""

    def __init__(self, system: EmbeddedSystem, thread: OwnLoop, host: HttpHost, proxy: SpawnProxy) -> None:
        self.system = system
        self.host = host
        self._thread, self._proxy = thread, proxy
        self._doors: list[RateLimitedApp] = []
        self._contracts: ContractApp | None = None
        self.chosen_ports: list[int] = []
        """Of the ports on which hosts listen, those that were left to this proxy."""
        self._is_closed = False

    @property
    def address(self) -> str:
        """The URL for clients and for the first host."""
        return self._doors[0].url

    @property
    def addresses(self) -> Mapping[str, int]:
        """Each URL, with the port on which a host that registers there has to listen."""
        return {door.url: door.host_port for door in self._doors}

    def environment(self, url: str = "") -> dict[str, str]:
        """What an SDK in another process needs in its environment, to register at `url` (default: the first)."""
        door = next((each for each in self._doors if each.url == url), self._doors[0])
        # Where it listens everywhere, others call it by this machine's name.
        name = socket.gethostname() if door.name in _ANYWHERE else door.name
        return {
            "PROXY_ACTOR_SYSTEM_NAME": self.system.name,
            "PROXY_HTTP_HOST": name,
            "PROXY_HTTP_PORT": str(door.port),
            "SPAWN_PROXY_URL": door.url.replace(f"//{door.name}:", f"//{name}:"),
            "USER_FUNCTION_HOST": LOOPBACK,
            "USER_FUNCTION_PORT": str(door.host_port),
            "SPAWN_ACTION_PORT": str(door.host_port),
        }

    def hosts(self) -> dict[str, list[str]]:
        """The host processes that registered, each with its actors."""
        return {str(target): sorted(target.actors) for target in self.host.targets.all.values()}

    def serve_contract(self, contract: Contract) -> None:
        """Answer the paths of a contract's `google.api.http` rules too, and `/openapi.json`.

        What its services' options say of an actor goes before what the actor's host registers.

        Raises:
            ContractError: one of its rules or services cannot be served.
            DefinitionError: an option has a value outside its range.
        """
        from runtime.servers.contracts.http import ContractApp

        app = self._contracts or ContractApp(self.system, observe=self._proxy.metrics.invoked)
        app.add(contract)
        for service in contract.services.values():
            if service.is_actor:
                self._proxy.registrar.declare(service.name, service.settings)
        self._contracts = self._proxy.contracts = app

    @property
    def is_draining(self) -> bool:
        return self._proxy.is_draining

    def drain(self) -> None:
        """Refuse registrations and calls from now on, be `down` for readiness checks; calls under way go on."""
        self._proxy.is_draining = True

    def close(self, timeout_s: float = 10.0) -> None:
        """Drain, answer what is under way for up to `timeout_s`, stop listening.  Foreign actors are undeployed.

        Safe to call twice.  State and history stay; a host that registers again goes on where it was.
        """
        if self._is_closed:
            return
        self._is_closed = True
        self.drain()
        with contextlib.suppress(TimeoutError):
            self._thread.wait(self._close(timeout_s), timeout_s + 5.0)
        self._undeploy()
        self._proxy.close()
        self._thread.stop()

    async def _close(self, timeout_s: float) -> None:
        await asyncio.gather(*(door.server.close(timeout_s) for door in self._doors))
        self.host.close()

    def _undeploy(self) -> None:
        templates = self.system.driver.engine.directory.templates
        for name in [name for name, template in list(templates.items()) if template.host is self.host]:
            self.system.undeploy(name)

    def open_local_door(self, host_port: int) -> None:
        """One more free port on this machine, for a host that listens on `host_port`; 0 for a free one."""
        self.open_door(LOOPBACK, 0, host_port, None, HttpLimits())

    def open_door(self, bind: str, port: int, host_port: int, security: Security | None, limits: HttpLimits) -> None:
        """Listen there; hosts that register at this door are called at `host_port`, or where `environment` tells them to listen.

        Raises:
            BadSetting: the address cannot be listened on.
        """
        chosen = host_port or free_port(self.addresses.values())
        door = RateLimitedApp(self._proxy, bind, chosen, security, limits)
        try:
            self._thread.wait(door.open(port), 10.0)
        except OSError as error:
            raise BadSetting(
                f"Cannot listen on {bind}:{port}: {error.strerror or error}. Choose another port."
            ) from error
        self._doors.append(door)
        if not host_port:
            self.chosen_ports.append(chosen)


class RateLimitedApp:
    """One listener: who may come in, and where the hosts that register here are called."""

    def __init__(
        self, proxy: SpawnProxy, bind: str, host_port: int, security: Security | None, limits: HttpLimits
    ) -> None:
        self._proxy, self._security, self.name, self.host_port = proxy, security, bind, host_port
        # SDKs send the name or address at which they call the proxy as `Host`.
        names = (os.environ.get("PROXY_HTTP_HOST", ""),)
        self.server = HttpServer(self, bind=bind, security=security, names=names, limits=limits)
        self.port = 0
        self._rate = Rate(limits.requests_per_second)
        self._fixed_host = os.environ.get("USER_FUNCTION_HOST", "")

    async def open(self, port: int) -> None:
        self.port = await self.server.listen(port)

    @property
    def url(self) -> str:
        scheme = "https" if self._security is not None and self._security.is_encrypted else "http"
        return f"{scheme}://{self.name}:{self.port}"

    def access(self, method: str, path: str) -> Access:
        """See `messages.App`."""
        return self._proxy.access(method, path)

    def refused(self, path: str, status: int, error: SpawnError) -> Response:
        """Decodable as the answer of every call of the protocol, whose status is field 1 in all; JSON elsewhere."""
        noted: Headers = failure_notes(error.code)
        if status == 401:
            noted = (("www-authenticate", "Bearer"), *noted)
        if path.startswith(PROTOCOL):
            body = InvocationResponse(status=error_status(error, self._proxy.system)).SerializeToString()
            return Response(status, body, headers=noted)
        return Response(status, msgspec.json.encode({"code": error.code, "message": str(error)}), JSON_TEXT, noted)

    def handle(self, request: Request, reply: Reply) -> None:
        """See `messages.App`."""
        if not self._rate.take():
            error = Overloaded("Too many requests a second; nothing was run. Send it again later.")
            reply(self.refused(request.path, 429, error))
        elif request.role is None:  # a supervisor of the process may know whether it lives, and nothing else of it
            self._proxy.handle(request, lambda response: reply(_bare(response)), self._host_address)
        else:
            self._proxy.handle(request, reply, self._host_address)

    def _host_address(self, request: Request) -> HostAddress:
        """Where the sender listens, if it is a host: on its own machine, never anywhere else."""
        peer = request.peer.removeprefix("::ffff:") or LOOPBACK
        host = peer if self._fixed_host in _ANYWHERE else self._fixed_host
        port = self.host_port
        for part in request.query.split("&") if request.query else ():
            name, _, value = part.partition("=")
            if name == "host-port" and value.isdigit() and 0 < int(value[:6]) < 65_536:
                port = int(value)
        return HostAddress(host, port)


def free_port(taken: Collection[int] = ()) -> int:
    """A port of this machine on which nobody listens now, for another process to listen on; none of `taken`."""
    while True:
        with socket.socket() as trial:
            trial.bind((LOOPBACK, 0))
            port: int = trial.getsockname()[1]
        if port not in taken:
            return port


def _bare(response: Response) -> Response:
    return msgspec.structs.replace(response, headers=())


def serve(
    system: EmbeddedSystem,
    *,
    http_port: int = HTTP_PORT,
    host_port: int = HOST_PORT,
    more: Sequence[tuple[int, int]] = (),
    bind: str = LOOPBACK,
    security: Security | None = None,
    limits: HttpLimits | None = None,
    host_timeout_s: float = REPLY_S,
) -> RunningProxy:
    """Offer a system as a Spawn proxy: SDKs register and invoke over HTTP, their actors live in `system`.

    A host says nowhere in the protocol on which port it listens, and a real proxy calls one host only.  Here each further
    host process gets a door of its own; or it registers at `/api/v1/system?host-port=8092`.

    Args:
        http_port: where clients and hosts connect; 0 for a free port.
        host_port: where the hosts that register at it listen; 0 for a free port, which `environment` tells them.
        more: further pairs of such ports.
        bind: this machine only, unless `security` has certificates.
        security: who may connect; None for every process of this machine, as Spawn's own SDKs expect.
        host_timeout_s: how long a host may take for an answer.

    Raises:
        BadSetting: a port is taken, or anybody could connect from elsewhere.
    """
    if security is not None:
        check_listener(bind, security)
    elif not is_loopback(bind):
        raise BadSetting(
            f"Cannot listen on {bind!r} without TLS and a token or client certificates: everybody could run actions.\n"
            f"Give security=Security(certificate=…, key=…), or listen on {LOOPBACK}."
        )
    system.start()
    thread = OwnLoop("wb-proxy-http")
    host = HttpHost(thread.loop, timeout_s=host_timeout_s)
    running = RunningProxy(system, thread, host, SpawnProxy(system, thread.loop, host))
    try:
        for one_port, one_host_port in ((http_port, host_port), *more):
            running.open_door(bind, one_port, one_host_port, security, limits or HttpLimits())
    except BaseException:
        running.close(0.0)
        raise
    return running
