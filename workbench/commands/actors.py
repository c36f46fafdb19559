"""Start and stop the current system; list its actors, and look at one: its state, its mailbox, a handle for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from runtime.config import Durability, check_seconds
from runtime.errors import BadSetting, SpawnError
from runtime.invocations import actor_name, template_name
from workbench.commands.invoke import ainvoke, invoke, misplaced_payload
from workbench.redaction import from_actor
from workbench.results import Actors, Mailbox, Status
from workbench.session import current
from workbench.shutdown import Stopped

_ENOUGH = 1_000


def actors(*, everything: bool = False) -> Actors:
    """Actors by name: templates, active ones, and those that are only in the store.

    Args:
        everything: also beyond the first 1,000.
    """
    return Actors(current.open().actors(passive=True, limit=10_000_000 if everything else _ENOUGH))


# --- Read what an actor's state is, or was ----------------------------------------------------------------------------


def state(actor: str, revision: int | None = None) -> Any:
    """The committed state, decoded, now or at a past revision; None for an actor without one.  Never wakes the actor.

    Raises:
        UnknownActor: nothing is known under that name, or not that revision.
    """
    return from_actor(current.open().state(actor, revision))


# --- Look into an actor's mailbox -------------------------------------------------------------------------------------


def mailbox(actor: str) -> Mailbox:
    """The invocation being processed, then those that wait, in order.

    Raises:
        UnknownActor: nothing is known under that name.
        NotCapable: the system does not show mailboxes.
    """
    return Mailbox(current.open().mailbox(actor))


# --- How much is asked for --------------------------------------------------------------------------------------------


def check_limit(limit: int) -> None:
    """Nothing, for a number of lines that can be shown.

    Raises:
        BadSetting: it is less than 1.
    """
    if limit < 1:
        raise BadSetting(f"limit={limit} must be 1 or more.")


# --- A handle for one actor, so that its name need not be repeated ----------------------------------------------------


class ActorRef:
    """An actor by name.  `ref.add(value=5)` is `wb.invoke(name, "add", {"value": 5})`.

    Making one starts nothing, and does not ask whether there is such an actor.
    """

    def __init__(self, name: str, parent: str | None = None) -> None:
        self._name, self._parent = actor_name(name), None if parent is None else template_name(parent)

    @property
    def name(self) -> str:
        """The actor's name."""
        return self._name

    def invoke(self, action: str, payload: Any = None, **options: Any) -> Any:
        """`wb.invoke` for this actor, with the same options."""
        return invoke(self._name, action, payload, parent=self._parent, **options)

    def ainvoke(self, action: str, payload: Any = None, **options: Any) -> Awaitable[Any]:
        """`wb.ainvoke` for this actor: `await ref.ainvoke("add", {"value": 5})`."""
        return ainvoke(self._name, action, payload, parent=self._parent, **options)

    def tell(self, action: str, payload: Any = None, **options: Any) -> None:
        """Send without waiting for an answer."""
        invoke(self._name, action, payload, parent=self._parent, asynchronous=True, **options)

    def state(self, revision: int | None = None) -> Any:
        """The committed state, now or at a past revision."""
        return state(self._name, revision)

    def __getattr__(self, action: str) -> Callable[..., Any]:
        # IPython probes objects for `_repr_html_` and the like; an action's name never begins with an underscore here.
        if action.startswith("_"):
            raise AttributeError(action)

        def call(*values: Any, **fields: Any) -> Any:
            if values:
                raise misplaced_payload(self._name, action, self._parent)
            return self.invoke(action, fields or None)

        call.__name__ = call.__qualname__ = action
        return call

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._actions()]

    def _actions(self) -> list[str]:
        system = current.system
        try:
            return list(system.actions(self._parent or self._name)) if system is not None else []
        except SpawnError:
            return []

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ActorRef) and (other._name, other._parent) == (self._name, self._parent)

    def __hash__(self) -> int:
        return hash((self._name, self._parent))

    def __repr__(self) -> str:
        of = f", parent={self._parent!r}" if self._parent else ""
        return f"wb.ref({self._name!r}{of})"


def ref(name: str, parent: str | None = None) -> ActorRef:
    """A handle for an actor; with `parent`, one that is made from that template at its first call.

    Raises:
        BadSetting: a name is not text.
    """
    return ActorRef(name, parent)


# --- Start and stop the current system, and say how it is doing -------------------------------------------------------


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
