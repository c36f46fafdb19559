"""Previews, versions of an actor's code, and going back."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import workbench as wb
from runtime import Actor, action
from runtime.errors import DefinitionError, UnknownActor
from runtime.records import StoredDefinition
from tests.workbench.commands.conftest import Counter
from workbench.commands.deploy import NoSuchVersion, cell_of
from workbench.presenters.versions import Earlier
from workbench.session import Session, current


class Changed(Actor, name="counter"):
    total: int = 0
    label: str = ""

    @action
    def add(self, value: int) -> int:
        self.total += 2 * value
        return self.total


@pytest.mark.usefixtures("session")
def test_a_preview_reads_as_what_would_be() -> None:
    wb.invoke("counter", "add", {"value": 1})

    shown = repr(wb.preview(Changed))

    assert "counter: would be redeployed" in shown
    assert "Nothing was deployed." in shown
    assert "+ label (str)" in shown
    assert wb.invoke("counter", "add", {"value": 1}) == {"total": 2}


@pytest.mark.usefixtures("session")
def test_a_preview_of_the_same_class_says_that_nothing_would_change() -> None:
    assert repr(wb.preview(Counter)).startswith("counter: nothing would change")


@pytest.mark.usefixtures("session")
def test_versions_are_listed_with_what_is_deployed() -> None:
    wb.deploy(Changed)

    first, second = wb.versions("counter")

    assert (first.is_current, first.is_here, second.is_current) == (False, True, True)
    assert "deployed now" in repr(wb.versions("counter"))
    with pytest.raises(UnknownActor, match="Did you mean counter"):
        wb.versions("conter")


@pytest.mark.usefixtures("session")
def test_a_version_of_this_process_comes_back_at_once_and_keeps_the_state() -> None:
    wb.invoke("counter", "add", {"value": 1})
    wb.deploy(Changed)

    report = wb.redeploy("counter", wb.versions("counter")[0].hash[:6])

    assert report.changed  # type: ignore[union-attr]
    assert wb.invoke("counter", "add", {"value": 1}) == {"total": 2}


@pytest.mark.usefixtures("session")
@pytest.mark.parametrize("version", ["zzz", ""])
def test_an_unknown_version_names_those_that_there_are(version: str) -> None:
    with pytest.raises(NoSuchVersion, match="Known: "):
        wb.redeploy("counter", version)


SOURCE = """
class Tally(Actor, name="tally"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value * {factor}
        return self.total
"""


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    """A process that has only the stored text of two versions of `tally`."""
    main = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", main)
    current.notify = lambda text: None
    current.defaults = {"store": tmp_path / "tally.db"}
    for factor in ("1", "2"):
        _run_cell(tmp_path, factor)
    wb.invoke("tally", "add", {"value": 1})
    current.reset()
    yield current
    current.reset()
    current.defaults = {}


def _run_cell(tmp_path: Path, factor: str) -> None:
    file = tmp_path / f"cell{factor}.py"
    file.write_text(SOURCE.format(factor=factor))
    namespace = {"Actor": Actor, "action": action, "__name__": "__main__"}
    exec(compile(file.read_text(), str(file), "exec"), namespace)
    wb.deploy(namespace["Tally"])  # type: ignore[arg-type]


@pytest.mark.usefixtures("notebook")
def test_stored_text_is_shown_and_not_executed() -> None:
    found = wb.redeploy("tally", wb.versions("tally")[0].hash)

    assert isinstance(found, Earlier)
    assert "self.total += value * 1" in repr(found)
    assert "Nothing was executed." in repr(found)
    assert not wb.versions("tally")[0].is_current
    assert "Tally" not in vars(sys.modules["__main__"])


@pytest.mark.usefixtures("notebook")
def test_stored_text_is_executed_when_asked_for() -> None:
    wb.redeploy("tally", wb.versions("tally")[0].hash, execute=True)

    assert wb.invoke("tally", "add", {"value": 1}) == 3
    assert wb.versions("tally")[-1].is_current


@pytest.mark.usefixtures("notebook")
def test_the_difference_to_what_is_deployed_is_offered() -> None:
    wb.redeploy("tally", wb.versions("tally")[1].hash, execute=True)

    found = wb.redeploy("tally", wb.versions("tally")[0].hash)

    assert isinstance(found, Earlier)
    assert "-        self.total += value * 2" in found.difference
    assert "Against the code deployed now" in found._repr_mimebundle_()["text/html"]


def _stored(name: str, source: str, settings: dict[str, object]) -> StoredDefinition:
    return StoredDefinition(
        hash="feed1234", name=name, source=source, settings=settings, fields={}, actions={}, deployed_us=1
    )


def test_a_cell_has_the_settings_that_do_not_stand_in_the_class() -> None:
    settings = {
        "name": "tally",
        "deactivate_timeout_ms": 30_000,
        "channels": [{"topic": "news", "action": "hear"}],
        "tags": {},
    }
    stored = _stored("tally", "class Tally(Actor, channels='news'):\n    ...\n", settings)

    assert cell_of(stored).splitlines()[0] == "%%actor tally deactivate_timeout='30s'"


@pytest.mark.usefixtures("session")
def test_text_that_cannot_be_executed_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    system = current.open()
    stored = _stored("counter", "class Counter(Missing):\n    ...", {})
    monkeypatch.setattr(system, "definitions", lambda: [stored])

    with pytest.raises(DefinitionError, match="NameError: name 'Missing' is not defined"):
        wb.redeploy("counter", "feed", execute=True)
