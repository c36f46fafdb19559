"""A problem as text and as HTML."""

from __future__ import annotations

from workbench.presenters.html import ERROR, Markup, element
from workbench.presenters.problems import Problem


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
