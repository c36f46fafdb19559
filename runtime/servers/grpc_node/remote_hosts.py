"""Other processes that offer actors to this node: `Host` of `workbench.v1`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import suppress
from typing import Any

from runtime.authoring.definition import ActorDefinition
from runtime.errors import BadSetting, DefinitionError, InternalError, Overloaded, SpawnError
from runtime.hosts.base import Host
from runtime.hosts.stream_host import StreamHost
from runtime.ids import ActorId
from runtime.servers.grpc_node.callers import told
from runtime.servers.security import Limits
from runtime.system import inspection
from runtime.system.embedded import EmbeddedSystem
from runtime.system.guest_acts import GuestAct
from runtime.wire.node.definitions import get_definition, get_initial
from runtime.wire.node.headers import ADMITTED
from runtime.wire.node.records import failure_of, put_failure, put_report
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

_log = logging.getLogger("runtime.servers.node")

_MOST_OFFERS = 10_000


class _Guest:
    """One process that offers actors, over all its connections."""

    def __init__(self, title: str, patience_s: float) -> None:
        self.host = StreamHost(title, patience_s=patience_s)
        self.replaced: dict[str, tuple[ActorDefinition, Host] | None] = {}
        """By actor, what ran before this process offered it."""
        self.leaving: asyncio.TimerHandle | None = None


class NodeHosting:
    """Answers `Host`.  Belongs to the server's loop."""

    def __init__(self, system: EmbeddedSystem, threads: Executor, limits: Limits, *, patience_s: float = 10.0) -> None:
        """`patience_s`: how long a process may be away before its actors are undeployed."""
        self._system, self._threads, self._limits, self._patience_s = system, threads, limits, patience_s
        self._guests: dict[str, _Guest] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def host(self, requests: AsyncIterator[pb.FromHost], context: Any) -> None:
        """One connection of one process, from its hello to its end."""
        await context.send_initial_metadata((ADMITTED,))
        guest = await self._welcome(requests, context)
        outgoing: asyncio.Queue[pb.ToHost] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def send(message: pb.ToHost) -> None:
            with suppress(RuntimeError):  # the server is gone, and with it the connection
                loop.call_soon_threadsafe(outgoing.put_nowait, message)

        await context.write(pb.ToHost(welcome=pb.Welcome(system=self._system.name)))
        guest.host.connected(send)
        reading = asyncio.create_task(self._read(requests, guest, send))
        patience_s = self._patience_s
        try:
            await _write(outgoing, reading, context)
            patience_s = 0.0  # it ended its side: that is a goodbye, and no broken connection
        finally:
            reading.cancel()
            guest.host.disconnected(send)
            if not guest.host.is_connected:
                guest.leaving = loop.call_later(patience_s, self._leave, guest)

    async def _welcome(self, requests: AsyncIterator[pb.FromHost], context: Any) -> _Guest:
        async for message in requests:
            hello = message.hello
            if message.WhichOneof("message") != "hello" or not 8 <= len(hello.host) <= 200:
                raise BadSetting("A host says hello first, with an identity of its own of 8 to 200 characters.")
            guest = self._guests.get(hello.host)
            if guest is None:
                if len(self._guests) >= self._limits.watchers:
                    raise Overloaded(f"{len(self._guests)} processes offer actors already, which is the most.")
                guest = self._guests[hello.host] = _Guest(told(hello.title, context), self._patience_s)
            if guest.leaving is not None:
                guest.leaving.cancel()
                guest.leaving = None
            return guest
        raise BadSetting("The host ended the connection before it said hello.")

    async def _read(
        self, requests: AsyncIterator[pb.FromHost], guest: _Guest, send: Callable[[pb.ToHost], None]
    ) -> None:
        async for message in requests:
            if message.WhichOneof("message") == "offer":
                task = asyncio.create_task(self._offered(guest, message.offer, send))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                guest.host.received(message)

    async def _offered(self, guest: _Guest, offer: pb.Offer, send: Callable[[pb.ToHost], None]) -> None:
        """Deploy, while the stream goes on: it may be asked for the new shape of a state."""
        reply = pb.ToHost(offered=pb.OfferReply(id=offer.id))
        try:
            report = await asyncio.get_running_loop().run_in_executor(
                self._threads, self._deploy, guest, offer.definition
            )
            put_report(reply.offered.report, report)
        except SpawnError as error:
            put_failure(reply.offered.failure, failure_of(error))
        except Exception as error:  # noqa: BLE001 - a defect of ours must reach the process that offered it
            _log.exception("The offer of %s failed", offer.definition.name)
            defect = InternalError(f"The offer of {offer.definition.name!r} failed with {type(error).__name__}.")
            put_failure(reply.offered.failure, failure_of(defect))
        send(reply)

    def _deploy(self, guest: _Guest, offered: pb.Definition) -> Any:
        if len(guest.replaced) >= _MOST_OFFERS:
            raise DefinitionError(f"{guest.host.title} offers {_MOST_OFFERS} actors already, which is the most.")
        definition = get_definition(offered)
        before = self._running(definition.name)
        guest.host.offer(definition.hash, get_initial(offered))
        report = self._system.deploy(definition, host=guest.host)
        if before is None or before[1] is not guest.host:
            guest.replaced[definition.name] = before
        if before is None or before[1] is not guest.host or before[0].hash != definition.hash:
            self._note(guest, "deploy", definition.name, definition.hash)
        return report

    def _note(self, guest: _Guest, act: str, actor: str, definition: str) -> None:
        now_us = self._system.driver.now_us()
        self._system.guest_acts.note(GuestAct(now_us, guest.host.title, act, actor, definition))

    def _running(self, name: str) -> tuple[ActorDefinition, Host] | None:
        template = inspection.template(self._system.driver, ActorId(self._system.name, name))
        return None if template is None else (template.definition, template.host)

    def _leave(self, guest: _Guest) -> None:
        """The process did not come back: what it offered gives way to what ran before."""
        self._guests = {name: each for name, each in self._guests.items() if each is not guest}
        asyncio.get_running_loop().run_in_executor(self._threads, self._take_back, guest)

    def _take_back(self, guest: _Guest) -> None:
        for name, before in guest.replaced.items():
            running = self._running(name)
            if running is None or running[1] is not guest.host:
                continue
            with suppress(SpawnError):
                if before is None or (isinstance(before[1], StreamHost) and not before[1].is_connected):
                    self._system.undeploy(name)
                else:
                    self._system.deploy(before[0], host=before[1])
                self._note(guest, "take back", name, running[0].hash)


async def _write(outgoing: asyncio.Queue[pb.ToHost], reading: asyncio.Task[None], context: Any) -> None:
    """Pass messages on until the process has ended its side."""
    while not reading.done():
        getting = asyncio.ensure_future(outgoing.get())
        try:
            await asyncio.wait({getting, reading}, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                await context.write(getting.result())
        finally:
            getting.cancel()
    await reading
