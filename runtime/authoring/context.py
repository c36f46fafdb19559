"""What an action sees of the world beside its actor's state.

Everything that could differ between two runs of the same turn comes from here, so that a recorded turn can be run again:
time, chance, ids, and the answers of other actors (docs/architecture.md, "Running the past again").  How a message really travels
is the business of `Calls`.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Awaitable, Mapping
from contextvars import ContextVar
from datetime import datetime
from typing import Any, Protocol

import msgspec

from runtime.clock import as_datetime
from runtime.errors import BadSetting, WouldBlock, nearest
from runtime.ids import ActorId
from runtime.records import Sent, Work

ASK_OPTIONS = frozenset({"parent", "system", "metadata", "timeout", "key"})
TELL_OPTIONS = frozenset({"parent", "system", "metadata", "delay", "key", "durable"})


class Calls(Protocol):
    """How a turn's messages reach other actors; a driver or a replay stands behind it.

    `Context` has seen to it that the options are known, and that what blocks is asked by a plain `def` only.
    """

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        """Send, wait without blocking the loop, and give the decoded response."""
        ...

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        """The same for a plain `def`, blocking its thread."""
        ...

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        """Hold a message back until the turn has succeeded, then send it."""
        ...


class Log:
    """Lines that an actor writes about itself; they carry the invocation and never land in a foreign cell."""

    __slots__ = ("_turn",)

    def __init__(self, turn: Context) -> None:
        self._turn = turn

    def debug(self, text: str, **fields: object) -> None:
        self._write("debug", text, fields)

    def info(self, text: str, **fields: object) -> None:
        self._write("info", text, fields)

    def warning(self, text: str, **fields: object) -> None:
        self._write("warning", text, fields)

    def error(self, text: str, **fields: object) -> None:
        self._write("error", text, fields)

    def _write(self, level: str, text: str, fields: Mapping[str, object]) -> None:
        import logging

        invocation = self._turn.work.invocation
        line = text + "".join(f" {name}={value!r}" for name, value in fields.items())
        logging.getLogger("runtime.actors").log(
            logging.getLevelNamesMapping()[level.upper()],
            "%s.%s: %s", invocation.actor.name, invocation.action, line,
            extra={"turn": self._turn, "line": line, "invocation": invocation.id},
        )  # fmt: skip


class ReadOnly(dict[str, str]):
    """A dict that refuses to be changed."""

    __slots__ = ()

    def _refuse(self, *_: Any, **__: Any) -> Any:
        raise TypeError(
            "Metadata that was received cannot be changed: it is recorded as it came. dict(ctx.metadata) is a copy."
        )

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse


class Context(msgspec.Struct, eq=False):
    """One turn, from the inside.  Valid until the action ends; belongs to the thread or task that runs it."""

    work: Work
    _calls: Calls
    state: Any = None
    """The committed state at the start of the turn: a dict of fields, or the protobuf message."""
    is_async: bool = False
    sent: list[Sent] = []
    held: list[Any] = []
    """Invocations told so far, sent when the turn has succeeded."""
    used_tags: dict[str, str] | None = None
    """The actor's tags as this turn leaves them, once the action has asked for them."""
    _random: random.Random | None = None
    _uuids: random.Random | None = None

    def __repr__(self) -> str:
        return f"Context({self.work.invocation.actor.name}.{self.work.invocation.action})"

    @property
    def self(self) -> ActorId:
        """Who this actor is."""
        return self.work.invocation.actor

    @property
    def caller(self) -> ActorId | None:
        """The actor that sent the message; None from outside."""
        return self.work.invocation.caller

    @property
    def metadata(self) -> Mapping[str, str]:
        """The invocation's metadata: a copy, since what was received is recorded as it was.  Changing it is refused."""
        return ReadOnly(self.work.invocation.metadata)

    @property
    def tags(self) -> dict[str, str]:
        """The actor's tags: text by name.  A changed dict is stored with the turn; anything but text fails the turn."""
        if self.used_tags is None:
            self.used_tags = dict(self.work.tags)
        return self.used_tags

    @property
    def revision(self) -> int:
        """How many times the state has changed before this turn."""
        return self.work.revision

    @property
    def log(self) -> Log:
        """The actor's own log."""
        return Log(self)

    def now(self) -> datetime:
        """The time at which the turn started, UTC; the same value throughout the turn and in a replay."""
        return as_datetime(self.work.now_us)

    @property
    def random(self) -> random.Random:
        """Chance that a replay repeats: seeded anew for each turn, the seed being recorded with it."""
        if self._random is None:
            self._random = random.Random(self.work.seed)
        return self._random

    def uuid(self) -> uuid.UUID:
        """A version-4 UUID from the turn's seed, independent of how often `random` was used."""
        if self._uuids is None:
            self._uuids = random.Random(f"uuid {self.work.seed}")
        return uuid.UUID(int=self._uuids.getrandbits(128), version=4)

    def invoke(self, actor: str, action: str, payload: Any = None, **options: Any) -> Awaitable[Any]:
        """Ask another actor: `answer = await ctx.invoke("archive", "keep", {"text": text})`.

        The message is sent at once, also if this turn fails later.  Messages of other callers wait meanwhile.
        Options: `parent`, `system`, `metadata` (text by name), `timeout` (seconds, from 0 to 100 years), `key`.

        Raises:
            CallCycle: the callee waits, directly or not, for this actor.
            WouldBlock: in a plain `def`, where nothing awaits it: use `ctx.call`.
            BadSetting: a name, the key or the metadata is not text, or the time-out is outside its range; nothing was sent.
            ActionFailed, InvocationTimeout, UnknownActor, …: as for any invocation.
        """
        if not self.is_async:
            name = self.work.invocation.action
            raise WouldBlock(
                f"ctx.invoke must be awaited, and {name} is a plain def, which cannot await.\n"
                f"Write `ctx.call({actor!r}, {action!r}, …)` there, or make it `async def {name}`."
            )
        _check_options(options, ASK_OPTIONS, "ctx.invoke")
        return self._calls.ask(self, actor, action, payload, options)

    def call(self, actor: str, action: str, payload: Any = None, **options: Any) -> Any:
        """`invoke` for a plain `def`: blocks this action, and no other actor, until the answer is there.

        Raises:
            WouldBlock: in an `async def`, whose loop it would block: use `await ctx.invoke`.
        """
        if self.is_async:
            name = self.work.invocation.action
            raise WouldBlock(
                f"{name} is an async def: waiting here would stop the event loop that all coroutine actions share.\n"
                f"Write `await ctx.invoke({actor!r}, {action!r}, …)`."
            )
        _check_options(options, ASK_OPTIONS, "ctx.call")
        return self._calls.ask_blocking(self, actor, action, payload, options)

    def tell(self, actor: str, action: str, payload: Any = None, **options: Any) -> None:
        """Send without waiting.  The message leaves when this turn has succeeded, in order; a failed turn sends nothing.

        From there on it is in memory, and a kill loses it if it was not processed.  With `durable=True`, with a `delay`, or to an
        actor with `durable_mailbox=True`, it is written together with this turn: both survive a kill, or neither.

        Options: `parent`, `system`, `metadata` (text by name), `delay` (seconds from 0 to 100 years, or text as `"10s"`), `key`,
        `durable`.

        Raises:
            BadSetting, BadPayload: an argument that cannot be recorded; the message names it.
        """
        _check_options(options, TELL_OPTIONS, "ctx.tell")
        self._calls.tell(self, actor, action, payload, options)


def _check_options(options: Mapping[str, Any], known: frozenset[str], call: str) -> None:
    for name in options:
        if name not in known:
            raise BadSetting(f"{call} has no option {name!r}. {nearest(name, known, kind='option')}")


current_turn: ContextVar[Context | None] = ContextVar("current_turn", default=None)
"""The turn that this thread or task runs, so that `wb.invoke` inside an action means `ctx.call`."""
