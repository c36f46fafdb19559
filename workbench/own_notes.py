"""What there is to say of an embedded system: where its key is, and what is done to it on purpose."""

from __future__ import annotations

from runtime.api import SystemApi
from workbench.closing import by_actor
from workbench.store_place import shown_path
from workbench.tables import plural


def key_location(system: SystemApi) -> str:
    """Where the key of a system's store is, as the system tells it; empty if it does not."""
    return str(getattr(getattr(system, "store", None), "key_location", "") or "")


def left_before(system: SystemApi) -> tuple[str, ...]:
    """What an earlier stop or a kill has left, as sentences; nothing if it left nothing."""
    driver = getattr(system, "driver", None)
    if driver is None:
        return ()
    letters, waiting = driver.look(lambda engine, _: (len(engine.feed.kept_letters), engine.waiting_for_code()))
    notes = []
    if letters:
        found = plural(letters, "message")
        notes.append(f"Left by an earlier stop: {found}. wb.dead_letters() lists them, %retry ID sends one again.")
    if waiting:
        notes.append(f"Accepted before, and processed once the cell of their actor has been run: {by_actor(waiting)}.")
    return tuple(notes)


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
