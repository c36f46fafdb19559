"""The reference is made from the code and leaves nothing out."""

from __future__ import annotations

import importlib.util
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import workbench
from runtime import errors
from runtime.servers.spawn_proxy.metrics import metric_families
from workbench.kernel_ext.magics.registry import all_names, parser_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def reference() -> Any:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "build_support" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _magics() -> set[str]:
    names = all_names()
    return {*names["line"], *names["cell"]}


def test_every_public_name_is_in_exactly_one_group(reference: Any) -> None:
    grouped = Counter(name for names in reference.GROUPS.values() for name in names)

    assert {name for name, count in grouped.items() if count > 1} == set()
    assert set(grouped) == {*workbench.__all__, *_magics()}


def test_functions_are_all_there_with_a_text(reference: Any) -> None:
    page = reference.functions_page()

    sections = dict(re.findall(r"### `wb\.(\w+)`\n(.*?)(?=\n##|\Z)", page, re.DOTALL))
    assert set(sections) == set(workbench.__all__)
    assert [
        name for name, text in sections.items() if not re.sub(r"```.*?```", "", text, flags=re.DOTALL).strip()
    ] == []


def test_magics_are_all_there_with_their_options(reference: Any) -> None:
    page = reference.magics_page()

    for name in _magics():
        assert re.search(rf"^### .*`%+{name}`", page, re.MULTILINE), name
        parser = parser_of(name)
        for option in parser._option_string_actions if parser is not None else ():
            assert option == "--help" or option in page, (name, option)


def test_every_table_says_what_its_rows_are(reference: Any) -> None:
    page = reference.sql_page()

    for table, columns in reference.sql_columns():
        assert f"\n| `{table}` | " in page, table
        section = page.partition(f"## `{table}`")[2].partition("\n## ")[0]
        assert [name for name, _ in columns if f"| `{name}` |" not in section] == []


def test_errors_are_all_there(reference: Any) -> None:
    page = reference.errors_page()

    for kind in errors._tree(errors.SpawnError).values():
        if kind.__module__ == errors.__name__:
            assert f"`{kind.__name__}` | `{kind.code}`" in page, kind


def test_metrics_and_calls_are_all_there(reference: Any) -> None:
    contract = (ROOT / "protos/workbench/v1/node.proto").read_text("utf-8")

    assert {name for name, *_ in metric_families() if f"`{name}`" not in reference.metrics_page()} == set()
    assert len(reference.grpc_calls(contract)) == len(re.findall(r"^\s*rpc ", contract, re.MULTILINE))


def test_variables_of_the_environment_say_what_they_are_for(reference: Any) -> None:
    assert [name for name, meaning in reference.environment_variables() if not meaning] == []
