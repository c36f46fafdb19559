"""Actions in worker processes."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest

from runtime import Actor, Context, Value, action
from runtime.authoring.definition import define
from runtime.contracts.compiler import compile_text
from runtime.errors import (
    ActionFailed,
    CallCycle,
    DefinitionError,
    HostFailed,
    SystemStopped,
    UnknownActor,
    WouldBlock,
)
from runtime.hosts.task_host import TaskHost, TaskLimits
from runtime.records import Outcome
from runtime.stores.base import flatten
from runtime.system.embedded import EmbeddedSystem, embedded
from runtime.testing.host_checks import COUNTER, HostChecks, NoCalls, work
from runtime.wire.codecs.values import decode_value
from tests.runtime.hosts.tasks import Cruncher

CRUNCHER = define(Cruncher)


def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        threading.Event().wait(0.01)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def run(host: TaskHost, name: str, payload: object = None) -> Outcome:
    return asyncio.run(host.arun(work(name, payload, actor="cruncher", definition=CRUNCHER), NoCalls()))


def answer(host: TaskHost, name: str, payload: object = None) -> Any:
    outcome = run(host, name, payload)
    assert outcome.failure is None, outcome.failure
    return decode_value(outcome.response)


def host_with(**limits: Any) -> TaskHost:
    host = TaskHost(TaskLimits(**limits))
    host.prepare(CRUNCHER)
    return host


@pytest.fixture
def host() -> Iterator[TaskHost]:
    host = host_with()
    yield host
    host.close()


class TestTaskHost(HostChecks):
    counting: ClassVar[TaskHost]

    @classmethod
    def setup_class(cls) -> None:
        cls.counting = TaskHost(TaskLimits(workers=1))
        cls.counting.prepare(COUNTER)

    @classmethod
    def teardown_class(cls) -> None:
        cls.counting.close()

    def host(self) -> TaskHost:
        return self.counting


# workers


def test_action_runs_in_another_process_which_is_used_again(host: TaskHost) -> None:
    first = answer(host, "pid")

    assert first != os.getpid()
    assert answer(host, "pid") == first
    assert host.pool.size == 1


def test_messages_of_a_contract_reach_the_worker() -> None:
    contract = compile_text('syntax = "proto3"; package carried.v1; message Total { int64 total = 1; }')

    class Summing(Actor, name="summing", kind="task", state_type=contract.Total):
        @action
        def add(self, ctx: Context, value: int) -> Value:
            return Value.of(contract.Total(total=ctx.state.total + value)).state(
                contract.Total(total=ctx.state.total + value)
            )

    host = TaskHost(TaskLimits(workers=1))
    host.prepare(definition := define(Summing))

    outcome = asyncio.run(host.arun(work("add", {"value": 3}, actor="summing", definition=definition), NoCalls()))

    assert decode_value(outcome.response) == contract.Total(total=3)
    host.close()


def test_there_are_no_workers_before_the_first_turn_and_after_idling() -> None:
    host = host_with(idle_s=0.05)
    assert host.pool.size == 0

    pid = answer(host, "pid")

    until(lambda: host.pool.size == 0 and is_gone(pid), "the idle worker ends")
    assert answer(host, "pid") != pid
    host.close()


def test_turns_share_no_worker_and_wait_for_one_at_the_limit(tmp_path: Path) -> None:
    host = host_with(workers=2)
    turns = [work("spin", {"until": str(tmp_path / name)}, actor=name, definition=CRUNCHER) for name in ("a", "b", "c")]

    async def all_of_them() -> list[Outcome]:
        running = [asyncio.ensure_future(host.arun(turn, NoCalls())) for turn in turns]
        await until_async(lambda: len(list(tmp_path.glob("*.running"))) == 2)
        assert host.pool.size == 2
        for name in ("a", "b", "c"):
            (tmp_path / name).touch()
        return await asyncio.gather(*running)

    pids = [decode_value(outcome.response) for outcome in asyncio.run(all_of_them())]
    assert len(set(pids)) == 2
    host.close()


async def until_async(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_turn_that_takes_too_long_is_killed_and_no_other(tmp_path: Path) -> None:
    host = host_with(workers=2, call_s=1.0)
    other = answer(host, "pid")
    (tmp_path / "quick").touch()

    async def both() -> tuple[Outcome, Outcome]:
        slow, quick = (
            work("spin", {"until": str(tmp_path / name)}, actor=name, definition=CRUNCHER)
            for name in ("never", "quick")
        )
        return await asyncio.gather(host.arun(slow, NoCalls()), host.arun(quick, NoCalls()))

    slow, quick = asyncio.run(both())

    assert slow.failure is not None
    assert slow.failure.code == HostFailed.code
    assert "never.spin was stopped after 1 s" in slow.failure.message
    assert quick.failure is None
    killed = int((tmp_path / "never.running").read_text())
    until(lambda: is_gone(killed), "the worker that took too long ends")
    survivor = other if killed != other else decode_value(quick.response)
    assert not is_gone(survivor)
    host.close()


def test_worker_that_ends_by_itself_fails_its_turn_only(host: TaskHost) -> None:
    outcome = run(host, "leave", {"code": 7})

    assert outcome.failure is not None
    assert outcome.failure.code == HostFailed.code
    assert "ended in the middle (exit code 7)" in outcome.failure.message
    assert "It is not run again" in outcome.failure.message
    assert answer(host, "add", {"value": 3}) == 3


def test_process_that_does_not_come_up_is_explained() -> None:
    before = set(psutil.Process().children())
    host = host_with(boot_s=0.0)

    outcome = run(host, "pid")

    assert outcome.failure is not None
    assert "could not be started: it did not report within 0 s" in outcome.failure.message
    until(lambda: all(is_gone(each.pid) for each in set(psutil.Process().children()) - before), "it ends")
    host.close()


def test_cancelled_turn_ends_with_its_worker_and_what_that_started(host: TaskHost, tmp_path: Path) -> None:
    pidfile = tmp_path / "pid"

    async def cancel_it() -> None:
        turn = work("child", {"pidfile": str(pidfile)}, actor="cruncher", definition=CRUNCHER)
        task = asyncio.ensure_future(host.arun(turn, NoCalls()))
        await until_async(lambda: pidfile.exists() and bool(pidfile.read_text()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel_it())

    until(lambda: is_gone(int(pidfile.read_text())), "the worker's child ends too")
    assert host.pool.size == 0


def test_closed_host_ends_workers_and_refuses(host: TaskHost) -> None:
    pid = answer(host, "pid")
    host.close()
    host.close()

    assert is_gone(pid)
    outcome = run(host, "pid")
    assert outcome.failure is not None
    assert outcome.failure.code == SystemStopped.code


def test_new_code_gets_new_workers(host: TaskHost) -> None:
    pid = answer(host, "pid")

    host.prepare(define(Cruncher, deactivate_timeout="1s"))

    assert answer(host, "pid") != pid


def test_interrupt_does_not_reach_an_action(host: TaskHost) -> None:
    assert answer(host, "survive") == "still here"


# code


def test_class_of_a_notebook_goes_to_workers_by_value() -> None:
    factor = 7

    class Local(Actor, name="local", kind="task"):
        @action
        def times(self, value: int) -> int:
            return value * factor

    with embedded() as system:
        system.deploy(Local)
        assert system.invoke("local", "times", {"value": 6}) == 42


def test_code_that_cannot_travel_is_refused_when_it_is_deployed() -> None:
    lock = threading.Lock()

    class Locked(Actor, name="locked", kind="task"):
        @action
        def use(self) -> None:
            with lock:
                pass

    with embedded() as system, pytest.raises(DefinitionError, match=r"locked cannot be a task.*lock"):
        system.deploy(Locked)


# end to end


class Other(Actor, name="other"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


@pytest.fixture(scope="module")
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Cruncher)
        system.deploy(Other)
        yield system


def test_task_keeps_its_state_and_history(system: EmbeddedSystem) -> None:
    before = (system.state("cruncher") or {"total": 0})["total"]

    assert [system.invoke("cruncher", "add", {"value": 2}) for _ in range(3)] == [before + n for n in (2, 4, 6)]

    assert system.state("cruncher") == {"total": before + 6}
    system.flush()
    assert sum(turn.action == "add" for turn in flatten(system.turns(actor="cruncher"))) >= 3


def test_failure_keeps_type_text_and_trace(system: EmbeddedSystem) -> None:
    before = system.state("cruncher")

    with pytest.raises(ActionFailed, match=r"cruncher.fail failed with ValueError: oh no") as caught:
        system.invoke("cruncher", "fail", {"text": "oh no"})

    assert caught.value.type_name == "ValueError"
    assert "tasks.py" in caught.value.trace
    assert "raise ValueError(text)" in caught.value.trace
    assert "task_worker" not in caught.value.trace
    assert system.state("cruncher") == before


def test_computing_task_leaves_others_responsive(system: EmbeddedSystem, tmp_path: Path) -> None:
    stop = tmp_path / "stop"
    answers: list[int] = []
    caller = threading.Thread(target=lambda: answers.append(system.invoke("cruncher", "spin", {"until": str(stop)})))
    caller.start()
    until(lambda: Path(f"{stop}.running").exists(), "the task computes")

    for _ in range(300):
        system.invoke("other", "add", {"value": 1}, timeout=120)

    assert answers == []  # it computes still
    stop.touch()
    caller.join(120)
    assert answers[0] not in (0, os.getpid())


def test_task_asks_and_tells_others(system: EmbeddedSystem) -> None:
    start = system.invoke("other", "add", {"value": 0})

    assert system.invoke("cruncher", "ask", {"actor": "other", "payload": {"value": 5}}) == start + 5
    assert sorted(system.invoke("cruncher", "ask_twice", {"actor": "other"})) == [start + 6, start + 8]
    system.invoke("cruncher", "tell", {"actor": "other"})
    until(lambda: bool(system.state("other") == {"total": start + 18}), "the told message is taken")

    system.flush()
    asked = [turn.sent for turn in flatten(system.turns(actor="cruncher")) if turn.action == "ask"][-1]
    assert [(sent.actor.name, decode_value(sent.reply)) for sent in asked] == [("other", start + 5)]


def test_failed_task_tells_nobody(system: EmbeddedSystem) -> None:
    before = system.state("other")

    with pytest.raises(ActionFailed):
        system.invoke("cruncher", "tell", {"actor": "other", "fails": True})

    assert system.invoke("other", "add", {"value": 0}) == (before or {"total": 0})["total"]


def test_errors_of_asking_arrive_as_they_are(system: EmbeddedSystem) -> None:
    with pytest.raises(UnknownActor, match="nobody"):
        system.invoke("cruncher", "ask", {"actor": "nobody", "payload": {"value": 1}})
    with pytest.raises(CallCycle, match="cruncher → cruncher"):
        system.invoke("cruncher", "ask", {"actor": "cruncher", "payload": {"value": 1}})
    with pytest.raises(WouldBlock, match=r"await ctx\.invoke"):
        system.invoke("cruncher", "wrong")


def test_time_and_chance_are_the_recorded_ones(system: EmbeddedSystem) -> None:
    import random
    import uuid
    from datetime import datetime

    now, chance, made = system.invoke("cruncher", "now")
    system.flush()
    turn = [turn for turn in flatten(system.turns(actor="cruncher")) if turn.action == "now"][-1]

    assert round(datetime.fromisoformat(now).timestamp() * 1_000_000) == turn.now_us
    assert chance == str(random.Random(turn.seed).random())
    assert uuid.UUID(made).version == 4


def test_output_comes_home_and_nothing_goes_to_the_terminal(
    system: EmbeddedSystem, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "runtime.actors"):
        system.invoke("cruncher", "talk")

    out, err = capfd.readouterr()
    assert out == "to out\nno end"
    assert err == "to err\n"
    assert "cruncher.talk: logged n=1" in caplog.text


def test_time_out_of_calls_is_a_setting_of_the_runtime(tmp_path: Path) -> None:
    with embedded(task_call_timeout_s=0.5) as system:
        system.deploy(Cruncher)
        with pytest.raises(HostFailed, match=r"cruncher.spin was stopped after 0.5 s"):
            system.invoke("cruncher", "spin", {"until": str(tmp_path / "never")})


# the parent's end

PARENT = """
import os, sys, time
from runtime.system.embedded import embedded
from tests.runtime.hosts.tasks import Cruncher

