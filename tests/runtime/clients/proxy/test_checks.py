"""The published checks of transports over Spawn's HTTP, as far as a proxy offers it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.api import SystemApi
from runtime.clients.proxy.client import connect
from runtime.errors import ActionFailed, NotCapable, UnknownAction
from runtime.servers.spawn_host.notebook_host import join
from runtime.servers.spawn_proxy.server import RunningProxy, serve
from runtime.system.embedded import EmbeddedSystem, embedded
from runtime.testing.transport_actors import TallyLater
from runtime.testing.transport_checks import Place, TransportChecks


@pytest.fixture
def node(tmp_path: Path) -> Iterator[EmbeddedSystem]:
    with embedded(store=f"sqlite:///{tmp_path / 'node.db'}", key=bytes(32)) as system:
        yield system


@pytest.fixture
def running(node: EmbeddedSystem) -> Iterator[RunningProxy]:
    running = serve(node, http_port=0)
    yield running
    running.close(2.0)


class ProxyChecks(TransportChecks):
    """What Spawn's protocol has no place for is left out of the checks."""

    def test_failed_action_keeps_type_text_and_line(self, system: SystemApi) -> None:
        with pytest.raises(ActionFailed) as caught:
            system.invoke("tally", "fail", {"text": "no such thing"})

        error = caught.value
        assert (error.actor, error.action, error.type_name, error.text) == (
            "tally",
            "fail",
            "LookupError",
            "no such thing",
        )
        assert error.invocation


class TestActorsOfTheProxy(ProxyChecks):
    @pytest.fixture
    def place(self, node: EmbeddedSystem, running: RunningProxy) -> Iterator[Place]:
        with connect(running.address, mode="act") as client:
            yield Place(client, deploy=node.deploy)


class TestActorsOfTheClient(ProxyChecks):
    """This process is the proxy's host."""

    @pytest.fixture
    def place(self, running: RunningProxy) -> Iterator[Place]:
        with join(running.address) as client:
            yield Place(client, deploy=client.deploy)

    # The state is in the proxy, which does not look into it: what a redeploy does to it is seen in the next turn.

    def test_redeploy_keeps_the_state_and_says_what_changed(self, place: Place, system: SystemApi) -> None:
        system.invoke("tally", "add", {"value": 2})

        report = place.deploy(TallyLater)

        assert "describe()" in report.added_actions
        assert system.invoke("tally", "describe") == "new 2"
        with pytest.raises(UnknownAction):
            system.invoke("tally", "echo")

    def test_dropped_fields_are_kept_until_confirmed(self, place: Place, system: SystemApi) -> None:
        system.invoke("tally", "add", {"value": 2})
        place.deploy(TallyLater)
        system.invoke("tally", "add", {"value": 1})

        assert system.state("tally") == {"seen": [2], "total": 12, "note": "new"}
        with pytest.raises(NotCapable):
            system.confirm_dropped("tally")

    def test_state_after_a_redeploy_has_its_new_shape(self, place: Place, system: SystemApi) -> None:
        system.invoke("tally", "add", {"value": 2})
        place.deploy(TallyLater)
        system.invoke("tally", "add", {"value": 0})

        state = system.state("tally")
        assert (state["total"], state["note"]) == (2, "new")
