"""Errors as the user should see them: what went wrong, where in the cell, and nothing of ours.

IPython shows an exception by its `_render_traceback_` if it has one.  While the extension is loaded the root of our error
tree has it, so that a mistake in a magic is one to three lines, and a failed action is one traceback that leads from the
calling cell to the line of the cell that raised.  Reply status and type of the error stay as they are: `Run All` stops.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import linecache
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import IPython
from IPython.core import ultratb

from runtime import errors
from runtime.errors import ActionFailed, InternalError, SpawnError, shown_text, twin
from runtime.hosts.tracebacks import entries_of, joined
from workbench.commands.invoke import still_at_work
from workbench.redaction import redacted_source, redacted_text

_HOOK = "_render_traceback_"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"^(?:File |Cell |-+> *\d| +\d+ )", re.MULTILINE)


class ErrorDisplay:
    """Renders our errors, and single foreign ones on request, for one shell."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell

    def install(self) -> None:
        """From now on, our errors show themselves plainly."""

        def render(error: SpawnError) -> list[str]:
            return self.render(error)

        setattr(SpawnError, _HOOK, render)
        sent = self._shell._showtraceback

        def show(kind: type[BaseException], error: BaseException, lines: list[str]) -> None:
            """A notebook keeps the exception's text beside the lines."""
            is_ours = hasattr(error, _HOOK)
            sent(
                kind, _harmless(error) if is_ours else error, [_redacted(each) for each in lines] if is_ours else lines
            )

        self._shell._showtraceback = show

    def remove(self) -> None:
        """Back to IPython's own tracebacks."""
        self._shell.__dict__.pop("_showtraceback", None)
        if _HOOK in SpawnError.__dict__:
            delattr(SpawnError, _HOOK)

    def render(self, error: SpawnError) -> list[str]:
        """The lines of one of our errors."""
        if isinstance(error, InternalError):
            return self._traceback(error, error.__traceback__)
        if isinstance(error, ActionFailed) and error.__cause__ is not None:
            return self._failure(error)
        if isinstance(error.__cause__, SyntaxError):
            return self._syntax_error(error, error.__cause__)
        frames = user_frames(error.__traceback__)
        plain = _without_chain(error)
        shown = self._traceback(plain, joined(frames)) if frames else self._message(plain)
        # Of an action that failed in another process there is only text.
        trace = [getattr(error, "trace", "").rstrip("\n")] if isinstance(error, ActionFailed) else []
        hint = _what_now(error) if isinstance(error, ActionFailed) else []
        return [*filter(None, trace), *shown, *hint, *getattr(error, "__notes__", ())]

    def of_frames(self, error: BaseException, frames: list[TracebackType]) -> list[str]:
        """Any exception, with these entries of its traceback only."""
        return self._traceback(error, joined(frames))

    @contextmanager
    def of_cell(self, note: str) -> Iterator[None]:
        """Have exceptions of a cell's own code show the user's frames only, with `note` after them."""
        try:
            yield
        except SpawnError as error:
            error.add_note(note)
            raise
        except BaseException as error:
            self._show_user_frames(error, note)
            raise

    def show_plainly(self, error: BaseException) -> None:
        """Have an exception show the user's frames only, all those that it has by the time that it is shown."""
        if not isinstance(error, SpawnError):  # which does so by itself
            setattr(error, _HOOK, lambda: self._traceback(error, joined(user_frames(error.__traceback__))))

    def _show_user_frames(self, error: BaseException, note: str) -> None:
        trace = joined(user_frames(error.__traceback__))
        setattr(error, _HOOK, lambda: [*self._traceback(error, trace), note])

    def _failure(self, error: ActionFailed) -> list[str]:
        failures, cause = _unwound(error)
        frames = [entry for failure in [*failures, cause] for entry in user_frames(failure.__traceback__)]
        for link in _chain(cause):
            link.__traceback__ = joined(user_frames(link.__traceback__))
        aftermath = [_aftermath(failure) for failure in reversed(failures)]
        return [*self._traceback(cause, joined(frames)), *aftermath, *_what_now(failures[-1])]

    def _syntax_error(self, error: SpawnError, cause: SyntaxError) -> list[str]:
        shown: list[str] = self._shell.SyntaxTB.structured_traceback(type(cause), cause, [])
        rest = str(error).partition("\n")[2]
        return [*shown, rest] if rest else shown

    def _traceback(self, error: BaseException, trace: TracebackType | None) -> list[str]:
        with _cells_seen_as_files():
            lines: list[str] = self._shell.InteractiveTB.structured_traceback(type(error), error, trace, tb_offset=0)
        return [*lines[:-1], lines[-1].rstrip("\n")]

    def _message(self, error: BaseException) -> list[str]:
        lines: list[str] = self._shell.InteractiveTB.get_exception_only(type(error), error)
        return [line.rstrip("\n") for line in lines]


