"""How a fork shows itself: where it began, where it stands, and what really happened beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from workbench.presenters.forked import ForkDiff, RecordedMessages, SentMessages
from workbench.presenters.html import FRAME, Markup, code, element, muted
from workbench.presenters.rendering import bundle
from workbench.presenters.values import one_line, outline
from workbench.presenters.wording import plural, short_hash
from workbench.redaction import redacted

_MOST_SENT = 5


class Shown(Protocol):
    """What is shown of a fork."""

    name: str

    @property
    def actor(self) -> str: ...
    @property
    def revision(self) -> int: ...
    @property
    def code(self) -> str: ...
    @property
    def state(self) -> Any: ...
    @property
    def messages(self) -> RecordedMessages: ...
    @property
    def has_more_messages(self) -> bool: ...
    @property
    def sent(self) -> SentMessages: ...


def fork_text(fork: Shown, diff: ForkDiff | None) -> str:
    """For a terminal."""
    lines = [_headline(fork), *(f"  {name:<6} {text}" for name, text in _facts(fork))]
    return "\n".join([*lines, *([repr(diff)] if diff is not None else []), _next(fork)])


def fork_bundle(fork: Shown, diff: ForkDiff | None) -> dict[str, str]:
    """For a notebook."""
    parts = [element("strong", _headline(fork))]
    parts += [element("div", f"{name} ", code(text)) for name, text in _facts(fork)]
    if diff is not None:
        parts.append(Markup(diff._repr_mimebundle_()["text/html"]))
    html = element("div", *parts, element("div", muted(_next(fork))), style=FRAME)
    return bundle(fork_text(fork, diff), html)


def _headline(fork: Shown) -> str:
    called = f"{fork.name}: a fork" if fork.name else "A fork"
    more = "more than " if fork.has_more_messages else ""
    count = len(fork.messages)
    follow = f"{more}{plural(count, 'recorded message')} came after it" if count else "no message is recorded after it"
    return f"{called} of {fork.actor} from revision {fork.revision}, with code {short_hash(fork.code)}; {follow}."


def _facts(fork: Shown) -> Iterator[tuple[str, str]]:
    yield "state", one_line(outline(redacted(fork.state)))
    sent = fork.sent
    for each in sent[:_MOST_SENT]:
        yield "sends", each.text
    if len(sent) > _MOST_SENT:
        yield "", f"… and {plural(len(sent) - _MOST_SENT, 'message')} more: see `.sent`"


def _next(fork: Shown) -> str:
    return f"{fork.actor} itself is untouched; to have it go on from there: %restore {fork.actor} {fork.revision}"
