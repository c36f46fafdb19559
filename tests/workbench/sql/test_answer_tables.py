"""The tables of `wb.as_of`, `wb.find` and `wb.search` in a cell: narrow, with everything at hand."""

import json
from typing import Any

import duckdb
import pytest

from workbench.sql.answer_tables import answer_table

STATE = {"total": 5, "lines": [f"line number {i}" for i in range(30)]}
AT = "TIMESTAMPTZ '2026-11-24 10:00:00.123456+00' AS \"at\""
CAUSE = "'53583035022fa1361000000018' AS cause"


def states(rows: int = 1) -> Any:
    return duckdb.connect().sql(
        f"SELECT 'anna ' || i AS actor, 'account' AS parent, 7 AS revision, {AT}, {CAUSE}, 'e5776fce743f56ee' AS definition, "
        f"$state::JSON AS state, MAP {{'a': 'b'}} AS tags, 's' AS system FROM range({rows}) AS t(i)",
        params={"state": json.dumps(STATE)},
    )


def test_a_state_is_folded_to_its_first_fields_and_an_id_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    table = answer_table(states())

    assert table is not None
    head, _, row, rest = table[0].splitlines()
    assert head.split() == ["actor", "revision", "at", "state", "cause"]
    assert row.startswith("anna 0         7  2026-11-24 ")
    assert '{total: 5, lines: ["line' in row
    assert row.endswith("…  000018")
    assert max(map(len, (head, row))) <= 80
    assert rest == "1 row; also parent, definition, tags, system. All of it: _.df()"


def test_in_a_notebook_the_rest_is_there_to_be_pointed_at() -> None:
    table = answer_table(states())

    assert table is not None
    assert 'line number 29&quot;]}"' in table[1]
    assert 'title="53583035022fa1361000000018">000018<' in table[1]


def test_of_many_rows_the_first_are_shown_and_the_others_counted() -> None:
    table = answer_table(states(1_000))

    assert table is not None
    assert len(table[0].splitlines()) == 63
    assert table[0].splitlines()[-1].startswith("The first 60 of 1,000 rows;")


def test_hits_of_a_search_show_where_the_words_are() -> None:
    hits = duckdb.connect().sql(
        f"SELECT {AT}, 'anna' AS actor, 'move' AS action, 'i-000019' AS invocation, NULL AS cause, "
        "['name', 'message'] AS found_in, 'anna move' || chr(10) || '{\"<b>\": 1}' AS text"
    )

    table = answer_table(hits)

    assert table is not None
    assert 'name, message  anna move {"<b>": 1}' in table[0]
    assert "<b>" not in table[1]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS actor",
        f"SELECT 'anna' AS actor, 7 AS revision, 'no time' AS \"at\", {CAUSE}, 'd' AS definition, '{{}}' AS state",
        f"SELECT 'anna' AS actor, 7 AS revision, {AT}, {CAUSE}, 'd' AS definition, 'no state' AS state",
        f"SELECT 'anna' AS actor, 7 AS revision, {AT}, {CAUSE}, 'd' AS definition, 5 AS state",
    ],
)
def test_any_other_answer_is_left_to_its_library(sql: str) -> None:
    assert answer_table(duckdb.connect().sql(sql)) is None
