"""A runtime in this process and its life: threads, store, host; what the other parts of an embedded system stand on."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Self

import msgspec

from runtime import inspection
from runtime.api import Capability, SystemStatus
from runtime.clock import Clock, SystemClock
from runtime.config import RuntimeConfig
from runtime.drivers.calls import ThreadedCalls
from runtime.drivers.remainder import Left
from runtime.drivers.threaded import ThreadedDriver
from runtime.drivers.waiters import LoopPort
from runtime.errors import StoreUnavailable, SystemStopped
from runtime.fields import as_timeout_s
from runtime.guest_acts import GuestActs
from runtime.hosts.inprocess import InProcessHost
from runtime.ids import RandomIds
from runtime.statestores.base import StateStore

if TYPE_CHECKING:
    from runtime.hosts.task import TaskHost


class RunningSystem:
    """Starts at the first deploy or call, not when the object is made.  Safe from every thread."""

    capabilities = frozenset(Capability)

    def __init__(self, config: RuntimeConfig, store: StateStore, *, clock: Clock | None = None) -> None:
        self.name = config.system
        self.config = config
        self.store = store
        self._ids = RandomIds()
        self.host = InProcessHost()
        self._tasks: TaskHost | None = None
        self.driver = ThreadedDriver(config, store, clock or SystemClock(), self._ids)
        self.driver.calls = ThreadedCalls(self.driver, self._ids)
        self.guest_acts = GuestActs()
        """What other processes did to the code of this system."""
        self._ports: dict[asyncio.AbstractEventLoop, LoopPort] = {}
        self._starting = threading.Lock()
        self._is_started = False
        self._is_closed = False
        self._deploying = threading.Lock()

    def status(self) -> SystemStatus:
        running = self._is_started and not self._is_closed
        base = SystemStatus(
            system=self.name, store=self.store.url, running=running, durability=str(self.config.durability)
        )
        guests = tuple(map(str, self.guest_acts.running.values()))
        return msgspec.structs.replace(inspection.status(self.driver, base), guests=guests)

    def flush(self, timeout: float = 10.0) -> int:
        timeout = as_timeout_s(timeout)
        return self.driver.flush(timeout) if self._is_started else self.store.head()

    def close(self, *, drain: float | None = None) -> None:
        """Process what was accepted, let turns end, write everything, release the store.

        Messages from outside are refused.  Those that wait and that nobody waits for are processed for some seconds; then what
        is left is kept in the store as dead letters, durable ones are processed after the next start (`left` counts both).
        Safe to call twice, from any thread but an action's.

        Args:
            drain: for how many seconds; the configuration's `drain_s` if not given, 0 for not at all.

        Raises:
            StoreUnavailable: something could not be written; the message says how much is lost.  All else is done.
        """
        with self._starting:
            if self._is_closed:
                return
            self._is_closed = True
        is_written = not self._is_started or self.driver.stop(10.0, self.config.drain_s if drain is None else drain)
        if self._tasks is not None:
            self._tasks.close()
        self.store.close()
        if not is_written:
            engine = self.driver.engine
            raise StoreUnavailable(
                f"{engine.journal.unwritten} answered turns of {self.name} could not be written and are lost.\n"
                f"{engine.store_error.partition(chr(10))[0]}"
            )

    @property
    def waiting_at_close(self) -> dict[str, int] | None:
        """While `close` processes messages: how many wait, by actor; else None."""
        return self.driver.remainder.waiting

    def cut_short(self) -> None:
        """Have a `close` in another thread leave what still waits, at once."""
        self.driver.remainder.cut_short()

    @property
    def left(self) -> Left:
        """What `close` did not get to."""
        return self.driver.remainder.left

    def start(self) -> None:
        """Start the threads now, not at the first deploy or call: for servers, which hand messages to the driver itself."""
        self._ensure_started()

    def _ensure_started(self) -> None:
        with self._starting:
            if self._is_closed:
                raise SystemStopped(self.name)
            if not self._is_started:
                self._is_started = True
                self.driver.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
