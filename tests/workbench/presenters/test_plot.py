"""The obvious picture of an answer, and the Python that makes it."""

from typing import Any

import duckdb
import pytest

from runtime.errors import BadQuery
from workbench.presenters.plot import MOST_POINTS, Plot, design_of
from workbench.results import NotInstalled

MINUTES = "TIMESTAMPTZ '2026-01-01' + i * INTERVAL 1 MINUTE AS at"


def relation(select: str, rows: int = 10) -> Any:
    return duckdb.connect().sql(f"SELECT {select} FROM range({rows}) AS t(i)")


@pytest.mark.parametrize(
    ("select", "mark", "channels"),
    [
        (f"{MINUTES}, i AS total", "line", {"x": "at", "y": "total"}),
        (f"{MINUTES}, i AS total, ['a', 'b'][1 + i % 2] AS actor", "line", {"x": "at", "y": "total", "color": "actor"}),
        (
            f"{MINUTES}, i AS total, i::VARCHAR || 'x' AS id FROM range(99) AS t(i) --",
            "line",
            {"x": "at", "y": "total"},
        ),
        (f"{MINUTES}, i AS a, -i AS b", "line", {"x": "at", "y": "value", "color": "key"}),
        ("i AS revision, i % 3 AS total", "line", {"x": "revision", "y": "total"}),
        ("i % 3 AS a, i AS b", "point", {"x": "a", "y": "b"}),
        ("'actor ' || i AS actor, i AS turns", "bar", {"x": "turns", "y": "actor"}),
        ("i / 7 AS ms", "bar", {"x": "ms", "y": None}),
        ("['add', 'get'][1 + i % 2] AS action", "bar", {"x": None, "y": "action"}),
        (MINUTES, "tick", {"x": "at"}),
        ("i::DECIMAL(9, 2) AS price, [i] AS l", "bar", {"x": "price", "y": None}),
    ],
)
def test_columns_tell_the_picture(select: str, mark: str, channels: dict[str, str | None]) -> None:
    design = design_of(relation(select))

    assert design.mark == mark
    assert {each.name: each.arguments.get("field") for each in design.channels} == channels


@pytest.mark.parametrize(
    ("times", "labels", "title"),
    [
        ("TIMESTAMPTZ '2026-11-24 13:00+00' + i * INTERVAL 1 SECOND", "%H:%M:%S.%L", "at (24 Nov 2026, UTC)"),
        ("TIMESTAMPTZ '2026-11-24 13:00+00' + i * INTERVAL 1 MINUTE", "%H:%M:%S", "at (24 Nov 2026, UTC)"),
        ("TIMESTAMP '2026-11-24 13:00' + i * INTERVAL 1 HOUR", "%H:%M", "at (24 Nov 2026)"),
        ("TIMESTAMPTZ '2026-11-24 20:00+00' + i * INTERVAL 1 HOUR", "%d %b %H:%M", "at (UTC)"),
        ("TIMESTAMPTZ '2026-12-31 20:00+00' + i * INTERVAL 1 HOUR", "%d %b %Y %H:%M", "at (UTC)"),
        ("TIMESTAMP_S '2026-01-24 20:00:00' + i * INTERVAL 5 DAY", "%d %b", "at"),
        ("TIMESTAMP '2026-11-24 20:00' + i * INTERVAL 3 MONTH", "%b %Y", "at"),
        ("TIMESTAMP '2026-11-24 20:00' + i * INTERVAL 10 YEAR", "%Y", "at"),
        ("DATE '2026-11-24' + i::INTEGER", "%d %b", "at"),
    ],
)
def test_labels_of_times_have_24_hours_and_the_date_that_their_span_needs(times: str, labels: str, title: str) -> None:
    [x, *_] = design_of(relation(f"{times} AS at, i AS total")).channels

    assert (x.arguments["axis"]["format"], x.arguments["title"]) == (labels, title)


@pytest.mark.parametrize("time", ["NULL::TIMESTAMP", "'infinity'::TIMESTAMP", "'infinity'::TIMESTAMPTZ", "NULL::DATE"])
def test_times_that_are_none_have_the_labels_of_the_library(time: str) -> None:
    [x, *_] = design_of(relation(f"{time} AS at, i AS total")).channels

    assert "axis" not in x.arguments


@pytest.mark.parametrize(
    ("select", "of_states", "way"),
    [
        (f"{MINUTES}, i AS total", True, "step-after"),
        ("i AS revision, i % 3 AS total", True, "step-after"),
        (f"{MINUTES}, i AS total", False, ""),
        (f"{MINUTES.replace('AS at', 'AS minute')}, i AS changes", True, ""),
        ("i % 3 AS a, i AS b", True, ""),
    ],
)
def test_states_last_until_the_next_revision(select: str, of_states: bool, way: str) -> None:
    plot = Plot(relation(select), of_states=of_states)

    assert plot.chart.to_dict(validate=False)["mark"].get("interpolate", "") == way
    assert ("interpolate='step-after'" in plot.code) == bool(way)


@pytest.mark.parametrize("select", ["[i] AS l", "{'a': i} AS s, MAP {i: i} AS m"])
def test_an_answer_without_anything_to_draw_is_refused(select: str) -> None:
    with pytest.raises(BadQuery, match="none of its columns"):
        Plot(relation(select))


@pytest.mark.parametrize(
    "select", [f'{MINUTES}, i AS a, -i AS "b.c[0]"', 'i AS "it\'s \\ ""x"""', "i % 2 = 0 AS even, i AS n"]
)
def test_the_code_makes_the_same_chart(select: str) -> None:
    rows = relation(select)
    plot = Plot(rows)
    names: dict[str, Any] = {"rows": rows}

    exec(plot.code.replace("alt.Chart", "chart = alt.Chart", 1), names)

    theirs, ours = (chart.to_dict(validate=False) for chart in (names["chart"], plot.chart))
    assert [theirs.get(key) for key in ("mark", "encoding", "transform")] == [
        ours.get(key) for key in ("mark", "encoding", "transform")
    ]


def test_a_long_answer_is_drawn_in_part_and_says_so() -> None:
    plot = Plot(relation("i AS n, i % 7 AS v", rows=3 * MOST_POINTS))

    assert len(plot.chart.data) == MOST_POINTS
    assert plot.chart.title == "15,000 rows, one in 3 drawn"
    assert "rows.df().iloc[::3]" in plot.code


def test_it_shows_itself_as_a_picture_with_its_code() -> None:
    plot = Plot(relation("'<b>' || i AS actor, i AS turns"))

    bundle = plot._repr_mimebundle_()

    assert bundle["image/svg+xml"].startswith("<svg")
    assert "&lt;b&gt;1" in bundle["image/svg+xml"]
    assert "alt.X(field='turns'" in bundle["text/plain"]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "vl_convert", None)

    with pytest.raises(NotInstalled, match="%pip install vl-convert-python"):
        _ = Plot(relation("i AS n")).svg
