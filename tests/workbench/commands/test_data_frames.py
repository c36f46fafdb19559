"""Results become data frames."""

import sys

import pytest

import workbench as wb
from runtime.errors import ActionFailed
from workbench.results import Actors, NotInstalled, to_arrow, to_pandas, to_polars

pytestmark = pytest.mark.usefixtures("session")

MIXED = [{"at": 1, "value": {"a": [1]}, "odd": 1}, {"at": 2, "value": None, "odd": "x"}]


def test_history_becomes_pandas_with_decoded_values() -> None:
    pytest.importorskip("pandas")
    wb.invoke("counter", "add", {"value": 5})

    frame = wb.history("counter").df()

    assert frame["payload"][0] == {"value": 5}
    assert frame["took_ms"][0] >= 0


def test_history_becomes_polars_with_json_for_what_is_no_scalar() -> None:
    pytest.importorskip("polars")
    wb.invoke("counter", "add", {"value": 5})

    frame = wb.history("counter").pl()

    assert frame["payload"].to_list() == ['{"value":5}']
    assert frame["action"].to_list() == ["add"]


def test_actors_failures_and_traces_become_frames() -> None:
    pytest.importorskip("polars")
    with pytest.raises(ActionFailed), wb.trace() as trace:
        wb.invoke("counter", "divide", {"by": 0})

    assert wb.actors().pl()["id"].to_list() == ["counter"]
    assert wb.failures().pl()["what"].to_list() == ["ZeroDivisionError: division by zero"]
    assert trace.pl()["outcome"].to_list() == ["raised"]
    assert wb.actors().arrow().column_names[0] == "id"


def test_a_column_of_several_types_is_converted_all_the_same() -> None:
    assert to_arrow(MIXED).to_pylist()[0] == {"at": 1, "value": '{"a":[1]}', "odd": "1"}
    assert to_polars(MIXED).shape == (2, 3)
    assert list(to_pandas(MIXED)["odd"]) == [1, "x"]


def test_no_rows_are_an_empty_frame() -> None:
    assert len(Actors().df()) == len(Actors().pl()) == len(Actors().arrow()) == 0


def test_a_relation_of_sql_becomes_polars_too() -> None:
    wb.invoke("counter", "add", {"value": 5})

    frame = wb.query("SELECT revision, total FROM history.counter").pl()

    assert frame.rows() == [(1, 5)]


def test_a_missing_package_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)

    with pytest.raises(NotInstalled, match="%pip install polars"):
        Actors().pl()
