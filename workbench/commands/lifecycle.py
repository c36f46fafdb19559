"""Start and stop the current system, and say how it is doing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.config import Durability, check_seconds
from workbench.results import Status
from workbench.session import current
from workbench.stopped import Stopped


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


def stop(drain: float | None = None) -> Stopped:
    """Process what was accepted, finish turns in progress, write everything, and stop.  Nothing starts again before `start`.

    Messages that wait after `drain` seconds, or after an interrupt, are kept as dead letters: after the next start,
    `dead_letters` lists them and `retry` sends one again.  Durable ones are processed by themselves then.

    Args:
        drain: seconds; 5 if the system was not started with another `drain_s`, 0 to leave at once what waits.

    Returns:
        What was stopped and what was left, as a sentence.

    Raises:
        BadSetting: `drain` is no number of seconds.
        StoreUnavailable: something could not be written; the message says what is lost.
    """
    if drain is not None:
        check_seconds("drain", drain)
    store = str(getattr(getattr(current.own, "store", None), "url", ""))
    was_running = current.stop(drain)
    return Stopped(was_running, store, current.left if was_running else None)


def status() -> Status:
    """What runs, where its store and key are, and whether everything is on disk.  Starts nothing."""
    return current.status()
