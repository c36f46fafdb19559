"""One panel as the publisher sees it: who looks at it, what it was last shown, what is due."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from workbench.presenters.actor_panel import ActorView
from workbench.presenters.form import FormView
from workbench.presenters.rendering import Rendering
from workbench.presenters.sparkline import NO_SERIES
from workbench.redaction import has_secrets, redacted_texts
from workbench.widgets.feeds import News
from workbench.widgets.intents import Intent, OnIntent
from workbench.widgets.sources import Source, View

BEAT_S = 2.0
"""A panel that is looked at hears from us at least so often; its browser side tells by that whether the kernel lives."""
UNSEEN_S = 1.0
"""A hidden panel whose browser cannot tell us when it comes back (the cell is busy) is updated this often."""
_SHARE = 0.05
"""Of the kernel's time, for reading what one panel shows."""


class Outlet(Protocol):
    """The browser's side of a panel."""

    def show(self, frame: str) -> None:
        """Replace the picture."""
        ...

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message that nobody needs to remember."""
        ...


class Still(msgspec.Struct, frozen=True):
    """A picture that does not move; two of the same `facts` differ only in ages and in what was measured lately."""

    facts: View
    rendering: Rendering


class Entry:
    """Used by the publisher thread; others only fill `inbox`, ask for `still` and say that it is displayed."""

    def __init__(self, source: Source, on_intent: OnIntent | None = None) -> None:
        self.source, self.on_intent = source, on_intent
        self.outlet: Outlet
        self.inbox: deque[tuple[Intent, bool]] = deque(maxlen=200)
        self.sent_at = float("-inf")
        self.is_visible = True
        """Presumed until a view says otherwise: what it says may be stuck behind a busy cell."""
        self._views: dict[str, bool] = {}
        self._is_heard_while_busy = False
        self._reading = threading.Lock()
        self._sequence = 0
        self._body = b""
        self._read_again_at = float("-inf")

    def hears(self, was_heard_beside_cells: bool) -> None:
        """Remember whether messages of the browser reach us while a cell is busy."""
        self._is_heard_while_busy = was_heard_beside_cells

    def see(self, view: str, state: str) -> None:
        """A view of the panel became `visible` or `hidden`, or is `gone`."""
        if state == "gone":
            self._views.pop(view, None)
        elif len(self._views) < 100 or view in self._views:
            self._views[view] = state == "visible"
        was_visible, self.is_visible = self.is_visible, any(self._views.values())
        if self.is_visible and not was_visible:
            self.hurry()

    def presume_visible(self) -> None:
        """It is being displayed (again)."""
        self.is_visible = True
        self.hurry()

    def hurry(self) -> None:
        """Have its next picture as the first of all."""
        self._read_again_at = self.sent_at = float("-inf")

    @property
    def is_paused(self) -> bool:
        """Nobody looks, and we will hear of it when that changes: from the browser, or because it is displayed again."""
        return not self.is_visible and (self._is_heard_while_busy or not self._views)

    def picture(self, now_s: float, now_us: int, cpu_s: Callable[[], float]) -> str | None:
        """The next picture, or None if there is no new one or it is too early.

        Args:
            cpu_s: this thread's processor time; a panel that is costly to read is read less often.  Waiting for a busy
                kernel costs nothing: just then a panel has to move.
        """
        if now_s < self._read_again_at or (not self.is_visible and now_s - self.sent_at < UNSEEN_S):
            return None
        before, cost_s = self._sequence, -cpu_s()
        picture = self.read(now_us)
        cost_s += cpu_s()
        self._read_again_at = now_s + min(5.0, cost_s / _SHARE)
        return picture if self._sequence > before else None

    def read(self, now_us: int) -> str:
        """The picture as it is now; its sequence number grows only when it shows something else."""
        with self._reading:
            body = _shown(self.source.read(now_us))
        if body != self._body:
            self._body = body
            self._sequence += 1
        return f'{{"seq":{self._sequence},"now":{now_us},"view":{body.decode()}}}'

    def absorb(self, news: News) -> None:
        """Tell the source what happened."""
        with self._reading:
            self.source.absorb(news)

    def still(self, now_us: int) -> Still:
        """The panel as it is now, for a reader without a kernel.  From any thread, also while nobody looks."""
        with self._reading:
            return Still(_facts(self.source.read(now_us)), self.source.rendering(now_us))

    def beat(self, now_s: float, now_us: int) -> dict[str, Any] | None:
        """A sign of life if one is due."""
        if now_s - self.sent_at < BEAT_S:
            return None
        return {"type": "beat", "seq": self._sequence, "now": now_us}


def _shown(view: View) -> bytes:
    """A view as JSON, without secrets: nbclient and papermill save what widgets show."""
    body = msgspec.json.encode(view)
    if not has_secrets(body.decode()):
        return body
    return msgspec.json.encode(redacted_texts(msgspec.json.decode(body)))


def _facts(view: View) -> View:
    """A view without what changes by time alone."""
    if isinstance(view, ActorView):
        return msgspec.structs.replace(view, rate=0.0, mailbox=msgspec.structs.replace(view.mailbox, depths=NO_SERIES))
    if isinstance(view, FormView):
        return view
    return msgspec.structs.replace(view, rate=0.0, rates=NO_SERIES)
