"""A report as one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import resources

import msgspec

from workbench.exporters.atomic_files import REPORT_MARK
from workbench.exporters.report.model import (
    ActorLine,
    Chain,
    DefinitionText,
    Facts,
    FailureText,
    MailboxText,
    Part,
    TurnLine,
)
from workbench.presenters.acts import outcome_of
from workbench.presenters.messages import Message
from workbench.presenters.trace import Trace
from workbench.render.formats import age, clock_time, count, duration, plural, short_hash, short_id
from workbench.render.html import Markup, element, join


def page(facts: Facts) -> str:
    """The whole page.  Its policy forbids it to load anything, and to run any script but the one in it."""
    script, style = _content("page.js"), _content("page.css")
    sections = [make(facts) for make in SECTIONS]
    title = f"Actor system {facts.status.system}"
    head = element(
        "head",
        Markup('<meta charset="utf-8">'),
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">'),
        Markup(f'<meta name="generator" content="{REPORT_MARK}">'),
        Markup('<meta name="viewport" content="width=device-width,initial-scale=1">'),
        Markup('<meta name="referrer" content="no-referrer">'),
        element("title", f"{title}, {clock_time(facts.made_us)[:16]}"),
        element("style", Markup(style)),
    )
    body = element(
        "body",
        element("a", "Skip to the actors", href="#actors", class_="skip"),
        _header(facts, title),
        _navigation(sections),
        element("main", *(_section(each) for each in sections)),
        _footer(facts),
        element("script", Markup(script)),
    )
    return f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'


def _content(name: str) -> str:
    return resources.files("workbench.exporters.report").joinpath(name).read_text("utf-8")


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def _header(facts: Facts, title: str) -> Markup:
    status = facts.status
    made = f"As it was on {clock_time(facts.made_us)[:19]} UTC, read by {facts.made_by}. All times are UTC."
    lines = [element("p", made, class_="soft", style="margin:0")]
    scope = [f"Only {', '.join(facts.only)}." if facts.only else ""]
    scope.append(f"Only what is later than {clock_time(facts.since_us)[:19]}." if facts.since_us else "")
    if any(scope):
        lines.append(element("p", " ".join(filter(None, scope)), class_="soft", style="margin:0"))
    notes = [element("p", note, class_="note") for note in facts.notes]
    if status.store_error:
        notes.append(element("p", f"The store cannot be written: {status.store_error}", class_="note bad"))
    notes += [element("p", f"Not recorded whole: {each}", class_="note bad") for each in status.problems]
    if status.loop_blocked_by:
        notes.append(element("p", f"All coroutine actions wait for {status.loop_blocked_by}", class_="note bad"))
    return element("header", element("h1", title), *lines, _tiles(facts), *notes)


def _tiles(facts: Facts) -> Markup:
    status, behind = facts.status, max(0, facts.status.sequence - facts.status.committed)
    known = facts.parts.get("actors")
    failing = facts.parts.get("failures")
    tiles = [
        _tile(
            "actors",
            f"{count(known.known)}{' or more' if known.is_more else ''}" if known and not known.why_not else "?",
        ),
        _tile("active", count(status.actors)),
        _tile("waiting messages", count(status.waiting)),
        _tile("turns", count(status.sequence)),
        _tile("not on disk yet", count(behind), "bad" if behind > 10_000 else ""),
        _tile("failures shown", count(failing.shown) if failing else "?", "bad" if failing and failing.shown else ""),
        _tile("durability", status.durability or "not known", "small"),
        _tile("store", status.store, "small long"),
    ]
    if facts.where:
        tiles.append(_tile("reached at", facts.where, "small long"))
    return element("dl", *tiles, class_="tiles")


def _tile(name: str, value: str, look: str = "") -> Markup:
    return element("div", element("dt", name), element("dd", value, class_=look))


def _navigation(sections: Sequence[Section]) -> Markup:
    links = [element("li", element("a", each.title, href=f"#{each.id}")) for each in sections]
    return element("nav", element("ul", *links), aria_label="Parts of this report")


def _section(section: Section) -> Markup:
    bar = [element("h2", section.title), element("span", section.note, class_="count")]
    if section.filters:
        field = Markup(f'<input type="search" aria-label="Filter {section.title.lower()}" placeholder="filter…">')
        bar.append(
            element(
                "label",
                element("output", aria_live="polite"),
                Markup(" "),
                field,
                data_filters=section.filters,
                hidden="hidden",
            )
        )
    content = section.content or element("p", section.nothing, class_="nothing")
    return element("section", element("div", *bar, class_="bar"), content, id=section.id)


def _footer(facts: Facts) -> Markup:
    versions = " · ".join(f"{name} {version}" for name, version in facts.versions)
    said = (
        "Made by spawn-workbench. Nothing was woken or changed to make this report. Values under a secret's name, such as "
        "password or token, are hidden; what stands elsewhere is as the actors put it."
    )
    return element("footer", element("p", said), element("p", element("strong", "Versions "), versions, id="versions"))


# --- What the parts of a report are made of: headings with what is left out, tables, bars -----------------------------

Columns = Mapping[str, str]
"""Heads of a table, each with the class of its cells: `number`, `code`, `name`, `nowrap`, or several of them."""

_FILTERED_FROM = 6
"""So many rows are worth a filter."""


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part: a heading with a note, and either content or what is said instead."""

    id: str
    title: str
    note: str = ""
    content: Markup = Markup("")
    nothing: str = "Nothing."
    filters: str = ""
    """Selects what the filter of this part filters; empty for none."""


