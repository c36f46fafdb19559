"""A wait that was interrupted, shown without frames of ours, and with what goes on all the same.

Where a command can say more it raises `WaitInterrupted` itself.  This is for all others, and for `await`: there the kernel cancels
the cell, and nothing but a bare `CancelledError` is left of it.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

from workbench.commands.interrupted import still_at_work
from workbench.kernel_ext.errors import ErrorDisplay
from workbench.kernel_ext.frames import is_ours, user_frames

_SHOWN = (KeyboardInterrupt, asyncio.CancelledError)


class Interrupts:
    """Shows interrupts of one shell, until it is removed; does nothing where somebody else does that already."""

    def __init__(self, shell: Any, errors: ErrorDisplay) -> None:
        self._shell, self._errors = shell, errors
        self._before: tuple[Any, Any] | None = None

    def install(self) -> None:
        """From now on."""
        if self._shell.custom_exceptions:
            return
        self._before = self._shell.custom_exceptions, self._shell.CustomTB
        self._shell.set_custom_exc(_SHOWN, self._show)

    def remove(self) -> None:
        """IPython shows them again."""
        if self._before is not None and self._shell.custom_exceptions == _SHOWN:
            self._shell.custom_exceptions, self._shell.CustomTB = self._before
        self._before = None

    def _show(
        self, shell: Any, kind: type, error: BaseException, trace: TracebackType | None, tb_offset: int | None = None
    ) -> list[str]:
        lines = self._lines(shell, kind, error, trace, tb_offset)
        shell._showtraceback(kind, error, lines)
        return lines

    def _lines(
        self, shell: Any, kind: type, error: BaseException, trace: TracebackType | None, tb_offset: int | None
    ) -> list[str]:
        render = getattr(error, "_render_traceback_", None)
        if render is not None:
            return list(render())
        at_work = still_at_work()
        if not is_ours(trace) and not (isinstance(error, asyncio.CancelledError) and at_work):
            return list(shell.InteractiveTB.structured_traceback(kind, error, trace, tb_offset=tb_offset))
        frames = user_frames(trace)
        return [*(self._errors.of_frames(error, frames) if frames else []), f"Stopped waiting. {at_work}".rstrip()]
