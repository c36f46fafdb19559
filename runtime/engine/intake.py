"""Messages on their way in: who they are for, whether they may enter, and bringing that actor into memory."""

from __future__ import annotations

from collections import deque

import msgspec

from runtime.engine import call_graph
from runtime.engine.activation import Activation, Envelope, Signal
from runtime.engine.commands import Answer, Command, Elsewhere
from runtime.engine.directory import Template, unknown_action
from runtime.engine.due_queue import Delayed
from runtime.engine.state import AGAIN_US, NOTHING, Core, failed
from runtime.engine.timers import Timers
from runtime.errors import (
    AccessDenied,
    ActionFailed,
    ActorSuspended,
    KeyConflict,
    MailboxFull,
    NotDeployed,
    SpawnError,
    TurnQuarantined,
    UnknownActor,
    rebuild,
)
from runtime.ids import ActorId
from runtime.records import IMPLICIT_READS, RESTORE, Invocation, Phase, Reply, Snapshot, Turn
from runtime.security.access_policies import AccessRules

_NEW, _LOADING, _READY, _STOPPING = Phase.NEW, Phase.LOADING, Phase.READY, Phase.STOPPING
_RUNNING = Phase.RUNNING

Arrival = tuple[Activation, Envelope, bool]
"""A vetted message on its way into its actor's mailbox, and whether it is for a coroutine action."""


