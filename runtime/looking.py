"""Looking into an embedded system: the reading half of `SystemApi`.  Nothing here wakes an actor or changes anything."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from runtime import inspection
from runtime.addressing import actor_name
from runtime.api import ActorInfo, Subscription, Waiting
from runtime.codecs.values import decode_value
from runtime.errors import UnknownActor, UnknownRevision
from runtime.fields import as_flag, as_number, as_text
from runtime.hosts.capsules import Capsule
from runtime.ids import ActorId
from runtime.records import DeadLetter, Encoded, Invocation, Kept, Lifecycle, State, StoredDefinition, Turn
from runtime.running import RunningSystem


class VisibleSystem(RunningSystem):
    """A running system that shows itself; see `SystemApi` for what each method gives."""

    def actors(self, *, prefix: str = "", passive: bool = True, limit: int = 1_000) -> list[ActorInfo]:
        prefix = as_text(prefix, "prefix", "it is text.")
        return inspection.actors(
            self.driver, prefix=prefix, passive=as_flag(passive, "passive"), limit=as_number(limit, "limit")
        )

    def info(self, actor: str) -> ActorInfo:
        return inspection.info(self.driver, self._identity(actor))

    def actions(self, actor: str) -> dict[str, str]:
        return inspection.actions(self.driver, self._identity(actor))

    def state(self, actor: str, revision: int | None = None) -> Any:
        return decode_value(self.encoded_state(actor, revision))

    def encoded_state(self, actor: str, revision: int | None = None) -> Encoded | None:
        """`state`, not decoded: for servers that pass it on."""
        identity = self._identity(actor)
        state = self._state_now(identity) if revision is None else self._state_then(identity, revision)
        return state.value if state is not None else None

    def _state_now(self, actor: ActorId) -> State | None:
        template = inspection.template(self.driver, actor)
        snapshot = inspection.snapshot(self.driver, actor)
        if snapshot is None and template is None:
            raise UnknownActor(actor.name, inspection.names(self.driver))
        if snapshot is None or snapshot.state is None:
            return template.initial if template is not None else None
        if template is not None and snapshot.definition != template.definition.hash:
            return template.host.migrated(template.definition.hash, snapshot.state)
        return snapshot.state

    def _identity(self, actor: str) -> ActorId:
        """Raises BadSetting: the name is no text, or has a NUL or a lone surrogate."""
        return ActorId(self.name, actor_name(actor))

    def _state_then(self, actor: ActorId, revision: int) -> State | None:
        revision = as_number(revision, "revision")
        self.flush()
        snapshot = self.store.state_at(actor, revision)
        if snapshot is None:
            now = self.store.load(actor)
            if now is None:
                raise UnknownActor(actor.name, inspection.names(self.driver))
            raise UnknownRevision(actor.name, revision, now=now.revision, oldest=self.store.oldest_revision(actor))
        return snapshot.state

    def mailbox(self, actor: str, *, limit: int = 1_000) -> list[Waiting]:
        return inspection.mailbox(self.driver, self._identity(actor), as_number(limit, "limit"))

    def turns(self, *, after: int = 0, actor: str | None = None) -> Iterator[list[Turn]]:
        return self.store.turns(after=as_number(after, "after"), actor=None if actor is None else self._identity(actor))

    def history_batches(self, *, after: int = 0) -> Iterator[Any]:
        return self.store.history_batches(after=as_number(after, "after"))

    def kept(self) -> Kept:
        return self.store.kept()

    def lifecycle(self, *, after: int = 0) -> Iterator[Lifecycle]:
        return self.store.lifecycle(after=as_number(after, "after"))

    def definitions(self) -> list[StoredDefinition]:
        return self.store.definitions()

    def subscribe(self, *, limit: int = 10_000) -> Subscription:
        return self.driver.look(lambda engine, _: engine.feed.join(limit))

    def pending(self, correlations: Collection[str]) -> list[Invocation]:
        """Messages of these chains that wait or are being processed."""
        return inspection.pending(self.driver, correlations)

    def capsules(self) -> list[Capsule]:
        """The last turns that failed in this process, oldest first, with message, state before and live frames."""
        return self.host.capsules.all()

    def dead_letters(self) -> list[DeadLetter]:
        """The last messages that could not be delivered and that nobody waited for, oldest first."""
        return self.driver.look(lambda engine, _: engine.feed.undelivered_letters())
