"""A contract made from a Python actor compiles, and calls by it reach the actor."""

from __future__ import annotations

import asyncio
import datetime
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, Optional, TypedDict

import msgspec
import pytest
from google.protobuf.wrappers_pb2 import StringValue

from runtime.authoring.actor import Actor, action, timer
from runtime.authoring.context import Context
from runtime.authoring.definition import define
from runtime.authoring.value import Value
from runtime.contracts.compiler import compile_text
from runtime.contracts.generate import proto_of
from runtime.errors import ContractError
from runtime.servers.contracts.http import ContractApp
from runtime.servers.http.messages import Request, Response
from runtime.system.embedded import EmbeddedSystem, embedded

THING = compile_text('syntax = "proto3"; package x; message Thing { int32 a = 1; }').Thing


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Item:
    name: str
    price: float
    parts: list[Item] = field(default_factory=list)


class Receipt(TypedDict):
    total: float
    items: list[Item]


class Line(msgspec.Struct):
    text: str
    at: datetime.datetime


class Basket(Actor, name="basket"):
    items: list[Item] = []
    notes: dict[str, int] = {}
    colour: Colour = Colour.RED
    owner: str | None = None

    @action
    def add(self, item: Item, count: int = 1) -> Receipt:
        """Put an item in.

        What follows is for readers of the code.
        """
        self.items = [*self.items, *[item] * count]
        return {"total": sum(each.price for each in self.items), "items": self.items}

    @action
    def note(self, text: str, at: datetime.datetime, size: Literal["s", "m"] = "s") -> Line:
        self.notes = {**self.notes, text: len(text)}
        return Line(text, at)

    @action
    def count(self) -> int:
        return len(self.items)

    @action
    def names(self) -> list[str]:
        return [each.name for each in self.items]

    @action
    def paint(self, colour: Colour, owner: Optional[str] = None) -> None:  # noqa: UP045
        self.colour, self.owner = colour, owner

    @action
    def anything(self, value: Any, table: list[list[int]], **others: Any) -> Value:
        return Value.of({"value": value, "table": table, "others": sorted(others)})

    @action
    def mixed(self, value: int | str, pairs: tuple[int, str], flags: set[bool], data: bytes = b"") -> Any:
        return [value, pairs, sorted(flags), len(data)]

    @timer(every="1h")
    def tick(self) -> None: ...


class Account(Actor, name="account", kind="unnamed"):
    balance: int = 0

    @action
    def pay(self, amount: int) -> int:
        self.balance += amount
        return self.balance


@pytest.fixture(scope="module")
def system() -> Iterator[EmbeddedSystem]:
    with embedded() as system:
        system.deploy(Basket)
        system.deploy(Account)
        yield system


@pytest.fixture(scope="module")
def app(system: EmbeddedSystem) -> ContractApp:
    app = ContractApp(system)
    for actor in (Basket, Account):
        app.add(proto_of(define(actor)).compile())
    return app


def post(app: ContractApp, path: str, body: Any, verb: str = "POST") -> Any:
    async def run() -> Response:
        answered: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        app.handle(Request(verb, path, "", {}, msgspec.json.encode(body), ""), answered.set_result)
        return await asyncio.wait_for(answered, 10)

    response = asyncio.run(run())
    assert response.status == 200, response.body
    return msgspec.json.decode(response.body)


def test_contract_says_what_the_actor_does() -> None:
    text = proto_of(define(Basket))

    assert "// Put an item in." in text
    assert "message Item {\n  string name = 1;\n  double price = 2;\n  repeated Item parts = 3;\n}" in text
    assert "  optional int64 count = 2;" in text
    assert "  map<string, int64> notes = 2;" in text
    assert "rpc count(google.protobuf.Empty) returns (google.protobuf.Int64Value)" in text
    assert "tick" not in text


def test_contract_compiles_to_the_actors_own_settings() -> None:
    service = proto_of(define(Account)).compile().account

    assert service.kind == "unnamed"
    assert service.methods["pay"].actor_id is not None
    assert service.settings["deactivate_timeout"] == 10_000


def test_everything_that_spawns_options_hold_comes_back() -> None:
    start = datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC)

    class Summary(
        Actor,
        name="summary",
        kind="projection",
        state_type=StringValue,
        deactivate_timeout="7s",
        snapshot_timeout="3s",
        sourceable=True,
        subjects=[('the "a"', "add", "take"), ("b", "add", "take", start)],
        events_retention="1h",
    ):
        @action
        def take(self, ctx: Context, said: StringValue) -> None: ...

    definition = define(Summary)
    service = proto_of(definition).compile().summary

    class Again(Actor, **service.settings):
        @action
        def take(self, ctx: Context, said: StringValue) -> None: ...

    assert define(Again).settings.as_text() == definition.settings.as_text()


def test_calls_by_the_contract_reach_the_actor(app: ContractApp) -> None:
    item = {"name": "pen", "price": 1.5, "parts": [{"name": "ink", "price": 0.5}]}

    answer = post(app, "/v1/basket/add", {"item": item, "count": 2})

    assert answer["total"] == 3.0
    assert answer["items"][0]["parts"][0]["name"] == "ink"
    assert post(app, "/v1/basket/count", {}) == "2"
    assert post(app, "/v1/basket/names", {}) == ["pen", "pen"]


def test_times_enums_and_unions_pass(app: ContractApp) -> None:
    line = post(app, "/v1/basket/note", {"text": "hi", "at": "2030-01-02T03:04:05Z"})
    assert line == {"text": "hi", "at": "2030-01-02T03:04:05Z"}
    assert post(app, "/v1/basket/paint", {"colour": "blue"}) == {}
    mixed = {"value": "x", "pairs": [1, "a"], "flags": [True], "data": "AAE="}
    assert post(app, "/v1/basket/mixed", mixed) == ["x", [1, "a"], [True], 2]


def test_any_fields_pass_through_a_struct(app: ContractApp) -> None:
    answer = post(app, "/v1/basket/anything", {"value": {"a": 1}, "table": [[1]], "more": True})

    assert answer == {"value": {"a": 1}, "table": [[1]], "others": ["more"]}


def test_state_can_be_read(app: ContractApp) -> None:
    state = post(app, "/v1/basket", b"", "GET")

    assert set(state) >= {"items", "notes", "colour"}


def test_instance_comes_from_the_path(app: ContractApp, system: EmbeddedSystem) -> None:
    assert post(app, "/v1/account/ada/pay", {"amount": 2}) == "2"
    assert post(app, "/v1/account/ada/pay", {"amount": 3}) == "5"
    assert post(app, "/v1/account/ada", b"", "GET") == {"balance": "5"}
    assert system.state("ada") == {"balance": 5}


def test_text_is_stable_and_may_name_its_package() -> None:
    text = proto_of(define(Account), package="bank.v2")

    assert "package bank.v2;" in text
    assert text == proto_of(define(Account), package="bank.v2")
    assert repr(text) == str(text)


def test_name_that_protobuf_does_not_allow_is_refused() -> None:
    class Odd(Actor, name="odd-one"):
        @action
        def go(self) -> None: ...

    with pytest.raises(ContractError, match="such as 'odd_one'"):
        proto_of(define(Odd))


def test_messages_of_another_contract_are_left_to_it() -> None:
    class Taker(Actor, name="taker"):
        @action
        def take(self, thing: THING) -> None: ...

    with pytest.raises(ContractError, match="comes from a contract already"):
        proto_of(define(Taker))
