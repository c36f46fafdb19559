"""What of an exception concerns the user, and how much of it is kept: frames, chain and text.

An exception that an action lets out is formatted once, when its turn ends, and its text is part of the turn's record; the live
one is kept for a post-mortem.  Both are bounded, whatever led to it:

- frames of this package are left out, and of many frames those in the middle;
- each caller has an error of its own, with the frames of a few actors on the way (`passed_on`);
- of a chain of actors that fail one after the other, an exception leads to the failure of the actor that was asked, and from
  there to where it began.  What is between is kept with the turns of the actors between.

So what a failing chain of calls costs, in time, on disk and in memory, grows with its depth and not with the square of it.
"""

from __future__ import annotations

import linecache
import re
import sysconfig
import traceback
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import FrameType, TracebackType

from runtime.errors import ActionFailed, SpawnError, shown_text, twin, type_name
from runtime.fields import recordable

OUTERMOST, INNERMOST = 10, 40
"""Of more frames than these together, those between are left out."""

NEAREST, FARTHEST = 3, 6
"""So many frames of the actors that an error came by are kept when it is passed on."""

LONGEST_TEXT, LONGEST_TRACE = 4_000, 32_000
"""In characters; of a longer text the middle is left out."""

_MOST_LINKS = 100
_ROOT = Path(__file__).resolve().parents[2]
_OURS = tuple(f"{_ROOT / package}/" for package in ("runtime", "workbench"))
_EXERCISES = f"{_ROOT / 'workbench' / 'teaching' / 'exercises'}/"
"""Actors that a user reads and changes."""
_NOT_THE_USERS = (*_OURS, sysconfig.get_path("purelib") + "/", sysconfig.get_path("stdlib") + "/")


def user_trace(error: BaseException) -> str:
    """Reduce the exception, and give its traceback as text that can be recorded; only kind and text where that fails."""
    try:
        _shorten_chain(error)
        _trim(error)
        return cut_text(recordable(code_names.within("".join(traceback.format_exception(error)))), LONGEST_TRACE)
    except BaseException:  # noqa: BLE001 - properties and methods of a user's exception, which may raise anything
        return f"{recordable(type_name(error))}: {cut_text(shown_text(error))}\n"


def passed_on(error: SpawnError) -> SpawnError:
    """The error of an actor that was asked, for the one that asked: its own, with the frames of a few actors on the way."""
    other = twin(error)
    if other is not error:
        frames = list(entries_of(error.__traceback__))
        if len(frames) > NEAREST + FARTHEST:
            frames = [*frames[:NEAREST], *frames[-FARTHEST:]]
            _note(other, "(Not all actors on the way are shown here.)")
        other.__traceback__ = joined(frames)
    return other


def cut_text(text: str, longest: int = LONGEST_TEXT) -> str:
    """The text, without its middle if it is longer: the end often says where it began."""
    if len(text) <= longest:
        return text
    tail = longest // 2
    return f"{text[: longest - tail]} … {len(text) - longest:,} characters … {text[-tail:]}"


def has_users_frames(error: BaseException) -> bool:
    """Whether code outside this package and the libraries took part in raising it."""
    return any(
        not each.tb_frame.f_code.co_filename.startswith(_NOT_THE_USERS) for each in entries_of(error.__traceback__)
    )


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
    place = f"{called}, line {line}" if (called := code_names.of(name)) else f"{name}:{line}"
    return place + (f" `{text}`" if text else "")


# --- Frames -----------------------------------------------------------------------------------------------------------


def _trim(error: BaseException) -> None:
    """Leave the exception the frames outside this package, or all if there is none; of many, the outermost and the innermost."""
    frames = [each for each in entries_of(error.__traceback__) if not _is_ours(each)]
    if not frames:
        return
    if (left_out := len(frames) - OUTERMOST - INNERMOST) > 0:
        frames = [*frames[:OUTERMOST], *frames[-INNERMOST:]]
        where = f"between the outermost {OUTERMOST} and the innermost {INNERMOST}"
        _note(error, f"({left_out:,} frames are left out here, {where}.)")
    error.__traceback__ = joined(frames)


