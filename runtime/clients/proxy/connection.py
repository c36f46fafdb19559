"""The connection to a proxy: one loop in a thread, requests that any thread may make, and what the answers mean."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import re
import ssl
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from google.protobuf.message import DecodeError

from runtime.api import SystemStatus
from runtime.drivers.event_loops import OwnLoop
from runtime.errors import (
    ActionFailed,
    BadSetting,
    HostFailed,
    SpawnError,
    StoreUnavailable,
    UnknownAction,
    UnknownActor,
    Unreachable,
    rebuild,
)
from runtime.records import Encoded, Invocation
from runtime.security.crypto import read_token
from runtime.wire.http_client import AddressPool, Answer, ClientLimits, NoAnswer, NotSent, http_request
from runtime.wire.pb.spawn.actors.protocol_pb2 import (
    ACTOR_NOT_FOUND,
    OK,
    InvocationResponse,
    RegistrationResponse,
    RequestStatus,
    SpawnResponse,
)
from runtime.wire.spawn import statuses
from runtime.wire.spawn.messages import payload_of

T = TypeVar("T")

DEFAULT_PORT = 9001
TOKEN_VARIABLE = "SPAWN_PROXY_TOKEN"  # noqa: S105 - a name, not a secret
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_LINK_LIMITS = ClientLimits(idle_s=30.0)


class ProxyTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where a proxy is, and our right to be there."""

    url: str
    host: str
    port: int
    system: str = ""
    """The actor system that the URL names; empty if it names none."""
    token: str = ""
    authority: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https://")

    @property
    def is_local(self) -> bool:
        """On this machine."""
        return self.host in _LOOPBACK

    def tls(self) -> ssl.SSLContext | None:
        if not self.is_encrypted:
            return None
        try:
            context = ssl.create_default_context(cafile=self.authority)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except OSError as error:
            raise BadSetting(f"Cannot use the certificates given for {self.url}: {error}.") from None
        return context


