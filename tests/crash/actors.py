"""The same through the embedded system: real actors, whose every reply is a promise.

At `commit`, a caller that has an answer has it for ever: several callers at once, each with an actor of its own.  At `journal`, a
crash may lose the last answers, but only the last: one caller goes from actor to actor, so that every call was made after the
one before it was answered.  An actor changes two fields one after the other; no stored state may show only the first change.
"""

from __future__ import annotations

import json
import os
import struct
import threading
import time
from pathlib import Path
from typing import Any

from runtime.authoring.actor import Actor, action
from runtime.errors import StoreUnavailable
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.stores.base import StateStore, flatten
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.crash.load import KEY, url_of

SYSTEM = "crash"
CALLERS = 6
ACTORS = 5
_ANSWERED = struct.Struct("<II")
"""Caller and the number of its last answered call."""


class Careful(Actor, name="careful", kind="unnamed", durability="commit"):
    left: int = 0
    right: int = 0

    @action
    def step(self, n: int) -> int:
        self.left = n
        self.right = n
        return n


class Quick(Actor, name="quick", kind="unnamed", durability="journal"):
    left: int = 0
    right: int = 0

    @action
    def step(self, n: int) -> int:
        self.left = n
        self.right = n
        return n


def write_commit(path: Path | str, answered: int, calls: int | None = None) -> None:
    """Several callers at `commit`, for ever or so many calls each."""
    with _system(path) as system:
        system.deploy(Careful)
        callers = [
            threading.Thread(target=_call_own_actor, args=(system, number, answered, calls))
            for number in range(CALLERS)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()


def _call_own_actor(system: EmbeddedSystem, number: int, answered: int, calls: int | None) -> None:
    name = f"careful-{number}"
    stored = system.store.load(ActorId(SYSTEM, name))
    # The last call is repeated with its key: it may have been lost or not, and is executed once.
    n = first = max(1, json.loads(stored.state.value.data)["left"] if stored and stored.state else 0)
    while calls is None or n < first + calls:
        assert _insisted(system, name, n, "careful") == n
        os.write(answered, _ANSWERED.pack(number, n))
        n += 1


def write_journal(path: Path | str, answered: int, calls: int | None = None) -> None:
    """One caller at `journal`, from actor to actor."""
    with _system(path) as system:
        system.deploy(Quick)
        n = first = max([1, *map(_number, _turns(system.store))])  # the last call is repeated, as above
        while calls is None or n < first + calls:
            assert _insisted(system, f"quick-{n % ACTORS}", n, "quick") == n
            os.write(answered, _ANSWERED.pack(0, n))
            n += 1


def _insisted(system: EmbeddedSystem, name: str, n: int, parent: str) -> Any:
    """The answer of call `n`, repeated with its key for as long as the store's server is away."""
    while True:
        try:
            return system.invoke(name, "step", {"n": n}, parent=parent, key=f"call-{n}")
        except StoreUnavailable:
            time.sleep(0.01)


def check_commit(path: Path | str, received: bytes) -> None:
    """Every answered call is in the store, once."""
    store = open_store(url_of(path), key=KEY)
    try:
        turns = _turns(store)
        _check_states(store, turns)
        answers = _answers(received)
        for number in range(CALLERS):
            numbers = [_number(turn) for turn in turns if turn.actor.name == f"careful-{number}"]
            assert numbers == list(range(1, len(numbers) + 1)), (
                f"caller {number}: calls {numbers[-3:]} are not in order"
            )
            assert len(numbers) >= answers.get(number, 0), (
                f"caller {number} was answered call {answers[number]}, and the store has {len(numbers)}"
            )
    finally:
        store.close()


def check_journal(path: Path | str, received: bytes) -> None:
    """What is lost is a suffix of the calls; what is there is there once."""
    store = open_store(url_of(path), key=KEY)
    try:
        turns = _turns(store)
        _check_states(store, turns)
        numbers = [_number(turn) for turn in turns]
        assert numbers == list(range(1, len(numbers) + 1)), f"the calls that are left have gaps: {_gap(numbers)}"
    finally:
        store.close()


def _check_states(store: StateStore, turns: list[Turn]) -> None:
    last: dict[ActorId, Turn] = {}
    for turn in turns:
        before = last.get(turn.actor)
        assert turn.revision == (before.revision if before else 0) + 1, (
            f"{turn.actor} jumps to revision {turn.revision}"
        )
        last[turn.actor] = turn
        assert turn.state is not None
        state = json.loads(turn.state.value.data)
        assert state["left"] == state["right"] == _number(turn), f"a half state of {turn.actor}: {state}"
    for actor, turn in last.items():
        stored = store.load(actor)
        assert stored is not None
        assert (stored.revision, stored.state) == (turn.revision, turn.state), f"{actor} does not fit the journal"


def _answers(received: bytes) -> dict[int, int]:
    whole = len(received) // _ANSWERED.size * _ANSWERED.size
    return dict(_ANSWERED.iter_unpack(received[:whole]))


def _turns(store: StateStore) -> list[Turn]:
    return list(flatten(store.turns()))


def _number(turn: Turn) -> int:
    assert turn.payload is not None
    return int(json.loads(turn.payload.data)["n"])


def _gap(numbers: list[int]) -> str:
    index = next(index for index, n in enumerate(numbers) if n != index + 1)
    return f"{numbers[max(0, index - 2) : index + 3]}"


def _system(path: Path | str) -> EmbeddedSystem:
    return embedded(system=SYSTEM, store=url_of(path), key=KEY, checkpoint_interval_ms=100)
