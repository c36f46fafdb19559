"""A report as one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources

from workbench.export.report_model import Facts
from workbench.export.report_parts import Section
from workbench.export.report_sections import SECTIONS
from workbench.export.whole_files import REPORT_MARK
from workbench.presenters.html import Markup, element
from workbench.presenters.wording import clock_time, count


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
    return resources.files("workbench.export").joinpath(name).read_text("utf-8")


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
