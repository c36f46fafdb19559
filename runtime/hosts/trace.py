"""The user's part of a traceback: frames of this package are ours to debug, not theirs."""

from __future__ import annotations

import linecache
import sysconfig
import traceback
from pathlib import Path
from types import FrameType, TracebackType

from runtime.errors import shown_text, type_name
from runtime.fields import recordable

_OURS = str(Path(__file__).resolve().parents[1]) + "/"
_NOT_THE_USERS = (_OURS, sysconfig.get_path("purelib") + "/", sysconfig.get_path("stdlib") + "/")


def trim(error: BaseException) -> BaseException:
    """The same exception, with the frames outside this package; with all of them if there is none."""
    kept = _users_frames(error.__traceback__)
    return error.with_traceback(kept) if kept is not None else error


def user_trace(error: BaseException) -> str:
    """Trim the exception, and give its traceback as text that can be recorded; only kind and text where that fails."""
    try:
        trim(error)
        return recordable("".join(traceback.format_exception(error)))
    except BaseException:  # noqa: BLE001 - properties and methods of a user's exception, which may raise anything
        return f"{recordable(type_name(error))}: {shown_text(error)}\n"


def has_users_frames(error: BaseException) -> bool:
    """Whether code outside this package and the libraries took part in raising it."""
    trace = error.__traceback__
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_NOT_THE_USERS):
            return True
        trace = trace.tb_next
    return False


def _users_frames(trace: TracebackType | None) -> TracebackType | None:
    frames: list[TracebackType] = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_OURS):
            frames.append(trace)
        trace = trace.tb_next
    kept: TracebackType | None = None
    for each in reversed(frames):
        kept = TracebackType(kept, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return kept


def code_place(frame: FrameType | None) -> str:
    """The innermost frame of the user's own code, as file, line and text."""
    innermost = frame
    while frame is not None and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
        frame = frame.f_back
    shown = frame or innermost
    if shown is None:
        return "an unknown place"
    name, line = shown.f_code.co_filename, shown.f_lineno
    text = linecache.getline(name, line).strip()
    return f"{name}:{line}" + (f" `{text}`" if text else "")
