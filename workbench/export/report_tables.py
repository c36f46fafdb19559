"""The parts of a report that are tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workbench.export.report_model import ActorLine, Facts, MailboxText, TurnLine
from workbench.export.report_parts import Columns, Section, bars, note_of, tabular, why_nothing
from workbench.presenters.acts import outcome_of
from workbench.presenters.html import Markup, element
from workbench.presenters.wording import age, clock_time, count, duration, plural, short_id

_ACTORS: Columns = {
    "actor": "name code", "of": "name", "kind": "nowrap", "phase": "nowrap", "revision": "number", "waiting": "number",
    "turns": "number", "failures": "number", "last turn": "number", "activity": "", "state": "code",
}  # fmt: skip
_TURNS: Columns = {
    "at": "nowrap", "actor": "name code", "call": "code", "came of it": "code", "revision": "number", "waited": "number",
    "took": "number", "from": "name", "id": "nowrap code",
}  # fmt: skip
_MAILBOXES: Columns = {
    "actor": "name code", "is": "", "call": "code", "from": "name", "since": "number", "id": "nowrap code",
}  # fmt: skip
_LOGS: Columns = {"at": "nowrap", "actor": "name code", "action": "name code", "kind": "", "text": "code"}
_ACTS: Columns = {
    "at": "nowrap", "who": "name", "act": "name", "actor": "name code", "action": "name code", "outcome": "", "reason": "",
    "target": "",
}  # fmt: skip


def actors(facts: Facts) -> Section:
    """Who there is, in which state."""
    order = "those with failures or waiting messages, then the last active"
    note = note_of(facts.parts.get("actors"), "actor", order)
    rows = [_actor(line, facts.made_us) for line in facts.actors]
    nothing = why_nothing(facts, "actors", "There is no actor.")
    return tabular("actors", "Actors", note, _ACTORS, rows, nothing=nothing)


def _actor(line: ActorLine, now_us: int) -> Sequence[str]:
    info = line.info
    phase = f"running {info.action}" if info.action else info.phase
    return (
        info.id.name,
        info.parent if info.parent != info.id.name else "",
        info.kind,
        phase if info.deployed else f"{phase}, no code",
        count(info.revision),
        count(info.waiting),
        count(info.turns),
        element("span", count(info.failures), class_="bad-text" if info.failures else ""),
        age(info.last_turn_us, now_us),
        bars(line.turns, f"turns of {info.id.name} over time", 90, 18),
        line.state,
    )


def turns(facts: Facts) -> Section:
    """What happened last."""
    note = note_of(facts.parts.get("turns"), "turn", "the newest")
    nothing = why_nothing(facts, "turns", "No turn is recorded.")
    return tabular("turns", "Latest turns", note, _TURNS, map(_turn, facts.turns), nothing=nothing)


def _turn(line: TurnLine) -> Sequence[str]:
    revision = count(line.revision) if line.changed else ""
    return (
        clock_time(line.at_us), line.actor, line.call, _result(line), revision, duration(line.waited_us),
        duration(line.took_us), line.caller, short_id(line.id),
    )  # fmt: skip


def _result(line: TurnLine) -> Markup:
    if line.outcome == "ok":
        return element("span", f"→ {line.result}" if line.result else "✓")
    return element("span", f"✗ {line.result or line.outcome}", class_="bad-text")


def mailboxes(facts: Facts) -> Section:
    """What waits."""
    note = note_of(facts.parts.get("mailboxes"), "mailbox", "the fullest", "mailboxes")
    rows = [row for box in facts.mailboxes for row in _mailbox(box, facts.made_us)]
    nothing = why_nothing(facts, "mailboxes", "No message waits.")
    return tabular("mailboxes", "Mailboxes", note, _MAILBOXES, rows, nothing=nothing)


def _mailbox(box: MailboxText, now_us: int) -> Iterator[Sequence[str]]:
    for each in box.messages:
        state = "running" if each.is_running else "waiting"
        yield box.actor, state, each.call, each.caller, age(each.since_us, now_us), short_id(each.id)
    hidden = box.waiting - sum(not each.is_running for each in box.messages)
    if hidden > 0:
        yield box.actor, "", f"… and {plural(hidden, 'more message')}", "", "", ""


def logs(facts: Facts) -> Section:
    """What actors printed and logged in this process."""
    part = facts.parts.get("logs")
    note = note_of(part, "line").replace("first", "last")
    rows = [(clock_time(each.at_us), each.actor, each.action, each.kind, each.text) for each in facts.logs]
    nothing = "No actor whose code runs in this notebook has printed or logged anything."
    return tabular("logs", "Logs", note, _LOGS, rows, nothing=nothing)


def acts(facts: Facts) -> Section:
    """What was done to the system from this notebook."""
    note = note_of(facts.parts.get("acts"), "act", "the newest")
    rows = [
        (
            clock_time(each.at_us)[:19], each.who, f"{each.act} ({each.mode})" if each.act == "attach" else each.act, each.actor,
            each.action, outcome_of(each), each.reason, each.target,
        )
        for each in facts.acts
    ]  # fmt: skip
    nothing = "This notebook has done nothing to this system but send it messages."
    return tabular("acts", "Audit", note, _ACTS, rows, nothing=nothing)
