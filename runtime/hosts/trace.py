"""The user's part of a traceback: frames of this package are ours to debug, not theirs."""

from __future__ import annotations

import os
import traceback
from types import TracebackType

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def trim(error: BaseException) -> BaseException:
    """The same exception, its traceback starting at the first frame outside this package."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename.startswith(_OURS):
        trace = trace.tb_next
    return error.with_traceback(trace) if trace is not None else error


def user_trace(error: BaseException) -> str:
    """Trim the exception, and give its traceback as text."""
    trim(error)
    return "".join(traceback.format_exception(error))


def last_user_frame(error: BaseException) -> TracebackType | None:
    """Where the exception was raised."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace
