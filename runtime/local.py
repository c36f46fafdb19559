"""An actor system in this process: `embedded()` makes one, `EmbeddedSystem` is its `SystemApi`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from runtime import inspection
from runtime.addressing import system_name
from runtime.client import build_invocation, due_us, wait_s
from runtime.config import Durability, RuntimeConfig, as_durability
from runtime.context import current_turn
from runtime.deploying import DeployableSystem
from runtime.drivers.ending import give_up
from runtime.drivers.waiters import BlockingWaiter, LoopPort, Waiter
from runtime.errors import BadSetting, UnknownActor
from runtime.fields import as_flag
from runtime.ids import ActorId
from runtime.records import CONFIRM_DROPPED, RESTORE, Invocation


class EmbeddedSystem(DeployableSystem):
    """An actor system whose engine, host and store are in this process.

    Its life is in `running`, looking into it in `looking`, deploying in `deploying`; here is what reaches actors.  Safe from
    every thread.  Threads start at the first deploy or call, not when the object is made.
    """

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
            options = _given(parent=parent, system=system, metadata=metadata, key=key)
            if as_flag(asynchronous, "asynchronous") or delay is not None:
                return turn.tell(
                    actor,
                    action,
                    payload,
                    **options,
                    **_given(delay=delay, durable=None if durable is False else durable),
                )
            return turn.call(actor, action, payload, **options, **_given(timeout=timeout))
        if not self._is_started:
            self._ensure_started()
        invocation = build_invocation(
            self._ids(),
            ActorId(self.name if system is None else system_name(system) or self.name, actor),
            action,
            payload,
            parent=parent,
            asynchronous=asynchronous,
            delay=delay,
            scheduled_to=scheduled_to,
            metadata=metadata,
            key=key,
            durable=durable,
        )
        limit_s = wait_s(timeout, metadata, self.config.timeout_s)
        if asynchronous and self.driver.post(invocation):
            return None
        waiter = BlockingWaiter(self.driver.callers)
        self.driver.submit(invocation, waiter)
        return waiter.wait(invocation, limit_s)

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
            options = _given(parent=parent, system=system, metadata=metadata, key=key)
            if as_flag(asynchronous, "asynchronous") or delay is not None:
                turn.tell(
                    actor,
                    action,
                    payload,
                    **options,
                    **_given(delay=delay, durable=None if durable is False else durable),
                )
                return asyncio.sleep(0)
            return turn.invoke(actor, action, payload, **options, **_given(timeout=timeout))
        if not self._is_started:
            self._ensure_started()
        invocation = build_invocation(
            self._ids(),
            ActorId(self.name if system is None else system_name(system) or self.name, actor),
            action,
            payload,
            parent=parent,
            asynchronous=asynchronous,
            delay=delay,
            scheduled_to=scheduled_to,
            metadata=metadata,
            key=key,
            durable=durable,
        )
        loop = asyncio.get_running_loop()
        port = self._ports.get(loop)
        if port is None:
            self._ports = {known: p for known, p in self._ports.items() if not known.is_closed()}
            port = self._ports[loop] = LoopPort(loop)
        default_s = self.config.timeout_s
        waiter = port.waiter(invocation, wait_s(timeout, metadata, default_s), default_s=default_s)
        self.driver.submit(invocation, waiter)
        return waiter.future

    def resend(self, invocation: Invocation, timeout: float | None = None) -> Any:
        """Send a message again as it was, under an id of its own, and wait for its answer.  Errors as `invoke`.

        A dead letter of the store keeps its id, and leaves the list with the turn that processes it, whatever comes of that.
        """
        self._ensure_started()
        is_letter = self.driver.look(lambda engine, _: invocation.id in engine.feed.kept_letters)
        if is_letter:  # in the past, as a message of the store that is due
            again = msgspec.structs.replace(invocation, scheduled_to_us=1)
        else:
            again = msgspec.structs.replace(invocation, id=self._ids())
        waiter = BlockingWaiter(self.driver.callers)
        self.driver.submit(again, waiter)
        return waiter.wait(again, self.config.timeout_s if timeout is None else timeout)

    def submit(self, invocation: Invocation, waiter: Waiter) -> None:
        """Take a message that arrived from outside, as it is; the waiter gets its answer from some thread."""
        self._ensure_started()
        self.driver.submit(invocation, waiter)

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        self._ensure_started()
        return tuple(self.invoke(actor, CONFIRM_DROPPED) or ())

    def restore(self, actor: str, revision: int) -> int:
        identity = self._identity(actor)
        state = self._state_then(identity, revision)
        template = inspection.template(self.driver, identity)
        if state is not None and template is not None:
            # As the present code reads it; an invocation carries the value, not what is kept aside.
            state = template.host.migrated(template.definition.hash, state)
        waiter = BlockingWaiter()
        invocation = Invocation(
            id=self._ids(), actor=identity, action=RESTORE, payload=None if state is None else state.value
        )
        self.driver.submit(invocation, waiter)
        waiter.wait(invocation, self.config.timeout_s)
        return inspection.info(self.driver, identity).revision

    def abandon(self, actor: str) -> bool:
        """Give up the turn that an actor is in: its caller gets an error, the state stays, the next message runs.

        The action itself is ended by an exception in the middle of its code, `async` or not, also in an endless loop.  This is
        tried for 2 seconds, of which the call waits for half of one.  An action that sits in code outside Python (`time.sleep`, a
        driver) ends when that returns; `status().problems` names it.  What it still does is ignored.  False if there is no turn.
        """
        identity = self._identity(actor)
        activation = self.driver.look(lambda engine, _: engine.directory.active.get(identity))
        run = activation.running if activation is not None else None
        if run is None:
            return False
        give_up(self.driver, run, f"The running turn of {actor} was given up. Its state is as it was before.")
        return True

    def replay_projection(self, name: str, since: datetime) -> None:
        """Deliver the events of a projection again, from a time on; it keeps its state, and its order stays strict.

        Raises:
            UnknownActor: no projection of that name is deployed.
        """
        try:
            self.driver.serve_projections(self._ids).replay(name, due_us(None, since))
        except KeyError as error:
            raise UnknownActor(name, self.driver.engine.directory.templates) from error

    def join(self, other: EmbeddedSystem) -> None:
        """Let two systems of this process call each other, explicitly: `invoke(…, system=NAME)`, `ctx.invoke(…, system=NAME)`.

        Nothing else is shared: names, stores, channels and policies stay apart.  A circle of waiting actors that spans systems
        is not seen; its calls end by their time-outs.

        Raises:
            BadSetting: both have the same name.
        """
        if other.name == self.name:
            raise BadSetting(f"Two actor systems in one runtime need two names; both are {self.name!r}.")
        self.driver.peers[other.name] = other.driver
        other.driver.peers[self.name] = self.driver
        self._ensure_started()
        other._ensure_started()


def embedded(
    *,
    system: str = "spawn-system",
    store: str = "memory://",
    durability: Durability | str = Durability.JOURNAL,
    key: bytes | None = None,
    **options: Any,
) -> EmbeddedSystem:
    """An actor system in this process; use it as a context manager, or call `close`.

        with runtime.embedded(store="sqlite:///counter.db") as system:
            system.deploy(Counter)
            system.invoke("counter", "add", {"value": 5})

    Args:
        store: `memory://` or `sqlite:///PATH`; opened now, created if it is not there.
        durability: for actors whose class does not say: `snapshot`, `journal` or `commit`.
        key: 32 bytes that encrypt the store; None for `SPAWN_STATESTORE_KEY`, else one made for the store.
        options: further fields of `RuntimeConfig`.

    Raises:
        BadSetting: there is no such durability.
        StoreInUse, WrongKey, StoreDamaged, StoreTooNew, StoreUnavailable: the store cannot be opened.
    """
    from runtime.statestores.registry import open_store

    config = RuntimeConfig(system=system, store_url=store, durability=as_durability(durability), **options)
    return EmbeddedSystem(config, open_store(store, key=key))


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}
