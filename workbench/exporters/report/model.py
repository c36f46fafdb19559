"""What a report tells of an actor system: plain records, already cut to size and without secrets."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from contextlib import suppress
from importlib import metadata

import msgspec

from runtime.api import ActorInfo, SystemStatus, Waiting
from runtime.records import Encoded, StoredDefinition, Turn
from runtime.wire.codecs.values import decode_value
from workbench.actor_logs import LogLine
from workbench.presenters.messages import Message, call_text, messages_of, outcome_of
from workbench.redaction import redacted, redacted_source, redacted_text
from workbench.remote.audit_log import Act
from workbench.render.values import one_line, outline


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much of everything is shown; what is left out is counted in the report."""

    actors: int = 200
    turns: int = 200
    searched: int = 2_000
    """The last turns from which activity, chains and latest turns are taken."""
    failures: int = 50
    chains: int = 3
    mailboxes: int = 20
    messages: int = 50
    """Of one mailbox."""
    logs: int = 200
    definitions: int = 100
    source_characters: int = 20_000
    acts: int = 50
    known_actors: int = 20_000
    """So many are asked for, to choose among."""


class ActorLine(msgspec.Struct, frozen=True, kw_only=True):
    """An actor, its state in one line, and its turns in each slice of the time that is looked at."""

    info: ActorInfo
    state: str = ""
    turns: tuple[int, ...] = ()


class TurnLine(msgspec.Struct, frozen=True, kw_only=True):
    """A finished turn."""

    at_us: int
    actor: str
    call: str
    outcome: str
    """Of `presenters.turns.OUTCOMES`."""
    result: str
    revision: int
    changed: bool
    took_us: int
    waited_us: int
    caller: str
    id: str


class FailureText(msgspec.Struct, frozen=True, kw_only=True):
    """A failed turn, with all that was recorded of why."""

    at_us: int
    actor: str
    call: str
    headline: str
    text: str
    trace: str
    id: str


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that one message from outside set in motion."""

    at_us: int
    messages: tuple[Message, ...]


class MessageLine(msgspec.Struct, frozen=True, kw_only=True):
    """A message that waits, or is being processed."""

    since_us: int
    call: str
    caller: str
    is_running: bool
    id: str


class MailboxText(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for an actor."""

    actor: str
    messages: tuple[MessageLine, ...]
    waiting: int


class LogText(msgspec.Struct, frozen=True, kw_only=True):
    """A line that an actor printed or logged."""

    at_us: int
    actor: str
    action: str
    kind: str
    text: str


class DefinitionText(msgspec.Struct, frozen=True, kw_only=True):
    """The code of an actor as it was deployed last."""

    name: str
    hash: str
    kind: str
    deployed_us: int
    versions: int
    source: str
    is_cut: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the things of one sort, and how many there are."""

    shown: int = 0
    known: int = 0
    is_more: bool = False
    """There are more than are known."""
    why_not: str = ""
    """Why this cannot be told of this system; empty if it can."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in a report."""

    made_us: int
    made_by: str
    status: SystemStatus
    where: str = ""
    """How the system is reached; empty for the notebook's own."""
    notes: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    """The actors that were asked for; empty for all."""
    since_us: int = 0
    actors: Sequence[ActorLine] = ()
    activity: tuple[int, ...] = ()
    """Turns in each slice of time, the last up to now."""
    activity_from_us: int = 0
    turns: Sequence[TurnLine] = ()
    failures: Sequence[FailureText] = ()
    chains: Sequence[Chain] = ()
    mailboxes: Sequence[MailboxText] = ()
    logs: Sequence[LogText] = ()
    definitions: Sequence[DefinitionText] = ()
    acts: Sequence[Act] = ()
    versions: Sequence[tuple[str, str]] = ()
    parts: dict[str, Part] = {}
    """Of `actors`, `turns`, `failures`, …: how much is shown of how much."""


# --- Records of a system as the lines of a report: cut to size, without secrets ---------------------------------------

