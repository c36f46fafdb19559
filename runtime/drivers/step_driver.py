"""The driver for which the caller decides: one thread, no time of its own, one step at a call.

A test, a replay or an exercise says which of the possible steps comes next (`choose`), moves the clock, and says when a
group is written and when the process "dies".  The same choices give the same run.  Actions run in the caller's thread.

Coroutine actions may await `ctx.invoke` only: anything else would wait for a world that stands still here.

A limit (`@action(timeout=…)`) counts time of the clock that is moved here: a turn is over it if `advance` passes its end, or if
its plain action returns later than that.  An action that never returns, no one can end: it has the caller's thread.
"""

from __future__ import annotations

import contextvars
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, Unpack

from runtime.api import CallOptions
from runtime.authoring.context import Context
from runtime.authoring.definition import ActorDefinition, define
from runtime.clock import ManualClock
from runtime.drivers.action_calls import asked
from runtime.drivers.replies import error_of
from runtime.drivers.worker import look_up
from runtime.engine.commands import Answer, Command, FindKey, Forget, Judge, Load, Run
from runtime.engine.engine import Engine
from runtime.engine.ready import ChosenQueue
from runtime.engine.state import EngineOptions
from runtime.errors import ActionTimeout, InternalError, InvocationTimeout, SpawnError, WouldBlock
from runtime.hosts.action_calls import build_call, build_tell
from runtime.hosts.in_process import InProcessHost, refused
from runtime.ids import CountingIds, IdSource
from runtime.invocations import build_invocation
from runtime.records import Invocation, Outcome, Reply
from runtime.stores.base import Group, Isolated, StateStore
from runtime.stores.isolation import isolated, stored_before
from runtime.wire.codecs.values import decode_answer


class Possible(NamedTuple):
    """One thing that could happen next."""

    what: str
    """`turn` (the actor takes its next message) or `resume` (a suspended action gets its answer)."""
    actor: str


Choose = Callable[[Sequence[Possible]], int]


def first(_: Sequence[Possible]) -> int:
    """The oldest possibility: what the thread driver does."""
    return 0


class _Suspended(NamedTuple):
    """An action in the middle of a turn."""

    run: Run
    coroutine: Coroutine[Any, Any, Outcome]
    context: contextvars.Context
    awaited: Asked


