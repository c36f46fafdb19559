"""The engine: everything that decides what an actor system does next, and nothing that does it.

It has no thread, lock, clock, file or socket.  A driver calls one method at a time (it holds a lock, or is alone), passing
the time, and carries out what comes back: a `Step` for a worker, or `Command`s.  Ids, chance, and which ready actor is next
are injected.  So a turn's outcome depends on nothing that a test, a replay or an exercise could not decide.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import partial

from runtime.authoring.definition import ActorDefinition
from runtime.engine.activation import Activation, Envelope, Signal
from runtime.engine.breakpoints import Breakpoints
from runtime.engine.commands import Answer, Command
from runtime.engine.directory import Template
from runtime.engine.due_queue import Delayed
from runtime.engine.intake import Intake
from runtime.engine.ready import FairQueue, ReadyQueue
from runtime.engine.state import NOTHING, Core, EngineOptions, failed
from runtime.engine.timers import Timers
from runtime.engine.turns import Turns
from runtime.errors import FaultInjected, StoreUnavailable, TurnQuarantined, UnknownActor
from runtime.hosts.base import Host
from runtime.ids import ActorId, IdSource
from runtime.records import DeadLetter, Event, EventKind, Failure, Invocation, Phase, Snapshot, State, Turn
from runtime.stores.base import Group, Isolated

_AT_WORK = (Phase.LOADING, Phase.RUNNING)


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
        """`head` is the store's last turn; `seed` gives 63 random bits for each turn."""
        core = Core(options, head=head, ids=ids, seed=seed, ready=ready if ready is not None else FairQueue())
        time = Timers(core)
        intake = Intake(core, time)
        self.breakpoints = breakpoints = Breakpoints(core, intake)
        """Stopping actors at messages, and changing what waits."""
        turns = Turns(core, intake, time, breakpoints)
        time.submit, time.deliver = intake.submit, intake.deliver
        self._core, self._time = core, time
        self.options, self.directory, self.journal = options, core.directory, core.journal
        self.feed, self.due_queue, self.ready = core.feed, core.due_queue, core.ready
        # Events of the parts, offered under one roof without a call in between.
        self.submit = intake.submit
        self.precheck, self.admit = intake.precheck, intake.admit
        self.loaded, self.load_failed = intake.loaded, intake.load_failed
        self.key_looked_up = intake.key_looked_up
        self.take, self.finish, self.abandon = turns.take, turns.finish, turns.abandon
        self.is_next_for, self.is_next_coroutine = turns.is_next_for, turns.is_next_coroutine
        self.crash = partial(crash, core)
        self.around_host: Callable[[Host | None, Host], Host] | None = None
        """Gives the host of a new definition, from that of the earlier one and the one that was asked for."""
        self.backlog = core.backlog
        self.letters_left = core.letters_left
        self.durable_left = 0
        """Durable messages that a stop left in mailboxes."""

    @property
    def store_error(self) -> str:
        """Why the store cannot be written; empty while it can."""
        return self._core.store_error

    @property
    def problems(self) -> tuple[str, ...]:
        """What was not written as it should have been, in words."""
        return tuple(self._core.problems)

    def deploy(self, definition: ActorDefinition, host: Host, initial: State | None, now_us: int) -> None:
        """Make this the code behind its name from the next turn on; state, mail and the turn in progress are kept.

        Raises:
            NameTaken: the name is that of another template's child.
        """
        options, identity = self.options, ActorId(self.options.system, definition.name)
        own = self.directory.active.get(identity)
        if own is not None:
            self.directory.check_parent(own, definition.name)
        earlier = self.directory.templates.get(definition.name)
        if self.around_host is not None:
            host = self.around_host(earlier.host if earlier is not None else None, host)
        template = Template(definition, host, initial, options.durability, options.mailbox_limit)
        self.directory.templates[definition.name] = template
        self.directory.has_durable_children |= template.is_durable and template.has_children
        for activation in self.directory.children(definition.name):
            activation.suspended = None
        self._core.mark(identity, "deployed", now_us, definition=definition.hash)
        self._time.deployed(template, now_us)
        self._claim(template, now_us)

    def renew(self, definition: ActorDefinition) -> None:
        """Take other objects for the definition that is deployed, of equal code and hash; timers and actors go on."""
        template = self.directory.templates.get(definition.name)
        if template is not None and template.definition.hash == definition.hash:
            template.definition = definition

    def resume_schedules(self, invocations: list[Invocation], now_us: int) -> None:
        """Take what the store kept over a restart, before anything is deployed.

        Schedules come at their time.  Durable messages wait for the code of their actor and enter with it, in the order in which
        they were accepted, before any message from outside.  Dead letters are listed, and not delivered.
        """
        for invocation in invocations:
            if invocation.undelivered:
                self._core.restore_letter(invocation)
            elif invocation.durable:
                self._core.accepted_before.add(invocation.id)
                self._core.saw_moment(invocation.scheduled_to_us)
                self._core.unclaimed.append(invocation)
            else:
                self.due_queue.add(max(invocation.scheduled_to_us, now_us), Delayed(invocation))

    def _claim(self, template: Template, now_us: int) -> None:
        """Let in what waited for this code.  No one waits for an answer, so there is nothing to carry out."""
        waiting, self._core.unclaimed = self._core.unclaimed, []
        name, has_children = template.definition.name, template.has_children
        for invocation in waiting:
            if not invocation.durable:
                self.due_queue.add(max(invocation.scheduled_to_us, now_us), Delayed(invocation))
            elif (invocation.parent or invocation.actor.name) == name or (has_children and not invocation.parent):
                self._time.deliver(invocation, now_us)
            else:
                self._core.unclaimed.append(invocation)

    def undeploy(self, name: str, now_us: int) -> None:
        """Forget the code; state stays.  Messages that wait are answered with an error when their turn comes.

        Raises:
            UnknownActor: nothing of that name is deployed.
        """
        if self.directory.templates.pop(name, None) is None:
            raise UnknownActor(name, self.directory.templates)
        self._core.mark(ActorId(self.options.system, name), "undeployed", now_us)

    def take_group(self) -> Group | None:
        """What is to be committed next; None while another group is at the store, or when there is nothing."""
        return self.journal.take_group()

    def group_committed(self, now_us: int) -> list[Command]:
        """The group last taken is on disk: release who waited for it."""
        core = self._core
        if core.store_error:
            core.store_error, core.is_closed = "", core.is_stopped or core.is_draining
            core.feed.publish(Event(EventKind.STORE_RECOVERED, now_us))
        released = core.journal.group_committed()
        core.hold_or_go_on()
        commands: list[Command] = list(released.answers)
        for activation in released.stopping:
            if activation.phase is Phase.STOPPING and activation.last_sequence <= core.journal.committed:
                commands += core.let_go(activation, now_us)
        return commands

    def isolated(self, isolated: Isolated, stored: Mapping[ActorId, Snapshot | None], now_us: int) -> None:
        """Part of the group last taken cannot be encoded, and the rest is on disk: correct what is in memory.

        Call it before `group_committed`.  `stored` has the actors whose state could not be written, as the store has them.
        """
        correct(self._core, isolated, stored, now_us)

    def note_problem(self, what: str) -> None:
        """Something is wrong with the store that keeps no turn from being written; turns go on."""
        if what not in self._core.problems:
            self._core.problems.append(what)

    def store_failed(self, reason: str, now_us: int) -> None:
        """The group could not be written: take no message and start no turn until it is."""
        core = self._core
        if not core.store_error:
            core.feed.publish(Event(EventKind.STORE_FAILED, now_us, text=reason))
        core.store_error, core.is_closed, core.is_held = reason, True, True

    def tick(self, now_us: int) -> list[Command]:
        """Do what is due by now."""
        self._time.seen(now_us)
        commands: list[Command] = []
        while (entry := self.due_queue.pop_due(now_us)) is not None:
            commands += self._time.due(*entry, now_us)
        return commands

    def waiting_for_code(self) -> dict[str, int]:
        """How many messages of the store wait until the code of their actor is deployed, for each actor."""
        counts: dict[str, int] = {}
        for invocation in self._core.unclaimed:
            counts[invocation.actor.name] = counts.get(invocation.actor.name, 0) + 1
        return counts

    def discard_letters(self, invocations: Collection[str]) -> list[DeadLetter]:
        """Give up those of these messages that are dead letters, in the store too; them.

        One that is being sent again is processed all the same.
        """
        found = [letter for each in invocations if (letter := self.feed.letter(each)) is not None]
        for letter in found:
            if letter.kept:
                self._core.settle(letter.invocation)
            else:
                self.feed.forget_letter(letter.invocation.id)
        return found

    def begin_draining(self) -> None:
        """Refuse messages from outside; what waits is processed, with the messages that its turns send, until `stop`."""
        self._core.is_closed = self._core.is_draining = True

    @property
    def is_at_work(self) -> bool:
        """Whether a turn is going on, or one can begin without a further message."""
        core = self._core
        if core.store_error:
            return False
        return len(core.ready) > 0 or any(each.phase in _AT_WORK for each in self.directory.active.values())

    def has_accepted(self) -> bool:
        """Whether a message waits for which no one waits: its sender was told that it is accepted."""
        return any(envelope.waiter is None and not envelope.is_init for envelope in self._envelopes())

    def waiting(self) -> dict[str, int]:
        """How many messages wait, for each actor that has some."""
        return {each.id.name: each.waiting for each in self.directory.active.values() if each.waiting}

    def _envelopes(self) -> Iterator[Envelope]:
        for activation in self.directory.active.values():
            yield from activation.mailbox or ()
            yield from activation.outside or ()

    def stop(self, now_us: int) -> list[Command]:
        """Refuse new messages and those that wait; turns in progress end.

        What was accepted is kept: durable messages and schedules for the next one who opens the store, the others as dead letters.
        """
        core = self._core
        core.is_stopped = core.is_closed = True
        core.is_draining = False
        commands: list[Command] = []
        self.durable_left += sum(1 for each in self._envelopes() if each.invocation.durable)
        for activation in list(self.directory.active.values()):
            for envelope in (*(activation.mailbox or ()), *(activation.outside or ())):
                commands += core.refuse(envelope.invocation, envelope.waiter, core.why_closed(), now_us)
            activation.mailbox = activation.outside = None
        return commands

    def save_all(self, now_us: int) -> None:
        """Record the states that only memory has (`durability="snapshot"`), once no turn is in progress any more."""
        self._time.save_all(now_us)

    def give_up_writing(self) -> list[Command]:
        """The store stays away and the system ends: tell those whose answer was held back for it."""
        error = StoreUnavailable(
            f"{self.options.system} was stopped before the turn could be written, so it is lost. {self.store_error}".strip()
        )
        return [Answer(held.waiter, failed(held.reply.invocation, error)) for held in self.journal.lost()]

    @property
    def running(self) -> list[ActorId]:
        """Actors in the middle of a turn."""
        return [each.id for each in self.directory.active.values() if each.running is not None]


