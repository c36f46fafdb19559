"""The proxy's side of Spawn's protocol over HTTP: SDKs of any language register, spawn and invoke here.

Every request gets a decodable answer with the right status at once; `runtime/README.md` lists where a real proxy does
otherwise.  Nothing here runs an action: that is the engine's business, and `hosts.http`'s.
"""

from __future__ import annotations

import asyncio
import functools
import urllib.parse
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress

import msgspec

from runtime.engine.commands import Run
from runtime.errors import BadSetting, InternalError, SpawnError, SystemStopped
from runtime.hosts.http import HostAddress, HostCall, HttpHost
from runtime.records import Outcome, Work
from runtime.security.crypto import Role
from runtime.servers.http.guard import PROTOBUF
from runtime.servers.http.messages import JSON_TEXT, PLAIN_TEXT, Access, App, Request, Response
from runtime.servers.http.messages import Reply as Send
from runtime.servers.spawn_proxy.inline_turns import InlineTurns
from runtime.servers.spawn_proxy.invocations import InvocationHandler
from runtime.servers.spawn_proxy.metrics import Metrics, template_loads
from runtime.servers.spawn_proxy.registry import Registrar, read_revision
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.http_client import AddressPool, Answer, Ended, http_request
from runtime.wire.pb.spawn.actors.protocol_pb2 import (
    OK,
    InvocationResponse,
    RegistrationResponse,
    RequestStatus,
    SpawnResponse,
)
from runtime.wire.spawn import statuses
from runtime.wire.spawn.messages import Dialect, put_id, set_payload
from runtime.wire.spawn.statuses import error_status, http_status

_NOT_FOUND = Response(404, b"Not found!", PLAIN_TEXT)
_UP = Response(200, b'{"status":"up"}', JSON_TEXT)
_DOWN = Response(503, b'{"status":"down"}', JSON_TEXT)
_LONGEST_IDENTITY, _PROBE_S = 100, 5.0
_LIVES = ("/health/liveness", "/health/readiness")
_SHOWS = ("/health", "/metrics", statuses.HOST_PROBE)
_PROBES, _READS, _ACTS = (Access(role, PROTOBUF) for role in (None, Role.LOOK, Role.ACT))
_ROOT = "/api/v1/system"
_BELOW = f"{_ROOT}/"


Sender = Callable[[Request], HostAddress]
"""Where a host listens that sends this request."""

Answers = type[RegistrationResponse] | type[SpawnResponse] | type[InvocationResponse]