def users_frames(error: BaseException) -> TracebackType | None:
    """The frames outside this package, as a traceback of its own: raising the exception again adds none to it."""
    return joined([each for each in entries_of(error.__traceback__) if not _is_ours(each)])


def _is_ours(entry: TracebackType) -> bool:
    name = entry.tb_frame.f_code.co_filename
    return name.startswith(_OURS) and not name.startswith(_EXERCISES)


def _note(error: BaseException, note: str) -> None:
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)


def joined(entries: Iterable[TracebackType]) -> TracebackType | None:
    """One traceback of these entries, in their order; None for none."""
    trace: TracebackType | None = None
    for each in reversed(list(entries)):
        trace = TracebackType(trace, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return trace


def entries_of(trace: TracebackType | None) -> Iterator[TracebackType]:
    """The entries of a traceback, outermost first."""
    while trace is not None:
        yield trace
        trace = trace.tb_next


# --- The chain of exceptions of actors that failed one after the other ------------------------------------------------


def _shorten_chain(error: BaseException) -> None:
    """Have the chain lead from the failure of the actor that was asked straight to where that one's own failure began."""
    for asked in _failed_calls(error):
        if asked.__cause__ is not None:
            for further in _failed_calls(asked.__cause__):
                if further.__cause__ is not None:
                    further.__cause__ = _origin(further.__cause__)


def _origin(error: BaseException) -> BaseException:
    """The exception that it began with, in the actor that was asked last."""
    for _ in range(_MOST_LINKS):
        inner = next((each.__cause__ for each in _failed_calls(error) if each.__cause__ is not None), None)
        if inner is None:
            return error
        error = inner
    return error


def _failed_calls(error: BaseException) -> Iterator[ActionFailed]:
    """What the turn that raised the exception was told by actors that it asked; nearest first."""
    return (each for each in islice(_links(error), _MOST_LINKS) if isinstance(each, ActionFailed))


def _links(error: BaseException) -> Iterator[BaseException]:
    """The exception and what led to it in the same turn: causes, contexts and members of groups."""
    seen, waiting = set[int](), [error]
    while waiting:
        link = waiting.pop(0)
        if id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        cause = None if isinstance(link, ActionFailed) else link.__cause__  # that of the other actor's turn
        members = link.exceptions if isinstance(link, BaseExceptionGroup) else ()
        waiting += [each for each in (cause, link.__context__, *members) if each is not None]


# --- What code is called that is in no file ---------------------------------------------------------------------------
# Python names a temporary file for a notebook's cell, so the front end of cells tells here what they are called.

Namer = Callable[[str], str]
"""Gives the name of the code under a file's name, such as `Cell In[3]`; empty for what it does not know."""


class CodeNames:
    """What code is called that is in no file.  Any thread."""

    def __init__(self) -> None:
        self._namers: tuple[Namer, ...] = ()

    def add(self, namer: Namer) -> Callable[[], None]:
        """Ask `namer` from now on; what ends that."""
        self._namers += (namer,)

        def remove() -> None:
            self._namers = tuple(each for each in self._namers if each is not namer)

        return remove

    def of(self, filename: str) -> str:
        """The name; empty for code in a file."""
        return next((name for namer in self._namers if (name := namer(filename))), "")

    def within(self, trace: str) -> str:
        """The text of a traceback, its places by their names."""
        return _PLACE.sub(self._renamed, trace) if self._namers else trace

    def _renamed(self, found: re.Match[str]) -> str:
        return self.of(found[1]) or found[0]


_PLACE = re.compile(r'(?<=  )File "([^"\n]+)"(?=, line \d)')
code_names = CodeNames()
"""A registry, to which the front end of cells adds itself."""
