"""Messages as mermaid text, for front ends and documents that draw it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from workbench.presenters.messages import Message
from workbench.presenters.sequence import Step, participants_of, steps_of
from workbench.presenters.wording import duration, printable

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
        yield f"{actor}{arrow}{sender}: {_escaped(f'{message.came_of_it(40)} ({duration(message.took_us)})')}"
        return
    arrow = "->>" if message.is_asked else "-)"
    prefix = "" if message.kind in ("call", "cast", "own") else f"{message.kind} "
    yield f"{sender}{arrow}{actor}: {_escaped(prefix + message.call(60))}"


def _escaped(text: str) -> str:
    """Mermaid's own entities, by number, for whatever is not plain text to it."""
    plain = _NOT_PLAIN.sub(lambda match: f"#{ord(match[0])};", printable(text))
    return re.sub(r"\b(end)\b", r"#101;nd", plain)
