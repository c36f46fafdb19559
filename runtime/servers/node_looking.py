"""What a node shows of its system: the unary reads, and what changes it without running an action."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from runtime.guest_acts import GuestAct
from runtime.local import EmbeddedSystem
from runtime.records import StoredDefinition
from runtime.wire.node_letters import put_letter
from runtime.wire.node_records import put_info, put_status, put_stored, put_waiting
from runtime.wire.node_values import put_value
from runtime.wire.workbench.v1 import node_pb2 as pb

T = TypeVar("T")

_MOST_ROWS = 100_000
_DEFAULT_ROWS = 1_000
_LONGEST_FLUSH_S = 60.0


class NodeLooking:
    """Each method answers one rpc.  Reads run on threads: a store may take its time, and other calls go on."""

    def __init__(self, system: EmbeddedSystem, threads: Executor, version: str) -> None:
        self._system, self._threads, self._version = system, threads, version

    async def get_status(self, _: pb.GetStatusRequest, __: Any) -> pb.SystemStatus:
        reply = pb.SystemStatus(capabilities=sorted(self._system.capabilities), version=self._version)
        put_status(reply, await self._threaded(self._system.status))
        return reply

    async def list_actors(self, request: pb.ListActorsRequest, _: Any) -> pb.ListActorsReply:
        limit = _bounded(request.limit)
        rows = await self._threaded(
            lambda: self._system.actors(prefix=request.prefix, passive=request.passive, limit=limit)
        )
        reply = pb.ListActorsReply()
        for row in rows:
            put_info(reply.actors.add(), row)
        return reply

    async def get_actor(self, request: pb.GetActorRequest, _: Any) -> pb.ActorInfo:
        reply = pb.ActorInfo()
        put_info(reply, await self._threaded(lambda: self._system.info(request.actor)))
        return reply

    async def list_actions(self, request: pb.GetActorRequest, _: Any) -> pb.ListActionsReply:
        return pb.ListActionsReply(signatures=await self._threaded(lambda: self._system.actions(request.actor)))

    async def get_state(self, request: pb.GetStateRequest, _: Any) -> pb.GetStateReply:
        revision = request.revision if request.HasField("revision") else None
        reply = pb.GetStateReply()
        put_value(reply.state, await self._threaded(lambda: self._system.encoded_state(request.actor, revision)))
        return reply

    async def get_mailbox(self, request: pb.GetMailboxRequest, _: Any) -> pb.GetMailboxReply:
        rows = await self._threaded(lambda: self._system.mailbox(request.actor, limit=_bounded(request.limit)))
        reply = pb.GetMailboxReply()
        for row in rows:
            put_waiting(reply.waiting.add(), row)
        return reply

    async def list_definitions(self, _: pb.ListDefinitionsRequest, __: Any) -> pb.ListDefinitionsReply:
        reply = pb.ListDefinitionsReply()
        found: list[StoredDefinition] = await self._threaded(self._system.definitions)
        for each in found:
            put_stored(reply.definitions.add(), each)
        return reply

    async def list_dead_letters(self, _: pb.ListDeadLettersRequest, __: Any) -> pb.ListDeadLettersReply:
        reply = pb.ListDeadLettersReply()
        for each in await self._threaded(self._system.dead_letters):
            put_letter(reply.letters.add(), each)
        return reply

    async def get_kept(self, _: pb.GetKeptRequest, __: Any) -> pb.Kept:
        kept = await self._threaded(self._system.kept)
        return pb.Kept(gone=kept.gone, changes=kept.changes)

    async def flush(self, request: pb.FlushRequest, _: Any) -> pb.FlushReply:
        timeout_s = min(request.timeout_s, _LONGEST_FLUSH_S)
        return pb.FlushReply(committed=await self._threaded(lambda: self._system.flush(timeout_s)))

    async def undeploy(self, request: pb.UndeployRequest, context: Any) -> pb.UndeployReply:
        await self._threaded(lambda: self._system.undeploy(request.actor))
        self._note(context, "undeploy", request.actor)
        return pb.UndeployReply()

    async def restore(self, request: pb.RestoreRequest, context: Any) -> pb.RestoreReply:
        revision = await self._threaded(lambda: self._system.restore(request.actor, request.revision))
        self._note(context, "restore", request.actor, str(request.revision))
        return pb.RestoreReply(revision=revision)

    async def confirm_dropped(self, request: pb.ConfirmDroppedRequest, _: Any) -> pb.ConfirmDroppedReply:
        return pb.ConfirmDroppedReply(fields=await self._threaded(lambda: self._system.confirm_dropped(request.actor)))

    def _note(self, context: Any, act: str, actor: str, detail: str = "") -> None:
        now_us = self._system.driver.now_us()
        self._system.guest_acts.note(GuestAct(now_us, f"the client at {context.peer()}", act, actor, detail))

    async def _threaded(self, look: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, look)


def _bounded(limit: int) -> int:
    return min(limit, _MOST_ROWS) if limit > 0 else _DEFAULT_ROWS
