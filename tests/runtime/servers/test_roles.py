"""What the bearer of a token, or the owner of a certificate, may do is decided by the server, whatever mode the client is in."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from runtime.clients.node.client import connect as connect_node
from runtime.errors import BadSetting, NotAllowed
from runtime.security.crypto import Role, TokenFiles, read_token
from runtime.servers.certificates import Certificates, make_certificates
from runtime.servers.contracts.grpc import serve_contract
from runtime.servers.grpc_node.server import READS, NodeServer
from runtime.servers.security import Security, certified_role, check_listener
from runtime.servers.spawn_proxy.server import RunningProxy
from runtime.system.connect import connect
from runtime.system.embedded import embedded
from runtime.testing.raw_host import body_of, post, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from runtime.wire.pb.workbench.v1 import node_pb2
from tests.runtime.servers import proxies
from tests.runtime.servers.contracts.test_grpc import CONTRACT, AccountActor, CounterActor
from tests.runtime.servers.grpc_node.node import SERVICE, Raw, node
from tests.runtime.servers.grpc_node.node import status_of as rpc_status

ACTS = sorted({method.name for method in SERVICE.methods} - READS)
LOOK_DENIED = "role `look`"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodeServer]:
    with node(tmp_path_factory.mktemp("roles")) as server:
        server.system.deploy(CounterActor)
        server.system.deploy(AccountActor)
        serve_contract(server, CONTRACT)
        yield server


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("tls") / "made", ("localhost",))


# -- gRPC ----------------------------------------------------------------------------------------------------------------


def begun(raw: Raw, path: str) -> tuple[grpc.StatusCode, str] | None:
    """How a call without a useful request ends; None for well."""
    try:
        list(raw.channel.stream_stream(path)(iter((b"",)), timeout=0.5, metadata=raw.metadata))
    except grpc.RpcError as error:
        return error.code(), error.details()
    return None


def test_what_only_reads_and_what_acts_is_said_of_every_method() -> None:
    assert {method.name for method in SERVICE.methods} >= READS
    assert ACTS == [
        "ConfirmDropped", "DiscardDeadLetters", "Flush", "Host", "Invoke", "InvokeMany", "Restore", "RetryDeadLetter", "Undeploy",
    ]  # fmt: skip


@pytest.mark.parametrize("method", [*ACTS, *sorted(READS)])
def test_token_to_look_calls_only_what_reads(method: str, server: NodeServer) -> None:
    raw = Raw(server, token=server.security.look_token)
    ended = begun(raw, f"/{SERVICE.full_name}/{method}")
    raw.close()

    is_denied = ended is not None and ended[0] is grpc.StatusCode.PERMISSION_DENIED
    assert is_denied == (method in ACTS), ended
    assert not is_denied or (ended is not None and LOOK_DENIED in ended[1] and method in ended[1])


def test_token_to_look_calls_no_contract_and_reads_reflection(server: NodeServer) -> None:
    raw = Raw(server, token=server.security.look_token)
    contract = begun(raw, f"/{CONTRACT.services['Counter'].descriptor.full_name}/Add")
    reflection = begun(raw, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
    raw.close()

    assert contract is not None
    assert contract[0] is grpc.StatusCode.PERMISSION_DENIED
    assert reflection is None or reflection[0] is not grpc.StatusCode.PERMISSION_DENIED


def test_client_that_acts_with_a_token_to_look_is_told_its_role(server: NodeServer) -> None:
    with connect_node(server.address, token=server.security.look_token) as client:
        assert client.state("counter") == {"total": 0}
        with pytest.raises(NotAllowed, match=LOOK_DENIED):
            client.invoke("counter", "add", {"value": 1}, timeout=120.0)
        with pytest.raises(NotAllowed, match=LOOK_DENIED):
            client.undeploy("counter")
        with pytest.raises(NotAllowed, match=LOOK_DENIED):
            client.flush()

    assert server.system.state("counter") == {"total": 0}


@pytest.mark.parametrize(
    "more", [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site"), ("authorization", "Bearer other")]
)
def test_rpc_of_a_page_or_with_two_tokens_is_refused(more: tuple[str, str], server: NodeServer) -> None:
    raw = Raw(server)
    raw.metadata = (*raw.metadata, more)

    code, _ = rpc_status(lambda: raw.call("GetStatus", node_pb2.GetStatusRequest()))
    raw.close()

    assert code is grpc.StatusCode.UNAUTHENTICATED


def test_both_tokens_are_left_for_their_user_and_taken_away(tmp_path: Path) -> None:
    tokens = TokenFiles(tmp_path / "tokens")
    with node(tmp_path) as server:
        act, look = server.token_file, server.look_token_file
        assert act == tokens.path(server.port)
        assert look == tokens.path(server.port, Role.LOOK)
        assert look is not None
        assert stat.S_IMODE(look.stat().st_mode) == 0o600
        assert {read_token(act), read_token(look)} == {server.security.token, server.security.look_token}

    assert not act.exists()
    assert not look.exists()


def test_client_that_looks_takes_the_token_to_look(server: NodeServer, tmp_path: Path) -> None:
    tokens = TokenFiles(server.token_file.parent)  # type: ignore[union-attr]
    with connect_node(server.address, token_files=tokens, role=Role.LOOK) as client:
        assert client.actors()
        with pytest.raises(NotAllowed, match=LOOK_DENIED):
            client.flush()


def test_token_file_of_a_server_without_roles_may_act(tmp_path: Path) -> None:
    tokens = TokenFiles(tmp_path / "tokens")
    with node(tmp_path, security=Security(token="of before")) as server:
        assert server.look_token_file is None
        for role in Role:
            with connect_node(server.address, token_files=tokens, role=role) as client:
                assert client.invoke("counter", "add", {"value": 0}) == {"total": 0}


# -- HTTP ----------------------------------------------------------------------------------------------------------------


def bearer(token: str) -> str:
    return f"authorization: Bearer {token}\r\n"


@pytest.fixture
def proxy() -> Iterator[RunningProxy]:
    with proxies.proxy(security=Security(token="to act", look_token="to look")) as running:
        running.system.deploy(CounterActor)
        running.serve_contract(CONTRACT)
        yield running


SENT = {
    "invoke": ("/api/v1/system/lab/actors/Counter/invoke", "application/octet-stream"),
    "register": ("/api/v1/system", "application/octet-stream"),
    "spawn": ("/api/v1/system/lab/actors/spawn", "application/octet-stream"),
    "contract": ("/v1/counter:add", "application/json"),
}


@pytest.mark.parametrize("what", SENT)
def test_token_to_look_runs_nothing_over_http(what: str, proxy: RunningProxy) -> None:
    path, content_type = SENT[what]
    sent = post(path, b"{}", content_type=content_type, headers=bearer("to look"))
    answer = proxies.send(proxy, sent)
    with_act = proxies.send(proxy, sent.replace(b"to look", b"to act"))

    assert status_of(answer) == 403
    assert LOOK_DENIED.encode() in body_of(answer)
    assert status_of(with_act) not in (401, 403)


@pytest.mark.parametrize(
    "path", ["/metrics", "/health", "/health/liveness", "/openapi.json", "/api/v1/system/lab/actors/Counter"]
)
def test_token_to_look_reads_over_http(path: str, proxy: RunningProxy) -> None:
    request = f"GET {path} HTTP/1.1\r\nhost: localhost\r\n{bearer('to look')}\r\n".encode()

    assert status_of(proxies.send(proxy, request)) == 200


def test_refusal_is_decodable_for_an_sdk(proxy: RunningProxy) -> None:
    answer = proxies.send(proxy, post(SENT["invoke"][0], b"", headers=bearer("to look")))

    assert pb.InvocationResponse.FromString(body_of(answer)).status.status == pb.ERROR


# -- certificates ----------------------------------------------------------------------------------------------------------


def certified(files: Certificates) -> Security:
    return Security("", files.server.read_bytes(), files.server_key.read_bytes(), files.authority.read_bytes())


def shown(files: Certificates, role: Role) -> dict[str, Any]:
    pair = (files.client, files.client_key) if role is Role.ACT else (files.look_client, files.look_client_key)
    return {"authority": files.authority, "certificate": pair[0], "key": pair[1]}


def test_certificate_to_look_only_looks_over_grpc(files: Certificates) -> None:
    with embedded() as system, NodeServer(system, host="localhost", security=certified(files)) as server:
        system.deploy(CounterActor)
        with connect_node(server.address, environ={}, **shown(files, Role.LOOK)) as client:
            assert client.status().system == system.name
            with pytest.raises(NotAllowed, match=LOOK_DENIED):
                client.invoke("Counter", "Add", {"value": 1}, timeout=120.0)
            with pytest.raises(NotAllowed, match=LOOK_DENIED):
                client.flush()
        with connect_node(server.address, environ={}, **shown(files, Role.ACT)) as client:
            assert client.flush() >= 0


def test_certificate_to_look_only_looks_over_http(files: Certificates) -> None:
    with proxies.proxy(security=certified(files)) as running:
        running.system.deploy(CounterActor)
        address = running.address.replace("127.0.0.1", "localhost")
        for role in (Role.ACT, Role.LOOK, Role.ACT):  # the first one leaves nothing to the next
            with connect(address, mode="act", **shown(files, role)) as client:
                if role is Role.LOOK:
                    with pytest.raises(NotAllowed, match=LOOK_DENIED):
                        client.invoke("Counter", "Add", {"value": 1})
                else:
                    client.invoke("Counter", "Add", {"value": 1})


@pytest.mark.parametrize(
    ("names", "role"),
    [
        ([], Role.ACT),
        (["spawn:role:act", "localhost"], Role.ACT),
        (["spawn:role:look"], Role.LOOK),
        (["spawn:role:act", "spawn:role:look"], Role.LOOK),
        (["spawn:role:other"], Role.LOOK),
    ],
)
def test_role_of_a_certificate_is_the_least_that_it_says(names: list[str], role: Role) -> None:
    assert certified_role(names) is role


def test_made_tokens_differ_and_are_their_owners_only(files: Certificates) -> None:
    assert read_token(files.act_token) != read_token(files.look_token)
    assert read_token(files.act_token)


def test_one_token_for_both_roles_is_refused() -> None:
    with pytest.raises(BadSetting, match="must be another"):
        check_listener("127.0.0.1", Security(token="same", look_token="same"))
