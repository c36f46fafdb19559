"""`SpawnProxyClient`: an actor system behind a Spawn proxy, as far as a proxy lets one use it.

A proxy says whether it is well, counts, and takes invocations.  It lists no actors and shows no mailbox; on a real one even
reading a state wakes the actor.  So a client is attached to look, unless it says that it wants to act.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, Self

from runtime.api import Capability, DeployReport, SystemApi
from runtime.client import build_invocation
from runtime.codecs.values import decode_value
from runtime.config import DEFAULT_SYSTEM
from runtime.context import current_turn
from runtime.errors import BadSetting, NotAllowed, NotCapable, Unreachable, nearest, shown
from runtime.fields import as_timeout_s
from runtime.ids import ActorId, RandomIds
from runtime.records import Encoded, Invocation
from runtime.transports.proxy_calls import ProxyCalls
from runtime.transports.proxy_health import ProxyHealth
from runtime.transports.proxy_link import ProxyLink
from runtime.transports.proxy_not_offered import NotOffered
from runtime.transports.proxy_process import system_of_listener
from runtime.transports.proxy_states import ProxyStates
from runtime.wire import notes
from runtime.wire.dialect import Dialect
from runtime.wire.pb.spawn.actors.protocol_pb2 import SpawnRequest
from runtime.wire.values import payload_of

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
            Unreachable: nobody answers there, or not as a proxy does.
        """
        if mode not in MODES:
            raise BadSetting(f"There is no mode {shown(mode)}. {nearest(str(mode), MODES, kind='mode')}")
        self._link, self._mode, self._timeout_s = link, mode, timeout_s
        self._where = f"the proxy at {link.target.url}"
        self.about = self._ask_about()
        self.name, self.is_name_assumed = self._system_name(system or link.target.system)
        self.calls = ProxyCalls(link, dialect)
        self._states = ProxyStates(link, self.name, timeout_s)
        self._deployer = deployer
        self._ids = RandomIds()
        self.capabilities = self._capabilities()

    def _ask_about(self) -> notes.About | None:
        answer = self._link.request("GET", "/health", timeout_s=_LOOKS_S)
        if answer.status in (401, 403):
            raise NotAllowed(f"{self._link.target.url} wants a token: give token= or token_file=.")
        if answer.status != 200 or b'"status"' not in answer.body:
            raise Unreachable(
                f"{self._link.target.url} is not a Spawn proxy: its health check answers HTTP {answer.status}."
            )
        return notes.read_about(answer.notes.get(notes.ABOUT, ""))

    def _system_name(self, given: str) -> tuple[str, bool]:
        """The name of the proxy's actor system, and whether nobody has said it."""
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

    def invoke(
        self,
        actor: str,
        action: str,
        payload: Any = None,
        *,
        parent: str | None = None,
        system: str | None = None,
        asynchronous: bool = False,
        delay: float | str | None = None,
        scheduled_to: datetime | None = None,
        metadata: Mapping[str, str] | None = None,
        timeout: float | None = None,
        key: str | None = None,
        durable: bool = False,
    ) -> Any:
        turn = current_turn.get()
        if turn is not None:
            return turn.call(
                actor,
                action,
                payload,
                **_given(parent=parent, system=system, metadata=metadata, timeout=timeout, key=key),
            )
        limit_s = self._timeout_s if timeout is None else as_timeout_s(timeout)
        invocation = self._invocation(
            actor, action, payload, parent, system, asynchronous, delay, scheduled_to, metadata, key, durable
        )
        return decode_value(self.calls.send(invocation, limit_s))

    def ainvoke(
        self,
        actor: str,
        action: str,
        payload: Any = None,
        *,
        parent: str | None = None,
        system: str | None = None,
        asynchronous: bool = False,
        delay: float | str | None = None,
        scheduled_to: datetime | None = None,
        metadata: Mapping[str, str] | None = None,
        timeout: float | None = None,
        key: str | None = None,
        durable: bool = False,
    ) -> Awaitable[Any]:
        turn = current_turn.get()
        if turn is not None:
            return turn.invoke(
                actor,
                action,
                payload,
                **_given(parent=parent, system=system, metadata=metadata, timeout=timeout, key=key),
            )
        limit_s = self._timeout_s if timeout is None else as_timeout_s(timeout)
        invocation = self._invocation(
            actor, action, payload, parent, system, asynchronous, delay, scheduled_to, metadata, key, durable
        )
        return self._decoded(invocation, limit_s)

    async def _decoded(self, invocation: Invocation, timeout_s: float) -> Any:
        return decode_value(await self.calls.asend(invocation, timeout_s))

    def _invocation(
        self,
        actor: str,
        action: str,
        payload: Any,
        parent: str | None,
        system: str | None,
        asynchronous: bool,
        delay: float | str | None,
        scheduled_to: datetime | None,
        metadata: Mapping[str, str] | None,
        key: str | None,
        durable: bool = False,
    ) -> Invocation:
        self._act(f"invoke {actor}.{action}")
        if key and self.about is None:
            raise NotCapable(f"invoke {actor} with a key", self._where, "Spawn's protocol has no idempotency keys.")
        if durable:
            why = "Spawn's protocol cannot ask for it. Give the actor durable_mailbox=True in its class, where that is served."
            raise NotCapable(f"invoke {actor} durably", self._where, why)
        return build_invocation(
            self._ids(),
            ActorId(system or self.name, actor),
            action,
            payload,
            parent=parent,
            asynchronous=asynchronous,
            delay=delay,
            scheduled_to=scheduled_to,
            metadata=metadata,
            key=key,
        )

    # -- states --------------------------------------------------------------------------------------------------------

    def state(self, actor: str, revision: int | None = None) -> Any:
        """See `SystemApi.state`; a real proxy only has its actor asked, which wakes it and so needs mode `act`."""
        return decode_value(self.encoded_state(actor, revision))

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        if self.about is not None:
            response, _ = self._states.read(actor, revision)
            return payload_of(response, response.WhichOneof("payload"))
        if revision is not None:
            raise NotCapable(
                f"read revision {revision} of {actor}", self._where, "a proxy shows the present state only."
            )
        self._act(f"read the state of {actor}, which wakes it,")
        return self.calls.send(
            self._invocation(actor, "get", None, None, None, False, None, None, None, None), self._timeout_s
        )

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


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