class StepDriver:
    """Runs one engine, a step at a time.  Not for several threads."""

    def __init__(
        self,
        store: StateStore,
        *,
        options: EngineOptions | None = None,
        choose: Choose = first,
        clock: ManualClock | None = None,
        seed: Callable[[], int] = lambda: 1,
        host: InProcessHost | None = None,
        writes_at_once: bool = True,
    ) -> None:
        """With `writes_at_once`, every group is committed after the step that recorded it; else `write` does it."""
        self.store, self.clock = store, clock or ManualClock()
        self.options = options or EngineOptions(system="spawn-system")
        self.host = host or InProcessHost()
        self.choose = choose
        self.writes_at_once = writes_at_once
        self.ids = CountingIds()
        self.peers: dict[str, StepDriver] = {}
        """Other actor systems, by name; each is stepped by itself."""
        self._ready = ChosenQueue(lambda _: self._chosen)
        self._chosen = 0
        self._suspended: list[_Suspended] = []
        self._seed = seed
        self.engine = Engine(self.options, head=store.head(), ids=self.ids, seed=seed, ready=self._ready)
        self.engine.resume_schedules(store.schedules(), 0)
        self._definitions: dict[str, ActorDefinition] = {}
        self._unwritten: Group | None = None

    # -- what a test does ----------------------------------------------------------------------------------------------

    def deploy(self, actor: type | ActorDefinition) -> None:
        """As `SystemApi.deploy`, without a report."""
        definition = actor if isinstance(actor, ActorDefinition) else define(actor)
        self.host.prepare(definition)
        self._definitions[definition.name] = definition
        self.engine.deploy(definition, self.host, self.host.initial(definition.hash), self.clock.now_us())

    def send(self, actor: str, action: str, payload: Any = None, **options: Unpack[CallOptions]) -> Pending:
        """Put a message into a mailbox; nothing runs before the next step."""
        pending = Pending(build_invocation(self.ids(), self.options.system, actor, action, payload, options))
        self.submit(pending.invocation, pending)
        return pending

    def ask(self, actor: str, action: str, payload: Any = None, **options: Any) -> Any:
        """Send, run until nothing is left to do, and give the response."""
        pending = self.send(actor, action, payload, **options)
        self.run()
        return pending.result()

    def possible(self) -> list[Possible]:
        """What could happen next, oldest first: turns, then resumptions."""
        ready = self._ready.ready if self.engine.backlog() else ()
        turns = [Possible("turn", actor.name) for actor in ready]
        return turns + [Possible("resume", each.run.invocation.actor.name) for each in self._resumable()]

    def step(self) -> Possible | None:
        """Do one thing, chosen by `choose`; None when there is nothing to do."""
        options = self.possible()
        if not options:
            return None
        index = self.choose(options) if len(options) > 1 else 0
        turns = sum(1 for each in options if each.what == "turn")
        if index < turns:
            self._chosen = index
            self._take()
        else:
            self._resume(self._resumable()[index - turns])
        if self.writes_at_once:
            self.write()
        return options[index]

    def run(self, limit: int = 100_000) -> list[Possible]:
        """Step until nothing is left to do; what was done.

        Raises:
            InternalError: not within `limit` steps, which points at actors that keep each other busy.
        """
        done: list[Possible] = []
        while (each := self.step()) is not None:
            done.append(each)
            if len(done) > limit:
                raise InternalError(f"{limit} steps and no end: some actors keep sending to each other.")
        return done

    def advance(self, seconds: float) -> None:
        """Move the clock, end turns that are over their limit then, and let happen what is due."""
        self.clock.advance(seconds)
        for each in self._suspended.copy():
            if _is_overdue(each.run, self.clock.now_us()):
                self._suspended.remove(each)
                each.context.run(each.coroutine.close)
                self._finish(each.run, _over_its_limit(each.run))
        self.carry_out(self.engine.tick(self.clock.now_us()))
        if self.writes_at_once:
            self.write()

    def write(self) -> None:
        """Commit everything recorded so far.

        Raises:
            StoreError: the group stays at the engine, which takes no turns until a later `write` succeeds.
        """
        while (group := self._unwritten or self.engine.take_group()) is not None:
            self._unwritten = group
            try:
                self.store.commit(group)
            except SpawnError as error:
                self.engine.store_failed(str(error), self.clock.now_us())
                raise
            except Exception:
                if (left := isolated(group)) is None:
                    raise
                self._write_without(left)
            self._unwritten = None
            self.carry_out(self.engine.group_committed(self.clock.now_us()))

    def _write_without(self, left: Isolated) -> None:
        self.store.commit(left.group)
        self.engine.isolated(left, stored_before(self.store, left), self.clock.now_us())

    def crash(self) -> None:
        """Lose everything that is not in the store, as `kill -9` does, and start again with the same definitions."""
        self.close()
        self._unwritten = None
        self._ready = ChosenQueue(lambda _: self._chosen)
        self.host = InProcessHost()
        self.engine = Engine(self.options, head=self.store.head(), ids=self.ids, seed=self._seed, ready=self._ready)
        self.engine.resume_schedules(self.store.schedules(), 0)
        for definition in self._definitions.values():
            self.deploy(definition)

    def close(self) -> None:
        """End the actions that are in the middle of a turn; nothing of them is kept."""
        for each in self._suspended:
            each.context.run(each.coroutine.close)
        self._suspended.clear()

    def submit(self, invocation: Invocation, waiter: object) -> None:
        self.carry_out(self.engine.submit(invocation, waiter, self.clock.now_us()))

    # -- steps ---------------------------------------------------------------------------------------------------------

    def _take(self) -> None:
        now_us = self.clock.now_us()
        step = self.engine.take(now_us)
        if isinstance(step, list):
            self.carry_out(step)
        elif isinstance(step, Load):
            self.carry_out(self.engine.loaded(step.actor, self.store.load(step.actor), now_us))
        elif isinstance(step, FindKey):
            self.carry_out(
                self.engine.key_looked_up(step.activation, self.store.find_key(step.actor, step.key), now_us)
            )
        elif isinstance(step, Judge):
            self.carry_out(look_up(step, self.store)(self.engine, now_us))
        elif isinstance(step, Run):
            self._run(step)

    def _run(self, step: Run) -> None:
        calls = StepCalls(self)
        if not step.host.is_async(step):
            self._finish(step, step.host.run(step, calls))
            return
        self._go_on(step, step.host.arun(step, calls), contextvars.copy_context())

    def _resumable(self) -> list[_Suspended]:
        return [each for each in self._suspended if each.awaited.is_done]

    def _resume(self, suspended: _Suspended) -> None:
        self._suspended.remove(suspended)
        self._go_on(suspended.run, suspended.coroutine, suspended.context)

    def _go_on(self, run: Run, coroutine: Coroutine[Any, Any, Outcome], context: contextvars.Context) -> None:
        try:
            awaited = context.run(coroutine.send, None)
        except StopIteration as end:
            self._finish(run, end.value)
            return
        if not isinstance(awaited, Asked):
            name = f"{run.invocation.actor.name}.{run.invocation.action}"
            raise WouldBlock(f"{name} awaits something other than ctx.invoke, which cannot be stepped through.")
        self._suspended.append(_Suspended(run, coroutine, context, awaited))

    def _finish(self, run: Run, outcome: Outcome) -> None:
        now_us = self.clock.now_us()
        self.carry_out(self.engine.finish(run, _over_its_limit(run) if _is_overdue(run, now_us) else outcome, now_us))

    def carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Answer):
                command.waiter.deliver(command.reply)
            elif isinstance(command, Forget):
                command.host.forget(command.actor)
            else:
                self.peers[command.invocation.actor.system].submit(command.invocation, command.waiter)


