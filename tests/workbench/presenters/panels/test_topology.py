import msgspec

from tests.workbench.presenters.samples import NOW_US, full_topology_view
from tests.workbench.presenters.snapshot import assert_snapshot
from workbench.presenters.panels.topology import Edge, Layout, topology_rendering, topology_view


def test_the_view_model_that_the_browser_draws() -> None:
    assert_snapshot("topology.json", msgspec.json.format(msgspec.json.encode(full_topology_view()), indent=1).decode())


def test_the_text_for_terminals() -> None:
    assert_snapshot("topology.txt", topology_rendering(full_topology_view(), NOW_US).text)


def test_the_html_that_needs_no_kernel() -> None:
    assert_snapshot("topology.html", topology_rendering(full_topology_view(), NOW_US).html)


def test_no_two_boxes_overlap() -> None:
    edges = [Edge(f"a{n % 7}", f"b{n}", 1) for n in range(40)] + [Edge(f"b{n}", f"a{n % 5}", 1) for n in range(9)]

    boxes = topology_view("s", edges, Layout()).nodes

    corners = [(box.x, box.y) for box in boxes]
    assert len(set(corners)) == len(boxes)
    assert all(abs(y1 - y2) >= 40 for x1, y1 in corners for x2, y2 in corners if x1 == x2 and (x1, y1) != (x2, y2))


def test_the_order_does_not_depend_on_that_of_the_calls() -> None:
    edges = [Edge("a", "b", 1), Edge("a", "c", 1), Edge("b", "d", 1)]

    assert topology_view("s", edges, Layout()).nodes == topology_view("s", edges[::-1], Layout()).nodes


def test_a_box_that_is_new_leaves_the_order_of_the_others() -> None:
    layout, edges = Layout(), [Edge("a", "b", 1), Edge("a", "c", 1)]
    topology_view("s", edges, layout)

    after = {box.name: box.y for box in topology_view("s", [*edges, Edge("a", "aa", 1)], layout).nodes}

    assert after["b"] < after["c"] < after["aa"]


def test_an_empty_picture_says_how_it_fills() -> None:
    assert "No calls seen yet" in topology_rendering(topology_view("s", [], Layout()), NOW_US).text
