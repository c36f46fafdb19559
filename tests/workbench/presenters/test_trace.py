"""Traces as text, table, diagram and mermaid."""

import re
from xml.etree import ElementTree

import pytest

from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Encoded, Failure, Invocation, Publication, Sent, Turn, Workflow
from workbench.presenters.messages import Message, messages_of
from workbench.presenters.sequence_diagram import MOST_MESSAGES, sequence_svg, steps_of
from workbench.presenters.trace import Cost, Trace

START = 1_700_000_000_000_000
HOSTILE = '<img src=x onerror="alert(1)">;#end\u202e\x1b[31m'


def _turn(
    number: int, name: str, action: str, *, cause: Turn | None = None, at: int = 0, took: int = 100, **fields: object
) -> Turn:
    values = {
        "sequence": number, "invocation": InvocationId(f"i-{number}"), "actor": ActorId("s", name), "parent": name,
        "action": action, "correlation": cause.correlation if cause else f"i-{number}",
        "cause": cause.invocation if cause else "", "caller": cause.actor if cause else None, "key": "",
        "payload": Encoded(JSON, b'{"n": %d}' % number), "metadata": {}, "enqueued_us": START + at,
        "started_us": START + at + 10, "finished_us": START + at + took, "now_us": 0, "seed": 0, "sent": (),
        "tags_before": {}, "tags_after": None, "failure": None, "response": Encoded(JSON, b"7"), "revision_before": 0,
        "revision": 0, "state": None, "definition": "d", **fields,
    }  # fmt: skip
    return Turn(**values)


def _asked(number: int, name: str, action: str) -> Sent:
    return Sent(ActorId("s", name), action, None, InvocationId(f"i-{number}"), True)


@pytest.fixture
def turns() -> list[Turn]:
    """desk asks archive, which fails; desk casts to worker and broadcasts."""
    news = Encoded(JSON, b'{"text": "hi"}')
    failure = Failure("action_failed", "archive.keep failed", "ValueError", "full")
    workflow = Workflow(broadcast=Publication("news", news))
    desk = _turn(1, "desk", "announce", took=1_000, sent=(_asked(2, "archive", "keep"),), workflow=workflow)
    archive = _turn(2, "archive", "keep", cause=desk, at=100, took=300, failure=failure, response=None)
    worker = _turn(3, "worker", "grind", cause=desk, at=1_000, took=5_000)
    radio = _turn(4, "radio", "hear", cause=desk, at=1_000, took=40, payload=news)
    return [archive, desk, radio, worker]


def test_messages_are_told_apart_by_how_they_were_sent(turns: list[Turn]) -> None:
    found = {each.action: (each.sender, each.kind, each.outcome, each.depth) for each in messages_of(turns)}

    assert found == {
        "announce": ("notebook", "call", "ok", 0),
        "keep": ("desk", "call", "raised", 1),
        "grind": ("desk", "cast", "ok", 1),
        "hear": ("desk", "broadcast", "ok", 1),
    }


def test_causes_come_before_what_they_caused_and_answers_after(turns: list[Turn]) -> None:
    steps = [(step.message.action, step.is_reply) for step in steps_of(messages_of(turns))]

    assert steps.index(("keep", False)) > steps.index(("announce", False))
    assert steps.index(("keep", True)) < steps.index(("announce", True))
    assert ("grind", True) not in steps


def test_messages_without_a_turn_are_pending_or_undelivered(turns: list[Turn]) -> None:
    waiting = Invocation(
        id=InvocationId("i-8"), actor=ActorId("s", "slow"), action="think", cause="i-1", caller=ActorId("s", "desk")
    )
    lost = Invocation(id=InvocationId("i-9"), actor=ActorId("s", "nobody"), action="read")

    found = {
        each.action: each for each in messages_of(turns, [lost], [waiting], {"i-9": "There is no actor 'nobody'."})
    }

    assert (found["think"].outcome, found["think"].sender) == ("pending", "desk")
    assert (found["read"].outcome, found["read"].detail) == ("undelivered", "There is no actor 'nobody'.")


def test_a_timer_of_an_actor_is_its_own_message() -> None:
    [own] = messages_of([_turn(1, "clock", "tick", caller=ActorId("s", "clock"))])

    assert own.kind == "own"


