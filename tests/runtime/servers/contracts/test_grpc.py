"""A contract served as gRPC: all four kinds of methods, both kinds of actors, statuses, reflection, versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.empty_pb2 import Empty

from runtime.authoring.actor import Actor, action
from runtime.authoring.context import Context
from runtime.authoring.value import Value
from runtime.contracts.compiler import compile_text
from runtime.contracts.contract import Contract
from runtime.errors import ContractError
from runtime.security.crypto import TokenFiles
from runtime.servers.contracts.grpc import serve_contract
from runtime.servers.grpc_node.server import NodeServer
from runtime.system.embedded import embedded
from tests.runtime.contracts.shop import SHOP
from tests.runtime.servers.grpc_node.node import Raw

CONTRACT = compile_text(SHOP)


class CounterActor(Actor, **CONTRACT.Counter.settings):
    """Its state is a message of the contract."""

    @action
    def Add(self, ctx: Context, request: CONTRACT.AddRequest) -> Value:  # noqa: N802
        state = ctx.state
        state.total += request.value
        if request.note:
            state.notes.append(request.note)
        return Value.of(state)

    @action
    def AddAll(self, ctx: Context, request: CONTRACT.AddRequest) -> Value:  # noqa: N802
        return self.Add(ctx, request)

    @action
    def Follow(self, ctx: Context, request: CONTRACT.AddRequest) -> Value:  # noqa: N802
        return self.Add(ctx, request)

    @action
    def Notes(self, ctx: Context) -> list[dict[str, str]]:  # noqa: N802
        return [{"note": note} for note in ctx.state.notes]

    @action
    def Read(self) -> str:  # noqa: N802
        return "no counter state"


class AccountActor(Actor, **CONTRACT.Account.settings):
    """Plain Python, called by the contract's messages."""

    balance: int = 0

    @action
    def Pay(self, who: str, amount: int) -> dict[str, int]:  # noqa: N802
        self.balance += amount
        return {"amount": self.balance}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NodeServer]:
    with embedded() as system, NodeServer(system, token_files=TokenFiles(tmp_path / "tokens")) as server:
        system.deploy(CounterActor)
        system.deploy(AccountActor)
        serve_contract(server, CONTRACT)
        yield server


@pytest.fixture
def raw(server: NodeServer) -> Iterator[Raw]:
    raw = Raw(server)
    yield raw
    raw.close()


def unary(raw: Raw, path: str, request: Any, kind: Any, *more: tuple[str, str]) -> Any:
    method = raw.channel.unary_unary(f"/shop.v1.{path}")
    return kind.FromString(method(request.SerializeToString(), metadata=(*raw.metadata, *more), timeout=120))


def add(value: int, note: str = "") -> Any:
    return CONTRACT.AddRequest(value=value, note=note)


def test_method_is_an_action_of_the_actor(raw: Raw) -> None:
    assert unary(raw, "Counter/Add", add(5), CONTRACT.CounterState).total == 5
    assert unary(raw, "Counter/Add", add(2), CONTRACT.CounterState).total == 7


def test_request_names_the_instance_of_a_template(raw: Raw, server: NodeServer) -> None:
    for _ in range(2):
        answer = unary(raw, "Account/Pay", CONTRACT.Named(who="ada", amount=3), CONTRACT.Balance)

    assert answer.amount == 6
    assert server.system.state("ada") == {"balance": 6}


def test_client_stream_is_answered_by_its_last(raw: Raw) -> None:
    stream = raw.channel.stream_unary("/shop.v1.Counter/AddAll")

    data = stream(iter([add(n).SerializeToString() for n in (1, 2, 3)]), metadata=raw.metadata, timeout=120)

    assert CONTRACT.CounterState.FromString(data).total == 6


def test_both_streams_answer_one_by_one(raw: Raw) -> None:
    stream = raw.channel.stream_stream("/shop.v1.Counter/Follow")

    data = stream(iter([add(n).SerializeToString() for n in (1, 2, 3)]), metadata=raw.metadata, timeout=120)

    assert [CONTRACT.CounterState.FromString(each).total for each in data] == [1, 3, 6]


def test_server_stream_has_a_message_for_each_item(raw: Raw) -> None:
    for note in ("a", "b"):
        unary(raw, "Counter/Add", add(1, note), CONTRACT.CounterState)
    stream = raw.channel.unary_stream("/shop.v1.Counter/Notes")

    data = stream(b"", metadata=raw.metadata, timeout=120)

    assert [CONTRACT.AddRequest.FromString(each).note for each in data] == ["a", "b"]


def test_idempotency_key_executes_once(raw: Raw) -> None:
    for _ in range(2):
        answer = unary(raw, "Counter/Add", add(5), CONTRACT.CounterState, ("idempotency-key", "order-1"))

    assert answer.total == 5


@pytest.mark.parametrize(
    ("path", "request_", "code"),
    [
        ("Counter/Missing", Empty(), grpc.StatusCode.UNIMPLEMENTED),
        ("Counter/Read", Empty(), grpc.StatusCode.INTERNAL),
        ("Account/Pay", CONTRACT.Named(amount=1), grpc.StatusCode.INVALID_ARGUMENT),
        ("Counter/Nothing", Empty(), grpc.StatusCode.UNIMPLEMENTED),
    ],
)
def test_failure_has_the_right_status(raw: Raw, path: str, request_: Any, code: grpc.StatusCode) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        unary(raw, path, request_, Empty)

    assert caught.value.code() is code


def test_actor_that_is_not_deployed_is_not_found(raw: Raw, server: NodeServer) -> None:
    server.system.undeploy("Counter")

    with pytest.raises(grpc.RpcError) as caught:
        unary(raw, "Counter/Add", add(1), CONTRACT.CounterState)

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_contract_needs_the_token_like_everything_else(raw: Raw) -> None:
    raw.metadata = ()

    with pytest.raises(grpc.RpcError) as caught:
        unary(raw, "Counter/Add", add(1), CONTRACT.CounterState)

    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_reflection_shows_the_contract(raw: Raw) -> None:
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from grpc_reflection.v1alpha import reflection_pb2

    asked = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="shop.v1.Counter"),
    ]
    method = raw.channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    data = method(iter([each.SerializeToString() for each in asked]), metadata=raw.metadata, timeout=120)
    services, files = map(reflection_pb2.ServerReflectionResponse.FromString, data)

    assert "shop.v1.Counter" in [each.name for each in services.list_services_response.service]
    names = [FileDescriptorProto.FromString(f).package for f in files.file_descriptor_response.file_descriptor_proto]
    assert "shop.v1" in names


def test_newer_version_of_a_contract_replaces_the_served_one(raw: Raw, server: NodeServer) -> None:
    newer = compile_text(SHOP.replace("rpc Missing", "rpc Later"))

    serve_contract(server, newer)

    with pytest.raises(grpc.RpcError) as caught:
        unary(raw, "Counter/Missing", Empty(), Empty)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert unary(raw, "Counter/Add", add(5), CONTRACT.CounterState).total == 5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('syntax = "proto3"; message A {} service S { rpc Go(A) returns (A); }', "declares no actor"),
        (SHOP.replace(" [(spawn.actors.actor_id) = true]", ""), "cannot say which instance"),
        ('syntax = "proto3"; message A {}', "no service"),
    ],
)
def test_contract_that_cannot_be_served_is_refused(server: NodeServer, text: str, complaint: str) -> None:
    contract: Contract = compile_text(text)

    with pytest.raises(ContractError, match=complaint):
        serve_contract(server, contract)
