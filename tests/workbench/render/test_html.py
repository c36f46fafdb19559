from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workbench.presenters.samples import NOW_US, full_actor_view, full_system_view
from workbench.presenters.panels.actor import actor_rendering
from workbench.presenters.panels.system import system_rendering
from workbench.render.html import Column, aligned, bundle, element, join, table


class Reader(HTMLParser):
    """Collects text and tags as a browser would see them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.text, self.tags, self.attributes = "", [], {}
        self.feed(markup)

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(attrs)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_any_text_and_attribute_comes_back_as_it_was(text: str) -> None:
    read = Reader(element("p", text, title=text))

    assert (read.text, read.tags, read.attributes.get("title", "")) == (text, ["p"], text)


def test_markup_is_not_escaped_twice() -> None:
    assert join([element("b", "<"), "<"]) == "<b>&lt;</b>&lt;"


def test_a_table_names_its_columns_for_screen_readers() -> None:
    markup = table([Column("a"), Column("b", right=True)], [["<1>", "2"]], caption="Numbers")

    assert Reader(markup).tags == ["table", "caption", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert markup.count('scope="col"') == 2


def test_columns_are_aligned_and_cut() -> None:
    text = aligned([Column("name"), Column("n", right=True)], [["x" * 99, "1"], ["y", "12,345"]], widest=10)

    assert text.splitlines() == ["name             n", "xxxxxxxxx…       1", "y           12,345"]


@pytest.mark.parametrize(
    "markup", [actor_rendering(full_actor_view(), NOW_US).html, system_rendering(full_system_view(), NOW_US).html]
)
def test_static_html_needs_no_script_and_no_network(markup: str) -> None:
    read = Reader(markup)

    assert not {"script", "link", "style", "iframe", "img"} & set(read.tags)
    assert not [name for name in read.attributes if name.startswith("on") or name in ("href", "src")]


def test_a_bundle_is_of_plain_strings() -> None:
    found = bundle("text", element("b", "x"), svg=element("svg"))

    assert {type(content) for content in found.values()} == {str}
    assert set(found) == {"text/plain", "text/html", "image/svg+xml"}
