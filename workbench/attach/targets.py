"""From what the user names to a system in another process.

Targets by URL are opened by `runtime.connecting`.  Clusters (`kubernetes:…`), with a typed confirmation for acting, are to
find their place here too: a target is opened in one function, whatever it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.api import SystemApi
from runtime.connecting import connect
from runtime.crypto.tokens import Role
from runtime.errors import BadSetting, shown
from workbench.attach.modes import Mode


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
            "or http://127.0.0.1:9001 (a Spawn proxy)."
        )
    given = {name: value for name, value in options.items() if value is not None}
    if target.startswith("http") and mode is Mode.ACT:
        return _beside_proxy(target, notify=notify, **given)
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


def _beside_proxy(target: str, *, host_port: int | None = None, **options: Any) -> SystemApi:
    from runtime.servers.beside_proxy import join

    return join(target, port=host_port, **options)