_VALUE_CHARACTERS = 160
_TEXT_CHARACTERS = 4_000
_LARGEST_BYTES = 256 * 1024
"""A larger value is not decoded for the sake of one line."""
_PACKAGES = (
    "spawn-workbench", "anywidget", "cryptography", "duckdb", "grpcio", "ipykernel", "ipython", "jupyterlab", "msgspec",
    "protobuf", "pyarrow", "SQLAlchemy", "uvloop",
)  # fmt: skip


def value_text(value: Encoded | None) -> str:
    """A state or an answer in one line; empty for none."""
    if value is not None and len(value.data) > _LARGEST_BYTES:
        return f"({len(value.data):,} bytes, too much to be looked into)"
    decoded = redacted(decode_value(value))
    return "" if decoded is None else one_line(outline(decoded), _VALUE_CHARACTERS)


def _call(action: str, payload: Encoded | None) -> str:
    if payload is not None and len(payload.data) > _LARGEST_BYTES:
        return f"{action}(… {len(payload.data):,} bytes …)"
    return call_text(action, decode_value(payload))


def turn_line(turn: Turn) -> TurnLine:
    """A finished turn in one line."""
    result = value_text(turn.response) if turn.failure is None else redacted_text(_headline(turn))
    return TurnLine(
        at_us=turn.finished_us, actor=turn.actor.name, call=_call(turn.action, turn.payload),
        outcome=outcome_of(turn.failure), result=result, revision=turn.revision, changed=turn.revision != turn.revision_before,
        took_us=max(0, turn.finished_us - turn.started_us), waited_us=max(0, turn.started_us - turn.enqueued_us),
        caller=turn.caller.name if turn.caller is not None else "", id=str(turn.invocation),
    )  # fmt: skip


def failure_text(turn: Turn) -> FailureText:
    """A failed turn with what was recorded of why."""
    failure = turn.failure
    assert failure is not None
    text = failure.text or failure.message
    return FailureText(
        at_us=turn.finished_us, actor=turn.actor.name, call=_call(turn.action, turn.payload),
        headline=redacted_text(_headline(turn)), text=redacted_text(text[:_TEXT_CHARACTERS]),
        trace=redacted_text(failure.trace[-_TEXT_CHARACTERS:]), id=str(turn.invocation),
    )  # fmt: skip


def chain_text(chain: list[Turn]) -> Chain:
    """The turns of one chain as messages."""
    messages = (msgspec.structs.replace(each, detail=redacted_text(each.detail)) for each in messages_of(chain))
    return Chain(at_us=chain[0].enqueued_us, messages=tuple(messages))


def message_line(message: Waiting) -> MessageLine:
    """A message of a mailbox."""
    return MessageLine(
        since_us=message.started_us if message.running else message.enqueued_us,
        call=_call(message.action, message.payload),
        caller=message.caller,
        is_running=message.running,
        id=message.invocation,
    )


def log_text(line: LogLine) -> LogText:
    """A line of an actor's log."""
    return LogText(
        at_us=line.at_us, actor=line.actor.name, action=line.action, kind=line.kind, text=redacted_text(line.text)
    )


def definition_text(versions: list[StoredDefinition], most_characters: int) -> DefinitionText:
    """The last of an actor's versions, oldest first."""
    last = versions[-1]
    return DefinitionText(
        name=last.name, hash=last.hash, kind=str(last.settings.get("kind", "")), deployed_us=last.deployed_us,
        versions=len(versions), source=redacted_source(last.source)[:most_characters], is_cut=len(last.source) > most_characters,
    )  # fmt: skip


def sliced(times_us: list[int], from_us: int, to_us: int, slices: int) -> tuple[int, ...]:
    """How many of these times fall into each of so many equal slices."""
    width, found = max(1, to_us - from_us), [0] * slices
    for at_us in times_us:
        found[max(0, min(slices - 1, (at_us - from_us) * slices // width))] += 1
    return tuple(found)


def versions() -> list[tuple[str, str]]:
    """What the report was made with."""
    found = [("Python", platform.python_version()), ("platform", platform.platform())]
    for name in _PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            found.append((name, metadata.version(name)))
    return found


def _headline(turn: Turn) -> str:
    failure = turn.failure
    assert failure is not None
    return failure.headline[:_VALUE_CHARACTERS]
