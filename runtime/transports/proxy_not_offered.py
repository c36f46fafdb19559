"""What a system can do and a proxy cannot: refused, each with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

from runtime.api import ActorInfo, Subscription, Waiting
from runtime.errors import NotCapable
from runtime.records import DeadLetter, Kept, Lifecycle, StoredDefinition, Turn


class NotOffered:
    """The part of `SystemApi` that no proxy has."""

    _where: str
    """The proxy, in messages."""

    def _cannot(self, what: str, why: str) -> NoReturn:
        raise NotCapable(what, self._where, why)

    def confirm_dropped(self, actor: str) -> tuple[str, ...]:
        self._cannot(f"delete what {actor} keeps aside", "Spawn's protocol knows nothing of it.")

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        self._cannot("list the actors", "a proxy does not list them; its database and the code that registers do.")

    def info(self, actor: str) -> ActorInfo:
        self._cannot(f"look at {actor}", "a proxy tells nothing of single actors.")

    def actions(self, actor: str) -> dict[str, str]:
        self._cannot(f"list the actions of {actor}", "a proxy does not tell them.")

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        self._cannot(f"look into the mailbox of {actor}", "a proxy does not show it.")

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        self._cannot(
            "read the history", "a proxy keeps no messages; actors hosted with --journal have their history there."
        )

    def history_batches(self, *, after: int = 0) -> Iterator[Any]:
        self._cannot(
            "read the history", "a proxy keeps no messages; actors hosted with --journal have their history there."
        )

    def kept(self) -> Kept:
        self._cannot("say what history is kept", "a proxy keeps no messages.")

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        self._cannot("read the history", "a proxy does not tell when actors come and go.")

    def definitions(self) -> list[StoredDefinition]:
        self._cannot("read the definitions", "a proxy has no source of its actors.")

    def dead_letters(self) -> list[DeadLetter]:
        self._cannot("list what was not delivered", "a proxy does not tell.")

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        self._cannot("watch", "a proxy sends no events.")
