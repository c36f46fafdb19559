"""What could not be written is taken out of memory too, so that memory and journal say the same.

The record of a turn that could not be encoded keeps what can be written of it, above all its state: turns that were built on it
meanwhile stay right.  So only what is missing in the record is corrected here: tags go back to those that are written, and a
state that could not be written goes back to the last one that was, unless a later turn has replaced it; that later state is whole
and stays.  A turn in progress keeps what it began with.
"""

from __future__ import annotations

from collections.abc import Mapping

from runtime.engine.core import Core
from runtime.errors import TurnQuarantined
from runtime.ids import ActorId
from runtime.records import DeadLetter, Event, EventKind, Failure, Invocation, Snapshot, Turn
from runtime.statestores.base import Isolated


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
        core.agenda.remove(invocation.id)
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
