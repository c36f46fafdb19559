"""What crosses `workbench.v1` comes back equal: turns (as messages and as Arrow), states, failures, lines of actors."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.api import ActorInfo, DeployReport, FieldChange, SystemStatus, Waiting
from runtime.errors import ActionFailed, SpawnError, UnknownActor, error_class
from runtime.ids import ActorId, InvocationId
from runtime.records import (
    JSON,
    Effect,
    Encoded,
    Event,
    EventKind,
    Failure,
    Lifecycle,
    Publication,
    Route,
    Sent,
    State,
    StoredDefinition,
    Turn,
    Workflow,
)
from runtime.wire.node import history, records
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

words = st.text(st.characters(codec="utf-8"), max_size=8)
numbers = st.integers(0, 2**53)
tags = st.dictionaries(words, words, max_size=2)
encoded = st.one_of(
    st.builds(lambda text: Encoded(JSON, msgspec.json.encode(text)), words),
    st.builds(Encoded, words.map(lambda name: f"type.googleapis.com/{name}"), st.binary(max_size=8)),
)
identities = st.builds(ActorId, words, words)
failures = st.builds(Failure, words, words, words, words, words)
routes = st.builds(Route, words, words, words)
effects = st.builds(
    Effect, words, words, st.none() | encoded, words, numbers, numbers, tags, st.none() | identities, words
)
workflows = st.builds(
    Workflow,
    st.lists(effects, max_size=2).map(tuple),
    st.none() | st.builds(Publication, words, st.none() | encoded),
    st.none(),
    st.none() | routes,
)
sents = st.builds(
    Sent, identities, words, st.none() | encoded, words, st.booleans(), st.none() | encoded, st.none() | failures
)
turns = st.builds(
    Turn,
    **dict.fromkeys(("sequence", "enqueued_us", "started_us", "finished_us", "now_us", "seed"), numbers),
    **dict.fromkeys(("invocation", "parent", "action", "correlation", "cause", "key", "definition"), words),
    **dict.fromkeys(("revision_before", "revision"), numbers),
    actor=identities,
    caller=st.none() | identities,
    payload=st.none() | encoded,
    response=st.none() | encoded,
    metadata=tags,
    tags_before=tags,
    tags_after=st.none() | tags,
    sent=st.lists(sents, max_size=2).map(tuple),
    failure=st.none() | failures,
    state=st.none() | st.builds(State, encoded, st.binary(max_size=4)),
    workflow=st.none() | workflows,
    delta=st.none(),
)


@given(turns)
def test_turn_comes_back_equal_as_message(turn: Turn) -> None:
    message = pb.Turn()

    records.put_turn(message, turn)

    assert records.get_turn(pb.Turn.FromString(message.SerializeToString())) == turn


@settings(deadline=None)  # Arrow's first table takes long
@given(st.lists(turns, max_size=3))
def test_turns_come_back_equal_as_arrow(some: list[Turn]) -> None:
    assert history.turns_of_ipc(history.turns_as_ipc(some)) == some


def test_every_field_of_a_turn_has_a_place_in_the_message() -> None:
    fields = {f.name for f in pb.Turn.DESCRIPTOR.fields}

    assert set(Turn.__struct_fields__) - fields == {"delta"}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (ActorInfo, pb.ActorInfo),
        (SystemStatus, pb.SystemStatus),
        (Waiting, pb.Waiting),
        (DeployReport, pb.DeployReport),
        (StoredDefinition, pb.StoredDefinition),
        (Effect, pb.Effect),
    ],
)
def test_every_field_of_a_record_has_a_place_in_its_message(record: type[msgspec.Struct], message: type) -> None:
    names = {f.name for f in message.DESCRIPTOR.fields}
    renamed = {"settings": "settings_json"}
    of_proxies_only = {"told"}

    assert {renamed.get(name, name) for name in record.__struct_fields__} - names - of_proxies_only == set()


def test_lifecycle_comes_back_equal_as_arrow() -> None:
    marks = [Lifecycle(5, ActorId("s", "a"), "activated", 3, "abc"), Lifecycle(7, ActorId("s", "b"), "deployed")]

    assert history.lifecycle_of_ipc(history.lifecycle_as_ipc(marks)) == marks


def test_events_come_back_equal() -> None:
    event = Event(EventKind.DEPLOYED, 12, ActorId("s", "a"), text="abc")
    message = pb.Event()

    records.put_event(message, event)

    assert records.get_event(message) == event


def test_event_of_a_later_version_is_skipped() -> None:
    assert records.get_event(pb.Event(kind="eaten")) is None


def test_report_comes_back_equal() -> None:
    report = DeployReport(
        actor="a", definition="d", changed=False, added_actions=("x()",), fields=(FieldChange("f", "added", "int"),)
    )
    message = pb.DeployReport()

    records.put_report(message, report)

    assert records.get_report(message) == report


def test_waiting_comes_back_equal() -> None:
    waiting = Waiting(
        invocation=InvocationId("i-1"), action="add", caller="b", enqueued_us=3, payload=Encoded(JSON, b"1")
    )
    message = pb.Waiting()

    records.put_waiting(message, waiting)

    assert records.get_waiting(message) == waiting


def test_error_keeps_its_class_and_message() -> None:
    error = UnknownActor("counter", ["counted"])

    back = records.error_of(records.failure_of(error))

    assert (type(back), str(back)) == (UnknownActor, str(error))


def test_failed_action_keeps_type_text_and_trace() -> None:
    error = ActionFailed("counter", "add", "ZeroDivisionError", "division by zero", "Traceback …", "i-1")

    back = records.error_of(records.failure_of(error), "counter", "add", "i-1")

    assert isinstance(back, ActionFailed)
    assert (back.type_name, back.text, back.trace, str(back)) == (error.type_name, error.text, error.trace, str(error))


def test_code_of_a_later_version_becomes_the_base_class() -> None:
    assert error_class("eaten") is SpawnError
