"""The panels in Notebook 7, installed into a directory of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from tests.workbench.widgets.lab import Lab, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

COUNTER = """\
%%actor
class Counter(Actor):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        print("adding", value)
        self.total += value
        return self.total
"""
BUSY_LOOP = """\
import time
from pathlib import Path
while not Path("release").exists():
    wb.invoke("counter", "add", {"value": 1})
    time.sleep(0.1)
"""
CELLS = [
    "%load_ext workbench\n%config Workbench.store = 'memory'\nimport workbench as wb",
    COUNTER,
    "%watch counter",
    "%form counter add",
    "%trace wb.invoke('counter', 'add', {'value': 2})",
    BUSY_LOOP,
]
WATCH, FORM, TRACE, BUSY = range(2, 6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("seven")


@pytest.fixture(scope="module")
def notebook(chromium: str, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory: Path = tmp_path_factory.mktemp("notebook7")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(directory)]
    done = subprocess.run([*command, "notebook>=7,<8"], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        pytest.skip(f"Notebook 7 cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    with opened(chromium, folder, CELLS, directory) as notebook:
        for index in range(BUSY):
            notebook.run(index)
        yield notebook


def test_a_panel_shows_the_actor_and_moves_while_a_cell_is_busy(notebook: Lab, folder: Path) -> None:
    notebook.cell(WATCH).locator(".wb-header").wait_for(timeout=120_000)
    notebook.start(BUSY)

    notebook.changes(WATCH, "[data-wb=revision]", 5)

    assert notebook.is_busy(BUSY)
    (folder / "release").touch()


def test_a_form_calls_an_action(notebook: Lab) -> None:
    form = notebook.cell(FORM)
    form.locator(".wb-field input").first.fill("100")
    form.locator("button[type=submit]").click()

    form.locator(".wb-calls .wb-tone-good").first.wait_for(timeout=120_000)

    assert "wb.invoke('counter', 'add', {'value': 100})" in form.inner_text()


def test_a_trace_is_a_picture(notebook: Lab) -> None:
    assert notebook.cell(TRACE).locator("svg[role=img]").count() == 1


def test_what_the_actor_says_is_in_its_panel(notebook: Lab) -> None:
    notebook.cell(WATCH).locator(".wb-said", has_text="adding 1").first.wait_for(timeout=120_000)

    assert "adding" not in notebook.cell(BUSY).inner_text()