def read_target(
    url: str,
    *,
    token: str | None = None,
    token_file: str | Path | None = None,
    authority: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    environ: Mapping[str, str] = os.environ,
) -> ProxyTarget:
    """Where `http://HOST:PORT` or `https://HOST:PORT` is; `?system=NAME` after it names the proxy's actor system.

    Raises:
        BadSetting: the URL or a file is not usable.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        host, port = None, 0
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme not in ("http", "https") or not host or parts.path not in ("", "/") or options.keys() - {"system"}:
        raise BadSetting(
            f"{url!r} is not the address of a Spawn proxy. Write http://127.0.0.1:{DEFAULT_PORT}, for instance."
        )
    if parts.username or parts.password:
        raise BadSetting("Do not write a secret into the URL, where it would be shown and saved; give token= instead.")
    if bool(certificate) != bool(key):
        raise BadSetting("A client certificate needs its key, and a key its certificate; only one of them was given.")
    if parts.scheme == "http" and (authority or certificate):
        raise BadSetting(f"Certificates are for encrypted connections: write https:// instead of http:// in {url}.")
    return ProxyTarget(
        url=f"{parts.scheme}://{parts.netloc}",
        host=host,
        port=port,
        system=options.get("system", ""),
        token=token or (read_token(Path(token_file)) if token_file else "") or environ.get(TOKEN_VARIABLE, ""),
        authority=Path(authority) if authority else None,
        certificate=Path(certificate) if certificate else None,
        key=Path(key) if key else None,
    )


class ProxyLink:
    """Requests to one proxy.  Nothing is ever sent twice."""

    def __init__(self, target: ProxyTarget) -> None:
        self.target = target
        self._own = OwnLoop("wb-proxy-client")
        self.loop = self._own.loop
        self._pool = AddressPool(self.loop, target.host, target.port, tls=target.tls(), limits=_LINK_LIMITS)
        self._host = f"{target.host}:{target.port}" if ":" not in target.host else f"[{target.host}]:{target.port}"
        self._headers = f"authorization: Bearer {target.token}\r\n" if target.token else ""
        self.is_closed = False

    def begin(self, method: str, path: str, body: bytes, timeout_s: float) -> concurrent.futures.Future[Answer]:
        """Send; the future gets the answer, `NotSent` or `NoAnswer`.  Any thread."""
        if self.is_closed:
            raise Unreachable(f"{self.target.url} was left; attach again.")
        request = http_request(method, path, self._host, body, self._headers)
        return self._submit(self._ask(request, timeout_s))

    async def _ask(self, request: bytes, timeout_s: float) -> Answer:
        return await self._pool.ask(request, timeout_s)

    def _submit(self, coroutine: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop)

    def request(self, method: str, path: str, body: bytes = b"", timeout_s: float = 10.0) -> Answer:
        """The answer to a request that runs no action.  Any thread but the loop's.

        Raises:
            Unreachable: there is none.
        """
        try:
            return self.begin(method, path, body, timeout_s).result(timeout_s + 10.0)
        except (NotSent, NoAnswer, TimeoutError) as error:
            raise self.unreachable(error) from None

    def unreachable(self, error: BaseException) -> Unreachable:
        return Unreachable(f"Cannot reach the proxy at {self.target.url}: {str(error) or 'no answer'}.")

    def close(self) -> None:
        """Drop the connections; safe to call twice."""
        if self.is_closed:
            return
        self.is_closed = True
        self.loop.call_soon_threadsafe(self._pool.close)
        self._own.stop()


# --- How a proxy is: all that one may ask it while one only looks -----------------------------------------------------

_LOOKS_S = 10.0
_LOOK_AGAIN_S = 0.02


class ProxyHealth:
    """Health and metrics of a proxy.  Any thread."""

    name: str
    about: statuses.About | None
    _link: ProxyLink
    _where: str

    def health(self) -> dict[str, bool]:
        """Whether the proxy is alive, and whether it takes calls."""
        checks = {"liveness": "/health/liveness", "readiness": "/health/readiness"}
        return {
            name: self._link.request("GET", path, timeout_s=_LOOKS_S).status == 200 for name, path in checks.items()
        }

    def metrics(self) -> str:
        """What the proxy counts, as Prometheus text."""
        return self._link.request("GET", "/metrics", timeout_s=_LOOKS_S).body.decode("utf-8", "replace")

    def status(self) -> SystemStatus:
        """Whether it is ready; a proxy of ours also counts, a real one tells what is in its metrics."""
        is_ready = self._link.request("GET", "/health/readiness", timeout_s=_LOOKS_S).status == 200
        if self.about is None:
            told = self_description(self.metrics())
            return SystemStatus(system=self.name, store=self._link.target.url, running=is_ready, told=told)
        counts = gauges(self.metrics())
        finished = counts.get("spawn_turns_finished", 0)
        return SystemStatus(
            system=self.name,
            store=self._link.target.url,
            running=is_ready,
            actors=counts.get("spawn_actors_active", 0),
            waiting=counts.get("spawn_actor_message_queue_len", 0),
            sequence=finished,
            committed=finished - counts.get("spawn_turns_unwritten", 0),
        )

    def flush(self, timeout: float = 10.0) -> int:
        """Wait until a proxy of ours has written what it had answered; a real one does not tell, so 0 at once."""
        deadline = time.monotonic() + timeout
        status = self.status()
        while (unwritten := status.sequence - status.committed) > 0:
            if time.monotonic() >= deadline:
                raise StoreUnavailable(f"{self._where} has {unwritten} turns that are not on disk after {timeout:g} s.")
            time.sleep(_LOOK_AGAIN_S)
            status = self.status()
        return status.committed


# --- What a proxy answered, as a value or as the error that it means --------------------------------------------------
# Proxies of ours say the error's class in a header; of a real proxy there is a status and a sentence, or not even that.

_NO_ACTOR = re.compile(r"Actor .* not found on ActorSystem ")
_NO_ACTION = re.compile(r"Action \[.*\] not found for Actor \[")


def response_of(answer: Answer, invocation: Invocation) -> Encoded | None:
    """The payload of an answered invocation.

    Raises:
        SpawnError: what the answer means otherwise.
    """
    response = read(InvocationResponse, answer, f"{invocation.actor.name}.{invocation.action}", invocation.actor.system)
    if response.status.status != OK:
        raise error_of(response.status, answer, invocation)
    return payload_of(response, response.WhichOneof("payload"))


def accepted(kind: type[RegistrationResponse] | type[SpawnResponse], answer: Answer, what: str, system: str) -> Any:
    """The message of a request that was accepted.

    Raises:
        SpawnError: it was not; the message says what the proxy said.
    """
    response = read(kind, answer, what, system)
    if response.status.status != OK:
        code = answer.notes.get(statuses.CODE, "host_failed")
        raise rebuild(code, f"Cannot {what}: {response.status.message or _unexplained(answer, system)}")
    return response


def read(kind: Any, answer: Answer, what: str, system: str) -> Any:
    """The answer as its message; `system` is the actor system that was asked for.

    Raises:
        HostFailed: it is none; a real proxy answers many errors with nothing.
    """
    try:
        message = kind.FromString(answer.body)
    except DecodeError:
        message = kind()
    if not message.HasField("status"):
        raise HostFailed(f"{what} has no outcome: {_unexplained(answer, system)}")
    return message


def _unexplained(answer: Answer, system: str) -> str:
    return (
        f"the proxy answered HTTP {answer.status} and did not say why.\n"
        "A real proxy does that when the action failed, when its host is down, when it does not know a name, and when its actor\n"
        f"system is not {system!r}, which was asked for (--system NAME, if it is another one); its log tells."
    )


def error_of(status: RequestStatus, answer: Answer, invocation: Invocation) -> SpawnError:
    """The error behind a status that is not OK, with its class where that is known."""
    actor, text = invocation.actor.name, status.message
    code = answer.notes.get(statuses.CODE, "")
    if code == ActionFailed.code:
        kind = unquote(answer.notes.get(statuses.TYPE, ""))
        said = text.partition(f"failed with {kind}: ")[2].partition("\n")[0]
        return ActionFailed(actor, invocation.action, kind, said or text, invocation=invocation.id)
    if code:
        return rebuild(code, text)
    if status.status == ACTOR_NOT_FOUND or _NO_ACTOR.match(text):
        return rebuild(UnknownActor.code, text)
    if _NO_ACTION.match(text):
        return rebuild(UnknownAction.code, text)
    return HostFailed(f"{actor}.{invocation.action} failed: {text or _unexplained(answer, invocation.actor.system)}")


def gauges(text: str) -> dict[str, int]:
    """The plain numbers of a proxy's metrics, by name, summed over their labels; the rows of histograms are left out."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if not line.startswith("#") and 'le="' not in name and "{" in name:
            with suppress(ValueError):
                plain = name.partition("{")[0]
                found[plain] = found.get(plain, 0) + int(float(value))
    return found


_TELLING = (
    ("spawn_invoke_stop_duration", 1, "invocations since it was started"),
    ("spawn_actor_inflight_messages_messages", 1, "in flight"),
    ("vm_system_info_process_count", 1, "processes"),
    ("vm_memory_total", 1_000_000, "MB"),
)


def self_description(text: str) -> str:
    """What the metrics of a real proxy say, in words; it names a metric only after its first use, and without labels."""
    values = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        with suppress(ValueError):
            values[name] = float(value)
    found = [f"{values[name] / unit:,.0f} {words}" for name, unit, words in _TELLING if name in values]
    return ", ".join(found) or "nothing but that it is well"
