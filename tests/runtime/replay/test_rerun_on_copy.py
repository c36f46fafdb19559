"""A recorded turn, run once more on a copy."""

import threading
from collections.abc import Iterator

import pytest

from runtime import Actor, Context, Value, action, embedded
from runtime.authoring.definition import define
from runtime.errors import ActionFailed, InvocationTimeout
from runtime.replay.rerun import run_again
from runtime.system.embedded import EmbeddedSystem
from runtime.wire.codecs.values import decode_value

release = threading.Event()


class Shop(Actor, name="shop"):
    sold: int = 0

    @action
    async def sell(self, ctx: Context, count: int) -> int:
        price = await ctx.invoke("prices", "of", {"count": count})
        self.sold += count
        raise ValueError(price)


class Mended(Actor, name="shop"):
    sold: int = 0
    last_price: int = 0

    @action
    async def sell(self, ctx: Context, count: int) -> int:
        self.last_price = await ctx.invoke("prices", "of", {"count": count})
        ctx.tell("archive", "keep", {"seed": ctx.random.random(), "at": ctx.now().isoformat()})
        self.sold += count
        return self.last_price


class Prices(Actor, name="prices"):
    asked: int = 0

    @action
    def of(self, count: int) -> int:
        self.asked += 1
        return 5 * count


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Shop)
        system.deploy(Prices)
        with pytest.raises(ActionFailed):
            system.invoke("shop", "sell", {"count": 2})
        yield system


def test_a_copy_runs_todays_code_on_the_state_before(system: EmbeddedSystem) -> None:
    [capsule] = system.capsules()

    outcome = run_again(define(Mended), capsule.work, capsule.sent)

    assert decode_value(outcome.response) == 10
    assert outcome.state is not None
    assert decode_value(outcome.state.value) == {"sold": 2, "last_price": 10}


def test_a_copy_touches_neither_the_actor_nor_those_it_asks(system: EmbeddedSystem) -> None:
    [capsule] = system.capsules()

    run_again(define(Mended), capsule.work, capsule.sent)

    assert (system.state("shop"), system.state("prices")) == ({"sold": 0}, {"asked": 1})
    assert not system.dead_letters()


def test_a_copy_has_the_clock_and_the_chance_of_the_original(system: EmbeddedSystem) -> None:
    [capsule] = system.capsules()

    first, second = (run_again(define(Mended), capsule.work, capsule.sent) for _ in range(2))

    assert first.told[0].payload == second.told[0].payload


def test_what_was_not_asked_then_has_no_answer(system: EmbeddedSystem) -> None:
    [capsule] = system.capsules()

    outcome = run_again(define(Mended), capsule.work, ())

    assert outcome.failure is not None
    assert outcome.failure.code == "not_recorded"


def test_code_that_still_fails_says_how(system: EmbeddedSystem) -> None:
    [capsule] = system.capsules()

    outcome = run_again(define(Shop), capsule.work, capsule.sent)

    assert outcome.failure is not None
    assert (outcome.failure.type_name, outcome.state) == ("ValueError", None)


def test_an_action_that_does_not_end_is_left_to_itself(system: EmbeddedSystem) -> None:
    class Slow(Actor, name="shop"):
        @action
        def sell(self, count: int) -> Value:
            release.wait(120)
            return Value.of()

    [capsule] = system.capsules()

    with pytest.raises(InvocationTimeout, match=r"the copy of shop\.sell"):
        run_again(define(Slow), capsule.work, (), timeout_s=0.05)
    release.set()
