"""What a host of ours registers with a real proxy, also after a redeploy and after a restart that it is not told of."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from runtime.authoring.actor import Actor, action
from runtime.errors import HostFailed, UnknownActor
from runtime.servers.spawn_host.host import ActorHost
from runtime.testing.raw_host import Raw, ok
from runtime.wire.pb.spawn.actors import actor_pb2 as actors
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.limited import LimitedActions, ended
from tests.runtime.servers.proxies import json_text
from tests.runtime.servers.real_proxy import ACCEPTED, Counter, RealProxy, Tally, ask, call, until


def test_registration_has_everything_whose_absence_crashes_a_real_proxy(
    proxy: RealProxy, hosting: Callable[..., ActorHost]
) -> None:
    hosting().deploy(Tally)
    registered = proxy.registrations()[0]
    actor = registered.actor_system.registry.actors["Tally"]

    assert registered.HasField("service_info")
    assert actor.HasField("metadata")
    assert actor.state.state == json_text('{"total":0}')
    assert actor.state.tags == {"colour": "red"}
    assert actor.settings.state_type == ""
    assert [each.name for each in actor.actions] == ["init", "add", "fail", "flow"]
    assert [(each.action.name, each.seconds) for each in actor.timer_actions] == [("tick", 3_600_000)]
    assert actor.metadata.channel_group[0] == actors.Channel(topic="news", action="add")
    assert (actor.settings.kind, actor.settings.stateful) == (actors.NAMED, True)
    assert actor.settings.deactivation_strategy.timeout.timeout == 10_000


def test_proxy_that_refuses_leaves_the_former_definition(proxy: RealProxy, hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Counter)
    refusal = pb.RegistrationResponse(status=pb.RequestStatus(status=pb.ERROR, message="Error on create Actors"))
    proxy.accepts = ok(refusal.SerializeToString(), status="500 Internal Server Error")

    with pytest.raises(HostFailed, match="Error on create Actors"):
        host.deploy(Tally)
    assert host.actors == ("Counter",)
    assert ask(host, call("Tally", "add"))[0] == 503


class Limited(LimitedActions, name="Tally"):
    """Takes the place of the tally."""


@pytest.mark.parametrize("name", ["spin", "spin_async", "wait_async"])
def test_action_beyond_its_limit_is_answered_as_a_failure_and_ended(
    hosting: Callable[..., ActorHost], name: str
) -> None:
    ended.clear()
    host = hosting()
    host.deploy(Limited)

    status, body = ask(host, call("Tally", name))

    assert status == 504
    assert f"Tally.{name} was ended: it took longer than its limit of 0.2 s".encode() in body
    until(lambda: name in ended, "the action ended")
    assert [ask(host, call("Tally", each))[0] for each in ("ping", "ping_async")] == [200, 200]


def test_redeploy_tells_what_a_real_proxy_takes_over_later(hosting: Callable[..., ActorHost]) -> None:
    class Later(Actor, name="Tally", deactivate_timeout="20s"):
        total: int = 0

        @action
        def add(self, value: int = 1) -> int:
            self.total += value
            return self.total

        @action
        def more(self) -> None: ...

    host = hosting()
    assert host.deploy(Tally).notes == ()
    notes = " ".join(host.deploy(Later).notes)

    assert "New actions (more) are not found by the proxy until Tally leaves memory, up to 13 s" in notes
    assert "Removed actions (fail, flow, init) are still accepted" in notes
    assert "old settings" in notes
    assert "old timers" in notes


def test_undeployed_actor_fails_and_an_unknown_one_is_named(hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Counter)
    host.undeploy("Counter")

    assert ask(host, call("Counter", "Incr"))[0] == 503
    with pytest.raises(UnknownActor):
        host.undeploy("Counter")


def test_restarted_proxy_gets_everything_registered_again(proxy: RealProxy, hosting: Callable[..., ActorHost]) -> None:
    host = hosting()
    host.deploy(Counter)
    host.deploy(Tally)
    until(lambda: host._watch.is_connected, "the proxy is watched")
    port = proxy.port
    proxy.__exit__()
    until(lambda: not host._watch.is_connected, "the loss was noticed")
    with RealProxy(port) as restarted:
        until(lambda: host.times_registered_again == 1, "the actors were registered again")

        assert set(restarted.registrations()[-1].actor_system.registry.actors) == {"Counter", "Tally"}


def test_registration_is_tried_again_until_the_restarted_proxy_takes_it(
    proxy: RealProxy, hosting: Callable[..., ActorHost]
) -> None:
    host = hosting()
    host.deploy(Counter)
    until(lambda: host._watch.is_connected, "the proxy is watched")
    port = proxy.port
    proxy.__exit__()
    restarted = RealProxy(port)
    restarted.accepts = Raw(b"HTTP/1.1 500 Internal Server Error\r\n\r\n", then_hang_up=True)
    with restarted:
        until(lambda: len(restarted.registrations()) >= 2, "it was tried again")
        restarted.accepts = ok(ACCEPTED)
        until(lambda: host.times_registered_again == 1, "it was taken")
