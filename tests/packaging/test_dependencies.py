"""What the packages import is what the distribution asks for."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    """Names of what a plain install and each extra bring."""
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    return {normal(found[0]) for line in lines if (found := re.match(r"[\w.-]+", line))}


def imported_modules(package: str) -> Iterator[str]:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from (alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", ["runtime", "workbench"])
def test_every_imported_library_is_declared(package: str) -> None:
    libraries = set(imported_modules(package)) - sys.stdlib_module_names - {"runtime", "workbench"}
    distributions = packages_distributions()

    missing = {name for name in libraries if not declared() & {normal(one) for one in distributions.get(name, [name])}}

    assert missing == set()


def test_lab_brings_jupyterlab_and_pandas() -> None:
    extra = " ".join(PROJECT["optional-dependencies"]["lab"])

    assert "jupyterlab" in extra
    assert "pandas" in extra
