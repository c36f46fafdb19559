"""The import contracts name what is there, and can fail."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = (ROOT / "pyproject.toml").read_text("utf-8")
CONTRACTS: list[dict[str, Any]] = tomllib.loads(PYPROJECT)["tool"]["importlinter"]["contracts"]


def layers_of(package: str) -> set[str]:
    """Names in the package's contract; `(name)` is a module that is still to come."""
    [contract] = [one for one in CONTRACTS if one.get("containers") == [package]]
    return {name.strip() for layer in contract["layers"] for name in layer.replace(":", "|").split("|")}


def modules_of(package: str) -> set[str]:
    folder = ROOT / package
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    return files | {path.name for path in folder.iterdir() if path.is_dir() and any(path.rglob("*.py"))}


@pytest.mark.parametrize("package", ["runtime", "workbench"])
def test_every_module_has_a_layer(package: str) -> None:
    placed = {name.strip("()") for name in layers_of(package)}

    assert modules_of(package) - placed == set()


@pytest.mark.parametrize("package", ["runtime", "workbench"])
def test_every_layer_is_a_module_or_marked_as_to_come(package: str) -> None:
    expected = {name for name in layers_of(package) if not name.startswith("(")}

    assert expected - modules_of(package) == set()


@pytest.mark.parametrize("package", ["runtime", "workbench"])
def test_every_folder_with_modules_is_a_package(package: str) -> None:
    """The contracts and the type checker overlook a folder without `__init__.py`."""
    folders = {path.parent for path in (ROOT / package).rglob("*.py") if "node_modules" not in path.parts}

    assert [str(folder.relative_to(ROOT)) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


# One import for each contract that it must break.
VIOLATIONS = {
    "runtime-layers": ("runtime/errors/__init__.py", "import runtime.records"),
    "workbench-layers": ("workbench/results/__init__.py", "import workbench.session"),
    "runtime-below-workbench": ("runtime/records/__init__.py", "import workbench.session"),
    "pure-engine": ("runtime/engine/activation.py", "import threading"),
    "engine-seams": ("runtime/engine/activation.py", "import runtime.stores.memory"),
    "system-seam": ("workbench/session/__init__.py", "import runtime.system.embedded"),
    "no-facade-inside": ("runtime/engine/activation.py", "from runtime import Actor"),
    "home-of-ipython": ("workbench/session/__init__.py", "import IPython.display"),
    "home-of-anywidget": ("workbench/session/__init__.py", "import anywidget"),
    "home-of-duckdb": ("workbench/session/__init__.py", "import duckdb"),
    "home-of-networkx": ("workbench/session/__init__.py", "import networkx"),
    "home-of-kubernetes": ("workbench/session/__init__.py", "import kubernetes.client"),
    "home-of-grpc": ("runtime/engine/activation.py", "import grpc"),
    "home-of-sqlalchemy": ("runtime/engine/activation.py", "import sqlalchemy"),
}

MODULES = [
    "runtime/engine/activation.py",
    "runtime/stores/memory.py",
    "runtime/hosts/base.py",
    "runtime/system/embedded.py",
]


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """Empty modules under the project's own contracts: one for each layer, and those that the violations need."""
    layers = [
        f"{package}/{name.strip('()')}/__init__.py"
        for package in ("runtime", "workbench")
        for name in layers_of(package)
    ]
    for path in map(tmp_path.joinpath, ["runtime/__init__.py", "workbench/__init__.py", *layers, *MODULES]):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


def lint(tree: Path, contract: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--contract", contract]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False, env=environment)


def test_every_contract_has_a_violation_here() -> None:
    assert set(VIOLATIONS) == {contract["id"] for contract in CONTRACTS}


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_contract_breaks_on_a_forbidden_import(contract: str, small_tree: Path) -> None:
    module, line = VIOLATIONS[contract]
    before = lint(small_tree, contract)

    (small_tree / module).write_text(line + "\n")
    after = lint(small_tree, contract)

    assert (before.returncode, after.returncode) == (0, 1), before.stdout + after.stdout + after.stderr
