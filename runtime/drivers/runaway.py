"""Ending an action whose turn was given up: an exception raised in the middle of the user's code, in that thread.

Python can raise an exception in another thread, which sees it at its next bytecode.  In code of the runtime that could leave a lock
held or a turn half done, so it is raised only while the innermost code is the user's own, and nothing of the runtime waits below it
but the host that called the action.  The order of steps makes sure of it:

1. the turn is given up: what the action still does is fenced off;
2. the thread is marked.  From here on it passes `Ending.absorb` on its way out of the action, before it touches anything of ours;
3. under the lock of the ending, its frames are looked at, and the exception is raised if they are the user's;
4. `absorb` takes that lock, and takes back what was raised and has not arrived.

An action may catch the exception, and sits in C code as long as it likes; so it is tried again for a bounded time.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from pathlib import Path
from types import FrameType

from runtime.hosts.tracebacks import code_place

_OURS = tuple(str(Path(__file__).parents[2] / package) + "/" for package in ("runtime", "workbench"))
_CALLING = tuple(
    str(Path(__file__).parents[1] / part)
    for part in ("hosts/in_process.py", "hosts/program.py", "wire/codecs/", "fields.py", "admission.py")
)
"""Our code that calls the user's, and holds no lock meanwhile."""

_raise_in = ctypes.pythonapi.PyThreadState_SetAsyncExc
_raise_in.argtypes = [ctypes.c_ulong, ctypes.py_object]
_take_back = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)(
    ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
)


class ActionEnded(BaseException):
    """Raised inside an action whose turn was given up.  No `Exception`, so that `except Exception` lets it through."""


class Ending:
    """The end of what one thread runs."""

    def __init__(self, ident: int) -> None:
        """`ident` is the thread's identifier."""
        self._ident = ident
        self._lock = threading.Lock()
        self.is_over = False
        """The thread has come out of the action; nothing is raised in it any more."""

    def attempt(self) -> str:
        """Raise the exception if the thread is in the user's code; where it is, as file, line and text.  From another thread."""
        with self._lock:
            frame = sys._current_frames().get(self._ident)
            if not self.is_over and is_in_users_code(frame):
                _raise_in(self._ident, ActionEnded)
            return code_place(frame)

    def absorb(self) -> None:
        """Nothing is raised from here on, and what was raised does not arrive.  On the thread itself."""
        while not self.is_over:
            try:
                with self._lock:
                    _take_back(self._ident, None)
                    self.is_over = True
            except ActionEnded:
                continue


def is_in_users_code(frame: FrameType | None) -> bool:
    """Whether the innermost frames are the user's, or a library's for the user, right above the host's call of the action."""
    innermost = frame
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_OURS):
            return frame is not innermost and name.startswith(_CALLING)
        frame = frame.f_back
    return False
