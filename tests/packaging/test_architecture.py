"""What docs/architecture.md says of layers and threads is what the code has."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
THREAD = re.compile(r"""f?["'](wb-[a-z-]*(?:\{[^}]*\})?)["']""")
"""A thread's name in the code; what varies is in braces."""
STARTS = re.compile(r"\bThread\(|ThreadPoolExecutor\(|start_new_thread\(|Timer\(")


@pytest.fixture(scope="module")
def layers() -> Any:
    spec = importlib.util.spec_from_file_location("layers", ROOT / "build_support" / "layers.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sources() -> list[Path]:
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "runtime/*.py", "workbench/*.py"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [ROOT / name for name in names if name and "/testing/" not in name and (ROOT / name).exists()]


def test_picture_of_layers_is_drawn_from_the_contracts(layers: Any) -> None:
    assert layers.updated(PAGE) == PAGE, "run: python build_support/layers.py"


def test_every_word_of_the_picture_is_explained(layers: Any) -> None:
    unexplained = [
        f"{package}/{name}"
        for package in layers.PACKAGES
        for name in layers.names(package)
        if not layers.sentence(package, name)
    ]

    assert unexplained == []


def test_every_thread_in_the_code_is_in_the_page() -> None:
    named = {name for path in sources() for name in THREAD.findall(path.read_text("utf-8"))}
    assert len(named) > 25

    listed = set(re.findall(r"`(wb-[\w-]+)`", PAGE))
    missing = sorted(
        name for name in named if not any(re.fullmatch(_pattern(name), each, re.IGNORECASE) for each in listed)
    )
    assert missing == []


def test_every_thread_in_the_page_is_in_the_code() -> None:
    text = "\n".join(path.read_text("utf-8") for path in sources())

    listed = set(re.findall(r"`(wb-[\w-]+)`", PAGE))
    stems = {re.sub(r"-(N|PID|NAME|\d+|monitor|watchdog)$", "", name) for name in listed}
    assert [name for name in sorted(stems) if f'"{name}' not in text] == []


def test_every_module_that_starts_a_thread_names_it() -> None:
    unnamed = [
        str(path.relative_to(ROOT))
        for path in sources()
        for text in [path.read_text("utf-8")]
        if STARTS.search(text) and not (THREAD.search(text) or re.search(r"\bname=(self\._)?name\b|self\._name", text))
    ]

    assert unnamed == []


def _pattern(name: str) -> str:
    """`wb-task-{self.pid}` is `wb-task-PID` in the page."""
    return re.sub(r"\\\{.*?\\\}|\{.*?\}", r"[A-Z]+", re.escape(name)) + r"(-N)?"
