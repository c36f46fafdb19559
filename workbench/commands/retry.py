"""Send a failed message again: to its actor, or to a copy."""

from __future__ import annotations

from typing import Any

import msgspec

from runtime.api import SystemApi
from runtime.errors import Condition, Mistake
from runtime.local import EmbeddedSystem
from runtime.records import DeadLetter, Invocation, State, Work
from runtime.replay.again import run_again
from workbench.commands.acting import acting
from workbench.commands.failures import NoSuchFailure, find_failure
from workbench.commands.interrupted import WaitInterrupted
from workbench.commands.loaded_code import loaded_code
from workbench.commands.postmortem import state_before
from workbench.presenters.failed_turns import Failed
from workbench.presenters.tried import Tried
from workbench.session import current


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
        if isinstance(system, EmbeddedSystem):
            with acting(system, "retry", message.actor.name, message.action, message.payload):
                is_letter = isinstance(failed, DeadLetter) and failed.kept
                return system.resend(_unwaited(message) if is_letter else _again(message), timeout)
        return system.invoke(
            message.actor.name,
            message.action,
            message.payload,
            parent=message.parent or None,
            metadata=message.metadata or None,
            key=message.key or None,
            timeout=timeout,
        )
    except (Mistake, Condition) as error:
        raise error.with_traceback(None)  # noqa: B904 - itself, without the frames below this one
    except KeyboardInterrupt:
        raise WaitInterrupted(f"Stopped waiting for the retry of {message.actor.name}.{message.action}.") from None


def _again(message: Invocation) -> Invocation:
    """The same message, caused by its own failure; nobody that waited then waits any more."""
    correlation = message.correlation or message.id
    return msgspec.structs.replace(
        message, cause=message.id, correlation=correlation, path=(), hops=(), asynchronous=False, scheduled_to_us=0
    )


def _unwaited(message: Invocation) -> Invocation:
    """A message that was never processed, as it was, but that now somebody waits for its answer."""
    return msgspec.structs.replace(message, path=(), hops=(), asynchronous=False, durable=False)


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
