"""Doors, who may come in, and what a proxy counts."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import msgspec
import pytest

from runtime.errors import BadSetting, NotAllowed
from runtime.servers.certificates import make_certificates
from runtime.servers.http.messages import HttpLimits
from runtime.servers.security import Security
from runtime.servers.spawn_proxy.server import serve
from runtime.system.connect import connect
from runtime.system.embedded import embedded
from runtime.testing.raw_host import RawHost, body_of, status_of
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb
from tests.runtime.servers.proxies import actor, answering, counting, invoke, proxy, register, send


def test_each_door_has_its_host_port_and_environment() -> None:
    with proxy(8090, more=[(0, 8091)]) as running:
        first, second = running.addresses
        environment = running.environment(second)

        assert list(running.addresses.values()) == [8090, 8091]
        assert environment["SPAWN_PROXY_URL"] == second != first
        assert environment["SPAWN_ACTION_PORT"] == environment["USER_FUNCTION_PORT"] == "8091"
        assert environment["PROXY_ACTOR_SYSTEM_NAME"] == "lab"


def test_host_port_that_is_left_to_the_proxy_is_a_free_one_and_told() -> None:
    with proxy(0, more=[(0, 0)]) as running:
        told = [running.environment(url)["USER_FUNCTION_PORT"] for url in running.addresses]

        assert [int(port) for port in told] == list(running.addresses.values()) == running.chosen_ports
        assert 0 not in running.addresses.values()
        assert len({*told}) == 2


def test_port_that_is_taken_is_said_and_nothing_is_left_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, embedded() as system:
        port = taken.getsockname()[1]

        with pytest.raises(BadSetting, match=f"Cannot listen on 127.0.0.1:{port}"):
            serve(system, http_port=port)


def test_proxy_that_listens_everywhere_is_called_by_the_machines_name(tmp_path: Path) -> None:
    files = make_certificates(tmp_path / "tls")
    security = Security(certificate=files.server.read_bytes(), key=files.server_key.read_bytes())
    with proxy(bind="0.0.0.0", security=security) as running:
        environment = running.environment()

    assert environment["PROXY_HTTP_HOST"] == socket.gethostname()
    assert environment["SPAWN_PROXY_URL"].startswith(f"https://{socket.gethostname()}:")


@pytest.mark.parametrize("security", [None, Security(token="secret")])
def test_listener_elsewhere_needs_tls(security: Security | None) -> None:
    with embedded() as system, pytest.raises(BadSetting, match="TLS"):
        serve(system, http_port=0, bind="0.0.0.0", security=security)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:9001", 200),
        ("localhost", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
    ],
)
def test_page_whose_name_points_here_is_refused(host: str, status: int) -> None:
    with proxy() as running:
        answer = send(running, f"GET /metrics HTTP/1.1\r\nhost: {host}\r\n\r\n".encode())

    assert status_of(answer) == status


def test_proxy_with_a_token_and_tls_lets_in_who_has_both(tmp_path: Path) -> None:
    files = make_certificates(tmp_path / "tls")
    security = Security(token="secret", certificate=files.server.read_bytes(), key=files.server_key.read_bytes())
    with embedded(system="lab") as system:
        running = serve(system, http_port=0, security=security)
        with connect(running.address, token="secret", authority=files.authority, mode="act") as client:
            assert client.name == "lab"
        with pytest.raises(NotAllowed, match="token"):
            connect(running.address, token="other", authority=files.authority)
        running.close(1.0)


def test_who_has_no_token_gets_a_decodable_refusal_and_may_probe() -> None:
    with proxy(security=Security(token="secret")) as running:
        status, refused = invoke(running, "counter", "add")
        probes = [
            send(running, f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode())
            for path in ("/health/liveness", "/health/readiness", "/health", "/metrics")
        ]

    assert (status, refused.status.status) == (401, pb.ERROR)
    assert "token is missing or wrong" in refused.status.message
    assert [status_of(each) for each in probes] == [200, 200, 401, 401]
    assert b"x-spawn" not in probes[0]
    assert msgspec.json.decode(body_of(probes[3]))["code"] == "not_allowed"


def test_more_requests_a_second_than_allowed_are_refused() -> None:
    with proxy(limits=HttpLimits(requests_per_second=3)) as running:
        answers = [invoke(running, "ghost", "add") for _ in range(6)]

    statuses = [status for status, _ in answers]
    assert statuses[:3] == [404] * 3
    assert 429 in statuses[3:]
    assert "Too many requests" in next(found.status.message for status, found in answers if status == 429)


def test_client_certificate_lets_in_without_a_token(tmp_path: Path) -> None:
    files = make_certificates(tmp_path / "tls")
    security = Security(
        token="",
        certificate=files.server.read_bytes(),
        key=files.server_key.read_bytes(),
        client_authority=files.authority.read_bytes(),
    )
    with embedded(system="lab") as system:
        running = serve(system, http_port=0, security=security)
        with connect(
            running.address, authority=files.authority, certificate=files.client, key=files.client_key
        ) as client:
            assert client.name == "lab"
        assert not answered(running.address, ssl.create_default_context(cafile=files.authority))
        running.close(1.0)


def answered(url: str, context: ssl.SSLContext) -> bool:
    """Whether a client with this context gets an answer."""
    host, port = url.removeprefix("https://").split(":")
    with socket.create_connection((host, int(port)), 5.0) as plain:
        try:
            with context.wrap_socket(plain, server_hostname="localhost") as encrypted:
                encrypted.sendall(b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
                return bool(encrypted.recv(100))
        except OSError:
            return False


def test_closing_undeploys_foreign_actors_and_keeps_their_states() -> None:
    with RawHost(answering(counting)) as host, embedded(system="lab") as system:
        running = serve(system, http_port=0, host_port=host.port)
        register(running, actor("counter", "add"))
        invoke(running, "counter", "add")
        running.close(1.0)
        running.close(1.0)
        system.flush()

        assert not system.info("counter").deployed
        assert system.info("counter").revision == 1


# -- metrics ---------------------------------------------------------------------------------------------------------------


def metrics(running: object) -> dict[str, str]:
    text = body_of(send(running, b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n")).decode()  # type: ignore[arg-type]
    return dict(line.rpartition(" ")[::2] for line in text.splitlines() if not line.startswith("#"))


def test_metrics_have_spawns_names_with_labels_and_latencies() -> None:
    with RawHost(answering(counting)) as host, proxy(host.port) as running:
        register(running, actor("counter", "add"))
        for _ in range(3):
            invoke(running, "counter", "add")
        found = metrics(running)

    labels = 'action="add",actor="counter",outcome="ok",system="lab"'
    assert found[f"spawn_invoke_stop_duration{{{labels}}}"] == "3.0"
    assert found[f"spawn_invoke_duration_seconds_count{{{labels}}}"] == "3.0"
    assert found[f"spawn_host_call_duration_seconds_count{{{labels}}}"] == "3.0"
    le = 'action="add",actor="counter",le="+Inf",outcome="ok",system="lab"'
    assert found[f"spawn_invoke_duration_seconds_bucket{{{le}}}"] == "3.0"
    assert found['spawn_actor_inflight_messages_messages{system="lab"}'] == "0.0"
    assert float(found['vm_memory_total{system="lab"}']) > 0
    assert found['vm_total_run_queue_lengths_total{system="lab"}'] == "0.0"
    assert found['spawn_actor_message_queue_len{actor="counter",system="lab"}'] == "0.0"
    assert float(found['spawn_actor_memory{actor="counter",system="lab"}']) > 0


def test_clients_cannot_make_up_labels() -> None:
    with proxy() as running:
        register(running, actor("counter", "add"))
        for number in range(20):
            invoke(running, f"ghost-{number}", f"action-{number}")
            invoke(running, "counter", f"action-{number}")
        names = [name for name in metrics(running) if name.startswith("spawn_invoke_stop_duration")]

    assert names == [
        'spawn_invoke_stop_duration{action="",actor="",outcome="unknown_actor",system="lab"}',
        'spawn_invoke_stop_duration{action="",actor="counter",outcome="unknown_action",system="lab"}',
    ]


def test_store_that_cannot_be_written_makes_the_proxy_unready() -> None:
    with proxy() as running:
        running.system.start()
        running.system.driver._store_failed("the disk is full")
        ready = send(running, b"GET /health/readiness HTTP/1.1\r\nhost: localhost\r\n\r\n")

        assert status_of(ready) == 503
        assert metrics(running)['spawn_store_up{system="lab"}'] == "0.0"
        running.system.driver.call(lambda engine, now: setattr(engine._core, "store_error", ""))
