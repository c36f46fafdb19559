"""An attached system on which one may act: every act is recorded before it is sent, and how it ended."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from runtime.api import DeployReport, SystemApi
from runtime.errors import DefinitionError
from runtime.settings import read_settings
from workbench.audit_trail import Trail

PASSED = frozenset(
    {
        "actions", "actors", "capabilities", "capsules", "close", "dead_letters", "definitions", "encoded_state", "flush",
        "history_batches", "info", "kept", "lifecycle", "loaded", "mailbox", "name", "remembered", "state", "status", "subscribe",
        "turns",
    }
)  # fmt: skip
"""What changes nothing there, and so is not recorded.  Whatever is neither here nor below does not get through."""


class Audited:
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
