"""`python -m workbench notebooks [DIRECTORY]`: a copy of the notebooks that come with the workbench."""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 if it did what was asked."""
    parser = argparse.ArgumentParser(prog="python -m workbench", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    notebooks = commands.add_parser("notebooks", help="copy the bundled notebooks into a directory")
    notebooks.add_argument(
        "directory", nargs="?", default="notebooks", type=Path, help="where to (default: ./notebooks)"
    )
    notebooks.add_argument("--force", action="store_true", help="replace notebooks that are there already")
    given = parser.parse_args(arguments)
    return copy_notebooks(given.directory, force=given.force)


def copy_notebooks(directory: Path, *, force: bool = False) -> int:
    """Copy them; a file that is there stays unless `force`, so that no one's work is lost."""
    source = bundled_notebooks()
    if source is None:
        print(
            "This installation has no notebooks. Reinstall spawn-workbench, or run from its source tree.",
            file=sys.stderr,
        )
        return 1
    copied, kept = 0, 0
    for file in sorted(
        path for path in source.rglob("*") if path.is_file() and not _is_left_out(path.relative_to(source))
    ):
        target = directory / file.relative_to(source)
        if target.exists() and not force:
            kept += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_symlink():
            target.unlink()  # what it leads to is not ours to overwrite
        shutil.copyfile(file, target)
        copied += 1
    print(
        f"{copied} files copied to {directory}"
        + (f"; {kept} were there already (--force replaces them)." if kept else ".")
    )
    return 0


def bundled_notebooks() -> Path | None:
    """Where they are: inside the installed package, or beside it in the source tree."""
    for place in (_PACKAGE / "_notebooks", _PACKAGE.parent / "notebooks"):
        if any(place.glob("*.ipynb")):
            return place
    return None


def _is_left_out(path: Path) -> bool:
    """Hidden files and directories, such as stores and checkpoints of someone who worked here."""
    return any(part.startswith((".", "__pycache__")) for part in path.parts)


if __name__ == "__main__":
    raise SystemExit(main())