@contextmanager
def _cells_seen_as_files() -> Iterator[None]:
    """Have IPython format a cell's frames with care, though ipykernel's name for the cell is no file on disk.

    Some versions count the lines of that file to guard against huge ones, and where there is none fall back to a
    rough display, whose arrow points at the wrong line inside class bodies and generator expressions.
    """
    module: Any = ultratb
    count = getattr(module, "get_line_number_of_frame", None)
    if count is None:
        yield
        return
    module.get_line_number_of_frame = lambda frame: len(linecache.getlines(frame.f_code.co_filename))
    try:
        yield
    finally:
        module.get_line_number_of_frame = count


def _redacted(shown: str) -> str:
    """Lines of a traceback without secrets.  A text in which one is hidden loses its colours, between which it would stand."""
    plain = _COLOUR.sub("", shown)
    hidden = redacted_source(plain) if _is_frame(plain) else redacted_text(plain)
    return shown if hidden == plain else hidden


def _is_frame(text: str) -> bool:
    """Lines of a program, and not what an exception says."""
    return _FRAME.search(text) is not None


def _harmless(error: BaseException) -> BaseException:
    """An exception of the same class name whose text has no secrets; it is only sent, never raised."""
    text = shown_text(error)
    hidden = redacted_text(text)
    return error if hidden == text else type(type(error).__name__, (Exception,), {})(hidden)


def _unwound(error: ActionFailed) -> tuple[list[ActionFailed], BaseException]:
    """The failures from the outermost call inwards, and the user's own exception at the bottom."""
    failures, cause = [error], error.__cause__
    while isinstance(cause, ActionFailed) and cause.__cause__ is not None:
        failures.append(cause)
        cause = cause.__cause__
    assert cause is not None
    return failures, cause


def _aftermath(failure: ActionFailed) -> str:
    return f"{failure.actor}.{failure.action} failed; the state of {failure.actor} is as it was before."


def _what_now(failure: ActionFailed) -> list[str]:
    """The message that failed and the state that it found, while this process remembers them."""
    from workbench.commands.failures import remembered, state_before
    from workbench.presenters.messages import call_text
    from workbench.redaction import redacted
    from workbench.render.values import one_line, outline

    failed = remembered(failure.invocation)
    if failed is None:
        return []
    call = call_text(failed.action, failed.payload, 80)
    state = one_line(outline(redacted(state_before(failed))), 120)
    return [f"Message {call}, state {state}: see %postmortem {failed.actor}; %retry {failed.actor} sends it again."]


def _chain(error: BaseException) -> Iterator[BaseException]:
    """What led to an exception, as Python would show it: its causes and contexts."""
    seen = {id(error)}
    while (link := error.__cause__ or (None if error.__suppress_context__ else error.__context__)) is not None:
        if id(link) in seen:
            return
        seen.add(id(link))
        yield link
        error = link


def _without_chain(error: SpawnError) -> SpawnError:
    """The same type and message, without the lower-level exceptions that it was made from."""
    plain = twin(error)
    plain.__cause__ = None  # which suppresses the context, too
    return plain


# --- Which frames of a traceback are the user's -----------------------------------------------------------------------


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
    entries = list(entries_of(trace))
    return [
        entry
        for entry, inner in zip(entries, [*entries[1:], None], strict=True)
        if not entry.tb_frame.f_code.co_filename.startswith(_HIDDEN) and not _only_calls_a_magic(entry, inner)
    ]


def is_ours(trace: TracebackType | None) -> bool:
    """Whether a traceback leads through code of this package or of the runtime."""
    ours = _HIDDEN[:2]
    return any(entry.tb_frame.f_code.co_filename.startswith(ours) for entry in entries_of(trace))


def _only_calls_a_magic(entry: TracebackType, inner: TracebackType | None) -> bool:
    if inner is None or inner.tb_frame.f_code.co_name not in _MAGIC_ENTRY:
        return False
    return entry.tb_frame.f_code.co_name == "<module>"


# --- A wait that was interrupted, shown without frames of ours, and with what goes on all the same --------------------
# Where a command can say more it raises `WaitInterrupted` itself.  This is for all others, and for `await`: there the
# kernel cancels the cell, and nothing but a bare `CancelledError` is left of it.

_SHOWN = (KeyboardInterrupt, asyncio.CancelledError)


class Interrupts:
    """Shows interrupts of one shell, until it is removed; does nothing where someone else does that already."""

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
