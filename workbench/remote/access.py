"""What may be done to an attached system.

`ReadOnlySystem` offers the reads and nothing else: what is not written here does not reach the system, whatever a later version of
it can do.  A read passes only where the system says that it can do it without acting; asking an actor for its state with
`get` wakes it, so that is acting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterator
from contextlib import ExitStack
from enum import StrEnum
from typing import Any, NoReturn, cast

from runtime.api import ActorInfo, Capability, DeployReport, Subscription, SystemApi, SystemStatus, Waiting
from runtime.authoring.settings import read_settings
from runtime.errors import BadSetting, DefinitionError, NotAllowed, NotCapable, nearest, shown
from runtime.records import (
    IMPLICIT_READS,
    DeadLetter,
    Encoded,
    Invocation,
    Lifecycle,
    RetentionMark,
    StoredDefinition,
    Turn,
)
from workbench.remote.audit import Trail


def read_mode(value: object) -> Mode:
    """The mode by its name.

    Raises:
        BadSetting: there is none of that name.
    """
    try:
        return Mode(str(value))
    except ValueError:
        raise BadSetting(f"There is no mode {shown(value)}. {nearest(str(value), Mode, kind='mode')}") from None


def guarded(system: SystemApi, mode: Mode, trail: Trail) -> SystemApi:
    """The system as far as the mode allows; what is done to it, and what is refused, is recorded in `trail`.

    An archive refuses by itself whatever is not reading.
    """
    from runtime.clients.archive import ArchiveSystem  # with what reads a file: not where none is

    if isinstance(system, ArchiveSystem):
        return system
    return cast(SystemApi, AuditedSystem(system, trail)) if mode is Mode.ACT else ReadOnlySystem(system, trail)


class ReadOnlySystem:
    """The reads of a system.  Everything else is refused before anything is sent, with the way to open it; that is recorded."""

    def __init__(self, system: SystemApi, trail: Trail) -> None:
        self._system, self._trail, self._target = system, trail, trail.target
        self.name = system.name
        self.capabilities = system.capabilities & READS

    # -- reads ---------------------------------------------------------------------------------------------------------

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        self._need(Capability.LIST, "list the actors")
        return self._system.actors(prefix=prefix, passive=passive, limit=limit)

    def info(self, actor: str) -> ActorInfo:
        self._need(Capability.LIST, f"look at {actor}")
        return self._system.info(actor)

    def actions(self, actor: str) -> dict[str, str]:
        self._need(Capability.LIST, f"list the actions of {actor}")
        return self._system.actions(actor)

    def state(self, actor: str, revision: int | None = None) -> Any:
        self._need(Capability.STATE, f"read the state of {actor}")
        return self._system.state(actor, revision)

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        self._need(Capability.STATE, f"read the state of {actor}")
        return self._system.encoded_state(actor, revision)

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        self._need(Capability.MAILBOX, f"look into the mailbox of {actor}")
        return self._system.mailbox(actor, limit=limit)

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        self._need(Capability.HISTORY, "read the history")
        return self._system.turns(after=after, actor=actor)

    def history_batches(
        self, *, after: int = 0, until: int | None = None, columns: Collection[str] | None = None
    ) -> Iterator[Any]:
        self._need(Capability.HISTORY, "read the history")
        return self._system.history_batches(after=after, until=until, columns=columns)

    def retention_mark(self) -> RetentionMark:
        return self._system.retention_mark()

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        self._need(Capability.HISTORY, "read the history")
        return self._system.lifecycle(after=after)

    def definitions(self) -> list[StoredDefinition]:
        self._need(Capability.HISTORY, "read the definitions")
        return self._system.definitions()

    def dead_letters(self) -> list[DeadLetter]:
        self._need(Capability.HISTORY, "list what was not delivered")
        return self._system.dead_letters()

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        self._need(Capability.WATCH, "watch")
        return self._system.subscribe(limit=limit)

    def status(self) -> SystemStatus:
        return self._system.status()

    def flush(self, timeout: float = 10.0) -> int:
        """The last committed turn, as it is: having the system write now would already be acting."""
        return self._system.status().committed

    def close(self) -> None:
        """Leave the system."""
        self._system.close()

    # -- what acts -----------------------------------------------------------------------------------------------------

    def invoke(self, actor: str, action: str, payload: Any = None, **_: Any) -> NoReturn:
        self._trail.refused("invoke", actor, action, payload)
        self._refuse(f"invoke {actor}.{action}", self._instead(actor, action))

    def ainvoke(self, actor: str, action: str, payload: Any = None, **_: Any) -> Awaitable[NoReturn]:
        self.invoke(actor, action, payload)

    def deploy(self, actor: type) -> DeployReport:
        name = name_of(actor)
        self._trail.refused("deploy", name)
        self._refuse(f"deploy {name}")

    def undeploy(self, actor: str) -> None:
        self._trail.refused("undeploy", actor)
        self._refuse(f"undeploy {actor}")

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        self._trail.refused("confirm_dropped", actor)
        self._refuse(f"delete what {actor} keeps aside")

    def restore(self, actor: str, revision: int) -> int:
        self._trail.refused("restore", actor, str(revision))
        self._refuse(f"continue {actor} from revision {revision}")

    def retry_letter(self, invocation: str, timeout: float | None = None) -> NoReturn:
        self._trail.refused("retry", "", invocation)
        self._refuse(f"send message {invocation} again")

    def discard_letters(self, invocations: Collection[str]) -> NoReturn:
        self._trail.refused("discard", "", ", ".join(sorted(invocations)[:3]))
        self._refuse("discard messages")

    def _instead(self, actor: str, action: str) -> str:
        if action not in IMPLICIT_READS:
            return ""
        how = f": %state {actor} does not" if Capability.STATE in self.capabilities else ""
        return f" Asking an actor for its state wakes it{how}."

    def _refuse(self, what: str, more: str = "") -> NoReturn:
        raise NotAllowed(
            f"Cannot {what} on {self.name}: it is attached only to look.{more}\n"
            f"To act on it, attach again: %attach {self._target} --mode act"
        )

    def _need(self, capability: Capability, what: str) -> None:
        if capability is Capability.STATE and capability not in self.capabilities:
            raise NotCapable(what, self.name, f"{self._target} shows no state without being acted on.")
        if capability not in self.capabilities:
            raise NotCapable(what, self.name, f"{self._target} does not offer that ({capability.value}).")


# --- An attached system on which one may act: every act is recorded before it is sent, and how it ended ---------------

PASSED = frozenset(
    {
        "actions", "actors", "capabilities", "capsules", "close", "dead_letters", "definitions", "encoded_state",
        "flush", "history_batches", "info", "lifecycle", "loaded", "mailbox", "name", "remembered", "retention_mark",
        "state", "status", "subscribe", "turns",
    }
)  # fmt: skip
"""What changes nothing there, and so is not recorded.  Whatever is neither here nor below does not get through."""


class AuditedSystem:
    """A `SystemApi` whose acts are recorded.  An act that cannot be recorded is not sent."""

    def __init__(self, system: SystemApi, trail: Trail) -> None:
        self._system, self._trail = system, trail

    def __getattr__(self, name: str) -> Any:
        if name not in PASSED:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self._system, name)

    def invoke(self, actor: str, action: str, payload: Any = None, **options: Any) -> Any:
        """See `SystemApi.invoke`; also raises `AuditUnwritable`, before anything is sent."""
        with self._trail.act("invoke", actor, action, payload) as ending:
            answer = self._system.invoke(actor, action, payload, **options)
            ending.outcome = _outcome(options)
        return answer

    def ainvoke(self, actor: str, action: str, payload: Any = None, **options: Any) -> Awaitable[Any]:
        """See `SystemApi.ainvoke`; recorded and sent when it is awaited."""
        return self._awaited(actor, action, payload, options)

    async def _awaited(self, actor: str, action: str, payload: Any, options: dict[str, Any]) -> Any:
        with self._trail.act("invoke", actor, action, payload) as ending:
            answer = await self._system.ainvoke(actor, action, payload, **options)
            ending.outcome = _outcome(options)
        return answer

    def deploy(self, actor: type) -> DeployReport:
        """See `SystemApi.deploy`."""
        with self._trail.act("deploy", name_of(actor)):
            return self._system.deploy(actor)

    def undeploy(self, actor: str) -> None:
        """See `SystemApi.undeploy`."""
        with self._trail.act("undeploy", actor):
            self._system.undeploy(actor)

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        """See `SystemApi.confirm_dropped`."""
        with self._trail.act("confirm_dropped", actor):
            return self._system.confirm_dropped(actor)

    def restore(self, actor: str, revision: int) -> int:
        """See `SystemApi.restore`; the revision is recorded as the action."""
        with self._trail.act("restore", actor, str(revision)):
            return self._system.restore(actor, revision)

    def retry_letter(self, invocation: str, timeout: float | None = None) -> Any:
        """See `SystemApi.retry_letter`."""
        message = self._letters().get(invocation)
        named = (message.actor.name, message.action, message.payload) if message is not None else ("", "", None)
        with self._trail.act("retry", *named):
            return self._system.retry_letter(invocation, timeout)

    def discard_letters(self, invocations: Collection[str]) -> int:
        """See `SystemApi.discard_letters`; each is recorded, its id as the action."""
        letters = self._letters()
        with ExitStack() as acts:
            for each in letters.keys() & set(invocations):
                acts.enter_context(self._trail.act("discard", letters[each].actor.name, each))
            return self._system.discard_letters(invocations)

    def _letters(self) -> dict[str, Invocation]:
        return {str(each.invocation.id): each.invocation for each in self._system.dead_letters()}


def _outcome(options: dict[str, Any]) -> str:
    is_sent = options.get("asynchronous") or options.get("delay") is not None or options.get("scheduled_to") is not None
    return "sent" if is_sent else "done"


def name_of(actor: Any) -> str:
    """The name of the actor that a class or a definition makes; the class's own where it makes none."""
    if not isinstance(actor, type):
        return str(getattr(actor, "name", actor))
    try:
        return read_settings(actor, {}).name
    except DefinitionError:
        return actor.__name__


# --- How one is attached ----------------------------------------------------------------------------------------------


class Mode(StrEnum):
    """How one is attached."""

    LOOK = "look"
    """Only reads."""
    ACT = "act"
    """Everything that the system can do."""


READS = frozenset({Capability.LIST, Capability.STATE, Capability.MAILBOX, Capability.HISTORY, Capability.WATCH})
"""Capabilities that change nothing."""
