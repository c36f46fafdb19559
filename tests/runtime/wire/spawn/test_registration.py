"""Registrations in both dialects, as definitions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.authoring.settings import Channel, Kind, Subject
from runtime.errors import DefinitionError
from runtime.records import JSON, Encoded
from runtime.wire.pb.eigr.functions.protocol.actors import protocol_pb2 as old
from runtime.wire.pb.spawn.actors import actor_pb2 as actors
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from runtime.wire.spawn.messages import Dialect
from runtime.wire.spawn.registration import Registered, get_registration, read_registration


def registered(actor: actors.Actor, name: str = "counter") -> Registered:
    request = pb.RegistrationRequest()
    actor.id.name = name
    request.actor_system.registry.actors[name].CopyFrom(actor)
    return get_registration(read_registration(request.SerializeToString())).actors[0]


def old_registration(topic: str) -> bytes:
    request = old.RegistrationRequest()
    actor = request.actor_system.registry.actors["counter"]
    actor.id.name = "counter"
    actor.metadata.channel_group = topic
    return request.SerializeToString()


def channels_of(body: bytes) -> tuple[Channel, ...]:
    return get_registration(read_registration(body)).actors[0].definition.settings.channels


# `event` and `hi` happen to be messages with unknown fields.
@pytest.mark.parametrize("topic", ["topic.a", "event", "hi", "counters", "a" * 9, "日本", "x" * 300])
def test_channel_of_an_old_sdk_is_read_as_a_topic(topic: str) -> None:
    assert channels_of(old_registration(topic)) == (Channel(topic, "receive"),)


@given(st.from_regex(r"[a-zA-Z][a-zA-Z0-9_.\-]{0,30}", fullmatch=True))
def test_every_ordinary_channel_name_of_an_old_sdk_is_read(topic: str) -> None:
    assert channels_of(old_registration(topic)) == (Channel(topic, "receive"),)


def test_channels_of_a_new_sdk_keep_their_actions() -> None:
    actor = actors.Actor()
    actor.metadata.channel_group.add(topic="a")
    actor.metadata.channel_group.add(topic="b", action="OnB")

    assert registered(actor).definition.settings.channels == (Channel("a", "receive"), Channel("b", "OnB"))


def test_settings_are_read_and_zero_means_the_default() -> None:
    actor = actors.Actor()
    actor.settings.kind, actor.settings.stateful = actors.UNNAMED, True
    actor.settings.deactivation_strategy.timeout.timeout = 0
    actor.settings.snapshot_strategy.timeout.timeout = 5_000
    actor.state.tags["colour"] = "red"
    settings = registered(actor).definition.settings

    assert (settings.kind, settings.stateful, settings.tags) == (Kind.UNNAMED, True, {"colour": "red"})
    assert (settings.deactivate_timeout_ms, settings.snapshot_timeout_ms) == (10_000, 5_000)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (actors.UNKNOW_KIND, Kind.NAMED),
        (actors.PROXY, Kind.NAMED),
        (actors.TASK, Kind.NAMED),
        (actors.POOLED, Kind.POOLED),
    ],
)
def test_kinds_become_those_of_this_runtime(kind: actors.Kind, expected: Kind) -> None:
    actor = actors.Actor()
    actor.settings.kind = kind

    assert registered(actor).definition.settings.kind is expected


def test_subjects_of_a_projection_are_read() -> None:
    actor = actors.Actor()
    actor.settings.projection_settings.subjects.add(actor="order", source_action="place", action="on_place")

    assert registered(actor).definition.settings.subjects == (Subject("order", "place", "on_place"),)


def test_first_init_name_is_the_init_action_and_timers_are_in_milliseconds() -> None:
    actor = actors.Actor()
    for name in ("add", "setup", "init"):
        actor.actions.add(name=name)
    actor.timer_actions.add(seconds=300).action.name = "tick"
    actions = registered(actor).definition.actions

    assert {name: spec.role for name, spec in actions.items()} == {
        "add": "action",
        "setup": "init",
        "init": "action",
        "tick": "timer",
    }
    assert actions["tick"].every_ms == 300


@pytest.mark.parametrize("action", ["", "spawn.restore", "x" * 1_001])
def test_names_that_actions_may_not_have_are_refused(action: str) -> None:
    actor = actors.Actor()
    actor.actions.add(name=action)

    with pytest.raises(DefinitionError, match="not a name that an action may have"):
        registered(actor)


def test_actor_without_a_name_is_refused() -> None:
    with pytest.raises(DefinitionError, match="a name is text"):
        registered(actors.Actor(), name="")


def test_initial_state_shows_the_dialect_and_the_hash_does_not_depend_on_it() -> None:
    def registration(dialect: Dialect) -> tuple[Dialect, str, Encoded | None]:
        request = pb.RegistrationRequest()
        actor = request.actor_system.registry.actors["counter"]
        actor.id.name = "counter"
        actor.state.state.type_url = f"type.googleapis.com/{dialect}.JSONType"
        actor.state.state.value = pb.JSONType(content='{"n":0}').SerializeToString()
        read = get_registration(request)
        return read.dialect, read.actors[0].definition.hash, read.actors[0].initial

    (one, first_hash, initial), (two, second_hash, _) = registration(Dialect.OLD), registration(Dialect.NEW)

    assert (one, two) == (Dialect.OLD, Dialect.NEW)
    assert first_hash == second_hash
    assert initial == Encoded(JSON, b'{"n":0}')


def test_hash_changes_with_actions_and_settings() -> None:
    plain, more, pooled = actors.Actor(), actors.Actor(), actors.Actor()
    more.actions.add(name="add")
    pooled.settings.kind = actors.POOLED

    assert len({registered(each).definition.hash for each in (plain, more, pooled)}) == 3


def test_code_of_a_foreign_action_cannot_be_called_here() -> None:
    actor = actors.Actor()
    actor.actions.add(name="add")

    with pytest.raises(TypeError, match="another process"):
        registered(actor).definition.actions["add"].function()


def test_both_dialects_live_in_one_process() -> None:
    assert old.RegistrationRequest.DESCRIPTOR.full_name == "eigr.functions.protocol.RegistrationRequest"
    assert pb.RegistrationRequest.DESCRIPTOR.full_name == "spawn.RegistrationRequest"
