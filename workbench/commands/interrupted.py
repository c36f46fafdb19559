"""An interrupt, said in words instead of a traceback."""

from __future__ import annotations


class WaitInterrupted(KeyboardInterrupt):
    """A wait was interrupted; what was waited for was not, unless the message says so."""

    def _render_traceback_(self) -> list[str]:
        """IPython shows an error by this instead of a traceback through our code."""
        return [str(self)]
