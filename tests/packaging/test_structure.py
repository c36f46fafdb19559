"""The tree of modules: no circles, nothing upward, folders that say what they are for and can be overlooked."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

from runtime.earlier_names import MOVED

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "build_support"))

import structure  # noqa: E402 - a script, found by the line above

FIGURES = structure.measured()
MOST_ENTRIES = {"runtime": 26, "workbench": 18}
"""The two packages list their folders beside their modules; every other folder has at most fifteen entries."""


def test_modules_do_not_import_each_other_in_circles() -> None:
    assert FIGURES.circles == []


def test_no_import_points_to_a_higher_layer() -> None:
    assert FIGURES.upward == []


def test_no_folder_has_more_entries_than_one_overlooks() -> None:
    assert {name: n for name, n in FIGURES.folders.items() if n > MOST_ENTRIES.get(name, structure.LARGE_FOLDER)} == {}


def test_every_folder_says_in_a_sentence_what_it_is_for() -> None:
    folders = [path for package in structure.PACKAGES for path in (ROOT / package).rglob("__init__.py")]
    silent = [
        str(path.relative_to(ROOT))
        for path in folders
        if not {"pb", "node_modules"} & set(path.parts) and not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]

    assert silent == []


@pytest.mark.parametrize(("earlier", "now"), MOVED.items())
def test_earlier_name_of_a_module_works_and_warns(earlier: str, now: str) -> None:
    sys.modules.pop(earlier, None)

    with pytest.warns(DeprecationWarning, match=f"{earlier} is now {now}") as warned:
        module = importlib.import_module(earlier)

    assert module is importlib.import_module(now)
    assert warned[0].filename == importlib.__file__


def test_a_module_that_never_was_is_not_found() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"runtime\.nowhere"):
        importlib.import_module("runtime.nowhere")
