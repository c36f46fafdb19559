"""Contracts compile in this process, each into a pool of its own; what is wrong is named by line."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from runtime.contracts.compiler import compile_file, compile_text
from runtime.contracts.contract import HttpRule
from runtime.errors import ContractError
from runtime.wire.codecs.messages import class_named
from tests.runtime.contracts.shop import SHOP

MINIMAL = 'syntax = "proto3"; package small; message Thing { int32 number = 1; }'


def test_messages_are_classes_by_simple_and_full_name() -> None:
    contract = compile_text(SHOP)

    assert contract.AddRequest(value=3).value == 3
    assert contract["shop.v1.AddRequest"] is contract.AddRequest
    with pytest.raises(AttributeError, match="Did you mean AddRequest"):
        _ = contract.AddReqest


def test_two_versions_live_side_by_side() -> None:
    old = compile_text(MINIMAL)
    new = compile_text(MINIMAL.replace("int32 number = 1;", "int32 number = 1; string note = 2;"))

    kept = old.Thing.FromString(new.Thing(number=1, note="x").SerializeToString())

    assert not hasattr(old.Thing(), "note")
    assert new.Thing.FromString(kept.SerializeToString()).note == "x"


def test_latest_version_decodes_what_says_only_its_name() -> None:
    compile_text(MINIMAL)
    new = compile_text(MINIMAL.replace("number", "count"))

    assert class_named("small.Thing") is new.Thing


def test_service_with_options_declares_an_actor() -> None:
    contract = compile_text(SHOP)

    counter, account = contract.Counter, contract.Account

    assert (counter.is_actor, account.is_actor, contract.NoActor.is_actor) == (True, True, False)
    assert counter.settings == {"name": "Counter", "state_type": contract.CounterState, "deactivate_timeout": 5000}
    assert account.settings == {"name": "Account", "kind": "unnamed"}
    assert counter.comment == "Counts things."


def test_http_rules_are_read_with_their_further_bindings() -> None:
    rules = compile_text(SHOP).Counter.methods["Add"].rules

    assert rules == (HttpRule("POST", "/v1/counter:add", "*"), HttpRule("GET", "/v1/counter/add/{value}"))


def test_field_that_names_the_instance_is_found() -> None:
    contract = compile_text(SHOP)

    field = contract.Account.methods["Pay"].actor_id

    assert field is not None
    assert field.name == "who"
    assert contract.Counter.methods["Add"].actor_id is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('syntax = "proto3";\nmessage A { strin x = 1; }', 'line 2: "strin" is not defined'),
        ('syntax = "proto3";\nimport "no/such.proto";', "no/such.proto: File not found"),
        (MINIMAL.replace("Thing", ""), "line 1: Expected message name"),
        ('syntax = "proto3"; message A { int32 x = 1; int32 y = 1; }', "Field number 1 has already been used"),
        (SHOP.replace('"shop.v1.CounterState"', '"Nothing"'), "state_type 'Nothing'"),
    ],
)
def test_what_is_wrong_is_named(text: str, complaint: str, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ContractError, match=complaint):
        compile_text(text)

    assert capfd.readouterr() == ("", "")


def test_contract_that_is_too_large_is_refused() -> None:
    with pytest.raises(ContractError, match="4 MiB"):
        compile_text("//" + "x" * 5_000_000)


def test_file_imports_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "common.proto").write_text(MINIMAL)
    (tmp_path / "main.proto").write_text(
        'syntax = "proto3"; import "common.proto"; message Box { small.Thing thing = 1; }'
    )

    contract = compile_file(tmp_path / "main.proto")

    assert contract.Box(thing={"number": 2}).thing.number == 2


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"Cannot read .*nothing\.proto"):
        compile_file(tmp_path / "nothing.proto")


def test_contract_shows_what_it_holds() -> None:
    shown = repr(compile_text(SHOP))

    assert "message shop.v1.AddRequest" in shown
    assert "unnamed actor Account: Pay" in shown
    assert "  service NoActor: Ping" in shown


def test_warnings_of_the_compiler_are_the_contracts(capfd: pytest.CaptureFixture[str]) -> None:
    text = 'syntax = "proto3";\npackage x;\nimport "google/protobuf/empty.proto";\nmessage A { int32 b = 1; }\n'

    contract = compile_text(text)

    assert contract.warnings == ("line 3: Import google/protobuf/empty.proto is unused.",)
    assert "! line 3" in repr(contract)
    assert capfd.readouterr().err == ""


def test_a_contract_is_carried_to_another_process_as_its_descriptors() -> None:
    contract = compile_text(SHOP)

    carried = pickle.loads(pickle.dumps(contract))

    assert list(carried.messages) == list(contract.messages)
    assert carried.Counter.methods["Add"].rules == contract.Counter.methods["Add"].rules
    assert carried.Counter.settings["state_type"] is carried.CounterState
