"""Reports of redeploys across restarts."""

import importlib
from pathlib import Path

import pytest

from runtime.authoring.actor import Actor, action
from runtime.authoring.definition import define
from runtime.system.embedded import embedded


class Counter(Actor, name="counter", channels=("news",)):
    total: int = 0

    @action
    def add(self, value: int) -> None:
        self.total += value


def test_the_same_class_after_a_restart_has_no_changed_settings(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'store.db'}"
    with embedded(store=store) as system:
        system.deploy(Counter)

    with embedded(store=store) as system:
        report = system.deploy(Counter)

    assert report.changed_settings == ()
    assert not report.changed


TWICE = """
from runtime.authoring.actor import Actor, action

class Counter(Actor):
    total: int = 0
    @action
    def add(self, value: int) -> None:
        self.total += value

First = Counter

class Counter(Actor):
    total: int = 0
    @action
    def add(self, value: int) -> None:
        self.total += 2 * value
"""


def test_two_classes_of_one_name_in_a_file_are_two_definitions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "defined_twice.py").write_text(TWICE)
    monkeypatch.syspath_prepend(tmp_path)
    module = importlib.import_module("defined_twice")

    first, second = define(module.First), define(module.Counter)

    assert first.hash != second.hash
    assert "2 * value" in second.source
    assert "2 * value" not in first.source
