"""The end of a kernel by its menu: the actor system stops while there is still time for it.

Python's own exit hooks come too late for that: a kernel with a child process is ended by a signal, without them.
"""

from __future__ import annotations

import logging
from typing import Any

from workbench.session import Session

_DRAIN_S = 1.0
"""A front end ends a kernel with SIGTERM after some seconds; before that, what is left must be on disk as dead letters."""


class KernelEnd:
    """Stops the session when the kernel is asked to shut down, until it is removed.  Does nothing without a kernel."""

    def __init__(self, shell: Any, session: Session) -> None:
        self._kernel: Any = getattr(shell, "kernel", None)
        self._session = session

    def install(self) -> None:
        """From now on."""
        kernel, session = self._kernel, self._session
        if kernel is None or not hasattr(kernel, "do_shutdown"):
            return
        before = kernel.do_shutdown

        def do_shutdown(restart: bool) -> Any:
            try:
                session.stop(_DRAIN_S)
            except Exception as error:  # noqa: BLE001 - the kernel ends all the same
                logging.getLogger("workbench").error("The actor system did not stop properly: %s", error)
            return before(restart)

        kernel.do_shutdown = do_shutdown

    def remove(self) -> None:
        """The kernel ends as before."""
        if self._kernel is not None:
            vars(self._kernel).pop("do_shutdown", None)
