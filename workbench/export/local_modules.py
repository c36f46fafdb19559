"""Modules that actors import: those that lie beside the notebook go along, the others are required."""

from __future__ import annotations

import ast
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from workbench.redaction import redacted_source


@dataclass(slots=True)
class Libraries:
    """What the imported modules come from."""

    files: dict[str, Path] = field(default_factory=dict)
    """Local files to copy, by their path in the project."""
    required: list[str] = field(default_factory=list)
    """Distributions, each with the version that is used here."""
    problems: list[str] = field(default_factory=list)


def libraries(modules: Iterable[str]) -> Libraries:
    """Where these modules, and those that the local ones among them import, come from."""
    found, seen, waiting = Libraries(), set[str](), [module.partition(".")[0] for module in modules]
    homes = metadata.packages_distributions()
    distributions: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or name in sys.stdlib_module_names or name in ("runtime", "workbench", "__main__"):
            continue
        seen.add(name)
        place = _local_place(name)
        if place is None:
            distributions.update(homes.get(name, ()))
            if name not in homes:
                found.problems.append(f"the module {name} belongs to no installed distribution")
            continue
        for inside, file in _files(name, place).items():
            text = file.read_text("utf-8")
            if redacted_source(text) != text:
                found.problems.append(f"{file} has what looks like a secret in it, so it is not copied")
                continue
            found.files[inside] = file
            waiting += _imports(text)
    found.required = [f"{name}=={metadata.version(name)}" for name in sorted(distributions, key=str.lower)]
    return found


def _local_place(name: str) -> Path | None:
    """The file or folder of a module that is neither installed nor part of Python."""
    file = getattr(sys.modules.get(name), "__file__", None)
    if not file or not file.endswith(".py"):
        return None
    path = Path(file).resolve()
    installed = (Path(sysconfig.get_path(key)).resolve() for key in ("purelib", "platlib", "stdlib"))
    if any(path.is_relative_to(folder) for folder in installed):
        return None
    return path.parent if path.name == "__init__.py" else path


def _files(name: str, place: Path) -> dict[str, Path]:
    if place.is_file():
        return {f"{name}.py": place}
    return {f"{name}/{file.relative_to(place).as_posix()}": file for file in sorted(place.rglob("*.py"))}


def _imports(text: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found += [alias.name.partition(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.append(node.module.partition(".")[0])
    return found
