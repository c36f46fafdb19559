"""A copy of the notebooks folder in which they are run as a user would, cell by cell in a kernel of their own."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import DeadKernelError

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CELL_TIMEOUT_S = 120


@dataclass(frozen=True)
class Executed:
    """A notebook after its run."""

    cells: dict[str, Any]
    """Code cells by id."""
    was_killed: bool = False

    def text(self, cell: str) -> str:
        """What a cell printed, displayed and raised, as text."""
        parts = []
        for output in self.cells[cell].outputs:
            if output.output_type == "stream":
                parts.append(output.text)
            elif output.output_type == "error":
                parts += [f"{output.ename}: {output.evalue}", *output.traceback]
            else:
                parts.append(output.data.get("text/plain", ""))
        return _COLOUR.sub("", "\n".join(parts))

    def kinds(self, cell: str) -> set[str]:
        """MIME types of what a cell displayed."""
        return {kind for output in self.cells[cell].outputs for kind in output.get("data", {})}


class NotebookFolder:
    """Stores appear beside the copies; a second run finds them."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "notebooks"
        shutil.copytree(NOTEBOOKS, self.path, ignore=shutil.ignore_patterns(".*"))

    def store(self, name: str) -> Path:
        """The store that a notebook uses by default."""
        return self.path / ".spawn" / f"{Path(name).stem}.db"

    def run(
        self,
        name: str,
        *,
        while_cell: tuple[str, Callable[[int], object]] | None = None,
        last: str = "",
        **environment: str,
    ) -> Executed:
        """Run all cells; any error fails but in a cell tagged `raises-exception`.

        Args:
            while_cell: a cell's id, and what to call when it starts, with the kernel's process id.
            last: code of one more cell.
        """
        notebook = nbformat.read(self.path / name, as_version=4)
        if last:
            notebook.cells.append(nbformat.v4.new_code_cell(last, id="last"))
        client = NotebookClient(
            notebook, timeout=_CELL_TIMEOUT_S, kernel_name="python3", resources={"metadata": {"path": str(self.path)}}
        )

        def started(cell: Any, **_: object) -> None:
            if while_cell is not None and cell.id == while_cell[0]:
                while_cell[1](client.km.provisioner.pid)

        client.on_cell_start = started
        try:
            client.execute(env=_environment(name, environment))
        except DeadKernelError:
            return Executed(_code(notebook), was_killed=True)
        return Executed(_code(notebook))


def _environment(name: str, more: dict[str, str]) -> dict[str, str]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "", "JPY_SESSION_NAME": name, **more}


def _code(notebook: Any) -> dict[str, Any]:
    return {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
