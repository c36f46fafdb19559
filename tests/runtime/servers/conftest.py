"""A real proxy, and hosts of ours behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime.clients.proxy.connection import ProxyLink, read_target
from runtime.servers.spawn_host.host import ActorHost
from tests.runtime.servers.captures import SYSTEM
from tests.runtime.servers.real_proxy import RealProxy, free_port


@pytest.fixture
def proxy() -> Iterator[RealProxy]:
    with RealProxy() as proxy:
        yield proxy


@pytest.fixture
def hosting(proxy: RealProxy) -> Iterator[Callable[..., ActorHost]]:
    """Makes hosts behind the proxy."""
    opened: list[Any] = []

    def make(**options: Any) -> ActorHost:
        link = ProxyLink(read_target(f"http://127.0.0.1:{proxy.port}"))
        opened.append(link)
        host = ActorHost(link, None, SYSTEM, port=free_port(), **options)
        opened.append(host)
        return host

    yield make
    for each in reversed(opened):
        each.close(1.0) if isinstance(each, ActorHost) else each.close()
