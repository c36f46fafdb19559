"""The tests with the lowest versions that pyproject.toml allows: `python build_support/lowest.py ENVIRONMENT`.

Makes an environment in which every library that the project names has its lowest allowed version, and runs the tests that need no
browser.  Libraries that these need in turn are as new as they may be.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTRAS = ("lab", "notebooks", "kubernetes", "postgres", "mysql")
TESTS = ("tests/runtime", "tests/workbench/commands", "tests/workbench/sql", "tests/workbench/session")
LEFT_OUT = "tests/runtime/wire/test_generated.py"
"""Generates code, with the one version of the generator that everybody has."""


def lowest() -> list[str]:
    """`name==version` for each library with a lower bound."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = [*project["dependencies"], *(line for extra in EXTRAS for line in project["optional-dependencies"][extra])]
    found = {}
    for line in named:
        if bound := re.match(r"([\w.-]+)(?:\[[\w,]+\])?\s*[>=]=\s*([\w.]+)", line):
            found[bound[1]] = bound[2]
    return [f"{name}=={version}" for name, version in found.items()]


def main(environment: Path) -> int:
    """Make the environment and run the tests; the exit status is theirs."""
    python = str(environment / "bin" / "python")
    if not Path(python).exists():
        subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    constraints = environment / "lowest.txt"
    constraints.write_text("\n".join(lowest()) + "\n", "utf-8")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
    wanted = ["--constraint", str(constraints), "--editable", f".[{','.join(EXTRAS)}]", "--group", "pytest"]
    subprocess.run([*pip, *wanted], cwd=ROOT, check=True)
    tests = [
        python,
        "-m",
        "pytest",
        "-q",
        "-m",
        "not bench and not browser and not slow",
        f"--ignore={LEFT_OUT}",
        *TESTS,
    ]
    return subprocess.run(tests, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
