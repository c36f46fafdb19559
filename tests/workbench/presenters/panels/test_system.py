import pytest

from runtime.api import SystemStatus
from tests.workbench.presenters.panels.test_actor import as_json
from tests.workbench.presenters.samples import HOSTILE, NOW_US, full_system_view, info
from tests.workbench.presenters.snapshot import assert_snapshot
from workbench.presenters.panels.system import SORTS, Query, Window, system_rendering, system_view, window

STATUS = SystemStatus(system="s", store="", running=True)


def names(query: Query) -> list[str]:
    return [row.name for row in full_system_view(query, hostile="zz").rows]


def test_the_view_model_that_the_browser_draws() -> None:
    assert_snapshot("system.json", as_json(full_system_view()))


def test_the_text_for_terminals() -> None:
    assert_snapshot("system.txt", system_rendering(full_system_view(), NOW_US).text)


def test_the_html_that_needs_no_kernel() -> None:
    assert_snapshot("system.html", system_rendering(full_system_view(), NOW_US).html)


def test_the_tools_own_actors_are_left_out() -> None:
    assert not any(name.startswith("workbench.") for name in names(Query()))


def test_sorting_by_numbers_keeps_names_in_order_among_equals() -> None:
    assert names(Query(sort="waiting", descending=True)) == ["archive", "N14228", "counter", "plane", "zz"]


@pytest.mark.parametrize("sort", SORTS)
def test_every_column_sorts_both_ways(sort: str) -> None:
    assert sorted(names(Query(sort=sort))) == sorted(names(Query(sort=sort, descending=True)))


def test_search_takes_all_words_in_any_column() -> None:
    assert names(Query(search="PLANE passive")) == ["N14228"]


def test_a_window_says_how_many_more_there_are() -> None:
    view = system_view(STATUS, window([info(f"a{i}") for i in range(2_000)], Query(limit=50)))

    assert len(view.rows) == 50
    assert "… 1,950 more actors" in system_rendering(view, NOW_US).text


def test_a_partial_list_says_how_to_find_the_rest() -> None:
    view = system_view(STATUS, window([info()], Query()), is_partial=True)

    assert "search by the start of a name" in system_rendering(view, NOW_US).html


def test_an_empty_system_says_how_to_begin() -> None:
    assert "%%actor" in system_rendering(system_view(STATUS, Window()), NOW_US).text


def test_a_stopped_system_says_so() -> None:
    stopped = SystemStatus(system="s", store="", running=False)

    problem = system_view(stopped, Window()).problem

    assert problem is not None
    assert problem.kind == "stopped"


def test_a_hostile_name_stays_text_everywhere() -> None:
    rendering = system_rendering(full_system_view(hostile=HOSTILE), NOW_US)

    assert "<img" not in rendering.html
    assert "\x1b" not in rendering.text
