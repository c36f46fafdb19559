"""All classes of magics, in the order in which one meets them."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.kernel_ext.arguments import has_parser, parser_for
from workbench.kernel_ext.attach_magics import AttachMagics
from workbench.kernel_ext.failure_magics import FailureMagics
from workbench.kernel_ext.looking_magics import LookingMagics
from workbench.kernel_ext.magic_base import BaseMagics
from workbench.kernel_ext.magics import WorkbenchMagics
from workbench.kernel_ext.proto_magics import ProtoMagics
from workbench.kernel_ext.replay_magics import ReplayMagics
from workbench.kernel_ext.trace_magics import TraceMagics
from workbench.kernel_ext.trial_magics import TrialMagics
from workbench.kernel_ext.version_magics import VersionMagics

CLASSES: tuple[type[BaseMagics], ...] = (
    WorkbenchMagics,
    LookingMagics,
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
