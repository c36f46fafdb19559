"""Call an action of an actor of the current system."""

from __future__ import annotations

import asyncio
import difflib
import inspect
import sys
import threading
import time
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

from runtime.api import Capability, SystemApi, offers
from runtime.errors import (
    ActionFailed,
    BadPayload,
    BadSetting,
    Condition,
    InvocationTimeout,
    Mistake,
    SpawnError,
    nearest,
)
from workbench.presenters.availability import advised
from workbench.presenters.panels.form import fields_of
from workbench.redaction import from_actor
from workbench.session import current
from workbench.shutdown import noted_interrupts


def invoke(
    actor: str,
    action: str,
    payload: Any = None,
    *,
    parent: str | None = None,
    system: str | None = None,
    asynchronous: bool = False,
    delay: float | str | None = None,
    scheduled_to: datetime | None = None,
    metadata: Mapping[str, str] | None = None,
    timeout: float | None = None,
    key: str | None = None,
    durable: bool = False,
    **unknown: Any,
) -> Any:
    """Call an action and wait for its response, decoded; None at once for `asynchronous` and delayed calls.

    An interrupt stops the wait and nothing else.  A second one within 2 seconds ends the action that the call waits for, as
    `abandon` does, if it runs in this process.

    Args:
        actor: the actor's name.
        action: the action's name; `get` answers the state.
        payload: a mapping of parameter names to values, a protobuf message, or None.
        parent: the template to make the actor from at its first call.
        system: another actor system of this runtime.
        asynchronous: do not wait.  Accepted then means in memory: a kill loses what was not processed yet, unless it is durable.
        delay: seconds, or text such as `"10s"`.
        scheduled_to: an aware datetime.
        metadata: text by name, which the action sees as `ctx.metadata`.
        timeout: seconds to wait; 60 if the runtime was not configured otherwise.
        key: idempotency key: on one actor, executed once; later calls get the recorded response.
        durable: for asynchronous calls: accepted means on disk.  It is executed at least once, also after a kill; with a key
            exactly once.  `class Orders(Actor, durable_mailbox=True)` says so for all that an actor is sent.
        unknown: nothing else is taken; what is given is named in the error.

    Raises:
        UnknownActor, UnknownAction, BadPayload, NotDeployed: nothing was run.
        BadSetting: an option is unknown, or outside its range; nothing was run.
        ActionFailed: the action raised; its exception is the `__cause__`.
        InvocationTimeout: no answer in time; a note says whether the action still runs.
        WaitInterrupted: a `KeyboardInterrupt` that says whether the action still runs, or that it was ended.
    """
    if unknown:
        raise _unknown_option(actor, action, parent, unknown)
    target = current.system or current.open()
    try:
        with current.watched(target, actor, action):
            answer = target.invoke(
                actor,
                action,
                payload,
                parent=parent,
                system=system,
                asynchronous=asynchronous,
                delay=delay,
                scheduled_to=scheduled_to,
                metadata=metadata,
                timeout=timeout,
                key=key,
                durable=durable,
            )
        return from_actor(answer)
    except InvocationTimeout as error:
        error.add_note(_fate(target, actor, action))
        raise error.with_traceback(None)  # noqa: B904 - itself, without the frames below this one
    except ActionFailed:
        raise  # with the frames of the actors on the way
    except (Mistake, Condition) as error:
        raise error.with_traceback(None)  # noqa: B904 - itself, without the frames below this one
    except KeyboardInterrupt:
        _interrupted(target, actor, action)


def ainvoke(actor: str, action: str, payload: Any = None, **options: Any) -> Awaitable[Any]:
    """`invoke` for coroutines, with the same arguments: `await wb.ainvoke("counter", "add", {"value": 5})`."""
    if not options.keys() <= _OPTIONS:
        raise _unknown_option(actor, action, options.get("parent"), options.keys() - _OPTIONS)
    target = current.system or current.open()
    awaited = target.ainvoke(actor, action, payload, **options)
    if isinstance(awaited, asyncio.Future):  # which is told of its answer before the code that awaits it
        awaited.add_done_callback(_note_answer)
        return awaited
    return _noted(awaited)


