"""An event loop that runs the turns of one host by itself: no worker thread between a message and its call.

A proxy's messages arrive on a loop, and its foreign actors are called from that loop.  Handing each of them to a worker, from
there to the loop of coroutines, and its reply back costs three changes of thread, which is more than all the rest.  Here the
loop takes the turn in the moment in which it submits the message, under the same lock.  Whatever is not its own it leaves to
the workers.
"""

from __future__ import annotations

from collections.abc import Callable

from runtime.drivers.thread_driver import ThreadDriver
from runtime.engine.commands import Command, Run
from runtime.hosts.base import Host
from runtime.records import Invocation, Outcome


class InlineTurns:
    """A part of `ThreadDriver` in a file of its own.  Belongs to one loop; all methods are called there."""

    def __init__(self, driver: ThreadDriver, host: Host, start: Callable[[Run], None]) -> None:
        """`start` begins a turn of `host` and returns at once; `finish` is to be called when it has ended."""
        self._driver, self._host, self._start = driver, host, start

    def submit(self, invocation: Invocation, waiter: object) -> None:
        """Take a message, and begin its turn if the host can have it now."""
        driver = self._driver
        with driver.lock:
            now_us = driver.now_us()
            refused = driver.inbox.drain_inbox()
            commands = driver.engine.submit(invocation, waiter, now_us)
            if refused:
                commands = [*refused, *commands]
            runs, commands = self._take(commands, now_us)
        self._follow_up(runs, commands)

    def finish(self, run: Run, outcome: Outcome) -> None:
        """A turn has ended; begin the next one of the host, if there is one."""
        driver = self._driver
        with driver.lock:
            now_us = driver.now_us()
            commands = driver.engine.finish(run, outcome, now_us)
            runs, commands = self._take(commands, now_us)
        self._follow_up(runs, commands)

    def _take(self, commands: list[Command], now_us: int) -> tuple[list[Run], list[Command]]:
        """The host's turns that are next.  Under the lock."""
        engine = self._driver.engine
        runs: list[Run] = []
        while engine.is_next_for(self._host):
            step = engine.take(now_us)
            if isinstance(step, Run):
                runs.append(step)
            elif isinstance(step, list) and step:
                commands = [*commands, *step]
        return runs, commands

    def _follow_up(self, runs: list[Run], commands: list[Command]) -> None:
        for run in runs:
            self._start(run)
        driver = self._driver
        if driver.engine.backlog():
            with driver.lock:
                steps, worker = driver.next_up()
            driver.begin(steps, worker)
        driver.record()
        if commands:
            driver.carry_out(commands)
