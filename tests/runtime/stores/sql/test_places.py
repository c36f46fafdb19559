from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from runtime.stores.sql.schema import LONGEST, place_of, places_from

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40) | st.sampled_from(
    ["", "\0", "\0\0", "a\0", "\U0010ffff"]
)


@given(_texts, _texts, _texts, _texts)
def test_places_sort_like_name_and_system(name: str, system: str, other: str, other_system: str) -> None:
    left, right = place_of(name, system), place_of(other, other_system)

    assert (left < right) == ((name, system) < (other, other_system))
    assert (left == right) == ((name, system) == (other, other_system))


@given(_texts, _texts, _texts)
def test_prefix_bounds_exactly_its_names(name: str, system: str, prefix: str) -> None:
    start, end = places_from(prefix)

    assert (start <= place_of(name, system) < end) == name.startswith(prefix)


def test_long_names_are_distinct_and_fit_an_index() -> None:
    places = {place_of("x" * length, system) for length in range(800, 1_700) for system in ("a", "b")}

    assert len(places) == 1_800
    assert max(map(len, places)) == LONGEST


def test_long_prefix_bounds_more_than_its_names() -> None:
    start, end = places_from("x" * 5_000)

    assert start <= place_of("x" * 5_001, "a") < end
    assert start <= place_of("x" * 900, "a") < end
    assert not start <= place_of("x" * 800, "a") < end
