"""`%spawn help`: all magics at a glance."""

from __future__ import annotations

import inspect
from typing import Any

_ORDER = (
    "%%actor", "%invoke", "%actors", "%state", "%mailbox", "%history", "%%query", "%watch", "%dashboard", "%undeploy", "%spawn",
)  # fmt: skip


def overview(magics: Any) -> str:
    """One line for each magic, in the order in which one meets them."""
    names = [(shown, shown.lstrip("%")) for shown in _ORDER]
    lines = [f"  {shown:<11} {_first_sentence(getattr(type(magics), name))}" for shown, name in names]
    return "\n".join(
        [
            "The workbench's magics; a question mark after one shows its arguments and examples, as in %invoke?",
            *lines,
            "Each is a function of the same name in Python: import workbench as wb; wb.invoke(...), await wb.ainvoke(...), ...",
        ]
    )


def _first_sentence(function: Any) -> str:
    parser = getattr(function, "parser", None)
    text = inspect.cleandoc((parser.description if parser is not None else function.__doc__) or "")
    return text.partition("\n")[0].partition(". ")[0].rstrip(".")