def tabular(
    name: str, title: str, note: str, columns: Columns, rows: Iterable[Sequence[str]], *, nothing: str
) -> Section:
    """A part that is a table, in a box of its own that scrolls."""
    looks = list(columns.values())
    body = [element("tr", *(element("td", v, class_=c) for v, c in zip(row, looks, strict=True))) for row in rows]
    if not body:
        return Section(id=name, title=title, nothing=nothing)
    heads = [element("th", head, scope="col", class_="number" if c == "number" else "") for head, c in columns.items()]
    caption = element("caption", f"{title}, {note}" if note else title)
    table = element("table", caption, element("thead", element("tr", *heads)), element("tbody", *body))
    content = element("div", table, class_="wide", tabindex="0", role="region", aria_label=title)
    return Section(id=name, title=title, note=note, content=content, filters=filters(f"#{name} tbody tr", len(body)))


def filters(selector: str, items: int) -> str:
    """The selector where there is enough to filter."""
    return selector if items >= _FILTERED_FROM else ""


def why_nothing(facts: Facts, part: str, nothing: str) -> str:
    """Why the system cannot show it, or else `nothing`."""
    found = facts.parts.get(part)
    return found.why_not if found is not None and found.why_not else nothing


def note_of(part: Part | None, noun: str, order: str = "", nouns: str = "") -> str:
    """`first 200 of 4,043 actors: the last active first`; all are simply counted."""
    if part is None or part.why_not or not part.known:
        return ""
    if part.shown >= part.known and not part.is_more:
        return plural(part.known, noun, nouns)
    known = f"{count(part.known)} {'or more ' if part.is_more else ''}{nouns or noun + 's'}"
    shown = f"first {count(part.shown)} of {known}" if part.shown < part.known else f"{known}, and there are more"
    return f"{shown}: {order}" if order else shown


def bars(values: Sequence[int], label: str, width: int, height: int) -> Markup:
    """Bars over time as one path: a report may have hundreds of such pictures."""
    if not any(values):
        return Markup("")
    top, step, parts = max(4, *values), width / len(values), []
    for number, value in enumerate(values):
        if value:
            tall = max(1.5, value / top * height)
            parts.append(f"M{number * step:.4g} {height}v-{tall:.3g}h{max(1.0, step - 1):.3g}v{tall:.3g}z")
    base = element("path", d=f"M0 {height}h{width}", stroke="currentColor", opacity=".4", fill="none")
    return element(
        "svg",
        element("path", d="".join(parts), fill="currentColor"),
        base,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        aria_label=label,
        width=str(width),
        height=str(height + 1),
        viewBox=f"0 0 {width} {height + 1}",
        preserveAspectRatio="none",
        class_="bars",
    )


# --- The parts of a report that are tables ----------------------------------------------------------------------------

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


# --- The parts of a report that are pictures and texts, and the order of all ------------------------------------------

_MOST_WORDED = 200


