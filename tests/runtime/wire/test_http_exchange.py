"""One request of the HTTP client: told once how it ended, and then let go."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from runtime.wire.http_client import Answer, Ended, Exchange

ANSWER = Answer(200, "", b"")


class Call:
    """A client that asks, and keeps the exchange to be able to abandon it."""

    def __init__(self) -> None:
        self.ended: list[Ended] = []
        self.exchange = Exchange(b"request", self.done, 1.0)

    def done(self, how: Ended) -> None:
        self.ended.append(how)


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_exchange_tells_once_how_it_ended() -> None:
    call = Call()

    call.exchange.end(ANSWER)
    call.exchange.end(ANSWER)

    assert call.ended == [ANSWER]


def test_abandoned_exchange_tells_nothing() -> None:
    call = Call()

    call.exchange.abandon()
    call.exchange.end(ANSWER)

    assert call.ended == []
    assert call.exchange.is_over


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("is_answered", [True, False])
def test_exchange_that_is_over_leaves_nothing_to_the_garbage_collector(is_answered: bool) -> None:
    call = Call()
    gone = weakref.ref(call)

    if is_answered:
        call.exchange.end(ANSWER)
    else:
        call.exchange.abandon()
    del call

    assert gone() is None
