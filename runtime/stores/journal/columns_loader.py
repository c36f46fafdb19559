"""Loads what makes columns on a thread of its own.

The library takes a tenth of a second, and its first array half a second more, since it looks for pandas then; whoever has
something to write does not wait for that.
"""

from __future__ import annotations

import threading

from runtime.background import start_daemon


class ColumnsLoader:
    """Loads once.  Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._error: ImportError | None = None

    def is_loaded(self, wait_s: float) -> bool:
        """Whether columns can be made without waiting, after `wait_s` at most; the first call starts to load.

        Raises:
            ImportError: they cannot be made here, ever.
        """
        with self._lock:
            if self._thread is None:
                self._thread = start_daemon("wb-columns", self._load)
        self._thread.join(wait_s)
        if self._error is not None:
            raise self._error
        return not self._thread.is_alive()

    def _load(self) -> None:
        try:
            from runtime.stores.journal.columns import batch
        except ImportError as error:
            self._error = error
        else:
            batch(())


COLUMNS = ColumnsLoader()
"""That of this process."""
