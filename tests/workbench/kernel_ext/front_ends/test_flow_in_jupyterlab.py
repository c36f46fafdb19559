"""From a failed cell to a mended actor, in a real JupyterLab; the tests of this module share one page and run in order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("playwright", reason="the browser tests need playwright")

from tests.workbench.widgets.lab import Lab, opened

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(240)]

TILL = """\
%%actor
class Till(Actor):
    cents: int = 10

    @action
    def take(self, amount: int, note: str = "") -> dict:
        print("taking", amount)
        left = self.cents - amount
        self.cents = {expression}
        return {{"rest": 100 // self.cents, "note": note}}

    @action
    def nap(self) -> None:
        import pathlib, time
        while not pathlib.Path("awake").exists():
            time.sleep(0.01)
"""
LOAD, DEFINE, FAIL, POSTMORTEM, MEND, RETRY, TRACE, FORM, LOGS, FAILURES, NAP, STATE = range(12)
CELLS = [
    "%load_ext workbench\nimport workbench as wb",
    TILL.format(expression="left"),
    "%invoke till take amount=10",
    "%postmortem till",
    TILL.format(expression="max(left, 1)"),
    "%retry till",
    "%trace wb.invoke('till', 'take', {'amount': 0})",
    "%form till take",
    "%logs till",
    "%failures",
    "%invoke till nap",
    "%state till",
]


_STATUS = "jupyterapp.shell.currentWidget.sessionContext.kernelDisplayStatus"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("flow")


@pytest.fixture(scope="module")
def lab(chromium: str, folder: Path) -> Iterator[Lab]:
    with opened(chromium, folder, CELLS) as lab:
        lab.run(LOAD)
        lab.run(DEFINE)
        yield lab


def _picture(lab: Lab, name: str) -> None:
    """For a person to look at, where one asked for it."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        lab.page.screenshot(path=f"{folder}/{name}.png", full_page=False)


def _ends(lab: Lab, index: int) -> None:
    lab._until(f"cell {index} ends", lambda: not lab.is_busy(index))


def test_a_failed_cell_points_at_its_line_and_says_what_to_do(lab: Lab) -> None:
    lab.start(FAIL)
    _ends(lab, FAIL)

    shown = lab.cell(FAIL).inner_text()
    _picture(lab, "1-fail")
    assert "100 // self.cents" in shown
    assert "Message take(amount=10), state {cents: 10}: see %postmortem till" in shown


def test_the_post_mortem_opens_a_debugger_in_the_failed_frame(lab: Lab) -> None:
    lab.start(POSTMORTEM)
    lab.cell(POSTMORTEM).locator("details[open]").wait_for(timeout=120_000)
    boxes = lab.cell(POSTMORTEM).locator("input.jp-Stdin-input")
    for line in ("p left", "q"):
        lab._until("the debugger asks", lambda: boxes.count() == 1 and boxes.first.input_value() == "")
        _picture(lab, f"2-postmortem-{line[0]}")
        boxes.first.fill(line)
        boxes.first.press("Enter")
    _ends(lab, POSTMORTEM)

    shown = lab.cell(POSTMORTEM).inner_text()
    assert "till.take failed with ZeroDivisionError" in shown
    assert re.search(r"ipdb>\s+p left\s+0\s", shown)


def test_mended_code_and_a_retry_close_the_case(lab: Lab) -> None:
    lab.run(MEND)
    lab.run(RETRY)

    _picture(lab, "3-retry")
    assert "till: redeployed" in lab.cell(MEND).inner_text()
    assert "'rest': 100" in lab.cell(RETRY).inner_text()


def test_a_trace_is_shown_as_our_own_picture(lab: Lab) -> None:
    lab.run(TRACE)

    picture = lab.cell(TRACE).locator("svg[role=img]")
    picture.first.wait_for(timeout=120_000)
    _picture(lab, "4-trace")
    assert picture.count() == 1
    assert "take(amount=0)" in picture.first.inner_html()


def test_a_form_calls_the_action_and_keeps_the_code(lab: Lab) -> None:
    lab.run(FORM)
    form = lab.cell(FORM)
    form.locator(".wb-field input").first.fill("3")
    form.locator(".wb-field input").nth(1).fill("from the form")
    form.locator("button[type=submit]").click()

    form.locator(".wb-calls .wb-tone-good").wait_for(timeout=120_000)
    _picture(lab, "5-form")
    assert "wb.invoke('till', 'take', {'amount': 3, 'note': 'from the form'})" in form.inner_text()


def test_what_the_actor_printed_is_in_its_log_and_nowhere_else(lab: Lab) -> None:
    lab.run(LOGS)
    lab.run(FAILURES)

    _picture(lab, "6-logs")
    assert "taking 3" in lab.cell(LOGS).inner_text()
    assert "taking" not in lab.cell(FORM).inner_text()
    assert "succeeded" in lab.cell(FAILURES).inner_text()


def test_interrupting_from_the_menu_ends_the_wait_and_not_the_action(lab: Lab, folder: Path) -> None:
    lab.start(NAP)
    _menu(lab, "Kernel", "Interrupt Kernel")
    _ends(lab, NAP)

    assert "Stopped waiting for till.nap. The action till.nap still runs" in lab.cell(NAP).inner_text()
    (folder / "awake").touch()


def test_after_a_restart_from_the_menu_the_actor_goes_on(lab: Lab) -> None:
    lab.run(STATE)
    before = lab.cell(STATE).inner_text()
    _menu(lab, "Kernel", "Restart Kernel…")
    lab.page.locator(".jp-Dialog button", has_text="Restart").click()
    lab.page.wait_for_function(f"{_STATUS} !== 'idle'", timeout=120_000)
    lab.page.wait_for_function(f"{_STATUS} === 'idle'", timeout=120_000)
    for index in (LOAD, MEND, STATE):
        lab.run(index)

    _picture(lab, "7-restarted")
    assert lab.cell(STATE).inner_text().partition("{")[2] == before.partition("{")[2]
    assert "unchanged" in lab.cell(MEND).inner_text()


def _menu(lab: Lab, title: str, entry: str) -> None:
    lab.page.locator("#jp-MainMenu .lm-MenuBar-itemLabel", has_text=title).first.click()
    lab.page.locator(".lm-Menu-itemLabel", has_text=entry).first.click()


def test_the_page_reports_no_error(lab: Lab) -> None:
    assert lab.errors == []
