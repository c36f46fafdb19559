"""What there is to say of an embedded system: where its key is, and what is done to it on purpose."""

from __future__ import annotations

from runtime.api import SystemApi
from workbench.store_place import shown_path
from workbench.tables import plural


def key_location(system: SystemApi) -> str:
    """Where the key of a system's store is, as the system tells it; empty if it does not."""
    return str(getattr(getattr(system, "store", None), "key_location", "") or "")


def left_before(system: SystemApi) -> tuple[str, ...]:
    """What an earlier stop has left, as a sentence; nothing if it left nothing."""
    driver = getattr(system, "driver", None)
    count = len(driver.engine.feed.kept_letters) if driver is not None else 0
    if not count:
        return ()
    return (
        f"Left by an earlier stop: {plural(count, 'message')}. wb.dead_letters() lists them, %retry ID sends one again.",
    )


def on_purpose(system: SystemApi) -> tuple[str, ...]:
    """Held actors and injected faults, which make a system look broken."""
    driver = getattr(system, "driver", None)
    if driver is None:
        return ()
    from runtime import holding, injecting

    names = holding.held_actors(driver)
    return (*([f"Held: {', '.join(names)}."] if names else []), *map(repr, injecting.active(driver)))


def key_is_new(system: SystemApi) -> bool:
    """Whether the store's key was made just now."""
    return bool(getattr(getattr(system, "store", None), "key_is_new", False))


def welcome(system: SystemApi) -> str:
    """What the user is told when a system has started: where its store and its key are, and what it continues."""
    status = system.status()
    line = f"Actor system {system.name!r} started. Store: {shown_path(status.store)}"
    key = key_location(system)
    lines = [line + (f" · key: {shown_path(key)}" if key else "")]
    if status.committed:
        lines.append(
            f"It continues after {plural(status.committed, 'turn')}; an actor runs again once its cell has been run."
        )
    return "\n".join([*lines, *left_before(system)])
