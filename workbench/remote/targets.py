"""From what the user names to a system in another process.

Targets by URL are opened by `runtime.system.connect`.  Clusters (`kubernetes:…`), with a typed confirmation for acting, are to
find their place here too: a target is opened in one function, whatever it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from runtime.api import Capability, SystemApi, SystemStatus
from runtime.errors import BadSetting, shown
from runtime.security.crypto import Role
from runtime.system.connect import connect
from workbench.redaction import redacted_text
from workbench.remote.access import READS, Mode
from workbench.render.tables import html_lines


def open_target(target: str, mode: Mode, notify: Callable[[str], object], **options: Any) -> SystemApi:
    """Connect to a target; `notify` is told when the connection is lost and when it is back.

    A proxy's client is itself told the mode: on a bare proxy even reading a state is acting, since it wakes the actor.

    To act on a proxy, this process becomes its actor host at the first deploy: `host_port` is where the proxy calls it, `journal`
    a store's URL in which every invocation of its actors is recorded.  `system` is the proxy's actor system.

    Raises:
        BadSetting: the target or an option is not usable.
        Unreachable, NotAllowed: see `runtime.connect`.
    """
    if "://" not in str(target):
        raise BadSetting(
            f"Cannot attach to {shown(target)}: expected an address such as grpc://127.0.0.1:9980 (a workbench node) "
            "or http://127.0.0.1:9001 (a Spawn proxy). wb.open_archive opens a file that wb.archive wrote."
        )
    given = {name: value for name, value in options.items() if value is not None}
    if target.startswith("http") and mode is Mode.ACT:
        return _join_notebook_host(target, notify=notify, **given)
    if given.keys() & {"host_port", "journal"}:
        raise BadSetting(
            "host_port and journal are for actors of this notebook behind a proxy: attach to http://… with --mode act."
        )
    if target.startswith("grpc"):
        if "system" in given:
            raise BadSetting("system is for a Spawn proxy (http://…): a workbench node says itself which one it is.")
        given["notify"] = notify
        given["role"] = Role(mode)  # so that the server, too, sees to it that nothing but looking is done
    else:
        given["mode"] = str(mode)
    return connect(target, **given)


def _join_notebook_host(target: str, *, host_port: int | None = None, **options: Any) -> SystemApi:
    from runtime.servers.spawn_host.notebook_host import join

    return join(target, port=host_port, **options)


# --- What one is attached to, as an answer that shows itself ----------------------------------------------------------


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """An attachment: where to, how, and what can be done there."""

    target: str
    system: str
    mode: Mode
    capabilities: tuple[Capability, ...]
    about: tuple[str, ...] = ()
    """What there is to say of an archive, instead of how to act on it."""
    is_name_assumed: bool = False
    """The system does not say its name: it is Spawn's default until someone gives another."""

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
        is_store = not status.store.startswith("http")  # a proxy does not tell where its store is
        store = f"{status.store} (at {self.target})" if is_store else status.store
        return msgspec.structs.replace(status, running=True, store=store)

    def __repr__(self) -> str:
        if self.about:
            lines = [f"Opened {self.target}: actor system {self.system!r} as it was. Nothing in it can be changed."]
            return redacted_text("\n".join([*lines, *(f"  {each}" for each in self.about), "  to leave     %detach"]))
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
