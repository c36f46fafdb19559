"""What actors print, log and display, kept out of the cells.

Standard output is one for the whole process, so what an actor prints would land in whichever cell ran last.  While the extension
is loaded, the streams and the display publisher look at `current_turn`, a context variable: inside an action it goes to the
actor's own log, and everywhere else on as before.  `ctx.log` goes there by its logger.

What a cell captures itself (`%%capture`, `contextlib.redirect_stdout`) it captures from everywhere, as ever.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from runtime.authoring.context import current_turn
from workbench.actor_logs import ActorLogs

ACTORS_LOGGER = "runtime.actors"


class Prints:
    """Diverts what actors print, until it is removed."""

    def __init__(self, shell: Any, logs: ActorLogs, tell: Callable[[str], object] = print) -> None:
        self._shell, self._logs, self._tell = shell, logs, tell
        self._undo: list[Callable[[], object]] = []
        self._is_on = False
        self._first_to_print = ""
        self._is_told = False

    def install(self) -> None:
        """From now on, actors have logs of their own."""
        self._is_on = True
        self._undo += [stand_before("stdout", self._taker("out")), stand_before("stderr", self._taker("err"))]
        self._divert_displays(self._shell.display_pub)
        self._divert_logging()
        self._shell.events.register("post_run_cell", self._tell_once)
        self._undo.append(lambda: self._shell.events.unregister("post_run_cell", self._tell_once))
        before, self._logs.text_now = self._logs.text_now, _text_of_widget
        self._undo.append(lambda: setattr(self._logs, "text_now", before))

    def remove(self) -> None:
        """Everything prints where it did before."""
        self._is_on = False
        while self._undo:
            self._undo.pop()()

    def _taker(self, kind: str) -> Callable[[str], bool]:
        logs = self._logs

        def take(text: str) -> bool:
            turn = current_turn.get()
            if turn is None or not self._is_on:
                return False
            logs.write(turn.work.invocation, kind, text)
            self._first_to_print = self._first_to_print or turn.work.invocation.actor.name
            return True

        return take

    def _tell_once(self, *_: object) -> None:
        """Callback for IPython's `post_run_cell`: where the first print of an actor went, in the cell that misses it."""
        if self._first_to_print and not self._is_told:
            self._is_told = True
            name = self._first_to_print
            self._tell(
                f"{name} printed. What actors print is kept with the actor, not in the cell: %logs {name} shows it."
            )

    def _divert_displays(self, publisher: Any) -> None:
        publish, logs = publisher.publish, self._logs

        def diverted(data: Any, metadata: Any = None, *rest: Any, **options: Any) -> Any:
            turn = current_turn.get()
            if turn is None or not self._is_on:
                return publish(data, metadata, *rest, **options)
            display_id = str((options.get("transient") or {}).get("display_id", ""))
            logs.show(turn.work.invocation, data, display_id, update=bool(options.get("update")))
            return None

        publisher.publish = diverted

        def take_back() -> None:
            if vars(publisher).get("publish") is diverted:
                del publisher.publish

        self._undo.append(take_back)

    def _divert_logging(self) -> None:
        actors = logging.getLogger(ACTORS_LOGGER)
        before = actors.level, actors.propagate
        handler = _ActorHandler(self._logs)
        actors.addHandler(handler)
        actors.setLevel(logging.DEBUG)
        actors.propagate = False

        def take_back() -> None:
            actors.removeHandler(handler)
            actors.setLevel(before[0])
            actors.propagate = before[1]

        self._undo.append(take_back)


class _ActorHandler(logging.Handler):
    """Takes what `ctx.log` is given.  Handlers of the root that do not write to the console get it too."""

    def __init__(self, logs: ActorLogs) -> None:
        super().__init__()
        self._logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        turn = getattr(record, "turn", None) or current_turn.get()
        if turn is not None:
            text = getattr(record, "line", None) or record.getMessage()
            self._logs.note(turn.work.invocation, record.levelname.lower(), text)
        for handler in logging.root.handlers:
            if not _is_console(handler) and record.levelno >= handler.level:
                handler.handle(record)


def _is_console(handler: logging.Handler) -> bool:
    stream = getattr(handler, "stream", None)
    return stream is not None and stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)


def _text_of_widget(bundle: Mapping[str, Any]) -> str:
    """What a widget's repr says now, such as how far a progress bar has come; empty for what is no widget of this process."""
    view = bundle.get("application/vnd.jupyter.widget-view+json")
    if not isinstance(view, Mapping):
        return ""
    widgets = getattr(sys.modules.get("ipywidgets.widgets.widget"), "_instances", {})
    widget = widgets.get(view.get("model_id"))
    try:
        return "" if widget is None else repr(widget)
    except Exception:  # noqa: BLE001 - of someone else's widget
        return ""


# --- Standing before the `write` of a standard stream, beside others that stand there too ----------------------------------
# IPython sets `write` of the streams anew around every cell, and ipykernel wants streams of its own class.  So a stream
# gets a subclass of its own class, in which `write` is a data descriptor: what others set goes behind it, and it is
# asked first.  A stream whose class cannot be changed (of a plain terminal) is replaced by one that passes everything
# on.

Take = Callable[[str], bool]
"""Gets what is written; True if that was it, False to let it pass on."""


class _Asking:
    """A `write` that asks first."""

    __slots__ = ("_take", "behind")

    def __init__(self, take: Take, behind: Callable[[str], Any]) -> None:
        self._take, self.behind = take, behind

    def __call__(self, text: str) -> Any:
        if type(text) is str and self._take(text):
            return len(text)
        return self.behind(text)


class _Write:
    """The data descriptor: `write` of one stream."""

    def __init__(self, take: Take, behind: Callable[[str], Any]) -> None:
        self._take, self._behind = take, behind

    def __get__(self, stream: Any, owner: type) -> Any:
        return self if stream is None else _Asking(self._take, vars(stream).get("write", self._behind))

    def __set__(self, stream: Any, write: Any) -> None:
        vars(stream)["write"] = write.behind if isinstance(write, _Asking) else write

    def __delete__(self, stream: Any) -> None:
        vars(stream).pop("write", None)


class _PassedOn:
    """Stands for a stream whose class cannot be changed."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def stand_before(name: str, take: Take) -> Callable[[], None]:
    """Have `take` asked before anything is written to `sys.<name>`; what undoes it."""
    stream = getattr(sys, name)
    kind = type(stream)
    namespace = {"write": _Write(take, kind.write.__get__(stream)), "__module__": kind.__module__}
    try:
        stream.__class__ = type(kind.__name__, (kind,), {**namespace, "__slots__": ()})
    except TypeError:
        return _replace(name, stream, take)

    def step_aside() -> None:
        if type(stream).__mro__[1] is kind:
            stream.__class__ = kind

    return step_aside


def _replace(name: str, stream: Any, take: Take) -> Callable[[], None]:
    stand_in = type("Stream", (_PassedOn,), {"write": _Write(take, stream.write)})(stream)
    setattr(sys, name, stand_in)

    def put_back() -> None:
        if getattr(sys, name) is stand_in:
            setattr(sys, name, stream)

    return put_back
