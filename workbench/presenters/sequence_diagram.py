"""Messages as a sequence diagram: an SVG of our own, which needs no script, no style sheet and no network.

Calls, casts, replies and failures differ by line and head, not by colour alone.  Colours follow the text colour of wherever the
picture stands, so light and dark themes need nothing more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from workbench.presenters.messages import Message
from workbench.render.formats import duration, printable
from workbench.render.html import CODE_FONT, ERROR, UI_FONT, Markup, element

MOST_MESSAGES = 60
MOST_ACTORS = 20

_COLUMN, _ROW, _TOP, _LEFT = 190, 26, 44, 84
_MUTED = "opacity:.65"


class Step(msgspec.Struct, frozen=True):
    """One row of the diagram: a message is sent, or is answered."""

    message: Message
    is_reply: bool
    at_us: int


def steps_of(messages: Sequence[Message]) -> list[Step]:
    """Sendings and answers in the order of time; within one microsecond causes come before what they caused."""
    steps = []
    for each in messages:
        steps.append(((each.sent_us, 0, each.depth), Step(each, False, each.sent_us)))
        if _is_answered(each):
            steps.append(((each.finished_us, 1, -each.depth), Step(each, True, each.finished_us)))
    return [step for _, step in sorted(steps, key=lambda pair: pair[0])]


def participants_of(messages: Sequence[Message]) -> list[str]:
    """Senders and receivers, in the order in which they first appear."""
    return list(dict.fromkeys(name for each in messages for name in (each.sender, each.actor)))


def sequence_svg(messages: Sequence[Message], title: str, focus: str = "") -> Markup:
    """The diagram of these messages, all of them: the caller has cut the list.  `focus` is a message to be pointed out.

    As wide as its participants need to be read: the page that shows it lets it scroll.
    """
    names, steps = participants_of(messages), steps_of(messages)
    places = {name: _LEFT + _COLUMN // 2 + index * _COLUMN for index, name in enumerate(names)}
    width, height = _LEFT + len(names) * _COLUMN, _TOP + (len(steps) + 1) * _ROW
    rows = {(step.message.id, step.is_reply): _TOP + (index + 1) * _ROW for index, step in enumerate(steps)}
    start_us = min((each.sent_us for each in messages if each.sent_us), default=0)
    layers = _Layers()
    for step in steps:
        _draw(layers, step, rows[step.message.id, step.is_reply], places, start_us, focus)
    parts = [element("title", title), *_lifelines(places, height), *_bars(messages, rows, places), *layers.groups()]
    return element(
        "svg", *parts, xmlns="http://www.w3.org/2000/svg", width=str(width), height=str(height),
        viewBox=f"0 0 {width} {height}", role="img", aria_label=title, fill="currentColor",
        style=f"max-width:none;font:12px {UI_FONT}",
    )  # fmt: skip


class _Layers:
    """What is drawn alike, together: so the look is written once, not at every arrow."""

    def __init__(self) -> None:
        self.times: list[Markup] = []
        self.lines: list[Markup] = []
        self.labels: list[Markup] = []

    def groups(self) -> Iterator[Markup]:
        yield element("g", *self.times, text_anchor="end", style=_MUTED)
        yield element("g", *self.lines, fill="none", stroke="currentColor", stroke_width="1.4")
        yield element("g", *self.labels, text_anchor="middle", style=f"font-family:{CODE_FONT};font-size:11px")


def _is_answered(message: Message) -> bool:
    return bool(message.finished_us) and (message.is_asked or message.is_bad)


def _lifelines(places: dict[str, int], height: int) -> Iterator[Markup]:
    for name, x in places.items():
        shown = _cut(name, 22)
        half = min(_COLUMN // 2 - 6, 12 + 4 * len(shown))
        yield element(
            "rect", x=str(x - half), y="6", width=str(2 * half), height="24", rx="4", fill="none", stroke="currentColor"
        )
        tip = [element("title", name)] if shown != name else []
        yield element("text", shown, *tip, x=str(x), y="22", text_anchor="middle", font_weight="600")
        yield element(
            "line", x1=str(x), y1="30", x2=str(x), y2=str(height - 4), stroke="currentColor", stroke_dasharray="2 4",
            style="opacity:.4",
        )  # fmt: skip


def _bars(messages: Sequence[Message], rows: dict[tuple[str, bool], int], places: dict[str, int]) -> Iterator[Markup]:
    """Where an actor is at work for someone who waits."""
    for each in messages:
        top, bottom = rows.get((each.id, False)), rows.get((each.id, True))
        if top is not None and bottom is not None:
            x = places[each.actor] - 4
            yield element("rect", x=str(x), y=str(top), width="8", height=str(bottom - top), style="opacity:.18")


def _draw(layers: _Layers, step: Step, y: int, places: dict[str, int], start_us: int, focus: str) -> None:
    message, is_reply = step.message, step.is_reply
    if step.at_us:
        at = f"+{duration(max(0, step.at_us - start_us))}"
        layers.times.append(element("text", at, x=str(_LEFT - 10), y=str(y + 4)))
    here, there = places[message.sender], places[message.actor]
    if is_reply:
        here, there = there, here
    colour = ERROR if is_reply and message.is_bad else ""
    dash = "6 4" if is_reply else "8 3 2 3" if message.kind == "broadcast" else ""
    layers.lines += _arrow(here, there, y, colour, dash, is_open=is_reply or not message.is_asked)
    is_focus = message.id == focus and not is_reply
    room = 26 if abs(here - there) <= _COLUMN else 56
    label = _reply_label(message, room) if is_reply else _cut(_call_label(message), room)
    place = {"x": str((here + there) // 2)} if here != there else {"x": str(here + 34), "text_anchor": "start"}
    look = {"fill": colour, "font_weight": "600" if is_focus else ""}
    tip = element("title", _tip(message))
    layers.labels.append(element("text", f"▶ {label}" if is_focus else label, tip, y=str(y - 5), **place, **look))


def _arrow(x1: int, x2: int, y: int, colour: str, dash: str, *, is_open: bool) -> Iterator[Markup]:
    if x1 == x2:
        way, x1, y = f"M{x1} {y - 8} h28 v12 h-24", x2 + 10, y + 4
    else:
        way = f"M{x1} {y} H{x2}"
    yield element("path", d=way, stroke=colour, stroke_dasharray=dash)
    back = 8 if x1 > x2 else -8
    head = f"M{x2 + back} {y - 4} L{x2} {y} L{x2 + back} {y + 4}"
    yield element(
        "path", d=head if is_open else f"{head} Z", stroke=colour, fill="" if is_open else colour or "currentColor"
    )


def _call_label(message: Message) -> str:
    prefix = "" if message.kind in ("call", "cast", "own") else f"{message.kind} "
    suffix = " …" if message.outcome == "pending" else " ✗" if message.outcome == "undelivered" else ""
    return f"{prefix}{message.call(60)}{suffix}"


def _reply_label(message: Message, room: int) -> str:
    took = duration(message.took_us)
    return f"{message.outcome_text(room - len(took) - 5)} · {took}"


def _tip(message: Message) -> str:
    times = (
        f"waited {duration(message.waited_us)}, took {duration(message.took_us)}"
        if message.finished_us
        else "not ended"
    )
    return (
        f"{message.sender} → {message.actor}.{message.call(300)} ({message.kind}, {times}) {message.outcome_text(300)}"
    )


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


# --- Messages as mermaid text, for front ends and documents that draw it ----------------------------------------------

_NOT_PLAIN = re.compile(r"[#;<>&\"\\`{}\[\]|]")


def sequence_mermaid(messages: Sequence[Message], title: str) -> str:
    """A `sequenceDiagram` of these messages; names and values are escaped, so that none can be taken for syntax."""
    names = {name: f"p{index}" for index, name in enumerate(participants_of(messages))}
    lines = ["sequenceDiagram", f"  accTitle: {_escaped(title)}"]
    lines += [f"  participant {alias} as {_escaped(name)}" for name, alias in names.items()]
    return "\n".join([*lines, *(f"  {line}" for step in steps_of(messages) for line in _step(step, names))])


def _step(step: Step, names: dict[str, str]) -> Iterator[str]:
    message = step.message
    sender, actor = names[message.sender], names[message.actor]
    if step.is_reply:
        arrow = "--x" if message.is_bad else "-->>"
        yield f"{actor}{arrow}{sender}: {_escaped(f'{message.outcome_text(40)} ({duration(message.took_us)})')}"
        return
    arrow = "->>" if message.is_asked else "-)"
    prefix = "" if message.kind in ("call", "cast", "own") else f"{message.kind} "
    yield f"{sender}{arrow}{actor}: {_escaped(prefix + message.call(60))}"


def _escaped(text: str) -> str:
    """Mermaid's own entities, by number, for whatever is not plain text to it."""
    plain = _NOT_PLAIN.sub(lambda match: f"#{ord(match[0])};", printable(text))
    return re.sub(r"\b(end)\b", r"#101;nd", plain)