class Intake:
    """The way into an engine's mailboxes."""

    __slots__ = ("_core", "_time")

    def __init__(self, core: Core, time: Timers) -> None:
        self._core, self._time = core, time

    def submit(self, invocation: Invocation, waiter: object, now_us: int, *, is_kept: bool = False) -> list[Command]:
        """Take a message: put it into its actor's mailbox, or on the due queue when it is for later.

        The waiter (None for no one) gets exactly one `Answer`, now or from a later event.

        Args:
            is_kept: it comes from the due queue or the store, which has it until its turn is recorded.
        """
        core = self._core
        try:
            if core.is_closed and not (core.is_draining and invocation.cause):
                raise core.why_closed()
            if core.options.rules is not None:
                self._check_access(core.options.rules, invocation)
            if invocation.scheduled_to_us > now_us and not is_kept and invocation.actor.system == core.options.system:
                return self._postpone(invocation, waiter, now_us)
            activation = core.directory.active.get(invocation.actor)
            if activation is None and invocation.actor.system != core.options.system:
                return [Elsewhere(invocation, waiter)]
            if activation is None or invocation.path:
                activation = self._addressed(activation, invocation, now_us)
            if invocation.parent:
                core.directory.check_parent(activation, invocation.parent)
            template = core.directory.templates.get(activation.parent)
            if template is not None:
                self._check(activation, template, invocation)
        except SpawnError as error:
            if waiter is None and not is_kept and self._is_durable(invocation, None):
                invocation = self._keep(invocation, now_us)
            return core.refuse(invocation, waiter, error, now_us)
        if (invocation.asynchronous or invocation.hops) and not is_kept and self._is_durable(invocation, template):
            invocation = self._keep(invocation, now_us)
        envelope = Envelope(invocation, waiter, now_us, not invocation.key)
        if activation.outside is not None or (activation.mailbox is not None and is_full(core, activation)):
            return keep(core, activation, envelope)
        return self._deliver(activation, envelope)

    def deliver(self, invocation: Invocation, now_us: int) -> list[Command]:
        """Take a message that the store has, now that it is due."""
        return self.submit(invocation, None, now_us, is_kept=True)

    def precheck(self, invocation: Invocation, waiter: object, now_us: int, ahead: int) -> Arrival | None:
        """A message that nothing speaks against, for `admit`; None for one at which `submit` has to look.

        It changes nothing, and looks at single entries only.  So, unlike everything else here, it may be called while another
        method runs: by who wants to leave a message without waiting for that one.  What it sees may be over a moment later;
        `admit` looks again.

        Args:
            ahead: how many messages were vetted and have not entered yet.
        """
        core = self._core
        if core.is_closed or invocation.scheduled_to_us or invocation.path or core.options.rules is not None:
            return None
        if invocation.durable:
            return None
        activation = core.directory.active.get(invocation.actor)
        if activation is None or not _READY <= activation.phase <= _RUNNING:
            return None
        template = core.directory.templates.get(activation.parent)
        if template is None or invocation.action not in template.definition.actions:
            return None
        if template.is_durable and invocation.asynchronous:
            return None
        if invocation.parent and invocation.parent != activation.parent:
            return None
        if activation.suspended is not None or activation.outside is not None:
            return None
        mailbox = activation.mailbox
        if ahead + (0 if mailbox is None else len(mailbox)) >= template.mailbox_limit:
            return None
        envelope = Envelope(invocation, waiter, now_us, not invocation.key)
        return activation, envelope, invocation.action in template.coroutines

    def admit(self, arrival: Arrival) -> list[Command]:
        """Put a vetted message into its mailbox, unless things have changed meanwhile: then it is submitted as any other."""
        activation, envelope, _ = arrival
        if not _READY <= activation.phase <= _STOPPING or activation.outside is not None or self._core.is_closed:
            return self.submit(envelope.invocation, envelope.waiter, envelope.enqueued_us)
        if activation.phase is _RUNNING and activation.mailbox is not None and envelope.waiter is None:
            activation.mailbox.append(envelope)  # the actor looks at it by itself, and no one is to be told
            return NOTHING
        return self._deliver(activation, envelope)

    def _check_access(self, rules: AccessRules, invocation: Invocation) -> None:
        if invocation.caller == invocation.actor:
            return  # timers, init, and an actor's messages to itself
        why = rules.why_not(invocation.caller, invocation.action)
        if why:
            caller = invocation.caller.name if invocation.caller is not None else ""
            raise AccessDenied(invocation.actor.name, invocation.action, caller, why)

    def admit_waiting(self, activation: Activation) -> list[Command]:
        """Room has come up: deliver who waits outside, in order."""
        waiting = activation.outside
        commands: list[Command] = []
        while waiting and not is_full(self._core, activation):
            commands += self._deliver(activation, waiting.popleft())
        if not waiting:
            activation.outside = None
        return commands

    def _postpone(self, invocation: Invocation, waiter: object, now_us: int) -> list[Command]:
        """Put a message on the due queue and into the store: it is executed once, also after a restart.

        The caller is answered when that is on disk, so an accepted schedule is never lost.

        Raises:
            UnknownAction: the code that is deployed now has no such action; code that is not may come later.
        """
        self._check_action(self._core.directory.templates.get(invocation.parent or invocation.actor.name), invocation)
        if invocation.durable:  # as every schedule is; after a restart it comes at its time, not at once
            invocation = msgspec.structs.replace(invocation, durable=False)
        self._core.due_queue.add(invocation.scheduled_to_us, Delayed(invocation))
        self._core.journal.schedule(invocation)
        return self._core.answer(Envelope(invocation, waiter, now_us), Reply(invocation.id), after_commit=True)

    def _is_durable(self, invocation: Invocation, template: Template | None) -> bool:
        """Whether a message that no one waits for is to survive a crash: it says so, has a time, or its actor wants it.

        What cannot be seen before the actor is loaded is taken for durable, which does no harm.
        """
        if invocation.caller is not None and not invocation.cause:
            return False  # a timer's call: the timer comes back with its code
        if invocation.durable or invocation.scheduled_to_us:
            return invocation.actor.system == self._core.options.system
        if template is None:
            template = self._core.directory.templates.get(invocation.parent or invocation.actor.name)
        directory = self._core.directory
        if template is not None:
            return template.is_durable
        name = invocation.parent or invocation.actor.name
        return directory.has_durable_children or directory.deployed_before.get(name, False)

    def _keep(self, invocation: Invocation, now_us: int) -> Invocation:
        """Write a message with the next group, which holds the turn that sent it, too: so both survive, or neither."""
        core = self._core
        moment_us = invocation.scheduled_to_us or core.next_moment(now_us)
        invocation = msgspec.structs.replace(invocation, durable=True, scheduled_to_us=moment_us)
        # After a crash no one waits for the answer any more.
        core.journal.schedule(msgspec.structs.replace(invocation, path=()) if invocation.path else invocation)
        return invocation

    def _addressed(self, activation: Activation | None, invocation: Invocation, now_us: int) -> Activation:
        directory = self._core.directory
        if activation is None:
            self._check_action(directory.templates.get(invocation.parent or invocation.actor.name), invocation)
            activation = directory.activate(invocation, now_us)
            template = directory.templates.get(activation.parent)
            if template is not None and template.is_pool and activation.phase is Phase.NEW:
                self._time.joined(activation, template, now_us)
        if invocation.path:
            call_graph.ask(directory, invocation)
        return activation

    def _check(self, activation: Activation, template: Template, invocation: Invocation) -> None:
        if invocation.action not in template.definition.actions:
            self._check_action(template, invocation)
        if activation.suspended is not None and activation.suspended.is_suspended:
            failures = activation.suspended.failures
            raise ActorSuspended(invocation.actor.name, failures, self._core.options.intensity.window_s)
        if (
            activation.mailbox is not None
            and len(activation.mailbox) >= template.mailbox_limit
            and not template.may_wait
        ):
            raise MailboxFull(invocation.actor.name, template.mailbox_limit)

    def _check_action(self, template: Template | None, invocation: Invocation) -> None:
        action = invocation.action
        if template is None or template.has_action(action) or action in IMPLICIT_READS or action == RESTORE:
            return
        if template.has_children and not invocation.parent:
            return  # the name is the template's own: the directory says so
        raise unknown_action(invocation, template)

    def _deliver(self, activation: Activation, envelope: Envelope) -> list[Command]:
        if activation.mailbox is None:
            activation.mailbox = deque()
        activation.mailbox.append(envelope)
        phase = activation.phase
        if phase is _STOPPING:
            activation.signal(Signal.WAKE)
            if activation.needs_init:
                self._initialise(activation, envelope.enqueued_us)
            self._core.ready.push(activation)
        elif phase is _READY or phase is _NEW:
            self._core.ready.push(activation)
        if not envelope.invocation.asynchronous or envelope.waiter is None or phase <= _LOADING:
            return NOTHING
        answer = Answer(envelope.waiter, Reply(envelope.invocation.id))
        envelope.waiter = None
        return NOTHING if envelope.invocation.scheduled_to_us and self._core.journal.hold(answer) else [answer]

    # -- activation ----------------------------------------------------------------------------------------------------

    def loaded(self, actor: ActorId, snapshot: Snapshot | None, now_us: int) -> list[Command]:
        """The store's answer to a `Load`; None for an actor without a past."""
        core = self._core
        activation = core.directory.active[actor]
        own = core.directory.templates.get(actor.name)
        if not activation.parent and own is not None and not own.has_children:
            activation.parent = actor.name  # deployed while the store was asked
        wanted = activation.parent
        if snapshot is not None:
            activation.restore(snapshot)
        elif wanted in core.directory.templates:
            activation.tags = core.directory.templates[wanted].tags
        activation.signal(Signal.LOADED)
        error = self._cannot_activate(activation, wanted)
        if error is not None:
            return self.dismiss(activation, error, now_us)
        template = core.directory.templates[activation.parent]
        core.mark(actor, "activated", now_us, activation.revision, template.definition.hash)
        self._time.activated(activation, template, now_us)
        return self._welcome(activation, template, now_us)

    def _cannot_activate(self, activation: Activation, wanted: str) -> SpawnError | None:
        directory, name = self._core.directory, activation.id.name
        if not activation.parent:
            templates = directory.parents()
            return UnknownActor(name, directory.known_names() - {name, *templates}, templates=templates)
        try:
            directory.check_parent(activation, wanted)
        except SpawnError as error:
            return error
        if activation.parent not in directory.templates:
            return NotDeployed(name, activation.parent, activation.revision)
        return None

    def _welcome(self, activation: Activation, template: Template, now_us: int) -> list[Command]:
        """Let the mail in: check what could not be checked before the actor was known, and put `init` first."""
        core, commands = self._core, list[Command]()
        accepted, activation.mailbox = activation.mailbox, None
        for envelope in accepted or ():
            try:
                self._check_action(template, envelope.invocation)
            except SpawnError as error:
                commands += core.refuse(envelope.invocation, envelope.waiter, error, now_us)
            else:
                commands += self._deliver(activation, envelope)
        if self._initialise(activation, now_us):
            core.ready.push(activation)
        return commands

    def _initialise(self, activation: Activation, now_us: int) -> bool:
        """Put the call of `@init`, if there is one, before all other messages."""
        activation.needs_init = False
        template = self._core.directory.templates.get(activation.parent)
        if template is None or template.definition.init is None:
            return False
        activation.push_first(self._init_call(activation, template.definition.init.name, now_us))
        return True

    def _init_call(self, activation: Activation, action: str, now_us: int) -> Envelope:
        actor = activation.id
        invocation = Invocation(id=self._core.ids(), actor=actor, action=action, caller=actor, asynchronous=True)
        return Envelope(invocation, None, now_us, True, True)

    def load_failed(self, actor: ActorId, error: SpawnError, now_us: int) -> list[Command]:
        """The store could not answer a `Load` or a `FindKey`: those who wait are told, the next call tries again."""
        activation = self._core.directory.active[actor]
        if activation.phase is _LOADING:
            activation.signal(Signal.LOADED)
            return self.dismiss(activation, error, now_us)
        activation.signal(Signal.END)
        if activation.mailbox is None:
            return NOTHING
        return self.turn_away(activation, activation.pop(), error, now_us)

    def turn_away(self, activation: Activation, envelope: Envelope, error: SpawnError, now_us: int) -> list[Command]:
        """Refuse a message that was taken out of its mailbox; the actor goes on with the next."""
        if activation.mailbox is not None:
            self._core.ready.push(activation)
        commands = self._core.refuse(envelope.invocation, envelope.waiter, error, now_us)
        return commands if activation.outside is None else commands + self.admit_waiting(activation)

    def dismiss(self, activation: Activation, error: SpawnError, now_us: int) -> list[Command]:
        """Answer everybody in the mailbox with an error, and let the activation go if nothing of it is unwritten."""
        commands: list[Command] = []
        for envelope in (*(activation.mailbox or ()), *(activation.outside or ())):
            commands += self._core.refuse(envelope.invocation, envelope.waiter, error, now_us)
        activation.mailbox = activation.outside = None
        is_written = activation.last_sequence <= self._core.journal.committed and not activation.unsaved
        if activation.phase is _READY and is_written:
            activation.signal(Signal.STOP)
            activation.signal(Signal.DROP)
            self._core.directory.drop(activation)
        return commands

    def init_failed(
        self, activation: Activation, turn: Turn, error: BaseException | None, now_us: int
    ) -> list[Command]:
        """`@init` has failed, so the actor is not active: those who wait for it are told, and it leaves memory.

        The next message activates it again, which begins with another try; so does a message of the store, which is not given
        up, after a second.
        """
        core, commands = self._core, list[Command]()
        for envelope in (*(activation.mailbox or ()), *(activation.outside or ())):
            invocation = envelope.invocation
            if invocation.scheduled_to_us and envelope.waiter is None:
                core.due_queue.add(now_us + AGAIN_US, Delayed(invocation))
            else:
                told = _not_initialised(turn, error, invocation.action)
                commands += core.refuse(invocation, envelope.waiter, told, now_us)
        activation.mailbox = activation.outside = None
        activation.needs_init = True
        activation.signal(Signal.STOP)
        if activation.last_sequence <= core.journal.committed:
            return commands + core.let_go(activation, now_us)
        core.journal.stop_after_commit(activation)
        return commands

    # -- keys ----------------------------------------------------------------------------------------------------------

    def key_looked_up(self, asking: ActorId, turn: Turn | None, now_us: int) -> list[Command]:
        """The store's answer to a `FindKey` of that activation."""
        activation = self._core.directory.active[asking]
        activation.signal(Signal.END)
        if activation.mailbox is None:
            return NOTHING  # the system was stopped meanwhile
        activation.mailbox[0].key_checked = True
        if turn is not None:
            return self.repeat(activation, turn, now_us)
        self._core.ready.push(activation)
        return NOTHING

    def repeat(self, activation: Activation, turn: Turn, now_us: int) -> list[Command]:
        """Answer the first message in the mailbox from the record, once that is on disk."""
        envelope = activation.pop()
        activation.last_active_us = now_us
        reply = repeated(envelope.invocation, turn)
        if isinstance(reply.error, KeyConflict) and envelope.waiter is None:
            return self.turn_away(activation, envelope, reply.error, now_us)
        if activation.mailbox is not None:
            self._core.ready.push(activation)
        is_unwritten = turn.sequence > self._core.journal.committed
        if envelope.invocation.scheduled_to_us:
            self._core.settle(envelope.invocation)
        commands = self._core.answer(envelope, reply, after_commit=is_unwritten)
        return commands if activation.outside is None else commands + self.admit_waiting(activation)


