"""Failed turns are kept with their message, state and frames; dead letters with their reason."""

import gc
import weakref
from collections.abc import Iterator

import msgspec
import pytest

from runtime import Actor, Context, action, embedded
from runtime.errors import ActionFailed, BadState
from runtime.hosts.capsules import KEPT, Capsules
from runtime.records import Outcome
from runtime.system.embedded import EmbeddedSystem


class Till(Actor, name="till"):
    cents: int = 10

    @action
    def take(self, amount: int) -> int:
        self.cents -= amount
        left = self.cents
        if left < 0:
            raise ValueError("not enough")
        return left

    @action
    def spoil(self) -> None:
        self.cents = float("nan")  # type: ignore[assignment]

    @action
    async def ask(self, ctx: Context) -> None:
        await ctx.invoke("till2", "take", {"amount": 1})
        raise RuntimeError("after all")

    @action
    def post(self, ctx: Context) -> None:
        ctx.tell("nobody", "read", {"text": "hello"})


class Till2(Till, name="till2"): ...


class Large(Exception): ...


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Till)
        system.deploy(Till2)
        yield system


def test_a_capsule_has_message_state_before_and_live_frames(system: EmbeddedSystem) -> None:
    with pytest.raises(ActionFailed):
        system.invoke("till", "take", {"amount": 11})

    [capsule] = system.capsules()

    assert capsule.work.invocation.payload is not None
    assert msgspec.json.decode(capsule.work.invocation.payload.data) == {"amount": 11}
    assert (capsule.work.state, capsule.work.revision) == (None, 0)
    assert isinstance(capsule.error, ValueError)
    assert capsule.error.__traceback__ is not None
    frame = capsule.error.__traceback__.tb_frame
    assert (frame.f_code.co_name, frame.f_locals["left"]) == ("take", -1)


def test_a_refused_state_is_a_failed_turn_too(system: EmbeddedSystem) -> None:
    with pytest.raises(BadState):
        system.invoke("till", "spoil")

    [capsule] = system.capsules()

    assert isinstance(capsule.error, BadState)


def test_what_was_asked_before_the_failure_is_kept(system: EmbeddedSystem) -> None:
    with pytest.raises(ActionFailed):
        system.invoke("till", "ask")

    [capsule] = system.capsules()

    assert [(each.actor.name, each.action) for each in capsule.sent] == [("till2", "take")]


def test_only_the_last_capsules_are_kept(system: EmbeddedSystem) -> None:
    for amount in range(100, 100 + KEPT + 5):
        with pytest.raises(ActionFailed):
            system.invoke("till", "take", {"amount": amount})

    payloads = [msgspec.json.decode(each.work.invocation.payload.data)["amount"] for each in system.capsules()]  # type: ignore[union-attr]

    assert payloads == list(range(105, 125))


def test_cleared_capsules_let_go_of_the_exceptions(system: EmbeddedSystem) -> None:
    with pytest.raises(ActionFailed):
        system.invoke("till", "take", {"amount": 11})
    [capsule] = system.capsules()
    capsules = Capsules()
    capsules.keep(capsule.work, Outcome(failure=capsule.failure, error=Large()))
    large = weakref.ref(capsules.all()[0].error)

    capsules.clear()
    gc.collect()

    assert large() is None


def test_a_message_sent_again_has_an_id_of_its_own_and_a_cause(system: EmbeddedSystem) -> None:
    with pytest.raises(ActionFailed):
        system.invoke("till", "take", {"amount": 11})
    failed = system.capsules()[0].work.invocation
    system.deploy(_forgiving())

    answer = system.resend(msgspec.structs.replace(failed, cause=failed.id, correlation=failed.id))

    system.flush()
    last = [turn for batch in system.turns(actor="till") for turn in batch][-1]
    assert answer == -1
    assert (last.cause, last.correlation) == (failed.id, failed.id)
    assert last.invocation != failed.id


def test_a_dead_letter_is_kept_though_nobody_watched(system: EmbeddedSystem) -> None:
    system.invoke("till", "post")

    [letter] = system.dead_letters()

    assert (letter.invocation.actor.name, letter.invocation.action, letter.code) == ("nobody", "read", "unknown_actor")
    assert letter.invocation.caller is not None
    assert letter.invocation.caller.name == "till"
    assert "There is no actor 'nobody'" in letter.why


def _forgiving() -> type[Actor]:
    class Forgiving(Till, name="till"):
        @action
        def take(self, amount: int) -> int:
            self.cents -= amount
            return self.cents

    return Forgiving
