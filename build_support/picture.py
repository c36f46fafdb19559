"""The picture of README: a real JupyterLab with the tour and the dashboard: `python -m build_support.picture`.

Writes `docs/images/jupyterlab.png`.  Needs Chromium and the environment of the tests.  Look at it before it is committed.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from tests.workbench.widgets.lab import Lab, opened

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "images" / "jupyterlab.png"
SIZE = {"width": 1480, "height": 830}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TURNS_SHOWN = 10

OF_THE_TOUR = ("load", "define-counter", "first-call")
CALLS = """\
import threading, time

def call():
    while True:
        wb.invoke("counter", "add", {"value": 2})
        time.sleep(0.02)

threading.Thread(target=call, daemon=True).start()"""
QUERY = """\
%%query
SELECT revision, at, total FROM history.counter
ORDER BY revision DESC LIMIT 3"""
DASHBOARD = "%dashboard"
"""The last cell: its output is shown beside the notebook."""
_BESIDE = """() => {
  const widgets = [...jupyterapp.shell.widgets('main')];
  const [notebook] = widgets.filter((each) => each.content?.widgets);
  const [view] = widgets.filter((each) => each !== notebook && each.node.querySelector('.jp-LinkedOutputView'));
  jupyterapp.shell.add(view, 'main', {mode: 'split-right', ref: notebook.id});
}"""


def cells() -> list[str]:
    """What stands in the notebook: cells of the tour, calls, a query, the dashboard."""
    tour = json.loads((ROOT / "notebooks" / "00_tour.ipynb").read_text("utf-8"))
    sources = {each["id"]: "".join(each["source"]) for each in tour["cells"]}
    return [*(sources[name] for name in OF_THE_TOUR), QUERY, CALLS, DASHBOARD]


def arrange(lab: Lab) -> None:
    """Run everything, and put the dashboard beside the notebook, opened at the actor that is called."""
    last = len(cells()) - 1
    lab.page.set_viewport_size(SIZE)  # type: ignore[arg-type]
    for index in range(last + 1):
        lab.run(index)
    lab.cell(last).locator(".wb-header").wait_for()
    lab.command("notebook:create-output-view")
    view = lab.page.locator(".jp-LinkedOutputView")
    view.locator(".wb-header").wait_for()
    lab.page.evaluate(_BESIDE)
    view.locator(".wb-link", has_text="counter").click()
    view.locator("tbody tr").nth(TURNS_SHOWN - 1).wait_for()
    if lab.page.locator("#jp-left-stack").is_visible():
        lab.command("application:toggle-left-area")
    lab.page.evaluate("document.querySelector('.jp-Notebook .jp-WindowedPanel-outer').scrollTop = 0")
    lab.page.mouse.move(0, 0)
    lab.page.wait_for_timeout(1_500)  # rates and marks of change appear


def main() -> int:
    """Draw the picture."""
    chromium = next(filter(None, map(shutil.which, BROWSERS)), None)
    if chromium is None:
        print("No Chromium is here. Install one with: make browser", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder, opened(chromium, Path(folder), cells(), name="tour.ipynb") as lab:
        arrange(lab)
        lab.page.screenshot(path=PICTURE)
    print(f"Drew {PICTURE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
