"""Every form that a `google.api.http` rule can have, as `google/api/http.proto` says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from runtime import Actor, Context, action
from runtime.contracts.compiler import compile_text
from runtime.errors import ContractError
from runtime.servers.contracts.http import ContractApp
from runtime.system.embedded import embedded
from tests.runtime.servers.contracts.test_http import ask

TEXT = """
syntax = "proto3";
package rules.v1;
import "google/api/annotations.proto";
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "spawn/actors/extensions.proto";

enum Colour { RED = 0; GREEN = 1; }

message Point {
  int32 x = 1;
  repeated string some_names = 2;
  bool is_on = 3;
  Point next = 4;
}

message Order {
  string order_id = 1;
  int64 value = 2;
  Point at_point = 3;
  repeated int32 numbers = 4;
  Colour colour = 5;
  google.protobuf.Timestamp due_at = 6;
  bool do_it = 7;
  google.protobuf.BoolValue maybe = 8;
}

message Echo {
  Order last_order = 1;
  repeated Point all_points = 2;
}

service Basket {
  option (spawn.actors.actor) = { kind: NAMED };
  rpc Say(Order) returns (Echo) {
    option (google.api.http) = {
      post: "/v1/baskets/{order_id}:say" body: "*"
      additional_bindings { put: "/v1/points/{order_id}" body: "at_point" }
      additional_bindings { get: "/v1/get/{order_id}" }
      additional_bindings { patch: "/v1/numbers/{order_id}" body: "numbers" response_body: "last_order" }
      additional_bindings { delete: "/v1/at/{at_point.x}/{do_it}" response_body: "all_points" }
      additional_bindings { custom: { kind: "LINK" path: "/v1/link/{order_id}" } }
      additional_bindings { custom: { kind: "*" path: "/v1/any/{order_id}" } }
      additional_bindings { get: "/v1/{order_id=**}" }
      additional_bindings { get: "/v1/shelves/*/x/{order_id=books/*}" }
      additional_bindings { get: "/v1/shelves/{order_id}/x/{colour}" }
    };
  }
}
"""
RULES = compile_text(TEXT)


class Basket(Actor, name="Basket"):
    @action(name="Say")
    def say(self, ctx: Context, order: RULES.Order) -> RULES.Echo:  # type: ignore[name-defined]
        points = [order.at_point] if order.HasField("at_point") else []
        return RULES.Echo(last_order=order, all_points=points)


@pytest.fixture(scope="module")
def app() -> Iterator[ContractApp]:
    with embedded() as system:
        system.deploy(Basket)
        app = ContractApp(system)
        app.add(RULES)
        yield app


def said(app: ContractApp, verb: str, url: str, body: Any = b"") -> dict[str, Any]:
    """What arrived, without what was left at its default."""
    status, answer = ask(app, verb, url, body)
    assert status == 200, answer
    return _told(answer["lastOrder"])


def _told(value: dict[str, Any]) -> dict[str, Any]:
    found = {name: _told(each) if isinstance(each, dict) else each for name, each in value.items()}
    return {name: each for name, each in found.items() if each not in ("", "0", 0, False, [], None, "RED", {})}


@pytest.mark.parametrize("body", [{"value": 5}, {"value": "5", "orderId": "no"}, {"value": 5, "order_id": "no"}])
def test_body_is_all_but_the_path_which_wins(app: ContractApp, body: Any) -> None:
    assert said(app, "POST", "/v1/baskets/o1:say?value=9", body) == {"orderId": "o1", "value": "5"}


def test_field_is_the_body_and_the_query_the_rest(app: ContractApp) -> None:
    query = "value=3&colour=GREEN&numbers=1&numbers=2&due_at=2020-01-01T00:00:00Z&maybe=true"

    assert said(app, "PUT", f"/v1/points/o?{query}", {"x": 1, "isOn": True}) == {
        "orderId": "o",
        "value": "3",
        "colour": "GREEN",
        "numbers": [1, 2],
        "dueAt": "2020-01-01T00:00:00Z",
        "maybe": True,
        "atPoint": {"x": 1, "isOn": True},
    }


@pytest.mark.parametrize(
    "query",
    [
        "do_it=true&at_point.x=2&at_point.some_names=a&at_point.some_names=b&at_point.is_on=1",
        "doIt=true&atPoint.x=2&atPoint.someNames=a&atPoint.someNames=b&atPoint.isOn=true",
    ],
)
def test_query_has_nested_fields_under_either_name(app: ContractApp, query: str) -> None:
    assert said(app, "GET", f"/v1/get/o?{query}") == {
        "orderId": "o",
        "doIt": True,
        "atPoint": {"x": 2, "someNames": ["a", "b"], "isOn": True},
    }


def test_part_of_the_response_is_as_within_the_whole(app: ContractApp) -> None:
    status, answer = ask(app, "PATCH", "/v1/numbers/o", [1, 2])

    assert (status, answer["orderId"], answer["numbers"]) == (200, "o", [1, 2])


def test_path_names_nested_fields_and_truth(app: ContractApp) -> None:
    status, answer = ask(app, "DELETE", "/v1/at/7/true")

    assert (status, answer) == (200, [{"x": 7, "someNames": [], "isOn": False}])


def test_verb_may_be_of_ones_own_or_any(app: ContractApp) -> None:
    assert said(app, "LINK", "/v1/link/o") == {"orderId": "o"}
    assert [said(app, verb, "/v1/any/o") for verb in ("GET", "PURGE")] == [{"orderId": "o"}] * 2


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("/v1/a/b%20c/d", "a/b c/d"),
        ("/v1/a%2Fb/c", "a%2Fb/c"),
        ("/v1/get/a%2Fb", "a/b"),
        ("/v1/shelves/s/x/books/b", "books/b"),
    ],
)
def test_segments_are_told_from_escaped_slashes(app: ContractApp, path: str, order: str) -> None:
    assert said(app, "GET", path) == {"orderId": order}


def test_more_literal_path_wins_however_many_variables_it_has(app: ContractApp) -> None:
    assert said(app, "GET", "/v1/shelves/s/x/GREEN") == {"orderId": "s", "colour": "GREEN"}


def test_own_page_may_run_actions(app: ContractApp) -> None:
    headers = {"origin": "http://127.0.0.1:9001", "host": "127.0.0.1:9001"}

    assert ask(app, "POST", "/v1/baskets/o1:say", {}, **headers)[0] == 200


def test_openapi_has_every_rule_that_it_has_words_for(app: ContractApp) -> None:
    described = app.openapi()["paths"]

    assert set(described) == {
        "/v1/baskets/{order_id}:say",
        "/v1/points/{order_id}",
        "/v1/get/{order_id}",
        "/v1/numbers/{order_id}",
        "/v1/at/{at_point.x}/{do_it}",
        "/v1/{order_id}",
        "/v1/shelves/{segment1}/x/{order_id}",
        "/v1/shelves/{order_id}/x/{colour}",
    }
    names = {each["name"]: each["in"] for each in described["/v1/get/{order_id}"]["get"]["parameters"]}
    assert names["order_id"] == "path"
    assert {"value", "at_point.x", "at_point.some_names", "due_at", "maybe", "do_it"} <= names.keys() - {"order_id"}
    assert "at_point.next.x" not in names


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('response_body: "last_order"', 'response_body: "order"', "names 'order'"),
        ("/v1/numbers/{order_id}", "v1/numbers/{order_id}", "does not begin with a slash"),
        ("/v1/numbers/{order_id}", "/v1/numbers/{order_id", "without its match"),
        ("/v1/numbers/{order_id}", "/v1/{order_id}/{order_id}", "a variable twice"),
    ],
)
def test_rule_that_cannot_work_is_refused(old: str, new: str, complaint: str) -> None:
    with embedded() as system, pytest.raises(ContractError, match=complaint):
        ContractApp(system).add(compile_text(TEXT.replace(old, new)))
