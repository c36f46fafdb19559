"""Whether `runtime` and `workbench` are the packages of this distribution.

Both names are plain words: a `runtime.py` beside a notebook comes first on `sys.path` and would take the place of ours.  This
module imports neither package, so that it can still say so.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

DISTRIBUTION = "spawn-workbench"


class Shadowed(ImportError):
    """Another file bears the name of one of our packages."""

    def __init__(self, name: str, found: str, expected: Path) -> None:
        super().__init__(
            f"Cannot use the workbench: `import {name}` finds {found or 'nothing'}, not the package of {DISTRIBUTION} "
            f"({expected}).\nRename that file or directory (or take it off sys.path), then restart the kernel.",
            name=name,
            path=found,
        )

    def _render_traceback_(self) -> list[str]:
        """IPython shows an error by this instead of a traceback through our code."""
        return [f"{type(self).__name__}: {self}"]


def check_origin() -> None:
    """Make sure that `runtime` lies beside `workbench`.

    Raises:
        Shadowed: `import runtime` gives, or would give, something else; the message names its file.
    """
    home = Path(__file__).resolve().parent.parent
    found = _location("runtime")
    if found is None or found.resolve() != home / "runtime":
        raise Shadowed("runtime", str(found or ""), home / "runtime")


def untested_platform(platform: str = sys.platform) -> str:
    """What to say at loading on a system where the workbench is not tested; empty on Linux, where it is."""
    if platform.startswith("linux"):
        return ""
    name = {"darwin": "macOS", "win32": "Windows"}.get(platform, platform)
    how = "is not supported" if platform == "win32" else "is not tested"
    return f"The workbench {how} on {name}: use Linux, a container (deploy/) or, on Windows, WSL for anything that matters."


def _location(name: str) -> Path | None:
    """The directory of a package, or the file of a module, loaded or not."""
    module = sys.modules.get(name)
    spec = module.__spec__ if module is not None else importlib.util.find_spec(name)
    origin = getattr(module, "__file__", None) or (spec.origin if spec is not None else None)
    if origin is None:
        places = list((spec.submodule_search_locations if spec is not None else None) or [])
        return Path(places[0]) if places else None
    path = Path(origin)
    return path.parent if path.name == "__init__.py" else path
