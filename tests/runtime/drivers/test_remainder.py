"""What waits when a system stops: it is processed for a while; what is left is kept as dead letters."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime import Actor, Context, action, embedded, errors
from runtime.records import DeadLetter
from runtime.system.embedded import EmbeddedSystem
from tests.runtime.drivers.steps import wait_until

KEY = bytes(range(32))

started, may_end = threading.Event(), threading.Event()


class Line(Actor, name="line"):
    seen: list[int] = []

    @action
    def keep(self, n: int) -> None:
        self.seen.append(n)

    @action
    def block(self) -> None:
        started.set()
        assert may_end.wait(120), "the test never let the action end"

    @action
    def pass_on(self, ctx: Context, n: int) -> None:
        ctx.tell("line", "keep", {"n": n})

    @action
    def look(self) -> list[int]:
        return self.seen


@pytest.fixture(autouse=True)
def gate() -> Iterator[None]:
    started.clear()
    may_end.clear()
    yield
    may_end.set()


def opened(path: Path, drain_s: float = 10.0) -> EmbeddedSystem:
    system = embedded(store=f"sqlite:///{path / 'store.db'}", key=KEY, drain_s=drain_s)
    system.deploy(Line)
    return system


def blocked(path: Path, drain_s: float = 10.0, waiting: int = 3) -> EmbeddedSystem:
    """An actor in the middle of a turn, with messages that were accepted behind it."""
    system = opened(path, drain_s)
    system.invoke("line", "block", asynchronous=True)
    assert started.wait(120), "the action did not start"
    for n in range(waiting):
        system.invoke("line", "keep", {"n": n}, asynchronous=True)
    return system


def letters(system: EmbeddedSystem) -> list[DeadLetter]:
    return [each for each in system.dead_letters() if each.kept]


def numbers(found: list[DeadLetter]) -> list[bytes]:
    return [each.invocation.payload.data for each in found if each.invocation.payload is not None]


def test_accepted_messages_are_processed_before_the_stop(tmp_path: Path) -> None:
    system = blocked(tmp_path)
    closing = threading.Thread(target=system.close)

    closing.start()
    wait_until(lambda: system.waiting_at_close, "the stop told how many messages wait")
    may_end.set()
    closing.join(120)

    assert system.left.letters == {}
    with opened(tmp_path) as again:
        assert again.invoke("line", "look") == [0, 1, 2]
        assert letters(again) == []


def test_state_without_a_journal_is_saved_by_the_stop(tmp_path: Path) -> None:
    class Saved(Line, name="saved", durability="snapshot", snapshot_timeout="1h"):
        pass

    with opened(tmp_path) as first:
        first.deploy(Saved)
        first.invoke("saved", "keep", {"n": 7})

    with opened(tmp_path) as second:
        second.deploy(Saved)

        assert second.invoke("saved", "look") == [7]


def test_messages_that_turns_send_meanwhile_are_processed_too(tmp_path: Path) -> None:
    system = blocked(tmp_path, waiting=0)
    system.invoke("line", "pass_on", {"n": 7}, asynchronous=True)
    closing = threading.Thread(target=system.close)

    closing.start()
    wait_until(lambda: system.waiting_at_close, "the stop told how many messages wait")
    may_end.set()
    closing.join(120)

    with opened(tmp_path) as again:
        assert again.invoke("line", "look") == [7]


def test_messages_from_outside_are_refused_while_the_rest_is_processed(tmp_path: Path) -> None:
    system = blocked(tmp_path)
    closing = threading.Thread(target=system.close)

    closing.start()
    wait_until(lambda: system.waiting_at_close, "the stop told how many messages wait")
    with pytest.raises(errors.SystemStopped):
        system.invoke("line", "keep", {"n": 9}, asynchronous=True)
    may_end.set()
    closing.join(120)

    with opened(tmp_path) as again:
        assert again.invoke("line", "look") == [0, 1, 2]


def test_what_is_left_when_the_time_is_up_is_kept_in_order_as_dead_letters(tmp_path: Path) -> None:
    system = blocked(tmp_path, drain_s=0.05)

    system.close()

    assert system.left.letters == {"line": 3}
    may_end.set()
    for _ in range(2):  # they stay until they are sent again
        with opened(tmp_path) as again:
            assert numbers(letters(again)) == [b'{"n":0}', b'{"n":1}', b'{"n":2}']
            assert {each.code for each in letters(again)} == {errors.SystemStopped.code}
            assert again.invoke("line", "look") == []


def test_dead_letter_that_is_sent_again_leaves_the_list_for_good(tmp_path: Path) -> None:
    system = blocked(tmp_path, drain_s=0.0)
    system.close()
    may_end.set()

    with opened(tmp_path) as again:
        first = letters(again)[0]
        again.retry_letter(first.invocation.id)
        assert numbers(letters(again)) == [b'{"n":1}', b'{"n":2}']
        assert again.invoke("line", "look") == [0]

    with opened(tmp_path) as later:
        assert numbers(letters(later)) == [b'{"n":1}', b'{"n":2}']


def test_discarded_dead_letters_are_gone_for_good(tmp_path: Path) -> None:
    system = blocked(tmp_path, drain_s=0.0)
    system.close()
    may_end.set()

    with opened(tmp_path) as again:
        ids = [each.invocation.id for each in letters(again)]
        assert again.discard_letters([*ids[:2], "another"]) == 2
        assert numbers(letters(again)) == [b'{"n":2}']
        with pytest.raises(errors.UnknownLetter):
            again.retry_letter(ids[0])

    with opened(tmp_path) as later:
        assert numbers(letters(later)) == [b'{"n":2}']
        assert later.invoke("line", "look") == []


def test_dead_letter_that_cannot_be_sent_stays_one(tmp_path: Path) -> None:
    system = blocked(tmp_path, drain_s=0.0, waiting=1)
    system.close()
    may_end.set()

    with embedded(store=f"sqlite:///{tmp_path / 'store.db'}", key=KEY) as again:
        [letter] = letters(again)
        with pytest.raises(errors.NotDeployed):
            again.retry_letter(letter.invocation.id)

    with opened(tmp_path) as later:
        assert numbers(letters(later)) == [b'{"n":0}']


def test_stop_that_is_cut_short_leaves_the_rest_at_once(tmp_path: Path) -> None:
    system = blocked(tmp_path, drain_s=60.0)
    closing = threading.Thread(target=system.close)
    closing.start()
    wait_until(lambda: system.waiting_at_close, "the stop told how many messages wait")

    system.cut_short()
    may_end.set()
    closing.join(120)

    assert not closing.is_alive()
    assert system.left.letters == {"line": 3}


def test_stop_that_is_cut_short_before_it_began_processes_nothing(tmp_path: Path) -> None:
    system = blocked(tmp_path, drain_s=60.0)

    system.cut_short()
    may_end.set()
    system.close()

    assert system.left.letters == {"line": 3}
    with opened(tmp_path) as again:
        assert again.invoke("line", "look") == []


def test_held_messages_are_left_without_waiting_for_them(tmp_path: Path) -> None:
    system = opened(tmp_path, drain_s=60.0)
    system.debugger.hold("line")
    system.invoke("line", "keep", {"n": 1}, asynchronous=True)

    system.close()

    assert system.left.letters == {"line": 1}
