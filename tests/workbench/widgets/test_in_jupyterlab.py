"""Panels of a real system in a real JupyterLab; the tests of this module share one page and run in order."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from tests.workbench.widgets.lab import Lab, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

SET_UP = """
%load_ext workbench
import threading, time, runtime, runtime.errors, workbench.widgets as widgets
from runtime import Actor, action

class Counter(Actor, name="counter"):
    total: int = 0
    @action
    def add(self, value: int) -> dict:
        self.total += value
        return {"total": self.total}

system = runtime.embedded(system="lab", store="memory://").__enter__()
system.deploy(Counter)

def work():
    while True:
        try:
            system.invoke("counter", "add", {"value": 1})
        except runtime.errors.SystemStopped:
            return
        time.sleep(0.01)

threading.Thread(target=work, daemon=True).start()
"""
PANEL, LIST, BUSY, REDEPLOY, STOP = 1, 2, 3, 4, 5
CELLS = [
    SET_UP,
    "widgets.actor_panel(system, 'counter')",
    "widgets.system_panel(system)",
    "from pathlib import Path\nwhile not Path('release').exists(): time.sleep(0.05)",
    """
class Counter(Actor, name="counter"):
    total: int = 0
    step: int = 7
    @action
    def add(self, value: int) -> dict:
        self.total += value * self.step
        return {"total": self.total}
system.deploy(Counter)
""",
    "system.close()",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def lab(chromium: str, folder: Path) -> Iterator[Lab]:
    with opened(chromium, folder, CELLS) as lab:
        for index in (0, PANEL, LIST):
            lab.run(index)
        lab.cell(PANEL).locator(".wb-header").wait_for()
        lab.cell(LIST).locator(".wb-header").wait_for()
        yield lab


def test_a_panel_moves_while_a_cell_is_busy_and_does_not_flood(lab: Lab) -> None:
    lab.start(BUSY)
    before, began_s = lab.received, time.monotonic()

    lab.changes(PANEL, "[data-wb=revision]", 10)

    assert lab.is_busy(BUSY)
    assert lab.received - before <= 10 * (time.monotonic() - began_s + 1)


def test_a_click_is_answered_while_the_cell_is_still_busy(lab: Lab, folder: Path) -> None:
    lab.cell(LIST).locator(".wb-link", has_text="counter").click()

    lab.cell(LIST).locator(".wb-section").first.wait_for(timeout=120_000)

    assert lab.is_busy(BUSY)
    assert "total" in lab.cell(LIST).inner_text()
    (folder / "release").touch()


def test_escape_leads_back_to_the_list_with_the_focus_on_the_actor(lab: Lab) -> None:
    lab.page.keyboard.press("Escape")
    lab.cell(LIST).locator(".wb-actors").wait_for(timeout=120_000)

    assert lab.page.evaluate("document.activeElement.textContent") == "counter"


def test_what_is_typed_into_a_panel_is_no_command_of_the_notebook(lab: Lab) -> None:
    cells = lab.page.locator(".jp-Notebook-cell").count()
    search = lab.cell(LIST).locator(".wb-search")
    search.click()
    lab.page.keyboard.type("dd")
    lab.page.keyboard.press("Home")
    lab.cell(LIST).get_by_text("No actor matches").wait_for(timeout=120_000)
    search.fill("")
    lab.cell(LIST).locator(".wb-link").first.wait_for(timeout=120_000)

    assert lab.page.locator(".jp-Notebook-cell").count() == cells


def test_a_redeploy_is_seen_and_the_state_goes_on(lab: Lab) -> None:
    definition = lab.cell(PANEL).locator(".wb-facts code").inner_text()
    lab.run(REDEPLOY)

    lab.cell(PANEL).locator(".wb-key", has_text="step").wait_for(timeout=120_000)

    assert lab.cell(PANEL).locator(".wb-facts code").inner_text() != definition


def test_a_reloaded_page_shows_the_panel_live_again(lab: Lab) -> None:
    lab.command("docmanager:save")
    lab.reload()
    lab.cell(PANEL).locator(".wb-header").wait_for(timeout=120_000)

    assert lab.changes(PANEL, "[data-wb=revision]", 5)


def test_the_still_picture_is_hidden_beside_the_live_panel(lab: Lab) -> None:
    picture = lab.cell(PANEL).locator("[data-wb-picture]")

    assert picture.count() == 1
    assert not picture.is_visible()


def test_a_stopped_system_is_said_in_the_panel_not_in_a_cell(lab: Lab) -> None:
    lab.run(STOP)

    lab.cell(PANEL).locator(".wb-banner", has_text="stopped").wait_for(timeout=120_000)

    assert not lab.errors


def test_without_its_kernel_the_notebook_still_shows_the_picture(lab: Lab) -> None:
    lab.command("docmanager:save")
    lab.command("kernelmenu:shutdown")
    lab.reload()

    lab.cell(PANEL).get_by_text("Run the cell to watch it live").wait_for(timeout=120_000)

    assert lab.cell(PANEL).locator(".wb-header").count() == 0
    assert "total" in lab.cell(PANEL).inner_text()