def _note_answer(future: asyncio.Future[Any]) -> None:
    # `exception()` would count as having been seen, and an answer that no one awaits would fail in silence.
    if not future.cancelled() and getattr(future, "_exception", None) is None:
        from_actor(future.result())


async def _noted(awaited: Awaitable[Any]) -> Any:
    return from_actor(await awaited)


_OPTIONS = frozenset(
    name for name, each in inspect.signature(invoke).parameters.items() if each.kind is each.KEYWORD_ONLY
)


def misplaced_payload(actor: str, action: str, parent: str | None = None) -> BadPayload:
    """The error of a call that gives the parameters of an action otherwise than by name; it names them."""
    signature = _signature(actor, action, parent)
    names = [field.name for field in fields_of(signature)]
    fields, mapping = ", ".join(f"{name}=…" for name in names), ", ".join(f'"{name}": …' for name in names)
    return BadPayload(
        f"{actor}.{action}{signature} takes its parameters by name.\n"
        f"Write wb.ref({actor!r}).{action}({fields}), or wb.invoke({actor!r}, {action!r}, {{{mapping}}})."
    )


def _unknown_option(actor: str, action: str, parent: str | None, given: Iterable[str]) -> SpawnError:
    """What is wrong with keywords that `invoke` does not have: perhaps the action has them."""
    name = min(given)
    if not difflib.get_close_matches(name, _OPTIONS):
        return misplaced_payload(actor, action, parent)
    return BadSetting(
        f"Cannot invoke {actor}.{action}: there is no option {name!r}. {nearest(name, _OPTIONS, kind='option')}"
    )


def _signature(actor: str, action: str, parent: str | None) -> str:
    """As the system tells it; `(…)` where it cannot be told."""
    try:
        return (current.system or current.open()).actions(parent or actor).get(action, "(…)")
    except SpawnError:
        return "(…)"


def _interrupted(system: SystemApi, actor: str, action: str) -> NoReturn:
    with noted_interrupts() as again:
        fate, running = _fate(system, actor, action), _running_now(system, actor)
        stopped = f"Stopped waiting for {actor}.{action}."
        if running and _is_interrupted_again(
            again, f"{stopped} Interrupt once more now to end {' and '.join(running)}."
        ):
            raise WaitInterrupted("\n".join([stopped, *end_actions(system, running)]))
    see = advised("mailbox history", actor)
    raise WaitInterrupted(f"{stopped} {fate}" + (f"\nSee {see}." if see else "")) from None


def _is_interrupted_again(again: threading.Event, offer: str) -> bool:
    sys.stdout.write(f"{offer}\n")
    sys.stdout.flush()
    deadline = time.monotonic() + AGAIN_S
    while not again.is_set() and time.monotonic() < deadline:
        time.sleep(_LOOK_S)  # not `again.wait`: the handler of the interrupt sets it in this very thread
    return again.is_set()


def _fate(system: SystemApi, actor: str, action: str) -> str:
    try:
        mailbox = system.mailbox(actor)
    except SpawnError:
        return "Whether the action still runs cannot be seen here."
    # The last one of its kind is the one that was just sent.
    position = next((i for i in reversed(range(len(mailbox))) if mailbox[i].action == action), None)
    if position is None:
        return "The action does not run any more, or never began."
    if mailbox[position].running:
        seconds = max(0.0, time.time() - mailbox[position].started_us / 1e6)
        return (
            f"The action {actor}.{action} still runs (for {seconds:.1f} s so far). It goes on until it ends by itself"
            f"{_way_to_end(system, actor)}."
        )
    if _is_held(system, actor):
        return f"The message waits, since {actor} is held; %step {actor} or %release {actor} lets it go on."
    place = f"waits in the mailbox behind {position}" if position else "is next in the mailbox"
    return f"The message {place} and will be processed."


def _way_to_end(system: SystemApi, actor: str) -> str:
    return f", or by wb.abandon({actor!r})" if hasattr(system, "abandon") else ""


def _is_held(system: SystemApi, actor: str) -> bool:
    return offers(system, Capability.HOLD) and actor in system.held_actors()


# --- What runs while someone waits, and its end ----------------------------------------------------------------------

AGAIN_S = 2.0
"""For so long after an interrupt a second one ends the action."""

_LOOK_S = 0.02
_ENDED_S = 2.5
_MOST_CALLS = 10


