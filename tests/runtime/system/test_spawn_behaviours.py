"""The behaviours that Spawn's own tests check, one test each, by number (docs/protocols.md, "Behaviours that Spawn tests").

Not here: 1, 3 and 4 are the proxy's (tests/runtime/servers/spawn_proxy/test_spawn_behaviours.py), 8 to 10 need several
nodes, 25 is a test that passes by mistake, and 41 to 46 are SQL views of projections, which DuckDB takes the place of.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.wrappers_pb2 import BoolValue, StringValue

from runtime import Actor, Broadcast, Context, Forward, Pipe, SideEffect, Value, action, errors, init, timer
from runtime.authoring.definition import define
from runtime.authoring.settings import Kind
from runtime.drivers.step_driver import StepDriver
from runtime.engine.state import EngineOptions
from runtime.ids import ActorId
from runtime.security.access_policies import AccessRules, parse_policy
from runtime.stores.registry import open_store
from runtime.system.embedded import EmbeddedSystem, embedded
from runtime.wire.codecs.values import decode_value, encode_value

KEY = bytes(range(32))


class Summing(Actor, name="summing"):
    value: int = 1

    @action
    def sum(self, value: int) -> dict[str, int]:
        self.value += value
        return {"value": self.value}

    @action
    def fail(self) -> None:
        raise RuntimeError("on purpose")


class Child(Actor, name="child", kind="unnamed", stateful=True):
    value: int = -1
    ticks: int = 0

    @init
    def begin(self) -> None:
        self.value = 0

    @timer(every=5)
    def tick(self) -> None:
        self.ticks += 1

    @action
    def plus_one(self) -> int:
        self.value += 1
        return self.value


class First(Actor, name="first_actor"):
    @action
    def piped(self, text: str) -> Value:
        return Value.of({"text": text + " one"}).pipe(Pipe.to("second_actor", "piped"))

    @action
    def forwarded(self, text: str) -> Value:
        return Value.of({"text": "dropped"}).forward(Forward.to("second_actor", "forwarded"))


class Second(Actor, name="second_actor"):
    @action
    def piped(self, text: str) -> Value:
        return Value.of().pipe(Pipe.to("third_actor", "seen"))

    @action
    def forwarded(self, text: str) -> Value:
        return Value.of({"text": "dropped too"}).forward(Forward.to("third_actor", "seen"))


class Third(Actor, name="third_actor"):
    @action
    def seen(self, ctx: Context, text: str = "nothing") -> dict[str, object]:
        caller = ctx.caller.name if ctx.caller is not None else None
        return {"text": text, "caller": caller, "metadata": dict(ctx.metadata)}


class Tagged(Actor, name="tagged", tags={"bar": "unchanged"}):
    @init
    def begin(self, ctx: Context) -> Value:
        return Value.of().tags({**ctx.tags, "foo": "initial"})

    @action
    def change_tags(self, ctx: Context) -> Value:
        return Value.of(ctx.tags["foo"]).tags({**ctx.tags, "foo": "changed"})

    @action
    def look(self, ctx: Context) -> dict[str, str]:
        return dict(ctx.tags)


class Echoing(Actor, name="echoing", channels=("news", "heard")):
    heard_text: str = ""

    @action
    def publish(self, text: str) -> Value:
        return Value.of("published").broadcast(Broadcast.to("news", {"text": text}))

    @action
    def heard(self, text: str) -> None:
        self.heard_text = text


class Receiving(Actor, name="receiving", channels="news"):
    text: str = ""

    @action
    def receive(self, text: str) -> None:
        self.text = text


class Sided(Actor, name="sided"):
    @action
    def go(self, delay: float = 0.0) -> Value:
        effect = SideEffect.to("summing", "sum", {"value": 9}, delay=delay or None)
        return Value.of("at once").effect(effect)


class Pool(Actor, name="pool", kind="pooled", pool=(1, 3)):
    @action
    def work(self, value: int) -> int:
        return value * 2


class Typed(Actor, name="typed", state_type=StringValue):
    @action
    def set(self, text: str) -> Value:
        return Value.of({"set": text}, StringValue(value=text))

    @action
    def set_another(self) -> Value:
        return Value.of("done", BoolValue(value=True))

    @action
    def set_map(self) -> Value:
        return Value.of("done", {"value": "a map"})


class Named(Actor, name="named-in-node", tags={"initial": "initialTags"}):
    name: str = ""

    @init
    def begin(self, ctx: Context) -> Value:
        return Value.of().tags({**ctx.tags, "init": "initTag"})

    @action
    def set_name(self, name: str) -> None:
        self.name = name

    @action
    def describe(self, ctx: Context) -> Value:
        tags = {**ctx.tags, "meta": ctx.metadata["from"]}
        return Value.of("-".join([self.name + tags["meta"], tags["initial"], tags["init"]])).tags(tags)

    @action
    def hand_on(self, name: str) -> Value:
        return Value.of({"text": name + "Internal"}).pipe(Pipe.to("transforming", "transform"))

    @action
    def pass_on(self, text: str) -> Value:
        return Value.of({"text": "not this"}).forward(Forward.to("transforming", "transform"))


class Transforming(Actor, name="transforming"):
    @action
    def transform(self, text: str) -> str:
        return "transformed " + text


@pytest.fixture
def system() -> Iterator[StepDriver]:
    driver = StepDriver(open_store("memory://", key=KEY), options=EngineOptions(system="spawn-system"))
    for actor in (
        Summing,
        Child,
        First,
        Second,
        Third,
        Tagged,
        Echoing,
        Receiving,
        Sided,
        Pool,
        Typed,
        Named,
        Transforming,
    ):
        driver.deploy(actor)
    yield driver
    driver.close()


def test_behaviour_2_get_state_of_a_fresh_actor_is_its_initial_state(system: StepDriver) -> None:
    assert system.ask("summing", "get_state") == {"value": 1}


def test_behaviour_5_action_answers_with_the_hosts_response(system: StepDriver) -> None:
    assert system.ask("summing", "sum", {"value": 1}) == {"value": 2}


def test_behaviour_7_asynchronous_call_answers_at_once(system: StepDriver) -> None:
    system.ask("summing", "get")
    pending = system.send("summing", "sum", {"value": 1}, asynchronous=True)

    assert pending.is_done
    assert pending.result() is None


MIKE, ROBERT = ActorId("spawn-system", "mike"), ActorId("spawn-system", "robert")
ACL = {
    11: ("type: allow", MIKE, "sum", True),
    12: ("type: deny", MIKE, "sum", False),
    13: ("type: allow\nactors: robert", ROBERT, "sum", True),
    14: ("type: allow\nactors: robert", MIKE, "sum", False),
    15: ("type: deny\nactors: robert", ROBERT, "sum", False),
    16: ("type: allow\nactions: get", MIKE, "get", True),
    17: ("type: deny\nactions: get", MIKE, "get", False),
    18: ("type: allow\nactions: get", MIKE, "sum", False),
}


@pytest.mark.parametrize("number", ACL)
def test_behaviours_11_to_18_policies_allow_and_deny(number: int) -> None:
    text, caller, name, allowed = ACL[number]

    assert (AccessRules([parse_policy("p", text)]).why_not(caller, name) == "") is allowed


def test_behaviour_19_message_is_packed_under_its_full_name_and_comes_back() -> None:
    packed = encode_value(StringValue(value="a"), what="it")

    assert packed is not None
    assert packed.type == "type.googleapis.com/google.protobuf.StringValue"
    assert decode_value(packed) == StringValue(value="a")


def test_behaviour_20_definition_keeps_kind_and_has_spawns_defaults() -> None:
    settings = define(Child).settings
    assert (settings.kind, settings.stateful) == (Kind.UNNAMED, True)
    assert (settings.deactivate_timeout_ms, settings.snapshot_timeout_ms) == (10_000, 2_000)


def test_behaviour_21_action_called_directly_is_an_ordinary_method() -> None:
    value = First().piped("hi")

    assert value.payload == {"text": "hi one"}


def test_behaviour_23_lazy_child_has_the_state_that_init_set(system: StepDriver) -> None:
    assert system.ask("lazy", "getState", parent="child") == {"value": 0, "ticks": 0}


def test_behaviour_24_delayed_call_runs_soon_and_changes_the_state(system: StepDriver) -> None:
    system.ask("sided", "go", {"delay": 0.005})
    system.advance(0.1)
    system.run()

    assert system.ask("summing", "get") == {"value": 10}


def test_behaviour_26_json_map_in_and_out(system: StepDriver) -> None:
    assert system.ask("summing", "sum", {"value": 1}) == {"value": 2}


def test_behaviour_27_timer_of_a_lazy_child_ticks(system: StepDriver) -> None:
    assert system.ask("lazy", "get", parent="child")["ticks"] == 0
    for _ in range(4):
        system.advance(0.005)
        system.run()

    assert system.ask("lazy", "get")["ticks"] > 1


def test_behaviour_28_exception_reaches_the_caller(system: StepDriver) -> None:
    with pytest.raises(errors.ActionFailed, match="on purpose"):
        system.ask("summing", "fail")


def test_behaviour_29_pipe_ends_with_the_last_and_keeps_metadata(system: StepDriver) -> None:
    answer = system.ask("first_actor", "piped", {"text": "hi"}, metadata={"trace": "1"})

    assert answer == {"text": "nothing", "caller": "second_actor", "metadata": {"trace": "1"}}


def test_behaviour_30_forward_hands_on_the_original_payload(system: StepDriver) -> None:
    answer = system.ask("first_actor", "forwarded", {"text": "hi"})

    assert (answer["text"], answer["caller"]) == ("hi", "second_actor")


def test_behaviour_31_side_effect_runs_apart_from_the_answer(system: StepDriver) -> None:
    pending = system.send("sided", "go")
    while not pending.is_done:
        system.step()

    assert pending.result() == "at once"
    system.run()
    assert system.ask("summing", "get") == {"value": 10}


@pytest.mark.parametrize("another", ["set_another", "set_map"])
def test_behaviours_32_and_33_state_of_another_type_is_refused_in_its_turn(system: StepDriver, another: str) -> None:
    system.ask("typed", "set", {"text": "a"})

    with pytest.raises(errors.BadState, match=r"google\.protobuf\.StringValue"):
        system.ask("typed", another)

    assert system.ask("typed", "get") == StringValue(value="a"), "and not only when it is read"


def test_behaviour_34_map_is_answered_as_json_by_an_actor_with_a_message_state(system: StepDriver) -> None:
    assert system.ask("typed", "set", {"text": "a"}) == {"set": "a"}


def test_behaviour_35_tags_of_init_and_actions_survive(system: StepDriver) -> None:
    assert [system.ask("tagged", "change_tags") for _ in range(2)] == ["initial", "changed"]
    assert system.ask("tagged", "look") == {"bar": "unchanged", "foo": "changed"}


@pytest.mark.parametrize("number", [36, 55])
def test_behaviours_36_and_55_pooled_call_answers(system: StepDriver, number: int) -> None:
    assert system.ask("pool", "work", {"value": number}) == 2 * number


def test_behaviour_37_publisher_hears_its_own_broadcast(system: StepDriver) -> None:
    system.ask("echoing", "publish", {"text": "extra"})
    system.run()

    assert system.ask("echoing", "get") == {"heard_text": "extra"}


def test_behaviour_38_ten_thousand_piped_calls_all_answer(system: StepDriver) -> None:
    sent = [system.send("first_actor", "piped", {"text": str(number)}) for number in range(10_000)]
    system.run()

    assert all(each.result()["caller"] == "second_actor" for each in sent)


def test_behaviours_39_and_40_saved_state_is_read_back_and_renewed(system: StepDriver) -> None:
    actor = ActorId("spawn-system", "summing")
    system.ask("summing", "sum", {"value": 1})
    first = system.store.load(actor)
    system.clock.advance(1)
    system.ask("summing", "sum", {"value": 1})
    second = system.store.load(actor)

    assert first is not None
    assert second is not None
    assert (first.revision, second.revision) == (1, 2)
    assert second.at_us > first.at_us


def test_behaviour_47_unknown_action_is_an_error(system: StepDriver) -> None:
    with pytest.raises(errors.UnknownAction):
        system.ask("summing", "nothing")


def test_behaviour_48_name_that_was_set_is_in_the_state(system: StepDriver) -> None:
    system.ask("named-in-node", "set_name", {"name": "newName"})

    assert system.ask("named-in-node", "getState") == {"name": "newName"}


def test_behaviour_49_metadata_is_seen_and_tags_of_all_origins_stay(system: StepDriver) -> None:
    system.ask("named-in-node", "set_name", {"name": "newName"})

    answer = system.ask("named-in-node", "describe", metadata={"from": "Meta"})

    assert answer == "newNameMeta-initialTags-initTag"
    system.crash()
    stored = system.store.load(ActorId("spawn-system", "named-in-node"))
    assert stored is not None
    assert stored.tags == {"initial": "initialTags", "init": "initTag", "meta": "Meta"}


def test_behaviour_50_asynchronous_call_is_seen_by_the_next_get(system: StepDriver) -> None:
    assert system.ask("summing", "sum", {"value": 4}, asynchronous=True) is None
    assert system.ask("summing", "get") == {"value": 5}


def test_behaviour_51_child_is_made_by_reference(system: StepDriver) -> None:
    assert system.ask("by-reference", "plus_one", parent="child") == 1
    assert system.ask("by-reference", "plus_one") == 2


def test_behaviour_52_pipe_and_forward_answer_with_the_transformed_and_keep_the_state(system: StepDriver) -> None:
    system.ask("named-in-node", "set_name", {"name": "newName"})

    assert system.ask("named-in-node", "hand_on", {"name": "newNameInput"}) == "transformed newNameInputInternal"
    assert system.ask("named-in-node", "pass_on", {"text": "newNameForward"}) == "transformed newNameForward"
    assert system.ask("named-in-node", "get") == {"name": "newName"}


def test_behaviour_56_json_actor_counts_from_its_state(system: StepDriver) -> None:
    assert system.ask("lazy", "getState", parent="child")["value"] >= 0
    assert system.ask("lazy", "plus_one", parent="child") >= 1


def test_behaviour_53_effect_a_second_later_changes_state(system: StepDriver) -> None:
    system.ask("sided", "go", {"delay": 1.0})
    system.advance(0.9)
    system.run()
    assert system.ask("summing", "get") == {"value": 1}

    system.advance(0.1)
    system.run()
    assert system.ask("summing", "get") == {"value": 10}


def test_behaviour_54_broadcast_reaches_receive_of_another_actor(system: StepDriver) -> None:
    system.ask("echoing", "publish", {"text": "hello"})
    system.run()

    assert system.ask("receiving", "get") == {"text": "hello"}


class Tasking(Actor, name="tasking", kind="task"):
    value: int = 0

    @action
    def compute(self, value: int) -> dict[str, int]:
        self.value = value
        return {"value": value}


@pytest.fixture
def tasks() -> Iterator[EmbeddedSystem]:
    with embedded(key=KEY) as running:
        running.deploy(Tasking)
        yield running


def test_behaviour_6_task_actor_answers_with_its_response(tasks: EmbeddedSystem) -> None:
    assert tasks.invoke("tasking", "compute", {"value": 5}) == {"value": 5}


def test_behaviour_22_state_that_a_task_set_is_read_back(tasks: EmbeddedSystem) -> None:
    tasks.invoke("tasking", "compute", {"value": 999})

    assert tasks.invoke("tasking", "GetState") == {"value": 999}
