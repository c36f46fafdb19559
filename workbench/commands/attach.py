"""Work with an actor system of another process, and come back."""

from __future__ import annotations

from pathlib import Path

from workbench.attach.attachment import Attached
from workbench.attach.guard import guarded, read_mode
from workbench.attach.targets import open_target
from workbench.session import current


def attach(
    target: str,
    mode: str = "look",
    *,
    token: str | None = None,
    token_file: str | Path | None = None,
    authority: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
) -> Attached:
    """Make the actor system at `target` the current one: every command goes there until `detach`.

    An embedded system that runs goes on in this process.  A node on this machine and of this user needs no token.

    Args:
        target: `grpc://HOST:PORT` of another workbench node, or `http://HOST:PORT` of a Spawn proxy.
        mode: `look` only reads; `act` can call, deploy and everything else that the system can do.
        token: what the node's server named when it started; else read from `token_file`, or from `SPAWN_NODE_TOKEN`.
        authority: PEM file of who signed the certificate of a `grpcs://` node.
        certificate, key: PEM files by which such a node knows us.

    Raises:
        BadSetting: the target, the mode or a file is not usable.
        Unreachable: nobody answers there.
        NotAllowed: the token is missing or wrong.
    """
    wanted = read_mode(mode)
    options = {
        "token": token, "token_file": token_file, "authority": authority, "certificate": certificate, "key": key,
    }  # fmt: skip
    system = guarded(open_target(target, wanted, current.notify, **options), wanted, target)
    attached = Attached.to(system, target, wanted)
    current.attach(system, attached)
    return attached


def attached() -> Attached | None:
    """What is attached; None while the embedded system is the current one."""
    return current.attached


def detach() -> Attached | None:
    """Leave the attached system, which runs on; what was left, or None if nothing was attached.

    Actors that were deployed there from here give way to what ran before.
    """
    return current.detach()
