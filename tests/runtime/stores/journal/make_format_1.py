"""Made `data/format-1.db`, its key and what it holds.  Kept to show how; not to be run again.

A store file of the first format stays in the tests for ever: `test_format_1.py` opens it with every later version.  When the
format changes, a `format-2.db` comes beside it.

    python -m tests.runtime.stores.journal.make_format_1
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import msgspec

from runtime.ids import ActorId, InvocationId
from runtime.records import (
    JSON,
    Effect,
    Encoded,
    Failure,
    Lifecycle,
    Publication,
    Route,
    Sent,
    State,
    StoredDefinition,
    Workflow,
)
from runtime.stores.base import Group, StateStore, flatten
from runtime.stores.registry import open_store
from runtime.testing.turns import TurnHistory, actor_id

DATA = Path(__file__).parent / "data"
LARGE = b'{"rows": [' + b",".join(b"%d" % (index * 7_919) for index in range(9_500)) + b"]}"


def main() -> None:
    """Write the file, its key and `expected.json`; refuses to replace them."""
    key = hashlib.sha256(b"the key of format-1.db, which protects nothing").digest()
    with (DATA / "format-1.key").open("xb") as file:
        file.write(base64.b64encode(key) + b"\n")
    store = open_store(f"sqlite:///{DATA / 'format-1.db'}", key=key)
    _fill(store, TurnHistory())
    (DATA / "format-1.json").write_bytes(msgspec.json.format(msgspec.json.encode(contents(store))) + b"\n")
    store.close()


def _fill(store: StateStore, past: TurnHistory) -> None:
    store.save_definition(_definition())
    store.commit(
        Group(
            turns=(
                past.turn("counter", b'{"total": 5}', key="first"),
                past.turn("counter", fails=True, key="failed"),
                past.turn("counter", tags={"mood": "good"}),
                past.turn("large", LARGE),
            ),
            lifecycle=(Lifecycle(1_700_000_000_000_000, actor_id("counter"), "activated", 0, "d1"),),
        )
    )
    store.commit(
        Group(turns=(past.turn("large", LARGE.replace(b"7919,", b"-1,")), past.turn("plane-1", parent="plane")))
    )
    while store.checkpoint():
        pass
    rich = msgspec.structs.replace(
        past.turn("ünïcödé/🙂", State(Encoded("type.googleapis.com/x.Y", b"\x08\x01"), b'{"old": 1}'), key="k/ü"),
        caller=ActorId("other-system", "boss"),
        cause="i-1",
        metadata={"trace": "1"},
        sent=(
            Sent(actor_id("counter"), "add", None, InvocationId("i-90"), True, Encoded(JSON, b"1")),
            Sent(actor_id("large"), "put", Encoded(JSON, b"{}"), InvocationId("i-91"), False),
            Sent(actor_id("x"), "y", None, InvocationId("i-92"), True, None, Failure("unknown_actor", "no x")),
        ),
        workflow=Workflow(
            (Effect("counter", "add", Encoded(JSON, b"2"), "", 10, 20, {"a": "b"}),),
            Publication("news", Encoded(JSON, b'"hi"')),
            None,
            Route("counter", "get", "counter"),
        ),
    )
    store.commit(Group(turns=(rich, past.turn("large", LARGE.replace(b"7919,", b"-2,")))))
    store.commit(Group(snapshots=(past.snapshot("sleeper", b'{"n": 1}', status="DEACTIVATED"),)))


def _definition() -> StoredDefinition:
    return StoredDefinition(
        hash="d1",
        name="counter",
        source="class Counter(Actor):\n    total: int = 0\n",
        settings={"durability": "journal", "mailbox": 100},
        fields={"total": "int"},
        actions={"add": "(value: int) -> dict"},
        deployed_us=1_700_000_000_000_000,
    )


def contents(store: StateStore) -> dict[str, Any]:
    """Everything a store tells, as JSON types; large values by their hash."""
    actors = list(store.actors())
    return {
        "head": store.head(),
        "turns": [_shortened(msgspec.to_builtins(turn)) for turn in flatten(store.turns())],
        "actors": [_shortened(msgspec.to_builtins(store.load(found.actor))) for found in actors],
        "past": {
            f"{found.actor.name} {revision}": _shortened(msgspec.to_builtins(store.state_at(found.actor, revision)))
            for found in actors
            for revision in range(1, found.revision + 1)
        },
        "keys": {
            f"{turn.actor.name} {turn.key}": found.sequence if (found := store.find_key(turn.actor, turn.key)) else None
            for turn in flatten(store.turns())
            if turn.key
        },
        "lifecycle": msgspec.to_builtins(list(store.lifecycle())),
        "definitions": msgspec.to_builtins(store.definitions()),
    }


def _shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > 1_000:
        return f"{len(value)} characters of base64, SHA-256 {hashlib.sha256(value.encode()).hexdigest()}"
    if isinstance(value, (list, tuple)):
        return [_shortened(item) for item in value]
    if isinstance(value, dict):
        return {name: _shortened(item) for name, item in value.items()}
    return value


if __name__ == "__main__":
    main()
