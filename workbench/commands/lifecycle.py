"""Start and stop the current system, and say how it is doing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.config import Durability
from workbench.results import Status
from workbench.session import current


def start(
    system: str | None = None,
    store: str | Path | None = None,
    durability: Durability | str | None = None,
    **options: Any,
) -> Status:
    """Start the embedded system now, with these settings, instead of at first use with the defaults.

    If another kernel of yours has the store open, its system is joined over loopback: commands go there, and actors defined here
    run here.

    Args:
        system: the actor system's name; `spawn-system` if not given.
        store: `sqlite:///PATH`, a path, or `memory`; by default `.spawn/<notebook>.db` beside the notebook.
        durability: `snapshot`, `journal` (default) or `commit`, for actors whose class does not say.
        options: `join=False`, to be refused a store that another kernel has, instead of joining that one; `key` (32 bytes that
            encrypt the store), and further fields of `runtime.config.RuntimeConfig`.

    Raises:
        BadSetting: a system runs already with other settings, or a setting is not usable.
        StoreInUse, WrongKey, StoreDamaged, StoreTooNew: the store cannot be opened; nothing was started.
    """
    current.start(system=system, store=store, durability=durability, **options)
    return current.status()


def stop() -> None:
    """Finish turns in progress, write everything, and stop.  Nothing starts again before `start`."""
    current.stop()


def status() -> Status:
    """What runs, where its store and key are, and whether everything is on disk.  Starts nothing."""
    return current.status()
