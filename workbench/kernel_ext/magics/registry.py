"""All classes of magics, in the order in which one meets them, and the overview that `%spawn help` prints."""

from __future__ import annotations

import argparse
import inspect
from typing import Any

from workbench.kernel_ext.magics.arguments import has_parser, parser_for
from workbench.kernel_ext.magics.base import BaseMagics
from workbench.kernel_ext.magics.core import WorkbenchMagics
from workbench.kernel_ext.magics.debug import FailureMagics, InspectionMagics, TrialMagics
from workbench.kernel_ext.magics.history import ReplayMagics, TraceMagics, VersionMagics
from workbench.kernel_ext.magics.other_systems import AttachMagics, ProtoMagics
from workbench.presenters.availability import is_available

CLASSES: tuple[type[BaseMagics], ...] = (
    WorkbenchMagics,
    InspectionMagics,
    TraceMagics,
    FailureMagics,
    VersionMagics,
    ReplayMagics,
    TrialMagics,
    AttachMagics,
    ProtoMagics,
)


def all_names() -> dict[str, list[str]]:
    """Names of line magics and of cell magics."""
    return {kind: [name for each in CLASSES for name in each.magics[kind]] for kind in ("line", "cell")}


def function_of(name: str) -> Any:
    """The function behind a magic; None for a name that is not ours."""
    return next((vars(each)[name] for each in CLASSES if name in vars(each)), None)


def parser_of(name: str) -> argparse.ArgumentParser | None:
    """What reads a magic's line; None for one that reads it itself."""
    function = function_of(name)
    return parser_for(function) if has_parser(function) else None


# --- `%spawn help`: all magics at a glance ----------------------------------------------------------------------------


def overview() -> str:
    """One line for each magic, in the order in which one meets them."""
    names = all_names()
    all_of_them = list(dict.fromkeys([*names["cell"], *names["line"]]))
    shown = [("%%" if name in names["cell"] else "%", name) for name in all_of_them if is_available(name)]
    absent = ", ".join(name for name in all_of_them if not is_available(name))
    lines = [f"  {sign + name:<12} {_first_sentence(function_of(name))}" for sign, name in shown]
    return "\n".join(
        [
            "The workbench's magics; a question mark after one shows its arguments and examples, as in %spawn?",
            *lines,
            *([f"Not on the system that is attached, or not while one only looks: {absent}."] if absent else []),
            "Each is a function of the same name in Python: import workbench as wb; wb.status(), …, await wb.ainvoke(…).",
        ]
    )


def _first_sentence(function: Any) -> str:
    text = inspect.cleandoc(function.__doc__ or "")
    return text.partition("\n")[0].partition(". ")[0].rstrip(".")
