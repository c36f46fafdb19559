"""Turns of every shape, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from runtime.ids import ActorId
from runtime.records import Effect, Encoded, Failure, Publication, Route, Sent, State, Turn, Workflow

text = st.text(max_size=12)
number = st.integers(0, 2**63 - 1)
strings = st.dictionaries(text, text, max_size=3)
actors = st.builds(ActorId, text, text)
encoded = st.builds(Encoded, text, st.binary(max_size=40))
states = st.builds(State, encoded, st.binary(max_size=10))
failures = st.builds(Failure, text, text, text, text, text)
sent = st.builds(
    Sent, actors, text, st.none() | encoded, text, st.booleans(), st.none() | encoded, st.none() | failures
)
effects = st.builds(Effect, text, text, st.none() | encoded, text, number, number, strings)
routes = st.builds(Route, text, text, text)
workflows = st.builds(
    Workflow,
    st.lists(effects, max_size=2).map(tuple),
    st.none() | st.builds(Publication, text, st.none() | encoded),
    st.none() | routes,
    st.none() | routes,
)


def turn(sequence: int) -> st.SearchStrategy[Turn]:
    """A turn at that place, everything else arbitrary."""
    return st.builds(
        Turn,
        st.just(sequence),
        invocation=text,
        actor=actors,
        parent=text,
        action=text,
        correlation=text,
        cause=text,
        caller=st.none() | actors,
        key=text,
        payload=st.none() | encoded,
        metadata=strings,
        enqueued_us=number,
        started_us=number,
        finished_us=number,
        now_us=number,
        seed=st.integers(0, 2**64 - 1),
        sent=st.lists(sent, max_size=2).map(tuple),
        tags_before=strings,
        tags_after=st.none() | strings,
        failure=st.none() | failures,
        response=st.none() | encoded,
        revision_before=number,
        revision=number,
        state=st.none() | states,
        definition=text,
        workflow=st.none() | workflows,
        delta=st.none() | st.lists(st.tuples(number, number, st.binary(max_size=9)), max_size=2).map(tuple),
    )


@st.composite
def runs(draw: st.DrawFn, max_size: int = 5) -> list[Turn]:
    """One or more turns without gaps, starting anywhere."""
    first = draw(st.integers(1, 2**40))
    return [draw(turn(first + index)) for index in range(draw(st.integers(1, max_size)))]
