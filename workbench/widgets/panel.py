"""The widget: a picture as one trait, and messages.

This module imports anywidget, which takes as long as the rest of the workbench; nothing imports it before a panel is opened.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from workbench.presenters.rendering import Rendering

_BUNDLE = Path(__file__).parent / "static" / "workbench.js"
_UNBUILT = """export default { render({ el }) { el.textContent =
"The browser's part of this panel was not built. Run `make js` in the checkout, restart the kernel and run the cell again."; } };
"""


def _bundle() -> str:
    return _BUNDLE.read_text("utf-8") if _BUNDLE.exists() else _UNBUILT


class Panel(anywidget.AnyWidget):
    """A live picture of an actor or a system.

    After it was made only the publisher thread sets its trait, and the browser sets none: traits are not safe between
    threads.  `frame` is JSON: `seq`, `now` (µs) and `view`, a view model of `workbench.presenters`.
    """

    _esm = _bundle()
    frame = traitlets.Unicode("").tag(sync=True)

    def __init__(self, title: str, frame: str, rendering: Callable[[], Rendering]) -> None:
        self._title, self._rendering = title, rendering
        self.on_display: Callable[[], object] = lambda: None
        self.on_close: Callable[[], object] = lambda: None
        super().__init__(frame=frame)
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
        """The last picture, for readers without a kernel."""
        return self._rendering()

    def close(self) -> None:
        """End the panel; its views vanish.  Safe to call twice."""
        self.on_close()
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
        """The live widget, and a picture for whoever cannot show it: terminals, exports, pages that render notebooks."""
        self.on_display()
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, **self.snapshot().mimebundle()}, metadata
