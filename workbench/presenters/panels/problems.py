"""Why a panel cannot show what it should, as something it can show."""

from __future__ import annotations

import msgspec

from runtime.api import SystemStatus
from runtime.errors import NotCapable, SpawnError, StoreError, SystemStopped, UnknownActor
from workbench.render.formats import plural, shortened
from workbench.render.html import ERROR, Markup, element


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A banner over the last picture there is."""

    kind: str
    """`stopped`, `store`, `missing`, `incapable`, `guest` or `error`."""
    title: str
    text: str = ""


_NEW_PANEL = "This panel stays with the system that it was opened for: run its cell again for a new one."


def problem_of(error: Exception) -> Problem:
    """What to say about an exception that a system raised while it was read; never a traceback."""
    text = "\n".join(shortened(line, 400) for line in str(error).splitlines()[:4])
    match error:
        case SystemStopped():
            return Problem("stopped", "The actor system is stopped", f"{text}\n{_NEW_PANEL}")
        case UnknownActor():
            return Problem("missing", "No such actor yet", f"{text} It appears here as soon as it exists.")
        case NotCapable():
            return Problem("incapable", "This system cannot show it", text)
        case StoreError():
            return Problem("store", "The store cannot be read", text)
        case SpawnError():
            return Problem("error", "The system could not be read", text)
    return Problem("error", f"The system could not be read: {type(error).__name__}", text)


def problem_in(status: SystemStatus) -> Problem | None:
    """What a system says of itself: stopped, a store that cannot be written, or records that are not whole."""
    if not status.running:
        start = "Start it again with wb.start() or %spawn start."
        return Problem("stopped", "The actor system is stopped", f"{start}\n{_NEW_PANEL}")
    if status.store_error:
        unwritten = plural(max(0, status.sequence - status.committed), "answered turn is", "answered turns are")
        why = shortened(status.store_error, 400)
        text = f"{why}\n{unwritten} not on disk yet; writing is tried again, nothing is dropped."
        return Problem("store", "The store cannot be written", text)
    if status.problems:
        text = "\n".join(shortened(each, 400) for each in status.problems[-3:])
        return Problem("store", "Not everything is recorded whole", text)
    if status.guests:
        text = "\n".join(shortened(each, 400) for each in status.guests[-3:])
        return Problem("guest", "Code of other processes runs here", text)
    return None


# --- A problem as text and as HTML ------------------------------------------------------------------------------------


def problem_lines(problem: Problem | None) -> list[str]:
    """Its title and text, marked so that it is not read over; nothing for none."""
    if problem is None:
        return []
    return [f"  ! {problem.title}", *(f"    {line}" for line in problem.text.splitlines())]


def problem_html(problem: Problem | None) -> list[Markup]:
    """A banner; nothing for none."""
    if problem is None:
        return []
    lines = [element("div", line) for line in problem.text.splitlines()]
    style = f"border-left:3px solid {ERROR};padding:2px 0 2px 10px;margin:4px 0"
    return [element("div", element("strong", problem.title), *lines, style=style)]
