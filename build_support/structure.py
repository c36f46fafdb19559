"""How easily a newcomer finds the way in this tree, in figures: `python build_support/structure.py [--list]`.

Counted from the sources of `runtime` and `workbench` without generated code: files, modules that only one module of their
own folder imports, the largest folder, layers, imports that point upward, circles of imports, lines.  `--list` names what
is behind the figures.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("runtime", "workbench")
SMALL = 150
"""A module of fewer lines should have a second importer or a test of its own."""
LARGE = 500
LARGE_FOLDER = 15


@dataclass(frozen=True, slots=True)
class Module:
    """One source file and what it imports."""

    name: str
    path: Path
    lines: int
    imports: frozenset[str]
    """Modules of the project that it needs to run, at any time."""
    loads: frozenset[str]
    """Those that it needs already when it is loaded itself."""

    @property
    def folder(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def room(self) -> str:
        """The layer's name: what stands directly below the package."""
        return ".".join(self.name.split(".")[:2])


@dataclass(slots=True)
class Figures:
    """What is counted, with the names behind each number."""

    files: int = 0
    lines: int = 0
    one_importer: list[str] = field(default_factory=list)
    one_importer_small: list[str] = field(default_factory=list)
    folders: Counter[str] = field(default_factory=Counter)
    layers: dict[str, int] = field(default_factory=dict)
    upward: list[str] = field(default_factory=list)
    between_rooms: int = 0
    circles: list[list[str]] = field(default_factory=list)
    large: list[str] = field(default_factory=list)


def modules() -> dict[str, Module]:
    """All modules with content, by name."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")) if _is_ours(path)]
    names = {_name(path) for path in paths}
    return {_name(path): _read(path, names) for path in paths if path.name != "__init__.py" or _has_content(path)}


def measured() -> Figures:
    """The figures of the tree as it is."""
    found, tests = modules(), _tested()
    figures = Figures(files=len(found), lines=sum(module.lines for module in found.values()))
    importers = _importers(found)
    for module in found.values():
        by = importers[module.name]
        if module.path.name != "__init__.py" and len(by) == 1 and found[next(iter(by))].folder == module.folder:
            figures.one_importer.append(module.name)
            if module.lines < SMALL and module.name not in tests:
                figures.one_importer_small.append(f"{module.name} ({module.lines} lines), for {next(iter(by))}")
        if module.lines > LARGE:
            figures.large.append(f"{module.name} ({module.lines} lines)")
    figures.folders = _entries()
    _measure_layers(figures, found)
    figures.circles = [sorted(circle) for circle in _circles(found) if len(circle) > 1]
    return figures


def report(figures: Figures, *, is_listed: bool) -> Iterator[str]:
    """The figures as lines for a person."""
    [(folder, entries)] = figures.folders.most_common(1)
    crowded = [f"{name}: {count}" for name, count in figures.folders.most_common() if count > LARGE_FOLDER]
    rows: list[tuple[str, object, list[str]]] = [
        ("source files with content", figures.files, []),
        ("lines", f"{figures.lines:,}", []),
        ("modules with one importer, of the same folder", len(figures.one_importer), figures.one_importer),
        (
            f"  of these under {SMALL} lines and without a test",
            len(figures.one_importer_small),
            figures.one_importer_small,
        ),
        (f"modules over {LARGE} lines", len(figures.large), figures.large),
        ("largest folder", f"{entries} entries ({folder})", []),
        (f"folders of more than {LARGE_FOLDER} entries", len(crowded), crowded),
        ("layers", " + ".join(f"{count} ({name})" for name, count in figures.layers.items()), []),
        ("arrows between rooms", figures.between_rooms, []),
        ("upward arrows", len(figures.upward), figures.upward),
        ("circles of modules", len(figures.circles), [" ".join(circle) for circle in figures.circles]),
    ]
    for title, value, names in rows:
        yield f"{title:<50}{value}"
        if is_listed:
            yield from (f"    {name}" for name in names)


def _is_ours(path: Path) -> bool:
    return "node_modules" not in path.parts and not path.stem.endswith("_pb2")


def _has_content(path: Path) -> bool:
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text("utf-8")).body)


def _name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _read(path: Path, names: set[str]) -> Module:
    text = path.read_text("utf-8")
    body = ast.parse(text).body
    anywhere = frozenset(_imported(body, names, is_deep=True))
    return Module(_name(path), path, text.count("\n"), anywhere, frozenset(_imported(body, names, is_deep=False)))


def _imported(body: Iterable[ast.AST], names: set[str], *, is_deep: bool) -> Iterator[str]:
    """Names of the project's modules; what is imported for type checking only is left out."""
    for node in body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield from (name for name in (full if full in names else node.module,) if name in names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from _imported(node.orelse, names, is_deep=is_deep)
        elif is_deep or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imported(ast.iter_child_nodes(node), names, is_deep=is_deep)


def _importers(found: dict[str, Module]) -> dict[str, set[str]]:
    """For each module, which import it; strings in tables of lazy imports count, too."""
    importers: dict[str, set[str]] = defaultdict(set)
    for module in found.values():
        for name in module.imports - {module.name}:
            importers[name].add(module.name)
        for node in ast.walk(ast.parse(module.path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and node.value in found and node.value != module.name:
                importers[node.value].add(module.name)
    return importers


def _tested() -> set[str]:
    """Modules that some test imports."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    names = {_name(path) for path in paths}
    tests = (ROOT / "tests").rglob("*.py")
    return {name for path in tests for name in _imported(ast.parse(path.read_text("utf-8")).body, names, is_deep=True)}


def _entries() -> Counter[str]:
    """Modules and packages directly in each folder."""
    entries: Counter[str] = Counter()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if _is_ours(path) and path.name != "__init__.py":
                entries[str(path.parent.relative_to(ROOT))] += 1
            elif _is_ours(path) and path.parent != ROOT / package:
                entries[str(path.parent.parent.relative_to(ROOT))] += 1
    return entries


def _measure_layers(figures: Figures, found: dict[str, Module]) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    height: dict[str, int] = {}
    for contract in contracts:
        if contract["type"] == "layers":
            [package] = contract["containers"]
            figures.layers[package] = len(contract["layers"])
            for number, layer in enumerate(reversed(contract["layers"])):
                for name in layer.replace(":", " ").replace("|", " ").replace("(", " ").replace(")", " ").split():
                    height[f"{package}.{name}"] = number
    arrows = {(a, found[b]) for a in found.values() for b in a.imports if b in found and a.room != found[b].room}
    figures.between_rooms = len({(a.room, b.room) for a, b in arrows if a.room.split(".")[0] == b.room.split(".")[0]})
    figures.upward = sorted(
        f"{a.name} -> {b.name}" for a, b in arrows if height.get(a.room, 99) < height.get(b.room, -1) and _same(a, b)
    )


def _same(one: Module, other: Module) -> bool:
    return one.name.split(".")[0] == other.name.split(".")[0]


def _circles(found: dict[str, Module]) -> list[list[str]]:
    """Tarjan's strongly connected components of what modules load."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    circles: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in sorted(found[name].loads & found.keys()):
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            at = stack.index(name)
            circles.append(stack[at:])
            del stack[at:]

    for name in found:
        if name not in index:
            visit(name)
    return circles


if __name__ == "__main__":
    print("\n".join(report(measured(), is_listed="--list" in sys.argv[1:])))