# --- One actor's process "dies" in the middle of its turn, as far as that actor can tell ------------------------------


def crash(core: Core, actor: ActorId, turn: int, now_us: int) -> list[Command]:
    """Drop an activation without saving: its turn's result, its mailbox and what was only in memory are lost.

    Each of its callers gets `FaultInjected`; messages that were scheduled are due again, since the store has them.  The next
    message brings the actor back with the state of the store.  Turns that ended earlier stay: the journal is one order, and
    to lose the last of them would lose those of other actors.  Nothing happens when that turn is over already.
    """
    activation = core.directory.active.get(actor)
    if activation is None or activation.running is None or activation.turn != turn:
        return NOTHING
    lost = [activation.running.envelope, *(activation.mailbox or ()), *(activation.outside or ())]
    activation.end()
    activation.mailbox = activation.outside = None
    activation.unsaved = False
    commands: list[Command] = []
    for envelope in lost:
        commands += _lose(core, actor, envelope, now_us)
    activation.signal(Signal.STOP)
    return commands + _let_go(core, activation, now_us)


def _lose(core: Core, actor: ActorId, envelope: Envelope, now_us: int) -> list[Command]:
    invocation = envelope.invocation
    if invocation.scheduled_to_us and envelope.waiter is None:
        core.due_queue.add(now_us, Delayed(invocation))
        return NOTHING
    if envelope.is_init:
        return NOTHING  # the next activation has its own
    error = FaultInjected(actor.name, invocation.action, "the actor crashed, and its message was lost.")
    return core.refuse(invocation, envelope.waiter, error, now_us)


