"""Replies on their way to a thread that blocks and to futures of a loop."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from runtime.drivers import replies
from runtime.drivers.replies import BlockingWaiter, LoopPort, LoopWaiter
from runtime.drivers.spin_wait import SpinWait
from runtime.errors import ActionFailed, InvocationTimeout, UnknownActor
from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Encoded, Failure, Invocation, Reply
from tests.runtime.drivers.steps import DEADLINE_S, wait_until

CALL = Invocation(id=InvocationId("i-1"), actor=ActorId("test", "counter"), action="add")
ANSWER = Reply(CALL.id, Encoded(JSON, b'{"total": 5}'))


@pytest.fixture(params=[None, SpinWait(0.00001)], ids=["asleep", "watching"])
def waiter(request: pytest.FixtureRequest) -> BlockingWaiter:
    return BlockingWaiter(request.param)


def test_reply_that_is_there_already_is_given_at_once(waiter: BlockingWaiter) -> None:
    waiter.deliver(ANSWER)

    assert waiter.wait(CALL, DEADLINE_S) == {"total": 5}


def test_reply_wakes_the_thread_that_waits(waiter: BlockingWaiter) -> None:
    got: list[Any] = []
    waiting = threading.Thread(target=lambda: got.append(waiter.wait(CALL, DEADLINE_S)))
    waiting.start()
    wait_until(lambda: waiter.lock is not None, "the thread went to sleep")

    waiter.deliver(ANSWER)
    waiting.join(DEADLINE_S)

    assert got == [{"total": 5}]


def test_reply_at_the_moment_of_going_to_sleep_is_not_missed(waiter: BlockingWaiter) -> None:
    for _ in range(2_000):
        each = BlockingWaiter(waiter.watch)
        delivering = threading.Thread(target=each.deliver, args=(ANSWER,))
        delivering.start()
        assert each.wait(CALL, DEADLINE_S) == {"total": 5}
        delivering.join()


def test_missing_reply_is_a_timeout_that_names_the_action(waiter: BlockingWaiter) -> None:
    with pytest.raises(InvocationTimeout, match=r"counter\.add did not answer within 0\.01 s"):
        waiter.wait(CALL, 0.01)


def test_failed_action_raises_with_the_cause(waiter: BlockingWaiter) -> None:
    cause = ValueError("on purpose")
    waiter.deliver(Reply(CALL.id, None, Failure(ActionFailed.code, "…", "ValueError", "on purpose"), cause))

    with pytest.raises(ActionFailed, match="on purpose") as raised:
        waiter.wait(CALL, DEADLINE_S)
    assert raised.value.__cause__ is cause


def test_failure_from_elsewhere_keeps_its_class_and_message(waiter: BlockingWaiter) -> None:
    waiter.deliver(Reply(CALL.id, None, Failure(UnknownActor.code, "There is no actor 'counter'.")))

    with pytest.raises(UnknownActor, match="There is no actor 'counter'"):
        waiter.wait(CALL, DEADLINE_S)


def test_interrupt_ends_the_wait_even_if_another_thread_takes_the_signal() -> None:
    waiter = BlockingWaiter()

    def interrupt() -> None:
        wait_until(lambda: waiter.lock is not None, "the thread went to sleep")
        signal.raise_signal(signal.SIGINT)  # to this thread: nothing wakes the one that waits

    interrupting = threading.Thread(target=interrupt)
    interrupting.start()

    with pytest.raises(KeyboardInterrupt):
        waiter.wait(CALL, DEADLINE_S)
    interrupting.join()
    waiter.deliver(ANSWER)


# -- on a loop -----------------------------------------------------------------------------------------------------------


def test_reply_from_another_thread_settles_the_future() -> None:
    async def ask() -> Any:
        port = LoopPort(asyncio.get_running_loop())
        waiter = port.waiter(CALL, DEADLINE_S, default_s=DEADLINE_S)

        def answer() -> None:
            unwoken = waiter.deliver(ANSWER)
            assert unwoken is port
            unwoken.wake()

        threading.Thread(target=answer).start()
        return await waiter.future

    assert asyncio.run(ask()) == {"total": 5}


def test_replies_that_come_together_wake_the_loop_once() -> None:
    async def ask() -> tuple[list[Any], list[Any]]:
        port = LoopPort(asyncio.get_running_loop())
        waiters = [port.waiter(CALL, DEADLINE_S, default_s=DEADLINE_S) for _ in range(10)]
        unwoken = [waiter.deliver(ANSWER) for waiter in waiters[:5]]
        port.wake()
        unwoken += [waiter.deliver(ANSWER) for waiter in waiters[5:]]
        return unwoken, list(await asyncio.gather(*(waiter.future for waiter in waiters)))

    unwoken, answers = asyncio.run(ask())

    assert [each is not None for each in unwoken] == [True] * 5 + [False] * 5
    assert answers == [{"total": 5}] * 10


@pytest.mark.parametrize("default_s", [0.01, 60.0])
def test_future_without_a_reply_times_out(default_s: float) -> None:
    async def ask() -> Any:
        port = LoopPort(asyncio.get_running_loop())
        return await port.waiter(CALL, 0.01, default_s=default_s).future

    with pytest.raises(InvocationTimeout, match=r"within 0\.01 s"):
        asyncio.run(ask())


def test_reply_after_a_cancelled_wait_changes_nothing() -> None:
    async def ask() -> bool:
        port = LoopPort(asyncio.get_running_loop())
        given_up, kept = (port.waiter(CALL, DEADLINE_S, default_s=DEADLINE_S) for _ in range(2))
        given_up.future.cancel()
        for waiter in (given_up, kept):
            waiter.deliver(ANSWER)
        port.wake()
        await kept.future
        return given_up.future.cancelled()

    assert asyncio.run(ask())


def test_reply_for_a_closed_loop_is_dropped() -> None:
    async def ask() -> LoopPort:
        port = LoopPort(asyncio.get_running_loop())
        waiter = port.waiter(CALL, DEADLINE_S, default_s=DEADLINE_S)
        waiter.deliver(ANSWER)
        return port

    asyncio.run(ask()).wake()


def test_answered_waiters_do_not_pile_up() -> None:
    async def ask() -> int:
        port = LoopPort(asyncio.get_running_loop())
        for _ in range(100):
            waiter = port.waiter(CALL, DEADLINE_S, default_s=DEADLINE_S)
            waiter.deliver(ANSWER)
            port.wake()
            await waiter.future
        return len(port._waiting)

    assert asyncio.run(ask()) == 1


@pytest.fixture
def breakpoint_reached(monkeypatch: pytest.MonkeyPatch) -> Callable[[], object]:
    """A thread stands at a breakpoint, until this is called."""
    info = SimpleNamespace(pydev_state=2)
    monkeypatch.setitem(sys.modules, "pydevd", ModuleType("pydevd"))
    monkeypatch.setattr(threading.main_thread(), "additional_info", info, raising=False)
    return lambda: setattr(info, "pydev_state", 1)


def test_time_at_a_breakpoint_does_not_count_for_a_thread(breakpoint_reached: Callable[[], object]) -> None:
    waiter, got = BlockingWaiter(), list[Any]()
    waiting = threading.Thread(target=lambda: got.append(waiter.wait(CALL, 0.01)))
    waiting.start()
    began = time.monotonic()
    wait_until(lambda: time.monotonic() > began + 0.3, "the time-out passed")

    waiter.deliver(ANSWER)
    waiting.join(DEADLINE_S)

    assert got == [{"total": 5}]


@pytest.mark.parametrize("default_s", [0.01, 60.0])
def test_time_at_a_breakpoint_does_not_count_for_a_loop(
    breakpoint_reached: Callable[[], object], default_s: float
) -> None:
    async def call() -> Any:
        port = LoopPort(asyncio.get_running_loop())
        waiter = port.waiter(CALL, 0.01, default_s=default_s)
        await asyncio.sleep(0.3)
        waiter.deliver(ANSWER)
        port.wake()
        return await waiter.future

    assert asyncio.run(call()) == {"total": 5}


def test_after_a_breakpoint_the_time_out_counts_again(breakpoint_reached: Callable[[], object]) -> None:
    threading.Timer(0.2, breakpoint_reached).start()

    with pytest.raises(InvocationTimeout):
        BlockingWaiter().wait(CALL, 0.01)


def test_waiters_with_the_usual_time_out_share_one_timer() -> None:
    async def timers_of(time_outs: list[float]) -> int:
        loop = asyncio.get_running_loop()
        port, started = LoopPort(loop), list[float]()
        port.loop = SimpleNamespace(  # type: ignore[assignment]
            create_future=loop.create_future, call_later=lambda delay_s, _: started.append(delay_s)
        )
        for timeout_s in time_outs:
            port.waiter(CALL, timeout_s, default_s=60)
        return len(started)

    assert asyncio.run(timers_of([60] * 100)) == 1
    assert asyncio.run(timers_of([60, 5, 60, 7])) == 3


def test_time_out_that_was_put_off_while_the_process_stood_still_comes_after_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s, delays = 100.0, list[float]()
    monkeypatch.setattr(replies, "time", SimpleNamespace(monotonic=lambda: now_s))
    loop = SimpleNamespace(call_later=lambda delay_s, _: delays.append(delay_s))
    errors: list[BaseException] = []
    future = SimpleNamespace(done=lambda: False, get_loop=lambda: loop, set_exception=errors.append)
    waiter = LoopWaiter(LoopPort(loop), future, CALL, deadline=now_s, timeout_s=10)  # type: ignore[arg-type]

    now_s += 30
    waiter.expire()
    assert (delays, errors) == ([30], [])

    now_s += 30
    waiter.expire()
    assert [type(each) for each in errors] == [InvocationTimeout]
    assert delays == [30]
