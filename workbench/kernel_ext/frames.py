"""Which frames of a traceback are the user's."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

import IPython

from runtime import errors


def _directory(file: str | None) -> str:
    return str(Path(file or "").absolute().parent) + os.sep


_HIDDEN = (
    _directory(str(Path(__file__).parent)),
    *(_directory(module.__file__) for module in (errors, IPython, asyncio, concurrent.futures)),
    str(Path(threading.__file__).absolute()),
)
_MAGIC_ENTRY = {"run_line_magic", "run_cell_magic"}


def user_frames(trace: TracebackType | None) -> list[TracebackType]:
    """The entries that are neither ours nor the plumbing of IPython and asyncio, outermost first.

    A cell's line that only calls a magic is left out: what was typed there is the magic.
    """
    entries = list(_entries(trace))
    return [
        entry
        for entry, inner in zip(entries, [*entries[1:], None], strict=True)
        if not entry.tb_frame.f_code.co_filename.startswith(_HIDDEN) and not _only_calls_a_magic(entry, inner)
    ]


def is_ours(trace: TracebackType | None) -> bool:
    """Whether a traceback leads through code of this package or of the runtime."""
    ours = _HIDDEN[:2]
    return any(entry.tb_frame.f_code.co_filename.startswith(ours) for entry in _entries(trace))


def joined(entries: Iterable[TracebackType]) -> TracebackType | None:
    """One traceback of these entries, in their order; None for none."""
    trace: TracebackType | None = None
    for entry in reversed(list(entries)):
        trace = TracebackType(trace, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return trace


def _entries(trace: TracebackType | None) -> Iterator[TracebackType]:
    while trace is not None:
        yield trace
        trace = trace.tb_next


def _only_calls_a_magic(entry: TracebackType, inner: TracebackType | None) -> bool:
    if inner is None or inner.tb_frame.f_code.co_name not in _MAGIC_ENTRY:
        return False
    return entry.tb_frame.f_code.co_name == "<module>"
