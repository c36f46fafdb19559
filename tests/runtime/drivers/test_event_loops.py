"""What the loops of the runtime report."""

from __future__ import annotations

import functools

import pytest

from runtime.drivers.event_loops import new_loop


class PollerCompletionQueue:
    def handle_events(self) -> None:
        raise RuntimeError("Event loop is closed")


class Other(PollerCompletionQueue):
    def handle_events(self) -> None:
        raise RuntimeError("tripped")


@pytest.mark.parametrize(("queue", "reports"), [(PollerCompletionQueue(), 0), (Other(), 1)])
def test_only_late_answers_of_grpc_are_not_reported(
    queue: PollerCompletionQueue, reports: int, caplog: pytest.LogCaptureFixture
) -> None:
    loop = new_loop()
    loop.call_soon(functools.partial(queue.handle_events))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()

    assert len(caplog.records) == reports
