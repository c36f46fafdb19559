"""The engine: everything that decides what an actor system does next, and nothing that does it.

It has no thread, lock, clock, file or socket.  A driver calls one method at a time (it holds a lock, or is alone), passing
the time, and carries out what comes back: a `Step` for a worker, or `Command`s.  Ids, chance, and which ready actor is next
are injected.  So a turn's outcome depends on nothing that a test, a replay or an exercise could not decide.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from runtime.config import Durability
from runtime.definition import ActorDefinition
from runtime.engine import keys, workflow
from runtime.engine.activation import Activation
from runtime.engine.agenda import Agenda, Delayed, Idle, SnapshotDue
from runtime.engine.channels import receivers
from runtime.engine.commands import Answer, Command, FindKey, Forget, Load, Run, Step
from runtime.engine.directory import Directory
from runtime.engine.feed import Feed
from runtime.engine.journal import Journal
from runtime.engine.lifecycle import Signal
from runtime.engine.mailbox import Envelope
from runtime.engine.ready import FairQueue, ReadyQueue
from runtime.engine.replies import failed
from runtime.engine.template import Template
from runtime.engine.timekeeping import Timekeeping
from runtime.engine.turn import adopt, make_turn, make_work
from runtime.errors import CallCycle, MailboxFull, NotDeployed, SpawnError, StoreUnavailable, SystemStopped, UnknownAction, UnknownActor
from runtime.hosts.base import Host
from runtime.ids import ActorId, IdSource
from runtime.records import (
    IMPLICIT_READS,
    Event,
    EventKind,
    Failure,
    Invocation,
    Lifecycle,
    Outcome,
    Phase,
    Reply,
    Snapshot,
    State,
    Turn,
    Work,
)
from runtime.statestores.base import Group

NOTHING: list[Command] = []
"""The usual answer; shared, so never changed."""


class EngineOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine needs to know beforehand."""

    system: str
    durability: Durability = Durability.JOURNAL
    mailbox_limit: int = 100_000
    unwritten_limit: int = 100_000
    """Finished turns that may wait for the store before no further turn is started."""


