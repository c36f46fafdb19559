"""Actors that send: questions, told messages, cycles, workflows."""

from __future__ import annotations

import pytest

from runtime import Actor, Broadcast, Context, Pipe, SideEffect, Value, action, errors
from runtime.drivers.step_driver import StepDriver
from runtime.invocations import build_invocation
from tests.runtime.engine.actors import Account, Caller, Counter, Echo, Flow, Ring
from tests.runtime.engine.conftest import System


def test_coroutine_action_asks_another_actor(system: System) -> None:
    system.deploy(Echo)
    system.deploy(Caller)

    assert system.ask("caller", "ask", {"text": "hi"}) == "HI"
    assert system.state("caller") == {"answers": ["HI"]}


def test_plain_action_calls_another_actor(system: System) -> None:
    system.deploy(Echo)
    system.deploy(Caller)

    assert system.ask("caller", "call", {"text": "hi"}) == "HI"


def test_question_and_reply_are_recorded_with_their_cause(system: System) -> None:
    system.deploy(Echo)
    system.deploy(Caller)

    system.ask("caller", "ask", {"text": "hi"})

    asked, asking = system.turns()
    assert (asked.caller, asked.cause) == (asking.actor, asking.invocation)
    assert asked.correlation == asking.correlation == asking.invocation
    assert [(s.action, s.reply) for s in asking.sent] == [("say", asked.response)]


def test_told_message_leaves_when_the_turn_succeeded(system: System) -> None:
    system.deploy(Counter)
    system.deploy(Caller)

    system.ask("caller", "tell", {"value": 4})

    assert system.ask("counter", "look") == 4


def test_told_message_is_in_the_record_of_its_turn(system: System) -> None:
    system.deploy(Counter)
    system.deploy(Caller)

    system.ask("caller", "tell", {"value": 4})

    telling, told = system.turns()
    assert [(each.asked, each.action, each.invocation) for each in telling.sent] == [(False, "add", told.invocation)]


def test_failed_turn_tells_nothing(system: System) -> None:
    system.deploy(Counter)
    system.deploy(Caller)

    system.send("caller", "tell", {"value": 4, "fail": True})

    assert system.ask("counter", "look") == 0


def test_question_to_oneself_fails_and_names_the_cycle(system: System) -> None:
    system.deploy(Caller)

    with pytest.raises(errors.CallCycle, match="caller → caller"):
        system.ask("caller", "ask_myself")


def test_cycle_over_two_actors_fails_at_once(system: System) -> None:
    system.deploy(Caller)
    system.deploy(Ring)
    system.deploy(Echo)

    with pytest.raises(errors.CallCycle, match="ring → caller → ring"):
        system.ask("caller", "ask_ring")


def test_pipe_hands_on_the_response_and_its_target_answers(system: System) -> None:
    system.deploy(Flow)
    system.deploy(Echo)

    assert system.ask("flow", "piped", {"text": "hi"}) == "HI!"


def test_forward_hands_on_the_original_payload(system: System) -> None:
    system.deploy(Flow)
    system.deploy(Echo)

    assert system.ask("flow", "forwarded", {"text": "hi"}) == "HI"


def test_endless_route_is_reported(system: System) -> None:
    system.deploy(Flow)

    with pytest.raises(errors.CallCycle, match=r"flow\.round → flow\.round"):
        system.ask("flow", "round")


def test_side_effect_runs_after_the_turn(system: System) -> None:
    system.deploy(Flow)
    system.deploy(Counter)

    assert system.ask("flow", "effect", {"value": 7}) == "ok"
    assert system.ask("counter", "look") == 7


def test_broadcast_reaches_its_subscribers_and_the_publisher(system: System) -> None:
    system.deploy(Flow)

    system.ask("flow", "publish", {"text": "extra"})

    assert system.state("flow") == {"notes": ["extra"]}


def test_value_replaces_state_and_tags(system: System) -> None:
    system.deploy(Flow)

    assert system.ask("flow", "replace", {"notes": ["a"]}) == "replaced"

    assert system.state("flow") == {"notes": ["a"]}
    assert system.turns()[0].tags_after == {"by": "replace"}


def test_children_share_the_code_and_not_the_state(system: System) -> None:
    system.deploy(Account)

    system.ask("ann", "deposit", {"amount": 5}, parent="account")
    system.ask("bob", "deposit", {"amount": 7}, parent="account")

    assert system.ask("ann", "deposit", {"amount": 1}) == 6
    assert system.state("bob") == {"balance": 7}


def test_template_itself_takes_no_messages(system: System) -> None:
    system.deploy(Account)

    with pytest.raises(errors.DefinitionError, match="'account' is a template"):
        system.ask("account", "deposit", {"amount": 1})


def test_name_of_another_templates_child_is_refused_with_its_owner(system: System) -> None:
    class Other(Account, name="other", kind="unnamed"):
        pass

    system.deploy(Account)
    system.deploy(Other)
    system.ask("ann", "deposit", {"amount": 5}, parent="account")

    with pytest.raises(errors.NameTaken, match="belongs to 'account'"):
        system.ask("ann", "deposit", {"amount": 5}, parent="other")


def test_asynchronous_call_answers_before_it_runs(system: System) -> None:
    system.deploy(Counter)

    assert system.ask("counter", "add", {"value": 2}, asynchronous=True) is None
    assert system.ask("counter", "look") == 2


