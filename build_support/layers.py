"""The layer diagrams of README.md, drawn from the import contracts in pyproject.toml.

`python build_support/layers.py` rewrites the part between the markers; a test fails when it is not up to date.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- layers: start -->\n", "<!-- layers: end -->\n"


def layers(package: str) -> list[str]:
    """The package's layers, top first, as the contract writes them."""
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    contracts = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    [contract] = [one for one in contracts if one.get("containers") == [package]]
    return [str(layer) for layer in contract["layers"]]


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


def diagram() -> str:
    """Both packages, ready for README.md."""
    return f"```text\n{drawn('workbench')}\n{drawn('runtime')}```\n"


def updated(readme: str) -> str:
    """README.md's text with the diagram between its markers."""
    before, rest = readme.split(START)
    _, after = rest.split(END)
    return before + START + diagram() + END + after


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(updated(path.read_text("utf-8")), "utf-8")