def test_text_is_indented_by_cause_and_says_what_came_of_each(turns: list[Turn]) -> None:
    shown = repr(Trace(messages_of(turns), cost=Cost(own_us=1_200, events=4)))

    assert "notebook → desk.announce(n=1)" in shown
    assert "  desk → archive.keep(n=2)" in shown
    assert "✗ ValueError: full" in shown
    assert "4 messages between 4 actors in 6 ms, 1 failed." in shown
    assert "Tracing took 1.2 ms of its own (4 events)." in shown


def test_the_cost_says_what_was_missed() -> None:
    trace = Trace(messages_of([_turn(1, "a", "b")]), cost=Cost(dropped=3, settled_us=200_000))

    assert "waited 200 ms for what was still on its way" in trace.own_cost
    assert "3 events did not fit, so messages are missing" in trace.own_cost


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [
        ({"actor": "archive"}, {"keep"}),
        ({"action": "hear"}, {"hear"}),
        ({"kind": "cast"}, {"grind"}),
        ({"failed": True}, {"keep"}),
        ({"slower_ms": 0.9}, {"announce", "grind"}),
        ({"actor": "nobody"}, set()),
    ],
)
def test_filters_keep_what_fits_and_count_the_rest(
    turns: list[Turn], wanted: dict[str, object], kept: set[str]
) -> None:
    trace = Trace(messages_of(turns)).only(**wanted)  # type: ignore[arg-type]

    assert {each.action for each in trace} == kept
    assert trace.hidden == 4 - len(kept)


def test_rows_are_plain_values_for_a_data_frame(turns: list[Turn]) -> None:
    rows = Trace(messages_of(turns)).rows()

    assert [row["kind"] for row in rows] == ["call", "call", "cast", "broadcast"] or len(rows) == 4
    assert all(isinstance(value, (str, int)) for row in rows for value in row.values())


def test_the_picture_is_well_formed_whatever_the_names_are() -> None:
    hostile = _turn(1, HOSTILE, HOSTILE, payload=Encoded(JSON, b'{"<script>": "]]>&"}'))

    svg = sequence_svg(messages_of([hostile]), HOSTILE)

    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert 'onerror="' not in svg
    assert "\x1b" not in svg


def test_replies_casts_broadcasts_and_failures_look_different(turns: list[Turn]) -> None:
    svg = sequence_svg(messages_of(turns), "t")

    assert 'stroke-dasharray="6 4"' in svg
    assert 'stroke-dasharray="8 3 2 3"' in svg
    assert "✗ ValueError: full" in svg
    assert svg.count(" Z") == 2


def test_a_wide_trace_scrolls_instead_of_shrinking() -> None:
    turns = [_turn(i, f"actor{i}", "add", at=i * 1_000) for i in range(1, 20)]

    html = Trace(messages_of(turns))._repr_mimebundle_()["text/html"]

    assert "overflow-x:auto" in html
    assert "max-width:none" in html[html.index("<svg") : html.index(">", html.index("<svg"))]


def test_a_large_trace_is_cut_and_offers_the_rest() -> None:
    turns = [_turn(i, "counter", "add", at=i * 1_000) for i in range(1, 401)]
    trace = Trace(messages_of(turns))

    bundle = trace._repr_mimebundle_()

    assert ElementTree.fromstring(bundle["image/svg+xml"]).tag.endswith("svg")
    assert bundle["text/vnd.mermaid"].count("->>") == 2 * MOST_MESSAGES
    assert "Show the other 340 messages" in bundle["text/html"]
    assert len(bundle["text/html"]) < 500_000


def test_many_actors_are_cut_too() -> None:
    trace = Trace(messages_of([_turn(i, f"a{i}", "add", at=i) for i in range(1, 60)]))

    assert trace.mermaid.count("participant") <= 21


def test_mermaid_takes_no_name_for_syntax() -> None:
    turn = _turn(1, "end;x", "a#b", payload=Encoded(JSON, b'{"t": "<b>\\n%%"}'))

    text = Trace(messages_of([turn])).mermaid

    body = text.split("\n", 2)[2]
    assert not re.search(r"[<>\"{}]", body.replace("-->>", "").replace("->>", ""))
    assert "as #101;nd#59;x" in text


def test_a_message_asked_about_is_pointed_out(turns: list[Turn]) -> None:
    trace = Trace(messages_of(turns), focus="i-2")

    assert "▶ desk → archive.keep" in repr(trace)
    assert "▶ keep" in trace.svg
    assert "Tracing took" not in repr(trace)


def test_nothing_is_said_in_words() -> None:
    assert repr(Trace()) == "No actor got a message."
    assert isinstance(Trace().messages, tuple)
    assert not any(isinstance(each, Message) for each in Trace())
