"""Actors whose code is in a client: it leaves, breaks off, comes back, or replaces what ran before."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from runtime.authoring.actor import Actor, action
from runtime.authoring.context import Context
from runtime.clients.node.client import NodeClient
from runtime.errors import ActionTimeout, BadResponse, HostFailed, NotDeployed, SpawnError
from runtime.testing.transport_actors import WAIT_S, Gate, Relay, Tally, TallyLater, gates
from runtime.testing.transport_checks import until
from tests.runtime.clients.node.conftest import Node
from tests.runtime.limited import LimitedActions, ended


@pytest.fixture
def gate() -> Any:
    gates["offered"] = Gate()
    yield gates["offered"]
    gates.pop("offered").open()


def refusal(node: Node, actor: str = "tally") -> type[Exception] | None:
    """The class of the error that a call at the node gets; None for none."""
    try:
        node.system.invoke(actor, "add", {"value": 0})
    except SpawnError as error:
        return type(error)
    return None


def test_node_never_gets_the_code(node: Node, client: NodeClient) -> None:
    client.deploy(Tally)

    [definition] = node.system.definitions()
    assert "class Tally" in definition.source  # shown, compared
    template = node.system.driver.engine.directory.templates["tally"]
    assert template.definition.actor_class is None


def test_everybody_can_call_an_offered_actor(node: Node, client: NodeClient) -> None:
    client.deploy(Tally)

    with node.connect() as another:
        assert another.invoke("tally", "add", {"value": 1}) == {"total": 1}
    assert node.system.invoke("tally", "add", {"value": 1}) == {"total": 2}


class Verbose(Actor, name="verbose"):
    text: str = ""

    @action
    def say(self, megabytes: int) -> str:
        self.text = "x" * (megabytes * 1_000_000)
        return self.text

    @action
    def length(self) -> int:
        return len(self.text)


def test_outcome_that_fits_no_message_fails_and_breaks_nothing(node: Node, client: NodeClient) -> None:
    client.deploy(Verbose)
    node.system.invoke("verbose", "say", {"megabytes": 1})

    with pytest.raises(BadResponse, match="80,000,"):
        node.system.invoke("verbose", "say", {"megabytes": 40})

    assert node.system.invoke("verbose", "length") == 1_000_000


class Limited(LimitedActions, name="limited"):
    @action(timeout="200ms")
    def call(self, ctx: Context) -> None:
        try:
            ctx.call("slow", "wait")
        finally:
            ended.append("call")


class Slow(Actor, name="slow"):
    @action
    async def wait(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize("name", ["spin", "spin_async", "wait_async", "call"])
def test_offered_action_is_ended_at_its_limit_where_it_runs(node: Node, client: NodeClient, name: str) -> None:
    ended.clear()
    node.system.deploy(Slow)
    client.deploy(Limited)

    with pytest.raises(ActionTimeout, match=rf"limited\.{name} was ended: .* limit of 0\.2 s"):
        client.invoke("limited", name)

    until(lambda: name in ended, "the action ended")
    assert (client.invoke("limited", "ping"), client.invoke("limited", "ping_async")) == (0, 0)
    assert not node.system.status().problems


def test_offered_and_own_actors_call_each_other(node: Node, client: NodeClient) -> None:
    node.system.deploy(Tally)
    client.deploy(Relay)

    assert client.invoke("relay", "ask", {"actor": "tally", "action": "add", "payload": {"value": 2}}) == {"total": 2}


def test_actor_of_a_client_that_leaves_is_undeployed_with_its_state_kept(node: Node, client: NodeClient) -> None:
    with node.connect() as leaving:
        leaving.deploy(Tally)
        leaving.invoke("tally", "add", {"value": 5})

    until(lambda: refusal(node) is NotDeployed, "the actor without code")
    assert node.system.state("tally")["total"] == 5

    client.deploy(Tally)
    assert client.invoke("tally", "add", {"value": 1}) == {"total": 6}


def test_goodbye_is_not_taken_for_a_broken_connection(node: Node) -> None:
    node.system.deploy(Tally)
    node.go_away()
    node.patience_s = 60.0
    node.come_back()
    with node.connect() as leaving:
        leaving.deploy(TallyLater)

    until(lambda: "echo" in node.system.actions("tally"), "the earlier definition, at once")


def test_what_ran_before_runs_again_when_the_client_leaves(node: Node) -> None:
    node.system.deploy(Tally)
    with node.connect() as leaving:
        leaving.deploy(TallyLater)
        assert leaving.invoke("tally", "add", {"value": 1}) == {"total": 10}

    until(lambda: "echo" in node.system.actions("tally"), "the earlier definition")
    assert node.system.invoke("tally", "add", {"value": 1}) == {"total": 11}


def test_running_turn_fails_when_its_connection_breaks_and_runs_once(
    node: Node, client: NodeClient, gate: Gate
) -> None:
    client.deploy(Tally)
    errors: list[BaseException] = []

    def call() -> None:
        try:
            node.system.invoke("tally", "wait", {"gate": "offered"})
        except HostFailed as error:
            errors.append(error)

    caller = threading.Thread(target=call)
    caller.start()
    assert gate.entered.acquire(timeout=WAIT_S), "the action did not begin"
    node.go_away()
    caller.join(WAIT_S)
    gate.open()

    assert "is not run again" in str(errors[0])
    assert not gate.entered.acquire(blocking=False)


def test_host_comes_back_with_everything_that_it_offered(node: Node, client: NodeClient) -> None:
    client.deploy(Tally)
    client.invoke("tally", "add", {"value": 1})

    node.go_away()
    node.come_back()

    until(lambda: refusal(node) is None, "the host, back with its actor")
    assert node.system.invoke("tally", "add", {"value": 1}) == {"total": 2}


def test_redeploy_is_refused_where_the_state_does_not_fit(node: Node, client: NodeClient) -> None:
    class Worded(Actor, name="tally"):
        total: list[str] = []

        @action
        def add(self, value: int) -> None: ...

    client.deploy(Tally)
    client.invoke("tally", "add", {"value": 1})

    with pytest.raises(SpawnError, match="was not deployed"):
        client.deploy(Worded)

    assert client.invoke("tally", "add", {"value": 1}) == {"total": 2}


def test_changed_body_is_reported(client: NodeClient) -> None:
    class First(Actor, name="one"):
        @action
        def go(self) -> int:
            return 1

    class Second(Actor, name="one"):
        @action
        def go(self) -> int:
            return 2

    client.deploy(First)

    assert client.deploy(Second).changed_actions == ("go (body)",)


def test_forty_blocking_actions_of_a_client_run_at_once(client: NodeClient, gate: Gate) -> None:
    class Waiter(Actor, name="waiter", kind="unnamed"):
        @action
        def wait(self) -> None:
            gates["offered"].pass_through()

    client.deploy(Waiter)
    for number in range(40):
        client.invoke(f"waiter/{number}", "wait", parent="waiter", asynchronous=True)

    for _ in range(40):
        assert gate.entered.acquire(timeout=WAIT_S), "an action did not begin beside the others"


def test_the_owner_knows_whose_code_runs_and_when_it_left(node: Node) -> None:
    told: list[str] = []
    node.system.guest_acts.listener = lambda act: told.append(f"{act.act} {act.actor}")
    with node.connect() as client:
        client.deploy(Tally)
        [sentence] = node.system.status().guests

    assert sentence.startswith("tally now runs code of ")
    until(lambda: told == ["deploy tally", "take back tally"], "the node has not told that the client left")
    assert node.system.status().guests == ()


def test_a_host_offers_new_code_of_a_changed_helper(node: Node, client: NodeClient) -> None:
    names: dict[str, Any] = {"Actor": Actor, "action": action, "__name__": "__main__"}
    exec("class Priced(Actor, name='priced'):\n    @action\n    def ask(self) -> int:\n        return rate()", names)
    exec("def rate():\n    return 1", names)
    first = client.deploy(names["Priced"])
    exec("def rate():\n    return 2", names)
    second = client.deploy(names["Priced"])

    assert second.changed
    assert second.definition != first.definition
    assert node.system.invoke("priced", "ask") == 2
    node.system.flush()
    assert [turn for batch in node.system.turns(actor="priced") for turn in batch][-1].definition == second.definition
