"""Build hook: the wheel and the sdist carry the browser bundle, and the wheel carries the notebooks."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).resolve().parent))  # the hook is loaded by path, not as part of a package

import js_bundle


class WorkbenchBuildHook(BuildHookInterface[Any]):
    """Asks for Node.js only when there is something to build: an sdist, which carries the bundle, builds without."""

    def dependencies(self) -> list[str]:
        return js_bundle.requirements()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not js_bundle.is_fresh():
            self.app.display_info("Building the browser bundle")
            js_bundle.build()
        # An editable install finds the notebooks in the checkout; a copy of them would shadow the package's folder.
        if self.target_name == "wheel" and version == "standard":
            build_data["force_include"]["notebooks"] = "workbench/_notebooks"
