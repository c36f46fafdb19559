"""The built browser bundle: small, complete, and nothing in it that a strict page would refuse."""

import re
from pathlib import Path

import pytest

import workbench.widgets

BUNDLE = Path(workbench.widgets.__file__).parent / "static" / "workbench.js"


@pytest.fixture(scope="module")
def bundle() -> str:
    if not BUNDLE.exists():
        pytest.fail("the bundle is not built: run `make js`")
    return BUNDLE.read_text("utf-8")


def test_it_stays_far_below_what_a_notebook_can_carry(bundle: str) -> None:
    assert len(bundle.encode()) < 100_000


def test_it_is_one_module_with_a_default_export(bundle: str) -> None:
    assert re.search(r"export\s*\{\s*\w+ as default\s*\}", bundle)
    assert not re.search(r"\bimport\s*[{*\"']|\bfrom\s*[\"']", bundle)


@pytest.mark.parametrize(
    "forbidden",
    [
        r"\beval\(",
        r"\bnew Function\b",
        r"\bimportScripts\b",
        r"\bnew Worker\b",
        r"\bfetch\(",
        r"XMLHttpRequest",
        r"@import",
        r"url\(",
    ],
)
def test_it_needs_nothing_that_a_strict_page_refuses(bundle: str, forbidden: str) -> None:
    assert not re.search(forbidden, bundle)


def test_it_names_no_place_on_the_network(bundle: str) -> None:
    namespaces = {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML", "http://www.w3.org/1999/xhtml"}

    assert set(re.findall(r"https?://[\w./-]+", bundle)) <= namespaces