def _running_now(system: SystemApi, actor: str) -> list[str]:
    """The action that the actor runs, as `actor.action`, and those that it waits for; none where none can be ended."""
    if not hasattr(system, "abandon"):
        return []
    with suppress(SpawnError):
        busy = {each.id.name: each.action for each in system.actors(limit=_LOOKED_AT) if each.action}
        callers = {name: _caller(system, name) for name in busy if name != actor}
        found = [actor] if actor in busy else []
        while found and len(found) < _MOST_CALLS:
            asked = next((name for name, caller in callers.items() if caller == found[-1] and name not in found), None)
            if asked is None:
                break
            found.append(asked)
        return [f"{name}.{busy[name]}" for name in found]
    return []


def _caller(system: SystemApi, actor: str) -> str:
    running = next((each for each in system.mailbox(actor, limit=1) if each.running), None)
    return "" if running is None else running.caller


def end_actions(system: Any, running: Sequence[str]) -> list[str]:
    """End these actions (`actor.action`), the innermost first, and say of each whether it has ended; takes 2.5 s at most."""
    for each in reversed(running):
        system.abandon(each.rpartition(".")[0])
    deadline = time.monotonic() + _ENDED_S
    while not set(running).isdisjoint(left := system.runaways()) and time.monotonic() < deadline:
        time.sleep(_LOOK_S)
    return [_outcome(system, each, each in left) for each in running]


def _outcome(system: SystemApi, name: str, goes_on: bool) -> str:
    if not goes_on:
        return f"{name} was ended; the state of {name.rpartition('.')[0]} is as it was before."
    problems = [each for each in system.status().problems if each.startswith(f"{name} ")]
    return f"{problems[-1]}." if problems else f"{name} was given up, but has not ended yet; see %spawn status."


# --- An interrupt, said in words instead of a traceback ---------------------------------------------------------------

_LOOKED_AT = 1_000
_NAMED = 3
_LONG_US = 1_000_000


class WaitInterrupted(KeyboardInterrupt):
    """A wait was interrupted; what was waited for was not, unless the message says so."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows an error by this instead of a traceback through our code."""
        return [str(self)]


def running_for_long(system: SystemApi, actor: str) -> list[str]:
    """What an actor, or one made from it, has been running for more than a second, or goes on with: a sentence each."""
    try:
        listed = [each for each in system.actors(limit=_LOOKED_AT) if actor in (each.id.name, each.parent)]
    except SpawnError:
        return []
    names, now_us = {each.id.name for each in listed}, time.time_ns() // 1_000
    long = [each for each in listed if each.action and now_us - each.action_started_us > _LONG_US]
    said = [
        f"{each.id.name}.{each.action} has been running for {(now_us - each.action_started_us) / 1e6:.0f} s, and goes on until it "
        f"ends by itself{_way_to_end(system, each.id.name)}."
        for each in long[:_NAMED]
    ]
    said += (
        [f"{len(long) - _NAMED} more have been running for more than 1 s; see %actors."] if len(long) > _NAMED else []
    )
    ended = system.runaways() if hasattr(system, "runaways") else []
    return said + [
        f"{each} was given up and has not ended yet: it goes on until the call that it sits in returns, or the kernel ends."
        for each in ended
        if each.rpartition(".")[0] in names
    ]


def still_at_work() -> str:
    """Which actions run now, of all callers, as a sentence; empty if none does, or it cannot be seen."""
    system = current.system
    if system is None:
        return ""
    try:
        running = [each for each in system.actors(limit=_LOOKED_AT) if each.action]
    except SpawnError:
        return ""
    if not running:
        return ""
    now_us = time.time_ns() // 1_000
    named = [
        f"{e.id.name}.{e.action} (for {max(0, now_us - e.action_started_us) / 1e6:.1f} s)" for e in running[:_NAMED]
    ]
    more = [f"{len(running) - _NAMED} more"] if len(running) > _NAMED else []
    verb, until = ("runs", "until it ends by itself") if len(running) == 1 else ("run", "until they end by themselves")
    end = f"; wb.abandon({running[0].id.name!r}) ends it" if hasattr(system, "abandon") else ""
    return f"Still {verb} {until}{end}: {', '.join([*named, *more])}."