class Engine:
    """One actor system.  See the module for who may call what."""

    def __init__(
        self,
        options: EngineOptions,
        *,
        head: int,
        ids: IdSource,
        seed: Callable[[], int],
        ready: ReadyQueue | None = None,
    ) -> None:
        self.options = options
        self.directory = Directory()
        self.journal = Journal(head)
        self.feed = Feed()
        self.agenda = Agenda()
        self.ready: ReadyQueue = ready if ready is not None else FairQueue()
        self.ids = ids
        self._seed = seed
        self._time = Timekeeping(self)
        self.is_stopped = False
        self.store_error = ""

    # -- definitions ---------------------------------------------------------------------------------------------------

    def deploy(self, definition: ActorDefinition, host: Host, initial: State | None, now_us: int) -> None:
        """Make this the code behind its name from the next turn on; state, mail and the turn in progress are kept.

        Raises:
            NameTaken: the name is that of another template's child.
        """
        own = self.directory.active.get(ActorId(self.options.system, definition.name))
        if own is not None:
            self.directory.check_parent(own, definition.name)
        template = Template(definition, host, initial, self.options.durability, self.options.mailbox_limit)
        self.directory.templates[definition.name] = template
        self._mark(ActorId(self.options.system, definition.name), "deployed", now_us, definition=definition.hash)
        self._time.deployed(template, now_us)

    def undeploy(self, name: str, now_us: int) -> None:
        """Forget the code; state stays.  Messages that wait are answered with an error when their turn comes.

        Raises:
            UnknownActor: nothing of that name is deployed.
        """
        if self.directory.templates.pop(name, None) is None:
            raise UnknownActor(name, self.directory.templates)
        self._mark(ActorId(self.options.system, name), "undeployed", now_us)

    # -- messages in ---------------------------------------------------------------------------------------------------

    def submit(self, invocation: Invocation, waiter: object, now_us: int) -> list[Command]:
        """Take a message: put it into its actor's mailbox, or on the agenda when it is for later.

        The waiter (None for nobody) gets exactly one `Answer`, now or from a later event.
        """
        try:
            if invocation.scheduled_to_us > now_us:
                self._check_open()
                self.agenda.add(invocation.scheduled_to_us, Delayed(invocation))
                return NOTHING if waiter is None else [Answer(waiter, Reply(invocation.id))]
            activation = self._addressed(invocation, now_us)
        except SpawnError as error:
            return self._refuse(invocation, waiter, error, now_us)
        return self._deliver(activation, Envelope(invocation, waiter, now_us))

    def _addressed(self, invocation: Invocation, now_us: int) -> Activation:
        self._check_open()
        if invocation.actor in invocation.path:
            raise CallCycle([actor.name for actor in (*invocation.path, invocation.actor)])
        activation = self.directory.active.get(invocation.actor)
        if activation is None:
            self._check_action(self.directory.templates.get(invocation.parent or invocation.actor.name), invocation)
            activation = self.directory.activate(invocation, now_us)
            return activation
        self.directory.check_parent(activation, invocation.parent)
        template = self.directory.templates.get(activation.parent)
        self._check_action(template, invocation)
        if template is not None and activation.mailbox is not None and len(activation.mailbox) >= template.mailbox_limit:
            raise MailboxFull(invocation.actor.name, template.mailbox_limit)
        return activation

    def _deliver(self, activation: Activation, envelope: Envelope) -> list[Command]:
        activation.push(envelope)
        phase = activation.phase
        if phase is Phase.STOPPING:
            activation.signal(Signal.WAKE)
        if phase is not Phase.RUNNING and phase is not Phase.LOADING:
            self.ready.push(activation)
        if not envelope.invocation.asynchronous or envelope.waiter is None or phase <= Phase.LOADING:
            return NOTHING
        answer = Answer(envelope.waiter, Reply(envelope.invocation.id))
        envelope.waiter = None
        return [answer]

    def _check_open(self) -> None:
        if self.is_stopped:
            raise SystemStopped(self.options.system)
        if self.store_error:
            raise StoreUnavailable(
                f"{self.store_error}\nNo further turns are run; {self.journal.unwritten} answered turns wait to be written and are retried."
            )

    def _check_action(self, template: Template | None, invocation: Invocation) -> None:
        if template is None or template.has_action(invocation.action) or invocation.action in IMPLICIT_READS:
            return
        raise UnknownAction(invocation.actor.name, invocation.action, template.definition.actions)

    def _refuse(self, invocation: Invocation, waiter: object, error: SpawnError, now_us: int) -> list[Command]:
        if waiter is not None:
            return [Answer(waiter, failed(invocation.id, error))]
        self.feed.publish(Event(EventKind.UNDELIVERED, now_us, invocation.actor, text=f"{invocation.action}: {error}"))
        return NOTHING

    # -- turns ---------------------------------------------------------------------------------------------------------

    def take(self, now_us: int) -> Step | list[Command] | None:
        """The next thing to do: a step for a worker, commands to carry out, or None when no actor is ready."""
        if not self.backlog():
            return None
        activation = self.ready.pop()
        if activation is None:
            return None
        if activation.phase is Phase.NEW:
            activation.signal(Signal.LOAD)
            return Load(activation.id)
        if activation.mailbox is None:
            return NOTHING
        template = self.directory.templates.get(activation.parent)
        envelope = activation.mailbox[0]
        if template is None:
            return self._dismiss(activation, NotDeployed(activation.id.name, activation.parent, activation.revision), now_us)
        if not envelope.key_checked:
            return self._check_key(activation, envelope, now_us)
        if template.has_action(envelope.invocation.action):
            return self._begin(activation, template, now_us)
        return self._answer_without_host(activation, template, now_us)

    def backlog(self) -> int:
        """How many actors could run a turn now: none while the store fails or is too far behind."""
        if self.store_error or self.journal.sequence - self.journal.committed > self.options.unwritten_limit:
            return 0
        return len(self.ready)

    def _begin(self, activation: Activation, template: Template, now_us: int) -> Step:
        envelope = activation.running = activation.pop()
        activation.turn += 1
        activation.started_us = now_us
        activation.signal(Signal.START)
        return Run(make_work(activation, envelope, template.definition.hash, now_us, self._seed()), template.host)

    def finish(self, work: Work, outcome: Outcome, now_us: int) -> list[Command]:
        """A turn has ended: adopt its outcome, record it, answer, and start what follows from it.

        A result of a turn that was abandoned meanwhile is fenced off: nothing happens.
        """
        activation = self.directory.active.get(work.invocation.actor)
        if activation is None or activation.phase is not Phase.RUNNING or activation.turn != work.turn:
            return NOTHING
        envelope = activation.running
        assert envelope is not None
        activation.running = None
        activation.signal(Signal.END)
        return self._conclude(activation, envelope, work, outcome, now_us)

    def abandon(self, actor: ActorId, error: SpawnError, now_us: int) -> list[Command]:
        """Give the actor's running turn up: its caller gets the error, the state stays, the actor goes on."""
        activation = self.directory.active.get(actor)
        if activation is None or activation.running is None:
            return NOTHING
        work = make_work(activation, activation.running, activation.state_definition, activation.started_us, 0)
        reply = failed(work.invocation.id, error)
        return self.finish(work, Outcome(failure=reply.failure, error=error), now_us)

    def _conclude(
        self, activation: Activation, envelope: Envelope, work: Work, outcome: Outcome, now_us: int
    ) -> list[Command]:
        template = self.directory.templates.get(activation.parent)
        is_journaled = template is None or template.is_journaled
        sequence = self.journal.next_sequence() if is_journaled else 0
        turn = make_turn(sequence, activation, envelope, work, outcome, now_us)
        adopt(activation, turn)
        activation.last_active_us = now_us
        if is_journaled:
            self.journal.record(turn)
            activation.last_sequence = sequence
        elif template is not None:
            self._time.unrecorded(activation, template, turn, outcome, now_us)
            keys.remember(activation, turn)
        if self.feed.is_watched:
            self.feed.publish(Event(EventKind.TURN, now_us, activation.id, turn))
        if activation.mailbox is not None:
            self.ready.push(activation)
        must_wait = outcome.checkpoint or (template is not None and template.durability is Durability.COMMIT)
        return self._follow_up(envelope, turn, outcome, must_wait, now_us)

    def _follow_up(
        self, envelope: Envelope, turn: Turn, outcome: Outcome, must_wait: bool, now_us: int
    ) -> list[Command]:
        reply = Reply(turn.invocation, turn.response, turn.failure, outcome.error)
        if turn.failure is not None or not (outcome.told or turn.workflow is not None):
            return self._answer(envelope.waiter, reply, must_wait)
        origin, commands = envelope.invocation, list[Command]()
        for each in outcome.told:
            commands += self.submit(workflow.told(each, turn), None, now_us)
        for each in workflow.effects(turn, origin, self.ids, now_us):
            commands += self.submit(each, None, now_us)
        if turn.workflow is not None and turn.workflow.broadcast is not None:
            to = list(receivers(turn.workflow.broadcast.channel, self.options.system, self.directory))
            for each in workflow.deliveries(turn, turn.workflow.broadcast, iter(to), self.ids):
                commands += self.submit(each, None, now_us)
        try:
            onward = workflow.routed(turn, origin, self.ids)
        except CallCycle as error:
            return commands + self._answer(envelope.waiter, failed(turn.invocation, error), must_wait)
        if onward is not None:
            return commands + self.submit(onward, envelope.waiter, now_us)
        return commands + self._answer(envelope.waiter, reply, must_wait)

    def _answer(self, waiter: object, reply: Reply, must_wait: bool = False) -> list[Command]:
        if waiter is None:
            return NOTHING
        if must_wait:
            self.journal.hold(Answer(waiter, reply))
            return NOTHING
        return [Answer(waiter, reply)]

    def _answer_without_host(self, activation: Activation, template: Template, now_us: int) -> list[Command]:
        """An implicit read, or an action that a redeploy took away while the message waited."""
        envelope = activation.pop()
        invocation = envelope.invocation
        if invocation.action in IMPLICIT_READS:
            state = activation.state or template.initial
            outcome = Outcome(response=state.value if state is not None else None)
        else:
            error = UnknownAction(invocation.actor.name, invocation.action, template.definition.actions)
            outcome = Outcome(failure=Failure(error.code, str(error)), error=error)
        activation.started_us = now_us
        work = make_work(activation, envelope, template.definition.hash, now_us, 0)
        return self._conclude(activation, envelope, work, outcome, now_us)

    # -- keys ----------------------------------------------------------------------------------------------------------

    def _check_key(self, activation: Activation, envelope: Envelope, now_us: int) -> Step | list[Command]:
        key = envelope.invocation.key
        turn = self.journal.used_key(activation.id, key) or keys.remembered(activation, key)
        if turn is None:
            activation.signal(Signal.START)  # nothing else of this actor runs while the store is asked
            return FindKey(activation.id, key)
        return self._repeat(activation, turn, now_us)

    def key_looked_up(self, actor: ActorId, turn: Turn | None, now_us: int) -> list[Command]:
        """The store's answer to a `FindKey`."""
        activation = self.directory.active[actor]
        activation.signal(Signal.END)
        assert activation.mailbox is not None
        activation.mailbox[0].key_checked = True
        if turn is not None:
            return self._repeat(activation, turn, now_us)
        self.ready.push(activation)
        return NOTHING

    def _repeat(self, activation: Activation, turn: Turn, now_us: int) -> list[Command]:
        envelope = activation.pop()
        activation.last_active_us = now_us
        if activation.mailbox is not None:
            self.ready.push(activation)
        return self._answer(envelope.waiter, keys.repeated(envelope.invocation, turn))

    # -- the store -----------------------------------------------------------------------------------------------------

    def loaded(self, actor: ActorId, snapshot: Snapshot | None, now_us: int) -> list[Command]:
        """The store's answer to a `Load`; None for an actor without a past."""
        activation = self.directory.active[actor]
        wanted = activation.parent
        if snapshot is not None:
            activation.restore(snapshot)
        error = self._cannot_activate(activation, wanted, snapshot)
        activation.signal(Signal.LOADED)
        if error is not None:
            return self._dismiss(activation, error, now_us)
        template = self.directory.templates[activation.parent]
        self._mark(actor, "activated", now_us, activation.revision, template.definition.hash)
        self._time.activated(activation, template, now_us)
        return self._welcome(activation, template, now_us)

    def _cannot_activate(self, activation: Activation, wanted: str, snapshot: Snapshot | None) -> SpawnError | None:
        name = activation.id.name
        if not activation.parent:
            return UnknownActor(name, self.directory.known_names() - {name})
        if activation.parent not in self.directory.templates:
            return NotDeployed(name, activation.parent, activation.revision)
        try:
            self.directory.check_parent(activation, wanted)
        except SpawnError as error:
            return error
        return None

    def _welcome(self, activation: Activation, template: Template, now_us: int) -> list[Command]:
        """Let the mail in: check what could not be checked before the actor was known, and put `init` first."""
        commands: list[Command] = []
        accepted, activation.mailbox = activation.mailbox, None
        for envelope in accepted or ():
            try:
                self._check_action(template, envelope.invocation)
            except SpawnError as error:
                commands += self._refuse(envelope.invocation, envelope.waiter, error, now_us)
            else:
                commands += self._deliver(activation, envelope)
        if template.definition.init is not None:
            activation.push_first(self._init_call(activation, template.definition.init.name, now_us))
            self.ready.push(activation)
        return commands

    def _init_call(self, activation: Activation, action: str, now_us: int) -> Envelope:
        invocation = Invocation(id=self.ids(), actor=activation.id, action=action, caller=activation.id, asynchronous=True)
        return Envelope(invocation, None, now_us, is_init=True)

    def load_failed(self, actor: ActorId, error: SpawnError, now_us: int) -> list[Command]:
        """The store could not answer a `Load` or a `FindKey`: those who wait are told, the next call tries again."""
        activation = self.directory.active[actor]
        if activation.phase is Phase.LOADING:
            activation.signal(Signal.LOADED)
            return self._dismiss(activation, error, now_us)
        activation.signal(Signal.END)
        envelope = activation.pop()
        if activation.mailbox is not None:
            self.ready.push(activation)
        return self._refuse(envelope.invocation, envelope.waiter, error, now_us)

    def _dismiss(self, activation: Activation, error: SpawnError, now_us: int) -> list[Command]:
        """Answer everybody in the mailbox with an error and let the activation go."""
        commands: list[Command] = []
        for envelope in activation.mailbox or ():
            commands += self._refuse(envelope.invocation, envelope.waiter, error, now_us)
        activation.mailbox = None
        if activation.phase is Phase.READY and activation.last_sequence <= self.journal.committed and not activation.unsaved:
            activation.signal(Signal.STOP)
            activation.signal(Signal.DROP)
            self.directory.drop(activation)
        return commands

    def take_group(self) -> Group | None:
        """What is to be committed next; the same group until `group_committed`."""
        return self.journal.take_group()

    def group_committed(self, now_us: int) -> list[Command]:
        """The group last taken is on disk: release who waited for it."""
        if self.store_error:
            self.store_error = ""
            self.feed.publish(Event(EventKind.STORE_RECOVERED, now_us))
        released = self.journal.group_committed()
        commands: list[Command] = list(released.answers)
        for activation in released.stopping:
            if activation.phase is Phase.STOPPING:
                commands += self.let_go(activation, now_us)
        return commands

    def store_failed(self, reason: str, now_us: int) -> None:
        """The group could not be written: start no further turns until it is."""
        if not self.store_error:
            self.feed.publish(Event(EventKind.STORE_FAILED, now_us, text=reason))
        self.store_error = reason

    # -- time ----------------------------------------------------------------------------------------------------------

    def tick(self, now_us: int) -> list[Command]:
        """Do what is due by now."""
        commands: list[Command] = []
        while (entry := self.agenda.pop_due(now_us)) is not None:
            commands += self._time.due(*entry, now_us)
        return commands

    def let_go(self, activation: Activation, now_us: int) -> list[Command]:
        """Remove an activation whose last state is on disk."""
        activation.signal(Signal.DROP)
        self.directory.drop(activation)
        self._mark(activation.id, "deactivated", now_us, activation.revision, activation.state_definition)
        template = self.directory.templates.get(activation.parent)
        return [Forget(activation.id, template.host)] if template is not None else []

    def stop(self) -> None:
        """Refuse new messages from now on; turns in progress end."""
        self.is_stopped = True

    def _mark(self, actor: ActorId, event: str, now_us: int, revision: int = 0, definition: str = "") -> None:
        self.journal.mark(Lifecycle(now_us, actor, event, revision, definition))
        self.feed.publish(Event(EventKind(event), now_us, actor, text=definition))


__all__ = ["Engine", "EngineOptions", "Idle", "SnapshotDue"]