class SpawnProxy:
    """One actor system as a Spawn proxy.  Belongs to its server's loop."""

    def __init__(self, system: EmbeddedSystem, loop: asyncio.AbstractEventLoop, host: HttpHost) -> None:
        self._system, self._loop, self.host = system, loop, host
        self.is_draining = False
        self.metrics = Metrics(system.name)
        self.registrar = Registrar(system, host)
        self._work = ThreadPoolExecutor(4, "wb-proxy")
        self._turns = InlineTurns(system.driver, host, self._begin)
        self.contracts: App | None = None
        """Answers the paths that are not the proxy's own."""
        self._calls = InvocationHandler(system, loop, self.metrics, self._in_thread, self._turns)
        host.observe = self._host_called

    @property
    def system(self) -> str:
        """The actor system's name."""
        return self._system.name

    def close(self) -> None:
        self._work.shutdown(wait=False, cancel_futures=True)

    def access(self, method: str, path: str) -> Access:
        """See `messages.App`."""
        if path == _ROOT or path.startswith(_BELOW):
            return _READS if method in ("GET", "HEAD") and "/actors/" in path else _ACTS
        if path.rstrip("/") in _LIVES:
            return _PROBES
        if path.rstrip("/") in _SHOWS:
            return _READS
        return self.contracts.access(method, path) if self.contracts is not None else _ACTS

    def handle(self, request: Request, send: Send, sender: Sender) -> None:
        """Serve one request."""
        path = request.path
        is_actors = path.startswith(_BELOW) and "/actors/" in path
        if is_actors and path.endswith("/invoke"):
            if self._takes(request, send, InvocationResponse):
                self._calls.invoke(request.body, send, functools.partial(self._dialect, request, sender))
        elif path == _ROOT:
            if self._takes(request, send, RegistrationResponse):
                self._register(request, send, sender(request))
        elif is_actors and path.endswith("/actors/spawn"):
            if self._takes(request, send, SpawnResponse):
                self._spawn(request, send)
        elif is_actors:
            self._get(request, send, lambda: self._state(request, send, sender))
        else:
            self._look(request, send, sender(request))

    def _dialect(self, request: Request, sender: Sender) -> Dialect:
        """What a client speaks that has not shown it: as the host that is called at its door, else as the last that registered."""
        targets = self.host.targets.all
        target = targets.get(sender(request)) if len(targets) > 1 else next(iter(targets.values()), None)
        return target.dialect if target is not None else self.registrar.dialect

    def _look(self, request: Request, send: Send, address: HostAddress) -> None:
        """What needs no actor: health and metrics."""
        path = request.path.rstrip("/")
        if path in ("/health", "/health/liveness"):
            about = Response(
                200, _UP.body, JSON_TEXT, ((statuses.ABOUT, str(statuses.About(self._system.name, str(address)))),)
            )
            self._get(request, send, lambda: send(about))
        elif path == "/health/readiness":
            self._get(request, send, lambda: self._in_thread(self._readiness, send))
        elif path == "/metrics":
            self._get(request, send, lambda: self._in_thread(self._metrics, send))
        elif path == statuses.HOST_PROBE:
            self._get(request, send, lambda: self._probe(address, send))
        elif self.contracts is None:
            send(_NOT_FOUND)
        elif self.is_draining:
            error = SystemStopped(self._system.name)
            send(Response(503, msgspec.json.encode({"code": error.code, "message": str(error)}), JSON_TEXT))
        else:
            self.contracts.handle(request, send)

    # -- what all requests have in common --------------------------------------------------------------------------------

    def _takes(self, request: Request, send: Send, kind: Answers) -> bool:
        """Whether this is a message that can be looked at now; if not, it is refused."""
        if request.method != "POST":
            send(Response(405, b"Use POST here.\n", PLAIN_TEXT, (("allow", "POST"),)))
        elif not request.headers.get(b"content-type"):
            error = BadSetting(
                "The body must be protobuf, as content type application/octet-stream, and it is nothing."
            )
            send(self._refusal(kind, error, 415))
        elif self.is_draining:
            send(self._refusal(kind, SystemStopped(self._system.name)))
        else:
            return True
        return False

    def _get(self, request: Request, send: Send, serve: Callable[[], object]) -> None:
        if request.method in ("GET", "HEAD"):
            serve()
        else:
            send(Response(405, b"Use GET here.\n", PLAIN_TEXT, (("allow", "GET, HEAD"),)))

    def _refusal(self, kind: Answers, error: SpawnError, status: int = 0) -> Response:
        body = kind(status=error_status(error, self._system.name)).SerializeToString()
        headers = statuses.failure_notes(error.code)
        return Response(status or http_status(error.code), body, headers=headers, gzip_bytes=_gzip_bytes(kind))

    def _in_thread(self, work: Callable[[], Response], send: Send) -> None:
        """Do what may block, and send what it gives."""
        self._work.submit(work).add_done_callback(lambda done: self._hand_back(done, send))

    def _hand_back(self, done: Future[Response], send: Send) -> None:
        if done.cancelled():
            response = self._refusal(InvocationResponse, SystemStopped(self._system.name))
        elif (error := done.exception()) is not None:
            response = self._refusal(InvocationResponse, InternalError(f"{type(error).__name__}: {error}"))
        else:
            response = done.result()
        with suppress(RuntimeError):  # the loop was closed: the client is gone
            self._loop.call_soon_threadsafe(send, response)

    # -- the endpoints -------------------------------------------------------------------------------------------------

    def _register(self, request: Request, send: Send, address: HostAddress) -> None:
        try:
            registration = self.registrar.read(request.body, address)
        except SpawnError as error:
            send(self._refusal(RegistrationResponse, error))
        else:
            work = self._guarded(RegistrationResponse, lambda: self.registrar.deploy(registration))
            self._in_thread(work, send)

    def _spawn(self, request: Request, send: Send) -> None:
        try:
            revision = read_revision(urllib.parse.parse_qs(request.query))
        except SpawnError as error:
            send(self._refusal(SpawnResponse, error))
        else:
            self._in_thread(self._guarded(SpawnResponse, lambda: self.registrar.spawn(request.body, revision)), send)

    def _state(self, request: Request, send: Send, sender: Sender) -> None:
        name = urllib.parse.unquote(request.path.partition("/actors/")[2])
        dialect = self._dialect(request, sender)

        def work() -> Response:
            try:
                revision = read_revision(urllib.parse.parse_qs(request.query))
                value = self._system.encoded_state(name, revision or None)
                info = self._system.info(name)
            except SpawnError as error:
                return self._refusal(InvocationResponse, error)
            response = InvocationResponse(status=RequestStatus(status=OK))
            response.system.name = self._system.name
            put_id(response.actor.id, info.id, info.parent)
            set_payload(response, value, dialect)
            revisions = ((statuses.REVISION, str(revision or info.revision)),)
            return Response(200, response.SerializeToString(), headers=revisions)

        self._in_thread(work, send)

    def _guarded(self, kind: Answers, work: Callable[[], bytes]) -> Callable[[], Response]:
        def run() -> Response:
            try:
                return Response(200, work(), gzip_bytes=_gzip_bytes(kind))
            except SpawnError as error:
                return self._refusal(kind, error)

        return run

    def _readiness(self) -> Response:
        status = self._system.status()
        is_ready = not self.is_draining and not status.store_error
        return _UP if is_ready else _DOWN

    def _probe(self, address: HostAddress, send: Send) -> None:
        """Fetch the identity of what listens there, for a host that wants to know whether that is itself."""
        pool = AddressPool(self._loop, address.host, address.port)

        def done(how: Ended) -> None:
            pool.close()
            if isinstance(how, Answer) and how.status == 200:
                send(Response(200, how.body[:_LONGEST_IDENTITY], PLAIN_TEXT))
            else:
                send(Response(502, b"Nothing that tells who it is listens there.\n", PLAIN_TEXT))

        pool.send(http_request("GET", statuses.IDENTITY, str(address)), done, _PROBE_S)

    def _metrics(self) -> Response:
        loads, ready = template_loads(self._system.driver)
        return Response(200, self.metrics.text(self._system.status(), loads, ready), PLAIN_TEXT)

    def _begin(self, run: Run) -> None:
        HostCall(self.host, run, self._turns.finish).start()

    def _host_called(self, work: Work, outcome: Outcome, seconds: float) -> None:
        result = "ok" if outcome.failure is None else outcome.failure.code
        self.metrics.host_called(work.parent, work.invocation.action, result, seconds)


def _gzip_bytes(kind: Answers) -> int:
    """From which size on an answer is compressed.

    Spawn's Java SDK reads the answer to a registration twice, which its HTTP library allows only for what came compressed.
    """
    return 1 if kind is RegistrationResponse else 1_024
