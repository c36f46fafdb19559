import json
from pathlib import Path
from typing import Any

import pytest

from workbench.render import formats

CASES = json.loads((Path(__file__).parent / "wording_cases.json").read_text("utf-8"))
"""The browser's side is tested with the same cases: `workbench/widgets/js/test/format.test.js`."""


@pytest.mark.parametrize(
    ("name", "given", "expected"), [(name, *case) for name, cases in CASES.items() for case in cases]
)
def test_numbers_and_times_are_worded_as_agreed(name: str, given: Any, expected: str) -> None:
    arguments = given if isinstance(given, list) else [given]

    assert getattr(formats, name)(*arguments) == expected


def test_control_and_direction_characters_become_visible() -> None:
    assert formats.printable("a\x1b[31m\u202eb\n") == r"a\x1b[31m\u202eb\n"


def test_long_text_is_cut_with_an_ellipsis() -> None:
    assert formats.shortened("x" * 100, 10) == "x" * 9 + "…"


def test_a_time_that_never_was_is_empty() -> None:
    assert formats.clock_time(0) == ""


def test_clock_time_is_utc_with_milliseconds() -> None:
    assert formats.clock_time(1_700_000_000_123_000) == "2023-11-14 22:13:20.123"


@pytest.mark.parametrize(
    ("name", "is_plain"), [("counter", True), ("a/b-1.x:y", True), ("two words", False), ("", False)]
)
def test_only_plain_names_go_into_a_line_magic(name: str, is_plain: bool) -> None:
    assert formats.is_plain_name(name) is is_plain
