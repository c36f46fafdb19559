"""Run an actor's recorded turns again, with the code of now or other code, and see where they come out otherwise."""

from __future__ import annotations

import importlib
import time
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Any

from runtime.api import Capability, SystemApi
from runtime.authoring.definition import ActorDefinition
from runtime.config import Durability
from runtime.errors import BadSetting, NotCapable, SpawnError
from runtime.ids import ActorId
from runtime.replay.history import ActorHistory, Bound
from runtime.replay.replay import Replay, Replayed, Verdict
from workbench.commands.deploy import Code, loaded_code
from workbench.commands.invoke import WaitInterrupted
from workbench.presenters.time_travel.replay import (
    MOST_ROWS,
    ReplayedTurn,
    ReplayedTurns,
    ReplayResult,
    decoded,
    replayed_turn,
)
from workbench.render.formats import plural
from workbench.session import current

_QUIET_S = 1.0
"""Shorter replays show no progress."""


def replay(
    actor: str,
    *,
    code: Code = None,
    since: Bound = None,
    until: Bound = None,
    carry: bool = False,
    limit: int | None = 10_000,
    timeout: float = 60.0,
    allow: Collection[str] | str = (),
    progress: bool = True,
) -> ReplayResult:
    """Run an actor's recorded messages again, and say how many come out as recorded and where the first one does not.

    Each turn gets the message, state, clock reading and seed that it got then; what it asks others is answered from the record,
    what it sends is compared and not sent.  All this happens twice, in processes of its own that see another clock, another
    chance and another order of sets: a turn whose two runs disagree is *not reproducible*.  Nothing of the actor is changed.
    A turn that would write a file, reach the network or start a process is stopped there, and the result says which call it
    was, and where, unless `allow` lets it through; then it really happens, in both runs.  Python announces such calls; native
    code (a database driver, say) need not, and is not stopped.  `time.sleep` and `asyncio.sleep` pass at once.

    Args:
        code: an actor class that need not be deployed, or the hash of an earlier version that ran in this process; None for the
            code that is deployed.  States are brought into its shape, also by its `@migrate`.
        since: a revision, or an aware datetime: the turns that found the actor there, and later ones.
        until: a revision, or an aware datetime: the turns that ended there, and earlier ones.
        carry: start each turn from the state that the turn before led to in the replay, to see where all of it leads; else from
            the state that it found then, so that one difference does not lead to others.
        limit: at most so many turns, the first ones of the range; None for all.
        timeout: seconds for all of it; then the result says how far it came.
        allow: what actions may do beside their context: `"files"`, `"network"`, `"processes"`, or several of them.
        progress: show a bar when it takes more than a second, with tqdm where it is installed.

    Raises:
        UnknownActor: nothing is known under that name.
        CodeNotLoaded: the code is not in this process.
        NotCapable: the system does not keep history.
        BadSetting: `limit` or `allow` is out of its range.
        WaitInterrupted: the cell was interrupted; the processes are gone.
    """
    if limit is not None and limit < 1:
        raise BadSetting(f"limit={limit} must be 1 or more, or None for all.")
    system = current.open()
    check_history(system, actor, "replay")
    definition = loaded_code(actor, code)
    past = ActorHistory(system, actor, since=since, until=until, limit=limit)
    running = Replay(definition, ActorId(system.name, actor), carry=carry, timeout_s=timeout, allow=allow)
    counts: Counter[Verdict] = Counter()
    differing: list[ReplayedTurn] = []
    try:
        for found in _shown(running.run(past), f"replay {actor}", progress):
            counts[found.verdict] += 1
            if found.verdict is not Verdict.AGREES and len(differing) < MOST_ROWS:
                differing.append(replayed_turn(found, counts.total()))
    except KeyboardInterrupt:
        done = plural(counts.total(), "turn")
        raise WaitInterrupted(f"The replay of {actor} was stopped after {done}; nothing was changed.") from None
    finally:
        running.close()
    notes = tuple(_notes(system, definition, past, running))
    return ReplayResult(
        actor, definition.hash, dict(counts), ReplayedTurns(differing), notes, carried=_carried(running, past)
    )


def check_history(system: SystemApi, actor: str, what: str) -> None:
    """See to it that the actor is known, and everything answered can be read.

    Raises:
        UnknownActor, NotCapable, StoreUnavailable: it is not so.
    """
    if Capability.HISTORY not in system.capabilities:
        raise NotCapable(f"{what} {actor}", system.name, "it shows no history: no message of the past can be read.")
    system.info(actor)
    system.flush()


def _shown(results: Iterator[Replayed], title: str, progress: bool) -> Iterator[Replayed]:
    """The results as they are, with a bar once it takes long."""
    bar: Any = None
    begun = 0.0
    try:
        for number, each in enumerate(results, 1):
            begun = begun or time.monotonic()
            if bar is not None:
                bar.update(1)
            elif progress and time.monotonic() - begun > _QUIET_S:
                bar, progress = _bar(title, number), False
            yield each
    finally:
        if bar is not None:
            bar.close()


def _bar(title: str, done: int) -> Any:
    try:
        return importlib.import_module("tqdm.auto").tqdm(initial=done, desc=title, unit=" turns", leave=False)
    except ImportError:
        return None


def _notes(system: SystemApi, definition: ActorDefinition, past: ActorHistory, running: Replay) -> Iterator[str]:
    if running.not_carried:
        reason = running.not_carried.partition("\n")[0]
        yield f"its code cannot be carried to another process ({reason}), so both runs were here, with one clock and one chance"
    if running.stopped:
        yield f"stopped early: {running.stopped}"
    if past.is_cut and past.last is not None:
        yield f"there are more: go on with since={past.last.revision}, or give a larger limit"
    if not definition.settings.stateful:
        yield "it is stateless: what it kept in memory between turns is not recorded, so each turn began with the defaults"
    if past.last is None and _durability(system, definition) == Durability.SNAPSHOT:
        yield "at durability snapshot no turns are recorded; only states can be forked"


def _durability(system: SystemApi, definition: ActorDefinition) -> str:
    if definition.settings.durability is not None:
        return definition.settings.durability
    try:
        return system.status().durability
    except SpawnError:
        return ""


def _carried(running: Replay, past: ActorHistory) -> tuple[Any, Any] | None:
    if running.position is None or past.reached is None:
        return None
    shape = running.shape
    return decoded(shape.of(past.reached)), decoded(shape.of(running.position))
