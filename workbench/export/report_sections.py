"""The parts of a report that are pictures and texts, and the order of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.export import report_tables
from workbench.export.report_model import Chain, DefinitionText, Facts, FailureText
from workbench.export.report_parts import Section, bars, filters, note_of, why_nothing
from workbench.presenters.html import Markup, element, join
from workbench.presenters.messages import Message
from workbench.presenters.trace import Trace
from workbench.presenters.wording import clock_time, count, duration, plural, short_hash, short_id

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
        f"{'  ' * min(each.depth, 12)}{each.sender} → {each.actor}.{each.call()}  {each.came_of_it(100)}"
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
    report_tables.actors,
    activity,
    failures,
    chains,
    report_tables.turns,
    report_tables.mailboxes,
    report_tables.logs,
    definitions,
    report_tables.acts,
)
"""All parts, in their order on the page."""