def activity(facts: Facts) -> Section:
    """Turns over time."""
    total = sum(facts.activity)
    if not total:
        return Section(id="activity", title="Activity", nothing=why_nothing(facts, "turns", "No turn is recorded."))
    said = f"the last {plural(total, 'turn')}, in {duration(facts.made_us - facts.activity_from_us)}"
    picture = bars(facts.activity, f"{said}; each bar is a sixtieth of that time", 900, 60)
    span = f"{clock_time(facts.activity_from_us)[:19]} to {clock_time(facts.made_us)[:19]}"
    caption = f"{span}; the highest bar is {plural(max(facts.activity), 'turn')}"
    content = element("figure", element("div", picture, class_="picture"), element("figcaption", caption))
    return Section(id="activity", title="Activity", note=said, content=content)


def failures(facts: Facts) -> Section:
    """What failed and why."""
    items = [_failure(each, is_open=number == 0) for number, each in enumerate(facts.failures)]
    note = note_of(facts.parts.get("failures"), "failure", "the newest")
    return Section(
        id="failures",
        title="Failures",
        note=note,
        content=join(items),
        nothing=why_nothing(facts, "failures", "Nothing has failed."),
        filters=filters("#failures details", len(items)),
    )


def _failure(each: FailureText, *, is_open: bool) -> Markup:
    summary = element(
        "summary",
        element("span", f"{clock_time(each.at_us)[:19]} ", class_="soft"),
        element("code", f"{each.actor}.{each.call} "),
        element("span", f"✗ {each.headline}", class_="bad-text"),
        element("span", f" {short_id(each.id)}", class_="soft"),
    )
    return element(
        "details", summary, element("pre", _raw(each.trace.rstrip() or each.text)), open="open" if is_open else ""
    )


def chains(facts: Facts) -> Section:
    """Sequence diagrams of what one message set in motion."""
    part = facts.parts.get("chains")
    is_cut = part is not None and part.known > part.shown
    note = (
        f"{part.shown} of {count(part.known)} in the turns that were looked at: the last of each sort"
        if part and is_cut
        else ""
    )
    nothing = why_nothing(facts, "turns", "No message is recorded.")
    content = join(_chain(each) for each in facts.chains)
    return Section(id="chains", title="Chains of messages", note=note, content=content, nothing=nothing)


def _chain(chain: Chain) -> Markup:
    trace = Trace(chain.messages)
    caption = element("figcaption", f"{clock_time(chain.at_us)[:19]}: {trace.summary}")
    words = element("details", element("summary", "In words"), element("pre", _raw(_words(chain.messages))))
    return element("figure", caption, element("div", Markup(trace.svg), class_="picture"), words)


def _words(messages: Sequence[Message]) -> str:
    lines = [
        f"{'  ' * min(each.depth, 12)}{each.sender} → {each.actor}.{each.call()}  {each.outcome_text(100)}"
        for each in messages[:_MOST_WORDED]
    ]
    hidden = len(messages) - _MOST_WORDED
    return "\n".join([*lines, *([f"… and {plural(hidden, 'more message')}"] if hidden > 0 else [])])


def definitions(facts: Facts) -> Section:
    """The code that was deployed last."""
    items = [_definition(each) for each in facts.definitions]
    return Section(
        id="definitions",
        title="Definitions",
        note=note_of(facts.parts.get("definitions"), "definition"),
        content=join(items),
        nothing=why_nothing(facts, "definitions", "No code was deployed."),
        filters=filters("#definitions details", len(items)),
    )


def _definition(each: DefinitionText) -> Markup:
    versions = f", the last of {each.versions} versions" if each.versions > 1 else ""
    said = f" {each.kind}, {short_hash(each.hash)}, deployed {clock_time(each.deployed_us)[:19]}{versions}"
    summary = element("summary", element("code", each.name), element("span", said, class_="soft"))
    nothing = "No source is stored: the code is in another process, or was typed where none is kept."
    more = [element("p", "The source goes on; it is cut here.", class_="soft")] if each.is_cut else []
    return element("details", summary, element("pre", _raw(each.source.rstrip() or nothing)), *more)


def _raw(text: str) -> Markup:
    """Text of several lines, whose line ends and tabs stay what they are."""
    lines = [join([line.replace("\t", "    ")]) for line in text.split("\n")]
    return Markup("\n".join(lines))


SECTIONS: tuple[Callable[[Facts], Section], ...] = (
    actors,
    activity,
    failures,
    chains,
    turns,
    mailboxes,
    logs,
    definitions,
    acts,
)
"""All parts, in their order on the page."""
