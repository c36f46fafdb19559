"""A proxy calls one host address: one that calls another process is refused before anything is registered."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.clients.proxy.connection import ProxyLink, read_target
from runtime.clients.proxy.process import environment_of_listener, forwarder_of_listener
from runtime.errors import BadSetting, NotAllowed
from runtime.servers.spawn_host.discovery import check_host
from runtime.servers.spawn_host.host import ActorHost
from tests.runtime.servers.captures import SYSTEM
from tests.runtime.servers.real_proxy import RealProxy, free_port


def link_to(url: str) -> ProxyLink:
    return ProxyLink(read_target(url))


@pytest.mark.parametrize(
    "environment",
    [{}, {"USER_FUNCTION_HOST": "0.0.0.0"}, {"USER_FUNCTION_PORT": "8090"}, {"USER_FUNCTION_HOST": "127.0.0.1"}],
)
def test_proxy_whose_environment_names_this_port_is_taken(environment: dict[str, str]) -> None:
    assert "its environment says" in check_host(
        link_to("http://127.0.0.1:9"), None, 8090, "me", is_stated=False, environment=environment
    )


@pytest.mark.parametrize(
    ("environment", "stated"),
    [
        ({"USER_FUNCTION_PORT": "8091"}, True),
        ({"USER_FUNCTION_HOST": "10.0.0.7"}, True),
        ({"USER_FUNCTION_HOST": "actors.production", "USER_FUNCTION_PORT": "8090"}, False),
    ],
)
def test_proxy_that_calls_another_process_is_refused_even_if_the_user_says_otherwise(
    environment: dict[str, str], stated: bool
) -> None:
    with pytest.raises(NotAllowed, match="Its calls would go to another process"):
        check_host(link_to("http://127.0.0.1:9"), None, 8090, "me", is_stated=stated, environment=environment)


def test_where_there_is_no_telling_the_user_has_to_say_it() -> None:
    link = link_to("http://127.0.0.1:9")
    with pytest.raises(NotAllowed, match="--host-port 8090"):
        check_host(link, None, 8090, "me", is_stated=False)

    assert "you said" in check_host(link, None, 8090, "me", is_stated=True)


def test_proxy_of_another_machine_is_refused_whatever_the_user_says() -> None:
    with pytest.raises(NotAllowed, match="runs on another machine"):
        check_host(link_to("http://192.0.2.1:9001"), None, 8090, "me", is_stated=True)


def test_forwarded_port_is_refused_whatever_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    proc = fake_proc(tmp_path, b"HOME=/root\0")
    (proc / "42" / "comm").write_text("kubectl\n")
    assert forwarder_of_listener(9001, proc) == "kubectl"
    monkeypatch.setattr("runtime.servers.spawn_host.discovery.forwarder_of_listener", lambda port: "kubectl")

    with pytest.raises(NotAllowed, match="kubectl forwards that port"):
        check_host(link_to("http://127.0.0.1:9"), None, 8090, "me", is_stated=True)


def test_nothing_is_registered_with_a_proxy_that_calls_another(
    proxy: RealProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"USER_FUNCTION_PORT": "1"}
    monkeypatch.setattr("runtime.servers.spawn_host.discovery.environment_of_listener", lambda _: found)
    link = link_to(f"http://127.0.0.1:{proxy.port}")

    with pytest.raises(NotAllowed):
        ActorHost(link, None, SYSTEM, port=free_port())
    assert proxy.registrations() == []
    link.close()


def test_listener_elsewhere_is_refused(proxy: RealProxy, hosting: Callable[..., ActorHost]) -> None:
    with pytest.raises(BadSetting, match="anybody there could run actions"):
        hosting(bind="0.0.0.0")

    assert not proxy.registrations()


def test_port_that_another_process_has_is_refused(proxy: RealProxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        link = link_to(f"http://127.0.0.1:{proxy.port}")
        with pytest.raises(BadSetting, match="its calls go to the process that listens there"):
            ActorHost(link, None, SYSTEM, port=taken.getsockname()[1])
        link.close()
    assert proxy.registrations() == []


def fake_proc(root: Path, environ: bytes) -> Path:
    (root / "net").mkdir()
    header = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    row = "   0: 0100007F:2329 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1\n"
    (root / "net" / "tcp").write_text(header + row)
    (root / "42" / "fd").mkdir(parents=True)
    (root / "42" / "fd" / "7").symlink_to("socket:[4711]")
    (root / "42" / "environ").write_bytes(environ)
    return root


def test_environment_is_that_of_the_process_that_listens(tmp_path: Path) -> None:
    proc = fake_proc(tmp_path, b"PROXY_HTTP_PORT=9001\0USER_FUNCTION_PORT=8095\0")

    assert environment_of_listener(9001, proc) == {"PROXY_HTTP_PORT": "9001", "USER_FUNCTION_PORT": "8095"}
    assert environment_of_listener(9002, proc) is None


def test_process_that_forwards_a_port_is_not_taken_for_the_proxy(tmp_path: Path) -> None:
    assert environment_of_listener(9001, fake_proc(tmp_path, b"HOME=/root\0PATH=/bin\0")) is None
