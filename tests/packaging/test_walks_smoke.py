"""The walks in CONTRIBUTING.md, done literally in a copy of the tree."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
STEP = re.compile(
    r"^(?:New file `(?P<new>[^`]+)`|In `(?P<file>[^`]+)`, after `(?P<anchor>[^\n]+)`):\n\n```(?:python|text)\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
COPIED = ("runtime", "workbench", "tests", "build_support", "notebooks", "protos", "pyproject.toml", "docs")


def section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What a contributor has checked out."""
    left_out = shutil.ignore_patterns("node_modules", "__pycache__", "_build", ".spawn", "reference", "tutorials")
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=left_out)
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def take(step: re.Match[str], tree: Path) -> None:
    if step["new"]:
        assert not (tree / step["new"]).exists(), f"{step['new']} is there already: the walk needs another name"
        (tree / step["new"]).write_text(step["code"], "utf-8")
        return
    path = tree / step["file"]
    lines = path.read_text("utf-8").splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if line.rstrip("\n").startswith(step["anchor"])]
    assert len(places) == 1, f"{step['file']} has the line {step['anchor']!r} {len(places)} times, not once"
    lines.insert(places[0] + 1, step["code"])
    path.write_text("".join(lines), "utf-8")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("title", ["Add a magic", "Add a state store"])
def test_walk_does_what_it_says_step_by_step(title: str, tree: Path) -> None:
    text = section(title)

    steps = [*STEP.finditer(text)]
    assert len(steps) == len(re.findall(r"^```(?:python|text)$", text, re.MULTILINE)), (
        "a block of code without its instruction"
    )
    for step in steps:
        take(step, tree)
    commands = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    assert commands

    for command in commands:
        done = run(command, tree)
        assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}{done.stderr[-2000:]}"


def run(command: str, tree: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    assert words[0] == "python"
    return subprocess.run(
        [sys.executable, *words[1:]],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
