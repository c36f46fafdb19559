"""One store, several processes: the one that has it open lets the others work with its system."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.api import SystemApi
from runtime.errors import SpawnError
from runtime.local import EmbeddedSystem
from workbench.attach.attachment import Attached
from workbench.attach.door import Door, Invitation, knock
from workbench.attach.modes import Mode
from workbench.attach.targets import open_target
from workbench.store_place import shown_path

if TYPE_CHECKING:
    from runtime.servers.grpc_node import NodeServer


class Sharing:
    """A system's side: a door for those who want its store, and a server once the first of them has knocked."""

    def __init__(self, system: EmbeddedSystem, store_url: str, served: Callable[[], str]) -> None:
        """`served` gives the address at which the system is served anyhow; empty for none."""
        self._system, self._served = system, served
        self._node: NodeServer | None = None
        self._door = Door(store_url, self._let_in)
        self._door.open()

    def close(self) -> None:
        """Let nobody in any more; those who are in are cut off.  Safe to call twice."""
        self._door.close()
        if self._node is not None:
            self._node.stop()
            self._node = None

    def _let_in(self) -> str:
        if address := self._served():
            return address
        if self._node is None:
            from runtime.servers.grpc_node import NodeServer

            self._node = NodeServer(self._system).start()
        return self._node.address


def join(store_url: str, notify: Callable[[str], object]) -> tuple[SystemApi, Attached] | None:
    """The system of the process that has the store open, to act on it; None if it does not let us in.  `notify` is told."""
    invitation = knock(store_url)
    if invitation is None or invitation.pid == os.getpid():
        return None
    try:
        system = open_target(invitation.address, Mode.ACT, _telling_how_to_go_on(store_url, notify))
    except SpawnError:
        return None
    if (connection := getattr(system, "connection", None)) is not None:
        connection.advice = f"If it was ended: {_how_to_go_on(store_url)}"
    notify(_joined(store_url, invitation))
    return system, Attached.to(system, invitation.address, Mode.ACT)


def _telling_how_to_go_on(store_url: str, notify: Callable[[str], object]) -> Callable[[str], None]:
    """Tells what the connection tells, and, once the owner of the store is gone, how to have the store here."""

    def tell(text: str) -> None:
        notify(text)
        if knock(store_url) is None:
            notify(f"Nobody has it open any more. {_how_to_go_on(store_url)}")

    return tell


def _how_to_go_on(store_url: str) -> str:
    return (
        f"To have {shown_path(store_url)} here: %detach, then run the cells that define your actors again; "
        "they continue from what is on disk."
    )


def _joined(store_url: str, invitation: Invitation) -> str:
    who = f"notebook {Path(invitation.notebook).name}" if invitation.notebook else "another process"
    return (
        f"{shown_path(store_url)} is open in {who} (process {invitation.pid}): joined its actor system at {invitation.address}.\n"
        "Commands go there; actors that are defined here run here, until this kernel ends or %detach."
    )
