"""How a cell shows the rows of a query."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from workbench.presenters.query_rows import MOST_CHARACTERS, as_bundle, as_text


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def shown(relation: duckdb.DuckDBPyRelation) -> dict[str, str]:
    bundle = as_bundle(relation)
    assert bundle is not None
    return bundle


def test_a_large_answer_is_a_window_that_says_how_many_rows_there_are(db: duckdb.DuckDBPyConnection) -> None:
    rows = db.sql("SELECT i, i AS other FROM range(10_000_000) t(i)").materialize()

    assert "10,000,000 rows" in as_text(rows)
    assert "? rows" not in as_text(rows)
    assert "(20 shown)" in as_text(rows)
    assert "10 of 10,000,000 rows<" in shown(rows)["text/html"]
    assert len(shown(rows)["text/html"]) < 2_000


def test_a_small_answer_is_shown_as_duckdb_shows_it(db: duckdb.DuckDBPyConnection) -> None:
    rows = db.sql("SELECT 'größer' AS t").materialize()

    assert as_text(rows) == repr(rows)
    assert shown(rows) == rows._repr_mimebundle_()


def test_rows_that_are_not_there_yet_are_not_counted_for_show(db: duckdb.DuckDBPyConnection) -> None:
    assert "? rows" in as_text(db.sql("FROM range(20_000)"))


@pytest.mark.parametrize("value", ["repeat('ö', 1_000_000)", "range(1_000_000)", "{'a': repeat('x', 1_000_000)}"])
def test_values_that_no_browser_survives_are_cut(db: duckdb.DuckDBPyConnection, value: str) -> None:
    rows = db.sql(f"SELECT {value} AS long, NULL AS nothing, 7 AS short FROM range(3)").materialize()

    bundle = shown(rows)

    assert len(bundle["text/html"]) < MOST_CHARACTERS
    assert "Values of more than 500 characters are cut here" in bundle["text/html"]
    assert "<td>7</td>" in bundle["text/html"]
    assert len(as_text(rows)) < MOST_CHARACTERS
