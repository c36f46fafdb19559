"""The widget: a picture as one trait, and messages.

This module imports anywidget, which takes as long as the rest of the workbench; nothing imports it before a panel is opened.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.render.html import Markup, Rendering, element
from workbench.widgets.publisher import PanelSnapshot
from workbench.widgets.source import View

_BUNDLE = Path(__file__).parent / "static" / "workbench.js"
_UNBUILT = """export default { render({ el }) { el.textContent =
"The browser's part of this panel was not built. Run `make js` in the checkout, restart the kernel and run the cell again."; } };
"""


def _bundle() -> str:
    return _BUNDLE.read_text("utf-8") if _BUNDLE.exists() else _UNBUILT


class Panel(anywidget.AnyWidget):
    """A live picture of an actor or a system.

    After it was made only the publisher thread sets a trait, and the browser sets none: traits are not safe between
    threads.  `frame` is JSON: `seq`, `now` (µs) and `view`, a view model of `workbench.presenters`; `token` names the panel's
    still picture in the page.
    """

    _esm = _bundle()
    frame = traitlets.Unicode("").tag(sync=True)
    token = traitlets.Unicode("").tag(sync=True)

    def __init__(self, title: str, frame: str, still: Callable[[], PanelSnapshot]) -> None:
        self._title, self._still = title, still
        self._given_out: View | None = None
        self.on_display: Callable[[], object] = lambda: None
        self.on_close: Callable[[], object] = lambda: None
        super().__init__(frame=frame, token=uuid.uuid4().hex[:16])
        self._let_replies_through()

    def show(self, frame: str) -> None:
        """Replace the picture."""
        self.frame = frame
        self._let_replies_through()

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message to every view."""
        self.send(message)
        self._let_replies_through()

    def snapshot(self) -> Rendering:
        """The panel as it is now, for readers without a kernel."""
        return self._still().rendering

    def outputs(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Two outputs of one cell, each as data and metadata: the live widget, then a still picture, which is to be displayed with
        `token` as its `display_id`.

        The picture hides as long as a live view is on the page.  A notebook that is opened again without its kernel shows it,
        where JupyterLab has only an error for the widget.
        """
        self.on_display()
        data, metadata = super()._repr_mimebundle_() or ({}, {})
        return [({**data, "text/plain": repr(self)}, metadata), (self._picture(self._still()), {})]

    @property
    def is_given_out(self) -> bool:
        """Whether there is a still picture of it on some page."""
        return self._given_out is not None

    def fresh_picture(self) -> dict[str, Any] | None:
        """The second of `outputs` if it would show something else by now; None as long as `outputs` was not called."""
        still = self._still() if self._given_out is not None else None
        return None if still is None or still.facts == self._given_out else self._picture(still)

    def _picture(self, still: PanelSnapshot) -> dict[str, Any]:
        self._given_out = still.facts
        shown = still.rendering.mimebundle()
        return {**shown, "text/html": element("div", Markup(shown["text/html"]), data_wb_picture=self.token)}

    def close(self) -> None:
        """End the panel; its views vanish.

        Safe to call twice: ipywidgets does so when the object is collected, which may be in the middle of anything, also of
        the publisher's own locks.
        """
        on_close, self.on_close = self.on_close, lambda: None
        on_close()
        super().close()

    def _let_replies_through(self) -> None:
        """Have clicks answered while a cell is busy.

        ipykernel 7.4 sends the browser's messages to wherever the comm last published from, which for us is the busy main
        thread, although JupyterLab addresses a subshell.  Without that note the message's own address counts.
        """
        if self.comm is not None:
            self.comm.__dict__.pop("_reply_subshell_id", None)

    def __repr__(self) -> str:
        return f"<{self._title}>"

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        """The live widget, and a picture for those who cannot show it: terminals, exports, pages that render notebooks."""
        self.on_display()
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, **self.snapshot().mimebundle()}, metadata
