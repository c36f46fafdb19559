"""Which actors a module on a command line is taken to have."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from runtime.cli.common import load_actors
from runtime.errors import DefinitionError

TEXT = """
from runtime import Actor
class Base(Actor): ...
class Counter(Base): ...
"""


def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> list[str]:
    monkeypatch.setattr(sys, "path", sys.path[:])
    path = tmp_path / "actors_of_test.py"
    path.write_text(text)
    try:
        return [actor.__name__ for actor in load_actors([str(path)])]
    finally:
        sys.modules.pop("actors_of_test", None)


def test_all_actors_of_a_module_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(tmp_path, monkeypatch, TEXT) == ["Base", "Counter"]


def test_module_that_says_what_it_offers_is_taken_at_its_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(tmp_path, monkeypatch, f'{TEXT}__all__ = ["Counter", "helper"]\ndef helper(): ...\n') == ["Counter"]


def test_module_that_offers_no_actor_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DefinitionError, match="defines no actor"):
        load(tmp_path, monkeypatch, f"{TEXT}__all__ = []\n")