def _not_initialised(turn: Turn, error: BaseException | None, action: str) -> SpawnError:
    """What the caller of an action hears when `@init` has failed before it."""
    failure, actor = turn.failure, turn.actor.name
    assert failure is not None
    why = f"{action} was not run: {turn.action} is the @init of {actor}, which runs first, and again before the next message."
    if failure.code != ActionFailed.code:
        told: SpawnError = rebuild(failure.code, f"{failure.message}\n{why}")
    else:
        text = f"{failure.text}\n{why}"
        told = ActionFailed(actor, turn.action, failure.type_name, text, failure.trace, turn.invocation)
    told.__cause__ = error
    return told


# --- Messages for a full mailbox that wait outside it (`MailboxPolicy.WAIT`) ------------------------------------------


def is_full(core: Core, activation: Activation) -> bool:
    """Whether the mailbox takes no more; False while its code, which says how much it takes, is not known."""
    if activation.mailbox is None:
        return False
    template = core.directory.templates.get(activation.parent)
    return template is not None and len(activation.mailbox) >= template.mailbox_limit


def keep(core: Core, activation: Activation, envelope: Envelope) -> list[Command]:
    """Have a message wait: an asynchronous caller is answered when it is let in.

    What no one waits for (told messages, effects, broadcasts) slows no one down, so of that only so much is kept.
    """
    if activation.outside is None:
        activation.outside = deque()
    limit = core.options.mailbox_limit
    if envelope.waiter is None and len(activation.outside) >= limit:
        full = MailboxFull(activation.id.name, limit)
        return core.refuse(envelope.invocation, None, full, envelope.enqueued_us)
    activation.outside.append(envelope)
    return NOTHING


# --- Idempotency keys: the same key on the same actor is executed once (docs/guarantees.md, "What a key means") ---
# A failure does not use a key up.  While a keyed call runs, the same key waits behind it in the mailbox.  A used key
# with another action or payload is an error.  Keys are kept as long as the journal; those of an actor at
# `durability="snapshot"`, which has no journal, as long as it is active.


def repeated(invocation: Invocation, turn: Turn) -> Reply:
    """The recorded answer, or a conflict; the failure where the record of that turn is not whole."""
    if turn.failure is not None and turn.failure.code == TurnQuarantined.code:
        return Reply(invocation.id, None, turn.failure, repeated=True)
    if turn.action != invocation.action or turn.payload != invocation.payload:
        return failed(invocation.id, KeyConflict(invocation.actor.name, invocation.key))
    return Reply(invocation.id, turn.response, repeated=True)


def remember(activation: Activation, turn: Turn) -> None:
    """Keep a key of a turn that no journal records."""
    if turn.key and turn.failure is None:
        if activation.keys is None:
            activation.keys = {}
        activation.keys[turn.key] = turn


def remembered(activation: Activation, key: str) -> Turn | None:
    return activation.keys.get(key) if activation.keys is not None else None
