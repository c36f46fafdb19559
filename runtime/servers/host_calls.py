"""How an action that a proxy had us run reaches other actors: through that proxy.

A proxy does not say who waits for whom, so a question carries the actors that wait for it in its metadata; a circle among
actors hosted by this package is seen before it closes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any
from urllib.parse import quote, unquote

import msgspec

from runtime.codecs.values import decode_value
from runtime.context import Context
from runtime.drivers.calls import check_options, outgoing, sent, told
from runtime.errors import CallCycle, NotCapable, SpawnError, WouldBlock
from runtime.hosts.outgoing import timeout_s
from runtime.ids import ActorId, IdSource
from runtime.records import Encoded, Failure, Invocation
from runtime.transports.proxy_calls import ProxyCalls

PATH = "spawn-workbench-path"
_ASK_OPTIONS = frozenset({"parent", "system", "metadata", "timeout", "key"})


def take_path(invocation: Invocation) -> Invocation:
    """The invocation without our metadata, which became its path."""
    if PATH not in invocation.metadata:
        return invocation
    metadata = dict(invocation.metadata)
    names = metadata.pop(PATH).split(",")
    path = tuple(ActorId(invocation.actor.system, unquote(name)) for name in names if name)
    return msgspec.structs.replace(invocation, metadata=metadata, path=path)


def with_path(invocation: Invocation) -> Invocation:
    """The invocation with its path as metadata, for the wire.

    Raises:
        CallCycle: it would wait for itself.
    """
    if invocation.actor in invocation.path:
        circle = invocation.path[invocation.path.index(invocation.actor) :]
        raise CallCycle([*(each.name for each in circle), invocation.actor.name])
    waiting = ",".join(quote(each.name, safe="") for each in invocation.path)
    return msgspec.structs.replace(invocation, metadata={**invocation.metadata, PATH: waiting})


class HostedCalls:
    """`Calls` over a proxy."""

    def __init__(self, calls: ProxyCalls, ids: IdSource, timeout_s: float, *, has_keys: bool) -> None:
        self._calls, self._ids, self._timeout_s, self._has_keys = calls, ids, timeout_s, has_keys

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        if not turn.is_async:
            name = turn.work.invocation.action
            raise WouldBlock(
                f"ctx.invoke must be awaited, and {name} is a plain def, which cannot await.\n"
                f"Write `ctx.call({actor!r}, {action!r}, …)` there, or make it `async def {name}`."
            )
        return self._asked(turn, self._question(turn, actor, action, payload, options), self._wait_s(options))

    async def _asked(self, turn: Context, question: Invocation, timeout_s: float) -> Any:
        try:
            response = await self._calls.asend(question, timeout_s)
        except SpawnError as error:
            _note(turn, question, None, error)
            raise
        _note(turn, question, response, None)
        return decode_value(response)

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        if turn.is_async:
            name = turn.work.invocation.action
            raise WouldBlock(
                f"{name} is an async def: waiting here would stop the event loop that all coroutine actions share.\n"
                f"Write `await ctx.invoke({actor!r}, {action!r}, …)`."
            )
        question = self._question(turn, actor, action, payload, options)
        try:
            response = self._calls.send(question, self._wait_s(options))
        except SpawnError as error:
            _note(turn, question, None, error)
            raise
        _note(turn, question, response, None)
        return decode_value(response)

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(told(turn, actor, action, payload, options, self._ids()))

    def _question(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Invocation:
        check_options(options, _ASK_OPTIONS, "ctx.invoke" if turn.is_async else "ctx.call")
        if options.get("key") and not self._has_keys:
            raise NotCapable(f"invoke {actor} with a key", "this proxy", "Spawn's protocol has no idempotency keys.")
        return with_path(outgoing(turn, actor, action, payload, options, self._ids()))

    def _wait_s(self, options: Mapping[str, Any]) -> float:
        return timeout_s(options, self._timeout_s)


def _note(turn: Context, question: Invocation, response: Encoded | None, error: SpawnError | None) -> None:
    failure = None if error is None else Failure(error.code, str(error))
    turn.sent.append(sent(take_path(question), response, failure))