system = embedded()
system.deploy(Cruncher)
print(system.invoke("cruncher", "pid"), flush=True)
if "busy" in sys.argv:
    system.invoke("cruncher", "spin", {"until": sys.argv[1]}, asynchronous=True)
    while not os.path.exists(sys.argv[1] + ".running"):
        time.sleep(0.01)
print("ready", flush=True)
while "exit" not in sys.argv:
    time.sleep(0.05)  # an interrupt that comes just before a sleep is seen at its end
"""


@contextmanager
def parent(*how: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The running parent, and the process id of its worker; it ends with the block at the latest."""
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *how], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            pid = int(process.stdout.readline())
            assert process.stdout.readline() == "ready\n"
            yield process, pid
        finally:
            process.kill()


@pytest.mark.parametrize("how", ["idle", "busy"])
def test_killed_parent_takes_its_workers_along(tmp_path: Path, how: str) -> None:
    with parent(str(tmp_path / "never"), how) as (process, pid):
        children = psutil.Process(process.pid).children(recursive=True)

        process.kill()
        process.communicate()

    until(lambda: is_gone(pid), "the worker ends")
    until(lambda: all(is_gone(child.pid) for child in children), "the helpers end")


@pytest.mark.parametrize("how", ["idle", "busy"])
def test_parent_that_ends_without_closing_does_not_hang(tmp_path: Path, how: str) -> None:
    with parent(str(tmp_path / "never"), how, "exit") as (process, pid):
        out, err = process.communicate(timeout=120)

    assert (process.returncode, out, err) == (0, "", "")
    assert is_gone(pid)


def test_interrupt_of_the_whole_group_leaves_workers_at_work(tmp_path: Path) -> None:
    with parent(str(tmp_path / "stop"), "busy") as (process, pid):
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=120)

    assert "KeyboardInterrupt" in err  # the parent's own
    assert err.count("Traceback") == 1
    until(lambda: is_gone(pid), "the worker ends with its parent")
