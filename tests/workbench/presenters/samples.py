"""Records that several tests present."""

from __future__ import annotations

import msgspec

from runtime.api import ActorInfo, SystemStatus, Waiting
from runtime.ids import ActorId
from runtime.records import Failure
from tests.workbench.widgets.fake_system import make_turn
from workbench.presenters.messages import turn_row
from workbench.presenters.panels.actor import ActorView, Counters, LogRow, actor_view
from workbench.presenters.panels.system import Query, SystemView, system_view, window
from workbench.presenters.panels.timeline import Span, TimelineView, made_by, timeline_view
from workbench.presenters.panels.topology import Edge, Layout, TopologyView, topology_view
from workbench.render.sparkline import Series
from workbench.render.values import mark_changes, outline

NOW_US = 1_700_000_000_000_000
SYSTEM = "spawn-system"
HOSTILE = '<img src=x onerror="alert(1)">\u202e\x1b[31m'


def info(name: str = "counter", **fields: object) -> ActorInfo:
    """An active named actor."""
    base = ActorInfo(
        id=ActorId(SYSTEM, name),
        parent=name,
        kind="named",
        phase="ready",
        revision=12,
        definition="9f3c2ab1" * 8,
        deployed=True,
        turns=1_234,
        failures=2,
        last_turn_us=NOW_US - 2_000_000,
    )
    return msgspec.structs.replace(base, **fields)


def full_actor_view(name: str = "counter") -> ActorView:
    """A panel in which every part shows something."""
    raised = Failure("action_failed", "counter.add failed", "KeyError", "'missing'")
    abandoned = Failure("abandoned", "The turn was given up after 5 s.\nSecond line.")
    turns = [
        make_turn(41, ActorId(SYSTEM, name), "add", finished_us=NOW_US - 60_000_000, revision_before=10, revision=11),
        make_turn(
            43,
            ActorId(SYSTEM, name),
            "add",
            finished_us=NOW_US - 4_000_000,
            failure=raised,
            revision_before=11,
            revision=11,
        ),
        make_turn(
            44,
            ActorId(SYSTEM, name),
            "wait",
            finished_us=NOW_US - 3_000_000,
            failure=abandoned,
            took_us=5_000_000,
            revision_before=11,
            revision=11,
        ),
        make_turn(
            47,
            ActorId(SYSTEM, name),
            "add",
            finished_us=NOW_US - 2_000_000,
            revision_before=11,
            revision=12,
            caller="front",
        ),
    ]
    before = outline({"total": 4, "owner": "ada", "recent": [1, 2], "limits": {"low": 0}})
    state = outline({"total": 5, "owner": "ada", "recent": [1, 2, 5], "limits": {"low": 0}, "note": "x" * 300})
    waiting = [
        Waiting(
            invocation="i-1",
            action="add",
            caller="",
            enqueued_us=NOW_US - 2_500_000,
            running=True,
            started_us=NOW_US - 1_200_000,
        ),
        Waiting(invocation="i-2", action="add", caller="front", enqueued_us=NOW_US - 900_000),
        Waiting(invocation="i-3", action="announce", caller="", enqueued_us=NOW_US - 400_000),
    ]
    return actor_view(
        info(
            name,
            phase="running",
            waiting=7,
            oldest_waiting_us=NOW_US - 900_000,
            action="add",
            durability="snapshot",
            state_bytes=1_530,
            stored_revision=10,
            stored_us=NOW_US - 12_000_000,
            stored_bytes=214,
            stored_status="ACTIVATED",
            snapshot_due_us=NOW_US + 3_000_000,
        ),
        state=mark_changes(before, state),
        changes=["total: 4 → 5", "recent[2]: new 5"],
        waiting=waiting,
        depths=Series((1, 4, 0, 7), NOW_US // 1_000_000),
        rate=12.34,
        recent=[turn_row(turn) for turn in reversed(turns)],
        log=[
            LogRow(NOW_US - 3_000_000, "add", "", "adding 5"),
            LogRow(NOW_US - 2_000_000, "add", "warning", "low on ink"),
        ],
        counters=Counters(dropped=3, merged=1_200),
    )


def full_system_view(query: Query = Query(), hostile: str = HOSTILE) -> SystemView:  # noqa: B008 - frozen
    """A panel with actors of several sorts."""
    infos = [
        info(),
        info(
            "archive",
            phase="running",
            waiting=3,
            action="keep",
            action_started_us=NOW_US - 1_500_000,
            oldest_waiting_us=NOW_US - 5_000_000,
        ),
        info("plane", kind="unnamed", phase="template", revision=0, turns=0, failures=0, last_turn_us=0),
        info("N14228", kind="unnamed", parent="plane", phase="passive", failures=0, deployed=False),
        info("workbench.publisher", turns=99_999),
        info(hostile),
    ]
    status = SystemStatus(
        system=SYSTEM,
        store="sqlite:///x.db",
        running=True,
        actors=4_046,
        waiting=3,
        turns=2_468,
        sequence=2_468,
        committed=2_460,
    )
    return system_view(
        status, window(infos, query), rate=56.7, rates=Series((3, 5), NOW_US // 1_000_000), counters=Counters(5)
    )


def full_topology_view(hostile: str = HOSTILE) -> TopologyView:
    """A picture of a shop whose payments fail now and then."""
    edges = [
        Edge("notebook", "shop", 1_200, 0, 1_200_000, 9_000, 12.0),
        Edge("shop", "stock", 900, 0, 400_000, 2_000),
        Edge("shop", "payments", 300, 7, 3_000_000, 90_000, 3.5),
        Edge("payments", "shop", 290, 0, 100_000, 900),
        Edge("stock", "stock", 10, 0, 10_000, 2_000),
        Edge("shop", hostile, 1),
    ]
    chosen = ("shop", "payments")
    turns = [
        make_turn(7, ActorId(SYSTEM, "payments"), "charge", finished_us=NOW_US - 2_000_000, caller="shop"),
        make_turn(9, ActorId(SYSTEM, "payments"), "charge", finished_us=NOW_US - 1_000_000, caller="shop"),
    ]
    messages = [turn_row(turn) for turn in reversed(turns)]
    return topology_view(SYSTEM, edges, Layout(), members={"stock": 40}, chosen=chosen, messages=messages)


def full_timeline_view(name: str = "counter") -> TimelineView:
    """A revision in the middle of an actor's past, made by new code."""
    turn = make_turn(
        41,
        ActorId(SYSTEM, name),
        "add",
        finished_us=NOW_US - 60_000_000,
        revision_before=10,
        revision=11,
        caller="front",
    )
    made = msgspec.structs.replace(made_by(turn, None), is_new_code=True)
    span = Span(first=3, last=40, at=11, is_live=False, base=10)
    return timeline_view(
        name, SYSTEM, span, made, {"total": 5, "recent": [1, 2, 5]}, {"total": 4, "recent": [1, 2], "old": 1}
    )
