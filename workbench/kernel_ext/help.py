"""`%spawn help`: all magics at a glance."""

from __future__ import annotations

import inspect
from typing import Any

from workbench.kernel_ext.all_magics import all_names, function_of


def overview() -> str:
    """One line for each magic, in the order in which one meets them."""
    names = all_names()
    shown = [("%%" if name in names["cell"] else "%", name) for name in dict.fromkeys([*names["cell"], *names["line"]])]
    lines = [f"  {sign + name:<12} {_first_sentence(function_of(name))}" for sign, name in shown]
    return "\n".join(
        [
            "The workbench's magics; a question mark after one shows its arguments and examples, as in %invoke?",
            *lines,
            "Each is a function of the same name in Python: import workbench as wb; wb.invoke(...), await wb.ainvoke(...), ...",
        ]
    )


def _first_sentence(function: Any) -> str:
    text = inspect.cleandoc(function.__doc__ or "")
    return text.partition("\n")[0].partition(". ")[0].rstrip(".")