def _is_overdue(run: Run, now_us: int) -> bool:
    return bool(run.timeout_ms) and now_us - run.now_us >= run.timeout_ms * 1_000


def _over_its_limit(run: Run) -> Outcome:
    return refused(ActionTimeout(run.invocation.actor.name, run.invocation.action, run.timeout_ms / 1_000))


# --- Calls of actions -------------------------------------------------------------------------------------------------
# What a stepped system hands out instead of threads: places for replies, and calls that wait for a step.


class Stepper(Protocol):
    """What calls need of the driver."""

    @property
    def ids(self) -> IdSource: ...

    def submit(self, invocation: Invocation, waiter: object) -> None: ...

    def step(self) -> object | None: ...


class Pending:
    """The place for one reply."""

    __slots__ = ("invocation", "reply")

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.reply: Reply | None = None

    @property
    def is_done(self) -> bool:
        return self.reply is not None

    def deliver(self, reply: Reply) -> None:
        if self.reply is not None:
            raise InternalError(f"Invocation {self.invocation.id} was answered twice.")
        self.reply = reply

    def result(self) -> Any:
        """The decoded response.

        Raises:
            InvocationTimeout: there is no reply yet.
            SpawnError: what the reply says.
        """
        if self.reply is None:
            raise InvocationTimeout(self.invocation.actor.name, self.invocation.action, 0.0)
        error = error_of(self.reply, self.invocation)
        if error is not None:
            raise error
        return decode_answer(self.reply.response)


class Asked(Pending):
    """A question of a coroutine action; awaiting it suspends the action until a step resumes it."""

    __slots__ = ("_turn",)

    def __init__(self, invocation: Invocation, turn: Context) -> None:
        super().__init__(invocation)
        self._turn = turn

    def deliver(self, reply: Reply) -> None:
        super().deliver(reply)
        self._turn.sent.append(asked(self.invocation, reply.response, reply.failure))

    def __await__(self) -> Generator[Asked, None, Any]:
        while not self.is_done:
            yield self
        return self.result()


class StepCalls:
    """`Calls` of actions under a step driver."""

    def __init__(self, driver: Stepper) -> None:
        self._driver = driver

    def ask(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Awaitable[Any]:
        invocation = build_call(turn, actor, action, payload, options, self._driver.ids())
        asked = Asked(invocation, turn)
        self._driver.submit(invocation, asked)
        return asked

    def ask_blocking(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> Any:
        invocation = build_call(turn, actor, action, payload, options, self._driver.ids())
        asked = Asked(invocation, turn)
        self._driver.submit(invocation, asked)
        while not asked.is_done and self._driver.step() is not None:
            pass
        return asked.result()

    def tell(self, turn: Context, actor: str, action: str, payload: Any, options: Mapping[str, Any]) -> None:
        turn.held.append(build_tell(turn, actor, action, payload, options, self._driver.ids()))
