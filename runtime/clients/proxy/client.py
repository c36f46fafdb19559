"""`SpawnProxyClient`: an actor system behind a Spawn proxy, as far as a proxy lets one use it.

A proxy says whether it is well, counts, and takes invocations.  It lists no actors and shows no mailbox; on a real one even
reading a state wakes the actor.  So a client is attached to look, unless it says that it wants to act.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
from collections.abc import Awaitable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, Self, Unpack
from urllib.parse import quote

from runtime.api import ActorInfo, CallOptions, Capability, DeployReport, Subscription, SystemApi, Waiting
from runtime.authoring.context import current_turn
from runtime.clients.proxy.connection import ProxyHealth, ProxyLink, accepted, error_of, read, read_target, response_of
from runtime.clients.proxy.process import system_of_listener
from runtime.config import DEFAULT_SYSTEM
from runtime.errors import (
    BadSetting,
    InvocationTimeout,
    NotAllowed,
    NotCapable,
    SpawnError,
    Unreachable,
    nearest,
    shown,
)
from runtime.ids import ActorId, InvocationId, RandomIds
from runtime.invocations import build_invocation, send_within, wait_s
from runtime.records import DeadLetter, Encoded, Invocation, Lifecycle, RetentionMark, StoredDefinition, Turn
from runtime.wire.codecs.values import decode_answer
from runtime.wire.http_client import Answer, NoAnswer, NotSent
from runtime.wire.pb.spawn.actors.protocol_pb2 import OK, InvocationResponse, SpawnRequest, SpawnResponse
from runtime.wire.spawn import statuses
from runtime.wire.spawn.messages import Dialect, make_request, payload_of

# --- What a system can do and a proxy cannot: refused, each with its reason -------------------------------------------


class NotOffered:
    """The part of `SystemApi` that no proxy has."""

    _where: str
    """The proxy, in messages."""

    def _cannot(self, what: str, why: str) -> NoReturn:
        raise NotCapable(what, self._where, why)

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        self._cannot(f"delete what {actor} keeps aside", "Spawn's protocol knows nothing of it.")

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        self._cannot("list the actors", "a proxy does not list them; its database and the code that registers do.")

    def info(self, actor: str) -> ActorInfo:
        self._cannot(f"look at {actor}", "a proxy tells nothing of single actors.")

    def actions(self, actor: str) -> dict[str, str]:
        self._cannot(f"list the actions of {actor}", "a proxy does not tell them.")

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        self._cannot(f"look into the mailbox of {actor}", "a proxy does not show it.")

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        self._cannot(
            "read the history", "a proxy keeps no messages; actors hosted with --journal have their history there."
        )

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        self._cannot(
            "read the history", "a proxy keeps no messages; actors hosted with --journal have their history there."
        )

    def retention_mark(self) -> RetentionMark:
        self._cannot("say what history is kept", "a proxy keeps no messages.")

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        self._cannot("read the history", "a proxy does not tell when actors come and go.")

    def definitions(self) -> list[StoredDefinition]:
        self._cannot("read the definitions", "a proxy has no source of its actors.")

    def dead_letters(self) -> list[DeadLetter]:
        self._cannot("list what was not delivered", "a proxy does not tell.")

    def retry_letter(self, invocation: str, timeout: float | None = None) -> Any:
        self._cannot(f"send message {invocation} again", "a proxy keeps no messages.")

    def discard_letters(self, invocations: Collection[str]) -> int:
        self._cannot("discard messages", "a proxy keeps none.")

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        self._cannot("watch", "a proxy sends no events.")


# --- Client -----------------------------------------------------------------------------------------------------------

MODES = ("look", "act")
_LOOKS_S = 10.0


class Deployer(Protocol):
    """Runs actors of this process for a proxy: `servers.actor_host` is one."""

    def deploy(self, actor: type) -> DeployReport: ...

    def undeploy(self, actor: str) -> None: ...

    def close(self) -> None: ...


class SpawnProxyClient(ProxyHealth, NotOffered):
    """The system of a proxy.  Safe from every thread."""

    def __init__(
        self,
        link: ProxyLink,
        *,
        mode: str = "look",
        system: str = "",
        dialect: Dialect = Dialect.NEW,
        timeout_s: float = 60.0,
        deployer: Deployer | None = None,
    ) -> None:
        """Asks the proxy how it is.

        Args:
            mode: `look` for health and metrics only, `act` for everything that a proxy offers.
            system: its actor system.  Not given, it is what the URL names, else what the proxy says: a real one in its
                environment, where it is a process of this machine; else PROXY_ACTOR_SYSTEM_NAME of this process, else
                Spawn's default, and then `is_name_assumed`.
            dialect: in which JSON is sent to a real proxy, which passes it on as it is.
            deployer: makes `deploy` possible.

        Raises:
            BadSetting: there is no such mode, or the proxy serves another actor system than the one that was given.
            Unreachable: no one answers there, or not as a proxy does.
        """
        if mode not in MODES:
            raise BadSetting(f"There is no mode {shown(mode)}. {nearest(str(mode), MODES, kind='mode')}")
        self._link, self._mode, self._timeout_s = link, mode, timeout_s
        self._where = f"the proxy at {link.target.url}"
        self.about = self._ask_about()
        self.name, self.is_name_assumed = self._system_name(system or link.target.system)
        self.calls = ProxyCalls(link, dialect, has_keys=self.about is not None)
        self._states = ProxyStates(link, self.name, timeout_s)
        self._deployer = deployer
        self._ids = RandomIds()
        self.capabilities = self._capabilities()

    def _ask_about(self) -> statuses.About | None:
        answer = self._link.request("GET", "/health", timeout_s=_LOOKS_S)
        if answer.status in (401, 403):
            raise NotAllowed(f"{self._link.target.url} wants a token: give token= or token_file=.")
        if answer.status != 200 or b'"status"' not in answer.body:
            raise Unreachable(
                f"{self._link.target.url} is not a Spawn proxy: its health check answers HTTP {answer.status}."
            )
        return statuses.read_about(answer.notes.get(statuses.ABOUT, ""))

    def _system_name(self, given: str) -> tuple[str, bool]:
        """The name of the proxy's actor system, and whether no one has said it."""
        told = self.about.system if self.about is not None else system_of_listener(self._link.target)
        if given and told and given != told:
            raise BadSetting(
                f"The proxy at {self._link.target.url} serves the actor system {told!r}, not {shown(given)}.\n"
                f"Attach with --system {told}, or without saying any."
            )
        name = given or told or os.environ.get("PROXY_ACTOR_SYSTEM_NAME", "")
        return name or DEFAULT_SYSTEM, not name

    def _capabilities(self) -> frozenset[Capability]:
        # A proxy of ours shows a committed state without waking its actor.
        found = {Capability.STATE} if self.about is not None else set()
        if self._mode == "act":
            found.add(Capability.INVOKE)
            if self._deployer is not None:
                found.add(Capability.DEPLOY)
        return frozenset(found)

    # -- calls ---------------------------------------------------------------------------------------------------------

    def invoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Any:
        turn = current_turn.get()
        if turn is not None:
            return send_within(turn, turn.call, actor, action, payload, options)
        limit_s = wait_s(options, self._timeout_s)
        return decode_answer(self.calls.send(self._invocation(actor, action, payload, options), limit_s))

    def ainvoke(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Awaitable[Any]:
        turn = current_turn.get()
        if turn is not None:
            return send_within(turn, turn.invoke, actor, action, payload, options) or asyncio.sleep(0)
        limit_s = wait_s(options, self._timeout_s)
        return self._decoded(self._invocation(actor, action, payload, options), limit_s)

    async def _decoded(self, invocation: Invocation, timeout_s: float) -> Any:
        return decode_answer(await self.calls.asend(invocation, timeout_s))

    def _invocation(self, actor: str, action: str, payload: Any, options: CallOptions) -> Invocation:
        self._act(f"invoke {actor}.{action}")
        if options.get("key") and self.about is None:
            raise NotCapable(f"invoke {actor} with a key", self._where, "Spawn's protocol has no idempotency keys.")
        if options.get("durable"):
            why = "Spawn's protocol cannot ask for it. Give the actor durable_mailbox=True in its class, where that is served."
            raise NotCapable(f"invoke {actor} durably", self._where, why)
        return build_invocation(self._ids(), self.name, actor, action, payload, options)

    # -- states --------------------------------------------------------------------------------------------------------

    def state(self, actor: str, revision: int | None = None) -> Any:
        """See `SystemApi.state`; a real proxy only has its actor asked, which wakes it and so needs mode `act`."""
        return decode_answer(self.encoded_state(actor, revision))

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        if self.about is not None:
            response, _ = self._states.read(actor, revision)
            return payload_of(response, response.WhichOneof("payload"))
        if revision is not None:
            raise NotCapable(
                f"read revision {revision} of {actor}", self._where, "a proxy shows the present state only."
            )
        self._act(f"read the state of {actor}, which wakes it,")
        return self.calls.send(self._invocation(actor, "get", None, {}), self._timeout_s)

    def restore(self, actor: str, revision: int) -> int:
        self._act(f"continue {actor} from revision {revision}")
        if self.about is None:
            raise NotCapable(
                f"continue {actor} from revision {revision}",
                self._where,
                "it would be pinned there: a real proxy goes back to that revision at each activation.",
            )
        response, _ = self._states.read(actor, revision)
        request = SpawnRequest()
        request.actors.add(name=actor, system=self.name, parent=response.actor.id.parent or actor)
        self._states.spawn(request, revision)
        return self._states.read(actor, None)[1]

    def spawn(self, actor: str, parent: str) -> None:
        """Have a child of a template known before its first message; it is not woken."""
        self._act(f"spawn {actor}")
        request = SpawnRequest()
        request.actors.add(name=actor, system=self.name, parent=parent)
        self._states.spawn(request)

    # -- actors of this process ------------------------------------------------------------------------------------------

    def deploy(self, actor: type) -> DeployReport:
        """Run an actor of this process behind the proxy.

        Raises:
            NotCapable: this process is not the proxy's host.
        """
        name = getattr(actor, "__name__", str(actor))
        self._act(f"deploy {name}")
        if self._deployer is None:
            self._cannot(f"deploy {name}", "this process is not its actor host; `python -m runtime host` starts one.")
        return self._deployer.deploy(actor)

    def undeploy(self, actor: str) -> None:
        self._act(f"undeploy {actor}")
        if self._deployer is None:
            self._cannot(f"undeploy {actor}", "a proxy forgets an actor when it is restarted.")
        self._deployer.undeploy(actor)

    # -- life ----------------------------------------------------------------------------------------------------------

    def _act(self, what: str) -> None:
        """Raises NotAllowed: attached only to look."""
        if self._mode != "act":
            raise NotAllowed(
                f"Cannot {what} on {self._where}: it is attached only to look, which is health and metrics.\n"
                f'To act on it, say so: %attach {self._link.target.url} --mode act, or connect(…, mode="act").'
            )

    def close(self) -> None:
        """Leave the proxy, which runs on; actors of this process can no longer be called by it."""
        if self._deployer is not None:
            self._deployer.close()
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


if TYPE_CHECKING:

    def _is_a_system(client: SpawnProxyClient) -> SystemApi:
        return client


# --- Invocations through a proxy, encoded in and encoded out ----------------------------------------------------------


class ProxyCalls:
    """Sends invocations.  Any thread."""

    def __init__(self, link: ProxyLink, dialect: Dialect = Dialect.NEW, *, has_keys: bool = False) -> None:
        """`dialect` is that of JSON, which a real proxy passes on as it is; `has_keys`: the proxy knows idempotency keys."""
        self._link, self._dialect, self._has_keys = link, dialect, has_keys

    def send(self, invocation: Invocation, timeout_s: float) -> Encoded | None:
        """The encoded response.  Errors are those of `SystemApi.invoke`."""
        future = self._begin(invocation, timeout_s)
        try:
            return response_of(future.result(timeout_s + 5.0), invocation)
        except (NotSent, NoAnswer, TimeoutError) as error:
            raise self._lost(invocation, error, timeout_s) from None

    async def asend(self, invocation: Invocation, timeout_s: float) -> Encoded | None:
        """`send` for coroutines."""
        try:
            answer = await asyncio.wrap_future(self._begin(invocation, timeout_s))
        except (NotSent, NoAnswer) as error:
            raise self._lost(invocation, error, timeout_s) from None
        return response_of(answer, invocation)

    def _begin(self, invocation: Invocation, timeout_s: float) -> concurrent.futures.Future[Answer]:
        body = make_request(invocation, self._dialect).SerializeToString()
        path = f"/api/v1/system/{quote(invocation.actor.system, safe='')}/actors/{quote(invocation.actor.name, safe='')}/invoke"
        return self._link.begin("POST", path, body, timeout_s)

    def _lost(self, invocation: Invocation, error: BaseException, timeout_s: float) -> SpawnError:
        name = f"{invocation.actor.name}.{invocation.action}"
        if isinstance(error, TimeoutError) or "did not answer within" in str(error):
            again = (
                "Repeat it safely with a key."
                if self._has_keys
                else "Sent again, the action may run twice: Spawn's protocol has no idempotency keys."
            )
            advice = f"a proxy does not show which. {again}"
            return InvocationTimeout(invocation.actor.name, invocation.action, timeout_s, advice)
        if isinstance(error, NotSent):
            return Unreachable(
                f"Cannot invoke {name}: no connection to {self._link.target.url}: {error}. It was not sent."
            )
        return Unreachable(
            f"{name} has no outcome: the proxy at {self._link.target.url} {error}.\nThe action may have run; it is not sent again."
        )


# --- States and children of a proxy -----------------------------------------------------------------------------------


class ProxyStates:
    """Reads states where a proxy shows them, and spawns.  Any thread."""

    def __init__(self, link: ProxyLink, system: str, timeout_s: float) -> None:
        self._link, self._system, self._timeout_s = link, system, timeout_s
        self._root = f"/api/v1/system/{quote(system, safe='')}/actors"

    def read(self, actor: str, revision: int | None) -> tuple[InvocationResponse, int]:
        """The state as a proxy of ours shows it, and its revision; the actor is not woken.

        Raises:
            UnknownActor: nothing is known under that name, or not that revision.
        """
        query = f"?revision={revision}" if revision is not None else ""
        answer = self._link.request("GET", f"{self._root}/{quote(actor, safe='')}{query}", timeout_s=self._timeout_s)
        response: InvocationResponse = read(InvocationResponse, answer, f"the state of {actor}", self._system)
        if response.status.status != OK:
            asked = Invocation(id=InvocationId(""), actor=ActorId(self._system, actor), action="get")
            raise error_of(response.status, answer, asked)
        return response, int(answer.notes.get(statuses.REVISION, "0"))

    def spawn(self, request: SpawnRequest, revision: int = 0) -> None:
        """Have children known, and continue them from a revision if one is given."""
        query = f"?revision={revision}" if revision else ""
        answer = self._link.request("POST", f"{self._root}/spawn{query}", request.SerializeToString(), self._timeout_s)
        accepted(SpawnResponse, answer, f"spawn {', '.join(each.name for each in request.actors)}", self._system)


# --- Attaching to a Spawn proxy over HTTP: `connect("http://HOST:9001")`, and the client that it makes ----------------


def connect(
    url: str,
    *,
    mode: str = "look",
    system: str = "",
    timeout: float = 60.0,
    dialect: str = Dialect.NEW,
    token: str | None = None,
    token_file: str | Path | None = None,
    authority: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    **unknown: Any,
) -> SpawnProxyClient:
    """The system of the proxy at `url`; see `SpawnProxyClient` for mode, system and dialect.

    Raises:
        BadSetting: the URL or an option is not usable.
        Unreachable, NotAllowed: see `SpawnProxyClient`.
    """
    if unknown:
        known = ("mode", "system", "timeout", "dialect", "token", "token_file", "authority", "certificate", "key")
        raise BadSetting(f"Cannot connect to {url}: {nearest(next(iter(unknown)), known, kind='option')}")
    target = read_target(url, token=token, token_file=token_file, authority=authority, certificate=certificate, key=key)
    link = ProxyLink(target)
    try:
        return SpawnProxyClient(link, mode=mode, system=system, dialect=Dialect(dialect), timeout_s=timeout)
    except BaseException as error:
        link.close()
        if isinstance(error, ValueError):
            raise BadSetting(
                f"There is no dialect {shown(dialect)}. {nearest(dialect, Dialect, kind='dialect')}"
            ) from None
        raise
