"""Contracts in a session: compiled, implemented, served, and made from actors."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench as wb
from runtime import Actor, Context, Value, action
from runtime.errors import BadSetting, ContractError, UnknownActor
from workbench.session import Session

SHOP = """
syntax = "proto3";
package shop.v1;
import "google/api/annotations.proto";
import "spawn/actors/extensions.proto";
message AddRequest { int64 value = 1; }
message Total { int64 total = 1; }
service Till {
  option (spawn.actors.actor) = { state_type: "shop.v1.Total" };
  rpc Add(AddRequest) returns (Total) { option (google.api.http) = { post: "/v1/till:add" body: "*" }; }
}
"""


@pytest.fixture
def served(session: Session) -> Iterator[None]:
    yield
    if session.served is not None:
        session.served.close()


def deploy_till(shop: object) -> None:
    class Till(Actor, **shop.Till.settings):  # type: ignore[attr-defined]
        @action
        def Add(self, ctx: Context, request: SHOP_V1.AddRequest) -> Value:  # noqa: N802
            ctx.state.total += request.value
            return Value.of(ctx.state)

    wb.deploy(Till)


SHOP_V1 = wb.proto(SHOP)


def test_contracts_messages_are_state_payload_and_response(session: Session) -> None:
    deploy_till(SHOP_V1)

    answer = wb.invoke("Till", "Add", SHOP_V1.AddRequest(value=5))

    assert (type(answer), answer.total) == (SHOP_V1.Total, 5)
    assert wb.state("Till") == SHOP_V1.Total(total=5)
    assert wb.invoke("Till", "Add", {"value": 2}).total == 7


def test_contract_is_served_whether_compiled_before_or_after(session: Session, served: None) -> None:
    wb.proto(SHOP)
    deploy_till(SHOP_V1)
    place = wb.serve(http_port=0, host_port=0)
    wb.proto(wb.contract("counter"))

    for path in ("till:add", "counter/add"):
        request = urllib.request.Request(f"{place.http_address}/v1/{path}", b'{"value": 1}')
        with urllib.request.urlopen(request, timeout=120) as response:
            assert json.load(response)["total"] in ("1", 1)
    assert "contract     shop.v1.Till" in repr(place)


def test_contract_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "shop.proto").write_text(SHOP)

    assert wb.proto(file=tmp_path / "shop.proto").AddRequest


def test_contract_is_given_once() -> None:
    with pytest.raises(BadSetting, match="once"):
        wb.proto()
    with pytest.raises(BadSetting, match="once"):
        wb.proto("x", file="y")


def test_wrong_line_is_named() -> None:
    with pytest.raises(ContractError, match='line 6: "int6" is not defined'):
        wb.proto(SHOP.replace("int64 value", "int6 value"))


def test_contract_is_made_from_an_actor_by_name_or_class(session: Session) -> None:
    text = wb.contract("counter", package="counting.v3")

    assert "package counting.v3;" in text
    assert "rpc add(AddRequest)" in text
    assert wb.proto(text).counter.is_actor


def test_actor_without_code_has_no_contract(session: Session) -> None:
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        wb.contract("countr")


def test_contract_of_a_declared_actor_is_the_one_that_declares_it(session: Session) -> None:
    deploy_till(wb.proto(SHOP))

    assert str(wb.contract("Till")) == SHOP