def test_unknown_actor_is_told_to_asynchronous_callers_too(system: System) -> None:
    with pytest.raises(errors.UnknownActor):
        system.ask("nobody", "add", asynchronous=True)


def test_two_actors_that_ask_each_other_at_once_do_not_wait_for_ever(stepping: StepDriver) -> None:
    class Left(Actor, name="left"):
        @action
        async def go(self, ctx: Context) -> str:
            return str(await ctx.invoke("right", "answer"))

        @action
        async def answer(self) -> str:
            return "left"

    class Right(Actor, name="right"):
        @action
        async def go(self, ctx: Context) -> str:
            return str(await ctx.invoke("left", "answer"))

        @action
        async def answer(self) -> str:
            return "right"

    stepping.deploy(Left)
    stepping.deploy(Right)
    both = [stepping.send("left", "go"), stepping.send("right", "go")]

    stepping.run()

    with pytest.raises(errors.CallCycle, match="right → left → right"):
        both[1].result()
    assert both[0].result() == "right"


def test_actor_may_be_asked_again_after_it_has_answered(stepping: StepDriver) -> None:
    class Asker(Actor, name="asker"):
        @action
        async def twice(self, ctx: Context) -> list[str]:
            return [str(await ctx.invoke("echo", "say", {"text": text})) for text in "ab"]

    stepping.deploy(Asker)
    stepping.deploy(Echo)

    assert stepping.ask("asker", "twice") == ["A", "B"]


def test_effect_carries_the_requests_metadata_overlaid_with_its_own(system: System) -> None:
    class Passing(Actor, name="passing"):
        @action
        def go(self) -> Value:
            return Value.of().effect(SideEffect.to("counter", "add", {"value": 1}, metadata={"b": "own"}))

    system.deploy(Passing)
    system.deploy(Counter)

    system.ask("passing", "go", metadata={"a": "request", "b": "request"})
    system.ask("counter", "look")

    [added] = [turn for turn in system.turns() if turn.action == "add"]
    assert added.metadata == {"a": "request", "b": "own"}


def test_broadcast_carries_no_metadata(system: System) -> None:
    system.deploy(Flow)

    system.ask("flow", "publish", {"text": "x"}, metadata={"a": "request"})
    system.state("flow")

    [heard] = [turn for turn in system.turns() if turn.action == "heard"]
    assert heard.metadata == {}


def test_checkpoint_has_the_state_on_disk_before_the_answer(stepping: StepDriver) -> None:
    class Saving(Actor, name="saving", durability="snapshot"):
        total: int = 0

        @action
        def save(self) -> Value:
            self.total += 1
            return Value.of(self.total).checkpoint()

    stepping.writes_at_once = False
    stepping.deploy(Saving)
    pending = stepping.send("saving", "save")
    stepping.run()
    assert not pending.is_done

    stepping.write()

    assert pending.result() == 1
    stepping.crash()
    assert stepping.ask("saving", "get") == {"total": 1}


class Sink(Actor, name="sink", channels=("all", "heard")):
    came: list[str] = []

    @action
    def effected(self, ctx: Context, text: str) -> None:
        self.came.append(f"effect {text} {sorted(ctx.metadata.items())}")

    @action
    def told(self, text: str) -> None:
        self.came.append(f"told {text}")

    @action
    def heard(self, ctx: Context, text: str) -> None:
        self.came.append(f"broadcast {text} {sorted(ctx.metadata.items())}")

    @action
    def piped(self, ctx: Context, text: str) -> str:
        assert ctx.caller is not None
        self.came.append(f"pipe {text} {sorted(ctx.metadata.items())} from {ctx.caller.name}")
        return "from the end"


class Everything(Actor, name="everything"):
    @action
    def start(self, ctx: Context, text: str) -> Value:
        ctx.tell("sink", "told", {"text": text})
        return (
            Value.of({"text": text + "!"})
            .pipe(Pipe.to("sink", "piped"))
            .broadcast(Broadcast.to("all", {"text": text}))
            .effect(SideEffect.to("sink", "effected", {"text": text}, metadata={"own": "1"}))
        )


def test_workflow_runs_in_spawns_order_whatever_order_it_was_built_in(system: System) -> None:
    system.deploy(Sink)
    system.deploy(Everything)

    answer = system.ask("everything", "start", {"text": "a"}, metadata={"of": "request"})

    assert answer == "from the end"
    assert system.state("sink")["came"] == [
        "told a",
        "effect a [('of', 'request'), ('own', '1')]",
        "broadcast a []",
        "pipe a! [('of', 'request')] from everything",
    ]


def test_discarded_dead_letters_are_given_back_and_gone(stepping: StepDriver) -> None:
    for n in range(3):
        stepping.submit(build_invocation(f"lost-{n}", "test", "nobody", "add", {"value": n}, {}), None)
    stepping.run()
    engine = stepping.engine

    given_up = engine.discard_letters(["lost-0", "lost-2", "unheard-of"])

    assert [letter.invocation.id for letter in given_up] == ["lost-0", "lost-2"]
    assert [letter.invocation.id for letter in engine.feed.recent_letters.values()] == ["lost-1"]
    assert engine.discard_letters(["lost-0"]) == []


def test_child_of_a_template_that_is_not_there_is_unknown_with_the_nearest_name(system: System) -> None:
    system.deploy(Account)

    with pytest.raises(errors.UnknownActor, match=r"no actor 'acount'.*account"):
        system.ask("ann", "deposit", {"amount": 1}, parent="acount")
