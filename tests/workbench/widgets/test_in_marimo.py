"""What marimo, which is no Jupyter and has no magics, shows of the Python functions; installed into a directory of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.workbench.kernel_ext.kernel import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

NOTEBOOK = """
import marimo
app = marimo.App()

@app.cell
def _():
    import workbench as wb
    from runtime import Actor, action
    wb.start(store="memory")

    class Counter(Actor, name="counter"):
        total: int = 0

        @action
        def add(self, value: int) -> int:
            self.total += value
            return self.total

    report = wb.deploy(Counter)
    report
    return wb, report

@app.cell
def _(wb, report):
    wb.trace(lambda: wb.invoke("counter", "add", {"value": 41}))
    return

@app.cell
def _(wb, report):
    wb.watch("counter")
    return

@app.cell
def _(wb, report):
    wb.actors()
    return
"""


def test_a_marimo_notebook_runs_and_shows_results(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages), "marimo>=0.20"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=180)
    if done.returncode:
        pytest.skip(f"marimo cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    (tmp_path / "notebook.py").write_text(NOTEBOOK)

    exported = subprocess.run(
        [sys.executable, "-m", "marimo", "export", "html", "notebook.py", "-o", "out.html"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{ROOT}"}, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip

    assert exported.returncode == 0, exported.stderr[-2_000:]
    shown = (tmp_path / "out.html").read_text("utf-8")
    assert "counter: deployed" in shown
    assert "add(value=41)" in shown
    assert "anywidget" in shown
    assert "Traceback" not in shown
