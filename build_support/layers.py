"""The layers in docs/architecture.md, drawn from the import contracts in pyproject.toml and explained by the code's own docstrings.

`python build_support/layers.py` rewrites the part between the markers; a test fails when it is not up to date.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "architecture.md"
START, END = "<!-- layers: start -->\n", "<!-- layers: end -->\n"
PACKAGES = ("workbench", "runtime")


def layers(package: str) -> list[str]:
    """The package's layers, top first, as the contract writes them."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    [contract] = [one for one in contracts if one.get("containers") == [package]]
    return [str(layer) for layer in contract["layers"]]


def names(package: str) -> list[str]:
    """Every module of the picture, in its order."""
    return [name for layer in layers(package) for name in re.split(r"[\s|:]+", layer) if name and name[0] != "("]


def drawn(package: str) -> str:
    """The layers as text; a name in parentheses is still to come and is left out."""
    rows = []
    for layer in layers(package):
        for mark in ("|", ":"):
            layer = layer.replace(mark, f" {mark} ")
        names = [part for part in layer.split() if not part.startswith("(")]
        row = " ".join(names).strip(" |:")
        while "| |" in row or ": :" in row or "| :" in row or ": |" in row:
            row = row.replace("| |", "|").replace(": :", ":").replace("| :", "|").replace(": |", ":")
        if row:
            rows.append("    " + row)
    return f"    {package}\n" + "\n".join("  " + row for row in rows) + "\n"


def sentence(package: str, name: str) -> str:
    """What a module or a folder says of itself: the first sentence of its docstring, empty without one.

    Raises:
        FileNotFoundError: there is no such module.
    """
    folder = ROOT / package / name
    file = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    first = re.split(r"(?<=[.!?])\s", text.partition("\n\n")[0].strip(), maxsplit=1)[0]
    return re.sub(r" \(docs/[^)]*\)", "", " ".join(first.split())).rstrip(":")


def explained(package: str) -> str:
    """A table of the modules of a package with their sentences."""
    rows = [f"| in `{package}/` | what it is |", "|---|---|"]
    for name in names(package):
        cell = sentence(package, name).replace("|", "\\|")
        rows.append(f"| `{name}` | {cell} |")
    return "\n".join(rows) + "\n"


def diagram() -> str:
    """Both packages: the picture, then what each word in it means."""
    picture = "\n".join(drawn(package) for package in PACKAGES)
    return f"```text\n{picture}```\n\n" + "\n".join(explained(package) for package in PACKAGES)


def updated(page: str) -> str:
    """The page's text with the layers between its markers."""
    before, rest = page.split(START)
    _, after = rest.split(END)
    return before + START + diagram() + END + after


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text("utf-8")), "utf-8")