def _let_go(core: Core, activation: Activation, now_us: int) -> list[Command]:
    if activation.last_sequence <= core.journal.committed:
        return core.let_go(activation, now_us)
    core.journal.stop_after_commit(activation)
    return NOTHING


# --- What could not be written is taken out of memory too, so that memory and journal say the same --------------------
# The record of a turn that could not be encoded keeps what can be written of it, above all its state: turns that were
# built on it meanwhile stay right.  So only what is missing in the record is corrected here: tags go back to those that
# are written, and a state that could not be written goes back to the last one that was, unless a later turn has
# replaced it; that later state is whole and stays.  A turn in progress keeps what it began with.


def correct(core: Core, isolated: Isolated, stored: Mapping[ActorId, Snapshot | None], now_us: int) -> None:
    """Adopt what was written of the group at the store, and say what was not.

    Args:
        stored: what the store has now of the actors whose state could not be written, as far as it can be read.
    """
    refusals = {each.id: Failure(TurnQuarantined.code, _refusal(isolated, each)) for each in isolated.refused}
    core.journal.replace({written.sequence: written for _, written in isolated.turns}, refusals)
    for turn, written in isolated.turns:
        _correct_actor(core, turn, written, stored)
        why = written.failure.message if written.failure is not None else ""
        core.feed.publish(Event(EventKind.QUARANTINED, now_us, written.actor, written, why))
    for invocation in isolated.refused:
        core.due_queue.remove(invocation.id)
        why = _refusal(isolated, invocation)
        core.feed.undelivered(DeadLetter(at_us=now_us, invocation=invocation, code=TurnQuarantined.code, why=why))
    core.problems.extend(f"Could not be written whole: {finding}" for finding in isolated.findings)


def _refusal(isolated: Isolated, invocation: Invocation) -> str:
    why = next((each.why for each in isolated.findings if each.id == str(invocation.id)), "")
    return f"{invocation.action} of {invocation.actor.name} cannot be kept for later: {why}"


def _correct_actor(core: Core, turn: Turn, written: Turn, stored: Mapping[ActorId, Snapshot | None]) -> None:
    activation = core.directory.active.get(written.actor)
    if activation is None:
        return
    left = turn.tags_before if turn.tags_after is None else turn.tags_after
    if activation.tags is left:
        activation.tags = written.tags_before if written.tags_after is None else written.tags_after
    is_lost = turn.state is not None and written.state is None and activation.state is turn.state
    if is_lost and written.actor in stored:
        before = stored[written.actor]
        activation.state = before.state if before is not None else None
        activation.state_definition = before.definition if before is not None else ""
        if activation.last_sequence == written.sequence:
            activation.revision = written.revision
