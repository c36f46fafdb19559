"""Rules that hold for every committed file."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from workbench.origin import untested_platform

ROOT = Path(__file__).resolve().parents[2]

# Put together here, so that this file is no exception to its own rule.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("npmjs", "com"),
        ("registry", "yarnpkg", "com"),
        ("deb", "debian", "org"),
    ]
]


def committed_files() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_no_committed_file_names_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in committed_files()
        for text in [path.read_bytes()]
        for host in REGISTRY_HOSTS
        if host.encode() in text
    ]

    assert found == []


def test_javascript_lock_pins_hashes_without_addresses() -> None:
    lock = (ROOT / "workbench/widgets/js/package-lock.json").read_text("utf-8")

    assert '"integrity"' in lock
    assert '"resolved"' not in lock


def test_built_files_are_not_committed() -> None:
    made = ("node_modules/", "__pycache__/", ".spawn/", ".venv/")

    assert not [path for path in committed_files() if any(part in path.as_posix() for part in made)]


def test_ci_entry_runs_without_being_made_executable() -> None:
    entry = ROOT / ".ci/run"

    assert entry.read_text("utf-8").startswith("#!/usr/bin/env bash\n")
    assert entry.stat().st_mode & 0o100


def test_versions_are_tested_that_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {
        line.rpartition(" ")[2]
        for line in project["classifiers"]
        if line.startswith("Programming Language :: Python :: 3.")
    }

    tested = re.search(r"python: \[(.*)\]", (ROOT / ".github/workflows/ci.yml").read_text("utf-8"))

    assert tested is not None
    assert set(re.findall(r"3\.\d+", tested[1])) == declared


def test_workflows_call_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    workflows = "".join(path.read_text("utf-8") for path in (ROOT / ".github/workflows").glob("*.yml"))

    assert [name for name in re.findall(r"run: make ([\w-]+)", workflows) if f"\n{name}:" not in makefile] == []


@pytest.mark.parametrize(
    ("platform", "word"), [("linux", ""), ("darwin", "macOS"), ("win32", "WSL"), ("freebsd14", "freebsd14")]
)
def test_a_system_that_is_not_tested_is_named_at_loading(platform: str, word: str) -> None:
    said = untested_platform(platform)

    assert (word in said, bool(said)) == (True, platform != "linux")
