"""Durable messages: accepted means on disk, and executed whatever happens, in order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime import Actor, Broadcast, Context, Forward, Pipe, SideEffect, Value, action, errors, timer
from runtime.authoring.definition import define
from runtime.config import Durability
from runtime.drivers.step_driver import Pending, StepDriver
from runtime.engine.state import EngineOptions
from runtime.ids import ActorId
from runtime.records import Turn
from runtime.stores.base import StateStore, flatten
from runtime.stores.registry import open_store
from runtime.wire.codecs.values import encode_value
from tests.runtime.engine.actors import Counter
from tests.runtime.engine.conftest import KEY


class Orders(Actor, name="orders", durable_mailbox=True, channels=("news", "take")):
    taken: list[int] = []

    @action
    def take(self, n: int) -> list[int]:
        self.taken.append(n)
        return self.taken

    @action
    def look(self) -> list[int]:
        return self.taken


class Shelf(Orders, name="shelf", kind="unnamed", durable_mailbox=True, channels=()):
    pass


class Shop(Actor, name="shop"):
    sold: int = 0

    @action
    def tell(self, ctx: Context, n: int, to: str = "orders") -> None:
        self.sold += 1
        ctx.tell(to, "take", {"n": n})

    @action
    def tell_counter(self, ctx: Context, n: int) -> None:
        self.sold += 1
        ctx.tell("counter", "add", {"value": n}, durable=True)

    @action
    def effect(self, n: int) -> Value:
        self.sold += 1
        return Value.of().effect(SideEffect.to("orders", "take", {"n": n}))

    @action
    def publish(self, n: int) -> Value:
        self.sold += 1
        return Value.of().broadcast(Broadcast.to("news", {"n": n}))

    @action
    def pipe(self, n: int) -> Value:
        self.sold += 1
        return Value.of({"n": n}).pipe(Pipe.to("orders", "take"))

    @action
    def forward(self, n: int) -> Value:
        self.sold += 1
        return Value.of().forward(Forward.to("orders", "take"))


def stepped(store: StateStore, durability: Durability = Durability.JOURNAL) -> StepDriver:
    driver = StepDriver(store, options=EngineOptions(system="test", durability=durability), writes_at_once=False)
    for each in (Counter, Orders, Shelf, Shop):
        driver.deploy(each)
    return driver


@pytest.fixture
def stepping() -> StepDriver:
    driver = stepped(open_store("memory://", key=KEY))
    driver.run()
    driver.write()
    return driver


def send(driver: StepDriver, n: int, **options: object) -> Pending:
    return driver.send("orders", "take", {"n": n}, asynchronous=True, **options)


def taken(driver: StepDriver) -> list[int]:
    return list(driver.ask("orders", "look"))


def turns(driver: StepDriver, action: str) -> list[Turn]:
    return [turn for turn in flatten(driver.store.turns()) if turn.action == action]


def recover(driver: StepDriver) -> None:
    driver.crash()
    driver.advance(0)
    driver.run()
    driver.write()


def test_caller_is_answered_when_the_message_is_on_disk(stepping: StepDriver) -> None:
    taken(stepping)
    stepping.write()
    pending = send(stepping, 1)
    assert not pending.is_done

    stepping.write()

    assert pending.result() is None
    assert [each.id for each in stepping.store.schedules()] == [pending.invocation.id]


def test_accepted_messages_come_back_in_order_after_a_crash(stepping: StepDriver) -> None:
    for n in range(20):
        send(stepping, n)
    stepping.step()  # the actor is loaded
    stepping.write()

    recover(stepping)

    assert taken(stepping) == list(range(20))
    assert stepping.store.schedules() == []


def test_message_of_an_ordinary_actor_is_durable_where_the_call_says_so(stepping: StepDriver) -> None:
    stepping.ask("counter", "look")
    stepping.send("counter", "add", {"value": 1}, asynchronous=True)
    stepping.send("counter", "add", {"value": 2}, asynchronous=True, durable=True)
    stepping.write()

    recover(stepping)

    assert stepping.ask("counter", "look") == 2


def test_durable_call_with_a_waiting_caller_is_refused(stepping: StepDriver) -> None:
    with pytest.raises(errors.BadSetting, match="add asynchronous=True"):
        stepping.send("counter", "add", {"value": 2}, durable=True)


def test_refused_message_is_not_executed_later(stepping: StepDriver) -> None:
    pending = stepping.send("nobody", "take", {"n": 1}, asynchronous=True, durable=True)
    stepping.run()
    stepping.write()

    with pytest.raises(errors.UnknownActor):
        pending.result()
    assert stepping.store.schedules() == []


def test_messages_wait_for_the_cell_of_their_actor(stepping: StepDriver) -> None:
    for n in (1, 2, 3):
        send(stepping, n)
    stepping.write()
    fresh = StepDriver(stepping.store, options=stepping.options, clock=stepping.clock)
    fresh.advance(0)
    fresh.run()

    fresh.deploy(Orders)
    fresh.advance(0)

    assert taken(fresh) == [1, 2, 3]


def test_clock_that_was_set_back_does_not_delay_them(stepping: StepDriver) -> None:
    send(stepping, 1)
    stepping.write()
    stepping.clock.advance(-3600)

    recover(stepping)
    send(stepping, 2)
    stepping.write()
    recover(stepping)

    assert taken(stepping) == [1, 2]


SENT = ["tell", "effect", "publish", "pipe", "forward"]


@pytest.mark.parametrize("way", SENT)
def test_what_a_committed_turn_sends_survives_a_crash_before_it_arrives(stepping: StepDriver, way: str) -> None:
    stepping.send("shop", way, {"n": 7})
    while stepping.engine.directory.active.get(orders(stepping)) is None:
        stepping.step()
    stepping.write()  # the sender's turn, and not yet the receiver's

    recover(stepping)

    assert taken(stepping) == [7]
    assert (len(turns(stepping, way)), len(turns(stepping, "take"))) == (1, 1)
    assert stepping.store.schedules() == []


@pytest.mark.parametrize("way", SENT)
def test_what_a_lost_turn_sent_is_lost_with_it(stepping: StepDriver, way: str) -> None:
    stepping.send("shop", way, {"n": 7})
    stepping.run()

    recover(stepping)

    assert taken(stepping) == []


def test_tell_is_durable_where_it_says_so(stepping: StepDriver) -> None:
    stepping.send("shop", "tell_counter", {"n": 5})
    while not any(each.actor == "counter" for each in stepping.possible()):
        stepping.step()
    stepping.write()

    recover(stepping)

    assert stepping.ask("counter", "look") == 5


def test_child_that_is_not_loaded_gets_what_it_was_told(stepping: StepDriver) -> None:
    stepping.ask("shelf-1", "take", {"n": 1}, parent="shelf")
    stepping.write()
    stepping.crash()
    stepping.send("shop", "tell", {"n": 2, "to": "shelf-1"})
    while not any(each.actor == "shelf-1" for each in stepping.possible()):
        stepping.step()
    stepping.write()

    recover(stepping)

    assert stepping.ask("shelf-1", "look") == [1, 2]


def test_tell_to_a_name_that_nobody_knows_is_a_dead_letter_at_once(stepping: StepDriver) -> None:
    stepping.send(
        "shop", "tell", {"n": 2, "to": "shelf-9"}
    )  # `shelf` has children, and was asked for none of that name
    stepping.run()
    stepping.write()

    [letter] = stepping.engine.feed.kept_letters.values()
    assert (letter.invocation.actor.name, letter.code) == ("shelf-9", errors.UnknownActor.code)
    assert stepping.engine.waiting_for_code() == {}


class Closed(Actor, name="orders", durable_mailbox=True):
    @action
    def look(self) -> list[int]:
        return []


def refused_at_once(stepping: StepDriver) -> None:
    stepping.deploy(Closed)
    stepping.send("shop", "tell", {"n": 2})
    stepping.run()


def refused_in_the_mailbox(stepping: StepDriver) -> None:
    stepping.send("shop", "tell", {"n": 2})
    while not any(each.actor == "orders" for each in stepping.possible()):
        stepping.step()
    stepping.deploy(Closed)
    stepping.run()


def refused_after_a_restart(stepping: StepDriver) -> StepDriver:
    stepping.send("shop", "tell", {"n": 2})
    while stepping.store.schedules() == []:
        stepping.step()
        stepping.write()
    fresh = StepDriver(stepping.store, options=stepping.options, clock=stepping.clock)
    fresh.deploy(Closed)
    fresh.run()
    return fresh


@pytest.mark.parametrize("refused", [refused_at_once, refused_in_the_mailbox, refused_after_a_restart])
def test_durable_message_for_an_action_that_is_gone_stays_a_dead_letter_over_restarts(
    stepping: StepDriver, refused: Callable[[StepDriver], StepDriver | None]
) -> None:
    driver = refused(stepping) or stepping
    driver.write()

    fresh = StepDriver(driver.store, options=driver.options, clock=driver.clock)

    [letter] = fresh.engine.feed.undelivered_letters()
    assert (letter.kept, letter.code, letter.invocation.payload) == (
        True,
        errors.UnknownAction.code,
        encode_value({"n": 2}, what="it"),
    )
    assert "take" in letter.why
    fresh.engine.discard_letters([letter.invocation.id])
    fresh.write()
    assert fresh.store.schedules() == []


def test_tell_to_a_child_whose_first_message_waits_for_its_template_waits_too(stepping: StepDriver) -> None:
    stepping.send("shelf-1", "take", {"n": 1}, parent="shelf", asynchronous=True)
    stepping.send("shop", "tell", {"n": 2, "to": "shelf-1"})
    while stepping.store.schedules() == []:
        stepping.step()
        stepping.write()
    fresh = StepDriver(stepping.store, options=stepping.options, clock=stepping.clock)
    fresh.advance(0)

    fresh.deploy(
        type("Other", (Orders,), {"__doc__": ""}, name="other", kind="unnamed", durable_mailbox=True, channels=())
    )
    fresh.advance(0)
    fresh.deploy(Shelf)
    fresh.advance(0)

    assert fresh.engine.feed.undelivered_letters() == []
    assert fresh.ask("shelf-1", "look")[:1] == [1]


def test_caller_of_a_pipe_gets_the_answer_as_ever(stepping: StepDriver) -> None:
    assert stepping.ask("shop", "pipe", {"n": 3}) == [3]
    stepping.write()
    assert stepping.store.schedules() == []


def test_full_mailbox_delays_what_a_turn_sends(stepping: StepDriver) -> None:
    class Narrow(Orders, name="orders", mailbox=1, durable_mailbox=True):
        pass

    stepping.deploy(Narrow)
    for n in (1, 2):
        stepping.send("shop", "tell", {"n": n})
    while stepping.possible() and stepping.possible()[0].actor == "shop":
        stepping.step()
    stepping.run()

    stepping.advance(1)
    stepping.run()

    assert taken(stepping) == [1, 2]


def test_state_at_snapshot_is_written_with_the_message() -> None:
    store = open_store("memory://", key=KEY)
    driver = stepped(store, Durability.SNAPSHOT)
    send(driver, 1)
    driver.run()
    driver.write()

    recover(driver)

    assert taken(driver) == [1]
    assert store.schedules() == []


def test_used_key_answers_and_the_message_is_done_with(stepping: StepDriver) -> None:
    for _ in range(2):
        send(stepping, 1, key="once")
    stepping.run()
    stepping.write()

    assert taken(stepping) == [1]
    assert stepping.store.schedules() == []


def test_unwritten_setting_leaves_the_hash_of_a_definition_as_it_was() -> None:
    assert "durable_mailbox" not in define(Counter).settings.as_text()
    assert define(Orders).settings.as_text()["durable_mailbox"] is True


def test_projection_with_a_durable_mailbox_is_refused() -> None:
    class Followed(Actor, kind="projection", durable_mailbox=True, subjects=[("orders", "take", "take")]):
        @action
        def take(self) -> None: ...

    with pytest.raises(errors.DefinitionError, match="needs no durable_mailbox"):
        define(Followed)


Crash = Callable[[StepDriver, int], None]


def crash_written(driver: StepDriver, at: int) -> None:
    driver.write()
    driver.crash()
    driver.advance(0)


def crash_unwritten(driver: StepDriver, at: int) -> None:
    driver.crash()
    driver.advance(0)


@pytest.mark.parametrize("crash", [crash_written, crash_unwritten])
@pytest.mark.parametrize("at", range(12))
def test_crash_at_any_step_loses_nothing_accepted_and_repeats_nothing_with_a_key(crash: Crash, at: int) -> None:
    driver = stepped(open_store("memory://", key=KEY))
    accepted = [send(driver, n, key=f"order-{n}") for n in range(3)]
    accepted += [driver.send("shop", "tell", {"n": 10 + n}, asynchronous=True, durable=True) for n in range(2)]
    for step in range(at):
        driver.step()
        if step % 3 == 1:
            driver.write()
    promised = {each.invocation.id for each in accepted if each.is_done}

    crash(driver, at)
    driver.run()
    driver.write()

    found = taken(driver)
    recorded = {turn.invocation for turn in flatten(driver.store.turns())}
    assert promised <= recorded
    assert len(found) == len(set(found))
    assert sorted(n for n in found if n >= 10) == [10 + n for n in range(driver.ask("shop", "get")["sold"])]
    assert driver.store.schedules() == []


def orders(driver: StepDriver) -> ActorId:
    return ActorId(driver.options.system, "orders")


def test_call_of_a_timer_is_not_kept_since_the_timer_comes_back_with_its_code(stepping: StepDriver) -> None:
    class Ticking(Actor, name="ticking", durable_mailbox=True):
        ticks: int = 0

        @timer(every="1s")
        def tick(self) -> None:
            self.ticks += 1

    stepping.deploy(Ticking)
    stepping.ask("ticking", "get")
    stepping.clock.advance(1.5)

    stepping.carry_out(stepping.engine.tick(stepping.clock.now_us()))
    stepping.write()

    assert stepping.engine.directory.active[ActorId("test", "ticking")].waiting == 1
    assert stepping.store.schedules() == []
