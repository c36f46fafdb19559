"""Whether a proxy would call this process, found out before anything is registered with it.

A proxy calls exactly one host address, and it does not tell which.  To register through a proxy that calls another process
would send production's calls to code that does not have these actors, or has others of the same name.  Nothing can be
registered to find out, not even for a moment.  So: a proxy of ours says whom it calls; one of Spawn's on this machine has it
in its environment; and where neither can be read, the user has to say it.
"""

from __future__ import annotations

from collections.abc import Mapping

from runtime.errors import NotAllowed
from runtime.transports.proxy_link import ProxyLink, ProxyTarget
from runtime.transports.proxy_process import environment_of_listener, forwarder_of_listener, is_own_address
from runtime.wire import notes
from runtime.wire.notes import About

DEFAULT_HOST_PORT = 8090
_HERE = ("", "0.0.0.0", "127.0.0.1", "localhost", "::", "::1")  # noqa: S104 - addresses that mean this machine


def check_host(
    link: ProxyLink,
    about: About | None,
    port: int,
    identity: str,
    *,
    is_stated: bool,
    environment: Mapping[str, str] | None = None,
) -> str:
    """How we know that the proxy calls this process, which listens on `port`.

    Args:
        identity: what this process answers at `notes.IDENTITY`, where it listens already.
        is_stated: the user said that this is the port that the proxy calls, and did not just leave the default.
        environment: of the proxy's process, where it is known; None to look for it.

    Raises:
        NotAllowed: it calls another address, or there is no telling.
    """
    target = link.target
    if about is not None:
        return _ask(link, port, identity)
    if environment is None:
        _check_near(target, port)
        environment = environment_of_listener(target.port)
    if environment is not None:
        return _compare(target, environment, port)
    if is_stated:
        return f"you said that it calls port {port}; it could not be checked"
    raise NotAllowed(
        f"Cannot register with the proxy at {target.url}: which host it calls cannot be found out from here, and if it is\n"
        "another process, calls would go to code that does not have these actors. If you know that it calls this process,\n"
        f"say on which port: --host-port {port}, or USER_FUNCTION_PORT={port}."
    )


def _check_near(target: ProxyTarget, port: int) -> None:
    """A host listens on its own machine only, so a proxy elsewhere cannot call it, whatever the user says.

    Raises:
        NotAllowed: the proxy is elsewhere.
    """
    if not target.is_local and not is_own_address(target.host):
        where = "it runs on another machine"
    elif forwarder := forwarder_of_listener(target.port):
        where = f"{forwarder} forwards that port to it, in one direction only"
    else:
        return
    raise NotAllowed(
        f"Cannot register with the proxy at {target.url}: {where}, so it would not call this process on port {port}.\n"
        "Its calls would go to code that does not have these actors. Run this host beside the proxy, as in one pod."
    )


def _ask(link: ProxyLink, port: int, identity: str) -> str:
    """A proxy of ours calls back, and tells what it got."""
    answer = link.request("GET", f"{notes.HOST_PROBE}?host-port={port}")
    if answer.status == 200 and answer.body.decode("latin-1") == identity:
        return f"it reached this process on port {port}"
    raise NotAllowed(
        f"Cannot register with the proxy at {link.target.url}: what it reaches on port {port} is not this process.\n"
        "Its calls would go elsewhere. A forwarded port leads in one direction only: run this host where the proxy runs."
    )


def _compare(target: ProxyTarget, environment: Mapping[str, str], port: int) -> str:
    host = environment.get("USER_FUNCTION_HOST", "0.0.0.0")  # noqa: S104 - Spawn's default
    text = environment.get("USER_FUNCTION_PORT", str(DEFAULT_HOST_PORT))
    if host in _HERE and text == str(port):
        return f"its environment says that it calls port {port} of this machine"
    raise NotAllowed(
        f"Cannot register with the proxy at {target.url}: it calls {host}:{text}, and this process listens on port {port}.\n"
        "Its calls would go to another process. "
        + (f"Listen there: --host-port {text}." if host in _HERE else "Run this host where the proxy calls it.")
    )
