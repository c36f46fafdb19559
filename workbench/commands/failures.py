"""What failed, and what could not be delivered: lists, the post-mortem of one failed turn, and sending a message again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Any

import msgspec

from runtime.api import Capability, SystemApi, offers
from runtime.errors import ActionFailed, Condition, Mistake, SpawnError, UnknownActor, nearest
from runtime.hosts.capsules import Capsule
from runtime.records import DeadLetter, Failure, Invocation, State, Turn, Work
from runtime.replay.rerun import run_again
from runtime.wire.codecs.values import decode_value
from workbench.commands.actors import check_limit
from workbench.commands.attach import acting
from workbench.commands.deploy import loaded_code
from workbench.commands.history import newest
from workbench.commands.invoke import WaitInterrupted
from workbench.presenters.failures import DeadLetters, Failed, Failures, Tried, failed_of_capsule, failed_of_turn
from workbench.presenters.messages import REJECTED, outcome_of
from workbench.presenters.postmortem import Postmortem
from workbench.render.formats import short_id
from workbench.session import current

SEARCHED = 300_000
"""So many of the last turns are searched for failures; SQL finds them all."""


class NoSuchFailure(Mistake):
    """Nothing failed under that name or id."""

    code = "no_such_failure"


def failures(actor: str | None = None, limit: int = 20) -> Failures:
    """The last failed turns, oldest first: of an actor, or of all.

    Also those before a restart.  The last 20 of this process have live frames, see `postmortem`.  Beyond the last 300,000 turns
    ask with SQL: `wb.query("SELECT * FROM failures")`.

    Raises:
        UnknownActor: nothing is known under that name.
        BadSetting: `limit` is less than 1.
        NotCapable: the system keeps no history.
    """
    check_limit(limit)
    system = current.open()
    found = Failures(_failed(actor, limit))
    if not found and actor is not None:
        system.info(actor)
    found.undelivered = len(system.dead_letters())
    return found


def dead_letters(actor: str | None = None) -> DeadLetters:
    """Messages that could not be delivered, for whose answer no one waited: what a stop has left, and the last 200 others.

    `retry` sends one again, `dead_letters().discard()` gives them up.

    Args:
        actor: only those for this actor.

    Raises:
        NotCapable: the system does not tell.
    """
    letters = [each for each in current.open().dead_letters() if actor in (None, each.invocation.actor.name)]
    return DeadLetters.of(letters, _discard)


def _discard(letters: Collection[DeadLetter]) -> int:
    system = current.open()
    with ExitStack() as acts:
        for each in letters:
            acts.enter_context(acting(system, "discard", each.invocation.actor.name, each.invocation.id))
        return system.discard_letters([each.invocation.id for each in letters])


def find_failure(which: Failed | DeadLetter | str | None = None, *, has_run: bool = False) -> Failed | DeadLetter:
    """The failure that is meant.

    Args:
        which: an actor's name for its last one, an id or its end, or None for the last of all.
        has_run: of the last ones, one whose action ran comes before a call that was rejected after it.

    Raises:
        NoSuchFailure: there is none.
    """
    if isinstance(which, (Failed, DeadLetter)):
        return which
    found = _failed(which, 1)
    if has_run and found and found[-1].outcome == REJECTED:
        found = _failed(which, 1, has_run=True) or found
    if which is None:
        return _last(found, "Nothing has failed.")
    found = found or _with_id(which)
    return found[-1] if found else _last([], _none_of(which))


def remembered(invocation: str) -> Failed | None:
    """A failed turn of this process that still has its frames; asks no store."""
    return next(
        (failed_of_capsule(each) for each in _capsules(None) if str(each.work.invocation.id) == invocation), None
    )


def _last(found: list[Failed], complaint: str) -> Failed:
    if not found:
        raise NoSuchFailure(complaint)
    return found[-1]


def _none_of(which: str) -> str:
    try:
        current.open().info(which)
    except UnknownActor:
        ids = [short_id(each.id) for each in _failed(None, 20)]
        known = {each.actor for each in _failed(None, 20)}
        return f"No actor and no failed message is called {which!r}. {nearest(which, [*known, *ids], kind='failure')}"
    return f"{which} has not failed."


def _failed(actor: str | None, limit: int, *, has_run: bool = False) -> list[Failed]:
    """From journal and memory together, oldest first; with `has_run` without calls that were rejected."""

    def is_meant(failure: Failure | None) -> bool:
        return failure is not None and not (has_run and outcome_of(failure) == REJECTED)

    capsules = {str(each.work.invocation.id): each for each in _capsules(actor) if is_meant(each.failure)}
    turns = newest(current.open(), lambda turn: is_meant(turn.failure), limit, actor=actor, searched=SEARCHED)
    retried = _retries(turns, actor)
    known = [
        failed_of_turn(t, capsules.pop(str(t.invocation), None), retried.get(str(t.invocation), "")) for t in turns
    ]
    oldest_us = known[0].at_us if len(known) == limit else 0
    unwritten = [failed_of_capsule(each) for each in capsules.values() if each.work.now_us > oldest_us]
    return sorted([*known, *unwritten], key=lambda each: each.at_us)[-limit:]


def _capsules(actor: str | None) -> list[Capsule]:
    """Failed turns of actors whose code runs in this process, of whatever system."""
    remembered: Callable[[], list[Capsule]] = getattr(current.open(), "capsules", list)
    return [each for each in remembered() if actor in (None, each.work.invocation.actor.name)]


def _retries(failed: list[Turn], actor: str | None) -> dict[str, str]:
    """How the retries of these ended, by the id of the message that had failed."""
    if not failed:
        return {}
    actions = {(str(turn.invocation), turn.actor, turn.action) for turn in failed}

    def is_retry(turn: Turn) -> bool:
        return (turn.cause, turn.actor, turn.action) in actions

    found = newest(current.open(), is_retry, len(failed), actor=actor, after=failed[0].sequence)
    return {turn.cause: "succeeded" if turn.failure is None else "failed" for turn in found}


def _with_id(end: str) -> list[Any]:
    def is_meant(turn: Turn) -> bool:
        return turn.failure is not None and str(turn.invocation).endswith(end)

    in_memory = {str(each.work.invocation.id): each for each in _capsules(None)}
    kept = [failed_of_capsule(each) for name, each in in_memory.items() if name.endswith(end)]
    written = newest(current.open(), is_meant, 1)
    if written:
        return [failed_of_turn(written[0], in_memory.get(str(written[0].invocation)))]
    system = current.open()
    letters = system.dead_letters() if Capability.HISTORY in system.capabilities else []
    return kept or [each for each in letters if str(each.invocation.id).endswith(end)]


# --- Lay a failed turn open -------------------------------------------------------------------------------------------


def postmortem(which: Failed | str | None = None) -> Postmortem:
    """Message, state before, code and variables of a failed turn; the actor has long gone on.

    The last 20 failures of this process have live frames: `.locals` are the variables themselves, `.error` the exception.
    Of older ones and of those in other processes there is the text.

    Args:
        which: an actor's name for its last failure, an id or its end, one of `failures()`, or None for the last of all.  Of the
            last ones, one whose action ran comes before a call that was rejected after it.

    Raises:
        NoSuchFailure: there is none.
    """
    failed = find_failure(which, has_run=True)
    if isinstance(failed, DeadLetter):
        raise NoSuchFailure(f"That message was never processed, so there is nothing to lay open: {failed.why}")
    return Postmortem(failed, state_before(failed), _is_current(failed))


def state_before(failed: Failed) -> Any:
    """The decoded state that the turn began with; None if it is not known any more."""
    system = current.open()
    if failed.capsule is not None and failed.capsule.work.state is not None:
        return decode_value(failed.capsule.work.state.value)
    if failed.capsule is not None and offers(system, Capability.CAPSULES):
        return decode_value(system.initial_state(failed.definition).value)
    try:
        return system.state(failed.actor, failed.revision) if failed.revision else None
    except SpawnError:
        return None


def _is_current(failed: Failed) -> bool:
    system = current.open()
    if offers(system, Capability.CAPSULES):
        deployed = system.deployed(failed.actor)
        return deployed is not None and deployed.hash == failed.definition
    try:
        return system.info(failed.actor).definition == failed.definition
    except SpawnError:
        return False


# --- Send a failed message again: to its actor, or to a copy ----------------------------------------------------------


def retry(which: Failed | DeadLetter | str | None = None, *, fork: bool = False, timeout: float | None = None) -> Any:
    """Send a failed or undeliverable message again, with the code of now; its answer, as of `invoke`.

    Args:
        which: an actor's name for its last failure, an id or its end, one of `failures()` or `dead_letters()`, or None for the
            last failure of all.
        fork: try it on a copy, made of the state that it found then: nothing is changed and nothing is sent; what it asks of
            others is answered from the record; where it would write a file, reach the network or start a process it fails with
            SideEffectStopped.  The answer is a `Tried`.
        timeout: seconds.

    Raises:
        NoSuchFailure: there is none.
        NotDeployed: the actor's code is not loaded.
        CodeNotLoaded: for a copy, it is not in this process.
        ActionFailed and others: as `invoke`.
    """
    failed = find_failure(which)
    message = failed.invocation
    if fork:
        if isinstance(failed, DeadLetter):
            raise NoSuchFailure("A message that was never processed found no state to try it on; retry it in place.")
        return _on_copy(failed, 60.0 if timeout is None else timeout)
    system = current.open()
    try:
        if isinstance(failed, DeadLetter) and _takes_letters(system):
            with acting(system, "retry", message.actor.name, message.action, message.payload):
                return system.retry_letter(message.id, timeout)
        if offers(system, Capability.CAPSULES):
            with acting(system, "retry", message.actor.name, message.action, message.payload):
                return system.resend(_again(message), timeout)
        return system.invoke(
            message.actor.name,
            message.action,
            message.payload,
            parent=message.parent or None,
            metadata=message.metadata or None,
            key=message.key or None,
            timeout=timeout,
        )
    except ActionFailed:
        raise  # with the frames of the actors on the way
    except (Mistake, Condition) as error:
        raise error.with_traceback(None)  # noqa: B904 - itself, without the frames below this one
    except KeyboardInterrupt:
        raise WaitInterrupted(f"Stopped waiting for the retry of {message.actor.name}.{message.action}.") from None


def _again(message: Invocation) -> Invocation:
    """The same message, caused by its own failure; no one that waited then waits any more."""
    correlation = message.correlation or message.id
    return msgspec.structs.replace(
        message, cause=message.id, correlation=correlation, path=(), hops=(), asynchronous=False, scheduled_to_us=0
    )


def _takes_letters(system: SystemApi) -> bool:
    """Whether it sends its dead letters again itself; else they are sent as new messages, and stay listed there, which is said."""
    if Capability.LETTERS in system.capabilities or Capability.INVOKE not in system.capabilities:
        return True  # or refuses, and says why
    current.notify(
        f"{system.name} is a node of an older version: the message is sent as a new one, and stays in its list."
    )
    return False


def _on_copy(failed: Failed, timeout_s: float) -> Tried:
    system = current.open()
    definition = loaded_code(failed.actor, None)
    work = failed.capsule.work if failed.capsule is not None else _work(system, failed)
    outcome = run_again(definition, work, failed.sent, timeout_s=timeout_s)
    return Tried(failed.invocation, state_before(failed), outcome)


def _work(system: SystemApi, failed: Failed) -> Work:
    turn = failed.turn
    assert turn is not None
    before = system.encoded_state(failed.actor, failed.revision) if failed.revision else None
    return Work(
        activation=turn.actor,
        turn=0,
        invocation=failed.invocation,
        parent=turn.parent,
        definition=turn.definition,
        state=None if before is None else State(before),
        state_definition="",
        tags=turn.tags_before,
        revision=failed.revision,
        now_us=turn.now_us,
        seed=turn.seed,
    )
