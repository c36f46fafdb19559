from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.render.values import STATE_LIMITS, Limits, Node, left_out, mark_changes, one_line, outline


def child(node: Node, name: str) -> Node:
    return dict(node.items)[name]


def size(node: Node) -> int:
    return 1 + sum(size(item) for _, item in node.items)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "none", "null"),
        (True, "flag", "true"),
        (12345, "number", "12345"),
        (0.1, "number", "0.1"),
        ('a"b\n', "text", '"a\\"b\\n"'),
        (b"\x00\xff", "bytes", "2 bytes: 00 ff"),
        ({}, "map", "empty"),
        ([1], "list", "1 item"),
    ],
)
def test_each_kind_of_value_has_its_text(value: Any, kind: str, text: str) -> None:
    node = outline(value)

    assert (node.kind, node.text) == (kind, text)


def test_an_integer_too_long_to_write_out_gives_its_size() -> None:
    assert outline(10**5000).text == "integer of 16,610 bits"


def test_a_huge_map_is_not_walked_and_says_what_is_left_out() -> None:
    node = outline({f"key{i}": i for i in range(12_385)})

    assert (len(node.items), left_out(node)) == (40, "… 12,345 more entries")


def test_a_long_text_is_cut_and_says_how_much() -> None:
    node = outline({"note": "x" * 12_505})

    assert left_out(child(node, "note")) == "… 12,345 more characters"


def test_deep_values_end_at_the_limit() -> None:
    value: Any = 1
    for _ in range(50):
        value = {"in": value}

    assert one_line(outline(value, Limits(depth=2))) == "{in: {in: {… 1 more}}}"


def test_an_object_that_cannot_be_shown_is_named() -> None:
    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert outline(Rude()).text == "<Rude, whose repr raised RuntimeError>"


def test_a_protobuf_message_shows_its_set_fields() -> None:
    from google.protobuf.duration_pb2 import Duration

    assert one_line(outline(Duration(seconds=3))) == "{seconds: 3}"


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=400), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
    )
)
def test_trees_stay_within_their_budget(value: Any) -> None:
    node = outline(value)

    assert size(node) <= STATE_LIMITS.nodes + 1
    assert len(one_line(node, 100)) <= 100


def test_changed_and_new_fields_are_marked_with_what_they_were() -> None:
    marked = mark_changes(outline({"total": 4, "owner": "ada"}), outline({"total": 5, "owner": "ada", "extra": 1}))

    assert (child(marked, "total").change, child(marked, "total").was) == ("changed", "4")
    assert child(marked, "extra").change == "new"
    assert child(marked, "owner").change == ""


def test_a_change_deep_inside_marks_only_that_entry() -> None:
    marked = mark_changes(outline({"a": {"b": 1, "c": 1}}), outline({"a": {"b": 1, "c": 2}}))

    assert child(marked, "a").change == ""
    assert child(child(marked, "a"), "c").was == "1"


def test_a_first_picture_marks_nothing() -> None:
    node = outline({"total": 1})

    assert mark_changes(None, node) == node
