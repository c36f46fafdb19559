"""Invocations, workflows and host calls between records and Spawn's messages, from both ends."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from runtime.ids import ActorId, InvocationId
from runtime.records import (
    JSON,
    NOOP,
    Effect,
    Encoded,
    Invocation,
    Outcome,
    Publication,
    Route,
    State,
    Work,
    Workflow,
)
from runtime.wire.pb.spawn.actors.protocol_pb2 import (
    ActorInvocation,
    ActorInvocationResponse,
    InvocationRequest,
)
from runtime.wire.pb.spawn.actors.protocol_pb2 import Workflow as WorkflowMessage
from runtime.wire.spawn.host_calls import get_outcome, get_work, make_answer, make_call
from runtime.wire.spawn.messages import Dialect, get_invocation, get_workflow, make_request, put_workflow

SYSTEM = "lab"
letters = st.characters(exclude_characters="\0", codec="utf-8")
texts = st.text(letters, min_size=1, max_size=20)
texts_map = st.dictionaries(texts, st.text(max_size=20), max_size=3)
ids = st.builds(ActorId, texts, texts)
payloads = st.one_of(
    st.none(),
    st.just(Encoded(NOOP, b"")),
    st.builds(lambda value: Encoded(JSON, msgspec.json.encode(value)), st.dictionaries(texts, st.integers(0, 9))),
    st.builds(Encoded, st.just("type.googleapis.com/google.protobuf.StringValue"), st.binary()),
)
times_us = st.integers(0, 2_000_000_000_000).map(lambda milliseconds: milliseconds * 1_000)
invocations = st.builds(
    Invocation,
    id=st.just(InvocationId("i-1")),
    actor=ids,
    action=texts,
    payload=payloads,
    parent=st.text(letters, max_size=10),
    caller=st.none() | ids,
    metadata=texts_map,
    asynchronous=st.booleans(),
    scheduled_to_us=times_us,
)
effects = st.builds(
    Effect,
    actor=texts,
    action=texts,
    payload=payloads,
    parent=st.text(letters, max_size=10),
    scheduled_to_us=times_us,
    metadata=texts_map,
    caller=ids,
    system=texts,
)
routes = st.builds(Route, texts, texts, st.text(max_size=10))
workflows = st.builds(
    lambda effects, broadcast, pipe, forward: Workflow(tuple(effects), broadcast, pipe, None if pipe else forward),
    st.lists(effects, max_size=3),
    st.none() | st.builds(Publication, texts, payloads, texts),
    st.none() | routes,
    st.none() | routes,
)


@given(invocations)
def test_invocation_comes_back_equal(invocation: Invocation) -> None:
    request = InvocationRequest.FromString(make_request(invocation).SerializeToString())

    assert get_invocation(request, invocation.id, SYSTEM) == invocation


def test_key_travels_as_metadata() -> None:
    invocation = Invocation(id=InvocationId("i"), actor=ActorId(SYSTEM, "a"), action="b", key="k-1")

    assert get_invocation(make_request(invocation), invocation.id, SYSTEM).key == "k-1"


@given(workflows, ids)
def test_workflow_comes_back_equal(workflow: Workflow, actor: ActorId) -> None:
    message = WorkflowMessage()
    put_workflow(message, workflow, actor, 0, Dialect.NEW)
    received = get_workflow(WorkflowMessage.FromString(message.SerializeToString()))

    assert received == (None if workflow == Workflow() else workflow)


def test_delay_becomes_a_time() -> None:
    message = WorkflowMessage()
    put_workflow(message, Workflow((Effect("a", "b", delay_ms=250),)), ActorId(SYSTEM, "me"), 1_000_000, Dialect.NEW)
    workflow = get_workflow(message)

    assert workflow is not None
    assert (workflow.effects[0].scheduled_to_us, workflow.effects[0].caller) == (1_250_000, ActorId(SYSTEM, "me"))


def work(**changes: Any) -> Work:
    given_fields: dict[str, Any] = {
        "activation": ActorId(SYSTEM, "counter"),
        "turn": 1,
        "invocation": Invocation(id=InvocationId("i"), actor=ActorId(SYSTEM, "counter"), action="add"),
        "parent": "counter",
        "definition": "d",
        "state": None,
        "state_definition": "",
        "tags": {},
        "revision": 0,
        "now_us": 1,
        "seed": 1,
    }
    return Work(**{**given_fields, **changes})


@given(payloads, st.none() | ids, texts_map, texts_map, st.none() | st.binary(min_size=1))
def test_turn_arrives_at_the_host_as_it_was_sent(
    payload: Encoded | None, caller: ActorId | None, metadata: dict[str, str], tags: dict[str, str], state: bytes | None
) -> None:
    invocation = Invocation(
        id=InvocationId("i"),
        actor=ActorId(SYSTEM, "ada"),
        action="add",
        payload=payload,
        caller=caller,
        metadata=metadata,
    )
    value = None if state is None else State(Encoded("type.googleapis.com/x.State", state))
    sent = work(activation=invocation.actor, invocation=invocation, parent="user", state=value, tags=tags)
    call = ActorInvocation.FromString(make_call(sent, None, Dialect.NEW).SerializeToString())

    assert (
        get_work(call, turn=1, definition="d", invocation_id=InvocationId("i"), now_us=1, seed=1, is_init=False) == sent
    )


@given(payloads, workflows, texts_map)
def test_outcome_arrives_at_the_proxy_as_it_was_answered(
    response: Encoded | None, workflow: Workflow, tags: dict[str, str]
) -> None:
    outcome = Outcome(response=response, workflow=None if workflow == Workflow() else workflow)
    state = Encoded("type.googleapis.com/x.State", b"\x01")
    answer = make_answer(ActorId(SYSTEM, "ada"), outcome, state, tags, 0, Dialect.OLD)
    answer = ActorInvocationResponse.FromString(answer.SerializeToString())
    got = get_outcome(answer, work(), None, may_clear_tags=True)

    assert (got.response, got.workflow, got.tags, got.state) == (response, outcome.workflow, tags, State(state))


def test_host_answer_always_has_what_a_real_proxy_needs() -> None:
    answer = make_answer(ActorId(SYSTEM, "a"), Outcome(checkpoint=True), Encoded(JSON, b"{}"), {}, 0, Dialect.NEW)

    assert answer.HasField("updated_context")
    assert answer.updated_context.HasField("state")
    assert not answer.checkpoint


def test_state_that_is_equal_is_no_change() -> None:
    value = Encoded(JSON, b'{"n":1}')
    answer = make_answer(ActorId(SYSTEM, "a"), Outcome(), value, {}, 0, Dialect.NEW)

    assert get_outcome(answer, work(state=State(value)), None, may_clear_tags=False).state is None
    assert get_outcome(answer, work(), State(value), may_clear_tags=False).state is None
