"""How Sphinx makes the documentation: `make docs`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT), str(ROOT / "build_support")]

import reference  # noqa: E402 - found by the line above

project = "spawn-workbench"
author = "the spawn-workbench maintainers"
extensions = ["myst_nb"]
exclude_patterns = ["_build", "tutorials/index.ipynb"]
html_theme = "furo"
html_title = "spawn-workbench"
# Nothing is fetched while the pages are built, and nothing is run: the tests run the notebooks.
nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
suppress_warnings = ["mystnb.unknown_mime_type"]

# Pages that are made: the reference from the code, the tutorials from the notebooks.
reference.write(HERE / "reference")
_tutorials = HERE / "tutorials"
_tutorials.mkdir(exist_ok=True)
for _notebook in (ROOT / "notebooks").glob("*.ipynb"):
    shutil.copyfile(_notebook, _tutorials / _notebook.name)
