"""A contract served as HTTP/JSON by its `google.api.http` rules, and described as OpenAPI."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from runtime.contracts.compiler import compile_text
from runtime.errors import ContractError
from runtime.servers.contracts.http import ContractApp
from runtime.servers.http.messages import Request, Response
from runtime.system.embedded import EmbeddedSystem, embedded
from tests.runtime.contracts.shop import SHOP
from tests.runtime.servers.contracts.test_grpc import CONTRACT, AccountActor, CounterActor


@pytest.fixture(scope="module")
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(CounterActor)
        system.deploy(AccountActor)
        yield system


@pytest.fixture
def app(system: EmbeddedSystem) -> ContractApp:
    app = ContractApp(system)
    app.add(CONTRACT)
    return app


def ask(app: ContractApp, verb: str, url: str, body: Any = b"", **headers: str) -> tuple[int, Any]:
    """Status and decoded body of one request."""
    path, _, query = url.partition("?")
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}

    async def run() -> Response:
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        app.handle(Request(verb, path, query, named, data, "127.0.0.1"), answered.set_result)
        return await asyncio.wait_for(answered, 10)

    response = asyncio.run(run())
    return response.status, msgspec.json.decode(response.body)


def total(app: ContractApp) -> int:
    return int(ask(app, "POST", "/v1/counter:add", {})[1]["total"])


def test_body_is_the_request(app: ContractApp) -> None:
    before = total(app)

    status, answer = ask(app, "POST", "/v1/counter:add", {"value": 5, "note": "five"})

    assert (status, answer["total"]) == (200, str(before + 5))


def test_path_and_query_are_the_request(app: ContractApp) -> None:
    before = total(app)

    status, answer = ask(app, "GET", "/v1/counter/add/7?note=a%20b")

    assert (status, answer["total"], answer["notes"][-1]) == (200, str(before + 7), "a b")


def test_path_names_the_instance_and_the_body_a_field(app: ContractApp, system: EmbeddedSystem) -> None:
    assert ask(app, "PUT", "/v1/accounts/ada%20l", 3) == (200, {"amount": "3"})
    assert system.state("ada l") == {"balance": 3}


def test_streamed_response_is_a_list(app: ContractApp) -> None:
    ask(app, "POST", "/v1/counter:add", {"note": "listed"})

    status, answer = ask(app, "GET", "/v1/counter/notes")

    assert status == 200
    assert answer[-1]["note"] == "listed"


def test_idempotency_key_executes_once(app: ContractApp) -> None:
    first = ask(app, "POST", "/v1/counter:add", {"value": 1}, idempotency_key="k1")

    assert ask(app, "POST", "/v1/counter:add", {"value": 1}, idempotency_key="k1") == first


@pytest.mark.parametrize(
    ("verb", "url", "body", "status", "text"),
    [
        ("GET", "/v1/nothing", b"", 404, "/openapi.json"),
        ("PATCH", "/v1/counter", b"", 405, "DELETE, GET"),
        ("POST", "/v1/counter:add", b"{", 400, "no JSON"),
        ("POST", "/v1/counter:add", b"[1]", 400, "JSON object"),
        ("POST", "/v1/counter:add", {"valu": 1}, 400, "valu"),
        ("POST", "/v1/counter:add", {"value": "x"}, 400, "value"),
        ("POST", "/v1/counter:add", b"[" * 200 + b"]" * 200, 400, "nested"),
        ("GET", "/v1/counter/add/x", b"", 400, "value"),
        ("DELETE", "/v1/counter", b"", 404, "no action 'Missing'"),
    ],
)
def test_mistake_has_its_status_and_says_what_is_wrong(
    app: ContractApp, verb: str, url: str, body: Any, status: int, text: str
) -> None:
    found, answer = ask(app, verb, url, body)

    assert (found, text in answer["message"]) == (status, True), answer


def test_openapi_describes_every_binding(app: ContractApp) -> None:
    status, described = ask(app, "GET", "/openapi.json")

    paths = {(path, verb) for path, verbs in described["paths"].items() for verb in verbs}
    assert status == 200
    assert paths == {
        ("/v1/counter:add", "post"),
        ("/v1/counter/add/{value}", "get"),
        ("/v1/counter/notes", "get"),
        ("/v1/counter", "get"),
        ("/v1/counter", "delete"),
        ("/v1/accounts/{who}", "put"),
    }
    put = described["paths"]["/v1/accounts/{who}"]["put"]
    assert put["parameters"] == [{"name": "who", "in": "path", "required": True, "schema": {"type": "string"}}]
    identities = [operation["operationId"] for verbs in described["paths"].values() for operation in verbs.values()]
    assert len(set(identities)) == len(identities)


def test_openapi_refers_only_to_schemas_that_are_there(app: ContractApp) -> None:
    described = app.openapi()
    text = msgspec.json.encode(described).decode()

    for name in {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        assert name in described["components"]["schemas"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("/v1/accounts/{who}", "/v1/accounts/{whom}", "names 'whom'"),
        ('body: "amount"', 'body: "sum"', "names 'sum'"),
        ("rpc Read(google", "rpc Read(stream google", "streams its requests"),
    ],
)
def test_rule_that_cannot_work_is_refused(system: EmbeddedSystem, old: str, new: str, complaint: str) -> None:
    with pytest.raises(ContractError, match=complaint):
        ContractApp(system).add(compile_text(SHOP.replace(old, new)))


@pytest.mark.parametrize(
    "body",
    [
        b'{"note": "\xff"}',
        b'{"\xff": 1}',
        b"\xff\xfe{}",
        b'{"note": "\\ud800"}',
        b'{"value": 1e999999}',
        b'{"value": [[]]}',
    ],
)
def test_body_that_is_no_text_or_no_number_is_the_callers_mistake(
    body: bytes, app: ContractApp, caplog: pytest.LogCaptureFixture
) -> None:
    status, answer = ask(app, "POST", "/v1/counter:add", body)

    assert (status, answer["code"]) == (400, "bad_payload")
    assert not caplog.records


@pytest.mark.parametrize("query", ["value=%FF", "note=%ED%A0%80", "%FF=1"])
def test_query_that_is_no_text_is_answered_without_a_trace(
    query: str, app: ContractApp, caplog: pytest.LogCaptureFixture
) -> None:
    assert ask(app, "GET", f"/v1/counter/add/7?{query}")[0] in (200, 400)
    assert not caplog.records
