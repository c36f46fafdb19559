"""Anything at all, sent to what a contract serves over HTTP/JSON and gRPC: an answer that blames the caller, never the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import grpc
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.security.crypto import TokenFiles
from runtime.servers.contracts.grpc import serve_contract
from runtime.servers.contracts.http import ContractApp
from runtime.servers.grpc_node.server import NodeServer
from runtime.servers.security import Security
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.servers.contracts.test_http import ask
from tests.runtime.servers.contracts.test_http_rules import RULES, Basket

FUZZ = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TARGETS = [
    ("POST", "/v1/baskets/{}:say"),
    ("PUT", "/v1/points/{}"),
    ("GET", "/v1/get/{}"),
    ("PATCH", "/v1/numbers/{}"),
    ("DELETE", "/v1/at/{}/{}"),
    ("GET", "/v1/{}"),
    ("GET", "/openapi.json{}"),
]
NAMES = [
    "order_id",
    "atPoint",
    "at_point.x",
    "at_point.next.next.x",
    "numbers",
    "dueAt",
    "maybe",
    "do_it",
    "colour",
    "?",
]

words = st.text(st.characters(codec="latin-1", exclude_characters="?#"), max_size=12) | st.sampled_from(
    ["%", "%zz", "..", "a/b", "1e999", "NaN", "-1", "true", "null"]
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Basket)
        yield system


@pytest.fixture(scope="module")
def app(system: EmbeddedSystem) -> ContractApp:
    app = ContractApp(system)
    app.add(RULES)
    return app


@FUZZ
@given(
    target=st.sampled_from(TARGETS),
    word=words,
    query=st.lists(st.tuples(st.sampled_from(NAMES) | words, words), max_size=3),
    body=st.binary(max_size=40) | json_values.map(msgspec.json.encode),
)
def test_any_call_by_http_is_answered_or_blamed_on_its_caller(
    app: ContractApp, target: tuple[str, str], word: str, query: list[tuple[str, str]], body: bytes
) -> None:
    verb, path = target
    url = path.format(word, word) + "?" + "&".join(f"{name}={value}" for name, value in query)

    status, answer = ask(app, verb, url, body)

    assert status == 200 or status in (400, 404, 405, 422), answer


@FUZZ
@given(data=st.binary(max_size=60))
def test_any_message_by_grpc_is_answered_or_blamed_on_its_caller(channel: grpc.Channel, data: bytes) -> None:
    call = channel.unary_unary("/rules.v1.Basket/Say").future(data, timeout=120.0, metadata=TOKEN)

    assert call.code() in (grpc.StatusCode.OK, grpc.StatusCode.INVALID_ARGUMENT), call.details()


TOKEN = (("authorization", "Bearer fuzz"),)


@pytest.fixture(scope="module")
def channel(system: EmbeddedSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[grpc.Channel]:
    files = TokenFiles(tmp_path_factory.mktemp("tokens"))
    with NodeServer(system, security=Security(token="fuzz"), token_files=files) as server:
        serve_contract(server, RULES)
        with grpc.insecure_channel(f"127.0.0.1:{server.port}") as channel:
            yield channel
