"""What callers see of a SQL server that is away: answers go on where they promise less than the disk, and nothing is lost."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from runtime.api import SystemStatus
from runtime.authoring.actor import Actor, action
from runtime.config import RuntimeConfig
from runtime.errors import InvocationTimeout, StoreUnavailable
from runtime.stores.base import flatten
from runtime.stores.journal.store import JournalStore
from runtime.stores.sql.backend import SqlBackend
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.stores.sql.fixtures import QUICK, proxy, server
from tests.runtime.stores.sql.places import KEY, Place
from tests.runtime.stores.sql.proxy import Proxy

__all__ = ["proxy", "server"]


class Quick(Actor, name="quick"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


class Careful(Actor, name="careful", durability="commit"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


def opened(url: str) -> EmbeddedSystem:
    system = EmbeddedSystem(
        RuntimeConfig(system="shop", store_url=url), JournalStore(SqlBackend(url, limits=QUICK), key=KEY)
    )
    system.deploy(Quick)
    system.deploy(Careful)
    return system


@pytest.fixture
def system(server: Place, proxy: Proxy) -> Iterator[EmbeddedSystem]:
    with opened(server.through(proxy.port)) as system:
        yield system
        proxy.mend()


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        threading.Event().wait(0.01)


def recovered(status: SystemStatus) -> bool:
    return status.store_error == "" and status.committed == status.sequence


def test_answered_turns_are_counted_while_the_server_is_away_and_written_after(
    server: Place, proxy: Proxy, system: EmbeddedSystem
) -> None:
    assert system.invoke("quick", "add", {"value": 1}) == 1
    system.flush()
    proxy.cut()

    answered, accepted, refusal = add_until_refused(system)
    assert re.search(rf"{answered} answered turn(s are| is) not on disk yet", refusal), refusal
    with pytest.raises(
        StoreUnavailable, match=rf"{answered} answered turns are not yet on disk.*Cannot write to the store"
    ):
        system.flush(0.2)

    proxy.mend()
    until(lambda: recovered(system.status()), "the system says that its store works again")
    total = 2 + answered + accepted
    assert system.invoke("quick", "add", {"value": 1}) == total
    assert system.flush() == total
    system.close()
    with embedded(system="shop", store=server.url, key=KEY) as again:
        assert again.state("quick") == {"total": total}
        assert [turn.revision for turn in flatten(again.turns())] == list(range(1, total + 1))


def add_until_refused(system: EmbeddedSystem) -> tuple[int, int, str]:
    """How many calls were answered before one was refused, how many were accepted and wait, and what the refusal says."""
    deadline, answered, accepted = time.monotonic() + 20, 0, 0
    while time.monotonic() < deadline:
        try:
            system.invoke("quick", "add", {"value": 1}, timeout=0.5)
            answered += 1
        except InvocationTimeout:
            accepted += 1
        except StoreUnavailable as error:
            return answered, accepted, str(error)
    raise AssertionError("no call was refused")


def test_reply_that_promises_the_disk_waits_for_the_server(proxy: Proxy, system: EmbeddedSystem) -> None:
    system.invoke("careful", "add", {"value": 1})
    proxy.cut()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(system.invoke, "careful", "add", {"value": 1}, timeout=120)

        until(lambda: system.status().store_error != "", "the system says that its store fails")
        with pytest.raises(StoreUnavailable, match="1 answered turn is not on disk"):
            system.invoke("careful", "add", {"value": 1})
        assert not call.done()

        proxy.mend()
        assert call.result(timeout=120) == 2


def test_closing_while_the_server_is_away_does_not_hang(server: Place, proxy: Proxy, system: EmbeddedSystem) -> None:
    system.invoke("quick", "add", {"value": 1})
    system.flush()
    proxy.cut()
    add_until_refused(system)
    started = time.monotonic()

    with pytest.raises(StoreUnavailable, match=r"answered turns of shop could not be written and are lost"):
        system.close()

    assert time.monotonic() - started < 120
    with embedded(system="shop", store=server.url, key=KEY) as again:
        assert again.state("quick") == {"total": 1}
