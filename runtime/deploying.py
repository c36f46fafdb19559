"""Code into an embedded system and out of it: deploy, preview, undeploy."""

from __future__ import annotations

import msgspec

from runtime import inspection
from runtime.api import DeployReport
from runtime.config import Durability
from runtime.definition import ActorDefinition, define
from runtime.errors import DefinitionError
from runtime.hosts.base import Host
from runtime.hosts.inprocess import InProcessHost
from runtime.ids import ActorId
from runtime.looking import VisibleSystem
from runtime.previewing import previewed
from runtime.records import StoredDefinition
from runtime.redeploy import check_state, compare, stored
from runtime.settings import Kind

_KINDS = (Kind.NAMED, Kind.UNNAMED, Kind.POOLED, Kind.TASK, Kind.PROJECTION)


class DeployableSystem(VisibleSystem):
    """A running system that takes definitions."""

    def deploy(self, actor: type | ActorDefinition, *, host: Host | None = None) -> DeployReport:
        """See `SystemApi.deploy`.  Atomic: on any error the earlier definition runs on, unchanged.

        Args:
            host: runs the definition's actions; None for this process, or for a task its worker processes.
        """
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        host = host or self._host_for(definition.settings.kind)
        if definition.settings.kind not in _KINDS:
            raise DefinitionError(
                f"Cannot deploy {definition.name}: kind={definition.settings.kind!r} is not available here yet."
            )
        if definition.settings.sourceable and self._durability(definition) is Durability.SNAPSHOT:
            raise DefinitionError(
                f"Cannot deploy {definition.name}: projections read the journal, and at durability='snapshot' there is none.\n"
                "Leave sourceable out, or choose durability='journal' or 'commit'."
            )
        self._ensure_started()
        with self._deploying:
            previous = self.driver.engine.directory.templates.get(definition.name)
            report = compare(definition, previous.definition if previous is not None else self._last_stored(definition))
            if previous is not None and previous.definition.hash == definition.hash and previous.host is host:
                self._renew(previous.definition, definition, host)
                return self._reported(report, definition)
            host.prepare(definition)
            current = inspection.snapshot(self.driver, ActorId(self.name, definition.name))
            aside = check_state(host, definition, current)
            initial = host.initial(definition.hash)
            self.store.save_definition(stored(definition, self.driver.now_us()))
            self.driver.housekeeping.deployed()
            self.driver.call(lambda engine, now: engine.deploy(definition, host, initial, now))
            self.guest_acts.replaced(definition.name)
            if definition.settings.kind is Kind.PROJECTION:
                self.driver.serve_projections(self._ids).follow(definition.settings)
            revision = current.revision if current is not None else 0
            return self._reported(msgspec.structs.replace(report, revision=revision), definition, aside)

    def preview(self, actor: type | ActorDefinition) -> DeployReport:
        """What `deploy` would change and what would go wrong.  Nothing is deployed, stored or executed, except `@migrate`.

        Raises:
            DefinitionError: as `deploy`.
        """
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        host = InProcessHost()
        host.prepare(definition)
        identity = ActorId(self.name, definition.name)
        previous = self.driver.engine.directory.templates.get(definition.name)
        report = compare(definition, previous.definition if previous is not None else self._last_stored(definition))
        current = inspection.snapshot(self.driver, identity)
        aside = check_state(host, definition, current)
        report = msgspec.structs.replace(report, revision=current.revision if current is not None else 0)
        notes = previewed(self.driver, host, definition, report) if previous is not None else ()
        return msgspec.structs.replace(self._reported(report, definition, aside), notes=(*report.notes, *notes))

    def loaded(self) -> list[ActorDefinition]:
        """The definitions that are deployed now."""
        return self.driver.look(lambda engine, _: [each.definition for each in engine.directory.templates.values()])

    def remembered(self, definition: str) -> ActorDefinition | None:
        """A definition that was deployed in this process, perhaps replaced since, by its hash."""
        return self.host.definition(definition)

    def _renew(self, before: ActorDefinition, definition: ActorDefinition, host: Host) -> None:
        """Equal code in other objects: these run from the next turn on, so that nothing rests on the hash alone."""
        if before is not definition:
            host.prepare(definition)
            self.driver.call(lambda engine, _: engine.renew(definition))

    def _host_for(self, kind: Kind) -> Host:
        if kind is not Kind.TASK:
            return self.host
        with self._starting:
            if self._tasks is None:
                from runtime.hosts.task import TaskHost, limits_of

                self._tasks = TaskHost(limits_of(self.config))
            return self._tasks

    def _durability(self, definition: ActorDefinition) -> Durability:
        return definition.settings.durability or self.config.durability

    def _last_stored(self, definition: ActorDefinition) -> StoredDefinition | None:
        return next((d for d in reversed(self.store.definitions()) if d.name == definition.name), None)

    def _reported(self, report: DeployReport, definition: ActorDefinition, aside: tuple[str, ...] = ()) -> DeployReport:
        return inspection.with_counts(self.driver, report, ActorId(self.name, definition.name), aside)

    def undeploy(self, actor: str) -> None:
        self.driver.call(lambda engine, now: engine.undeploy(actor, now))
        if self.driver.projections is not None:
            self.driver.projections.leave(actor)

    def deployed(self, actor: str) -> ActorDefinition | None:
        """The code behind an actor, to be run elsewhere: in a check, a replay.  None if it is not loaded."""
        template = inspection.template(self.driver, self._identity(actor))
        return template.definition if template is not None else None
