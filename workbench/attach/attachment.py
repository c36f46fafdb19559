"""What one is attached to, as an answer that shows itself."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime.api import Capability, SystemApi, SystemStatus
from workbench.attach.modes import READS, Mode
from workbench.redaction import redacted_text
from workbench.tables import html_lines


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment: where to, how, and what can be done there."""

    target: str
    system: str
    mode: Mode
    capabilities: tuple[Capability, ...]
    is_name_assumed: bool = False
    """The system does not say its name: it is Spawn's default until somebody gives another."""

    @classmethod
    def to(cls, system: SystemApi, target: str, mode: Mode) -> Attached:
        """`system` as it is, whatever the mode allows."""
        offered = system.capabilities if mode is Mode.ACT else system.capabilities & READS
        return cls(
            target=target,
            system=system.name,
            mode=mode,
            capabilities=tuple(sorted(offered)),
            is_name_assumed=getattr(system, "is_name_assumed", False),
        )

    def located(self, status: SystemStatus) -> SystemStatus:
        """A status that says whose it is."""
        return msgspec.structs.replace(status, running=True, store=f"{status.store} (at {self.target})")

    def __repr__(self) -> str:
        lines = [f"Attached to actor system {self.system!r} at {self.target}, {self._meaning()}."]
        if self.is_name_assumed:
            lines.append(
                "  its name is  assumed, since a proxy does not say it: give --system NAME if it is another one"
            )
        lines.append(f"  it can       {', '.join(self.capabilities) or 'say whether it is well'}")
        if self.mode is Mode.LOOK:
            lines.append(f"  to act on it %attach {self.target} --mode act")
        lines.append("  to leave     %detach")
        return redacted_text("\n".join(lines))

    def _meaning(self) -> str:
        if self.mode is Mode.LOOK:
            return "only to look: nothing can be changed"
        deploys = Capability.DEPLOY in self.capabilities
        return f"to act: calls{' and deployments' if deploys else ''} go there"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": html_lines(repr(self))}
