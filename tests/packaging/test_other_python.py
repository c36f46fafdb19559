"""`make test-python`: where another Python comes from, and what is said when it cannot be had."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from build_support import other_python

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_python_that_is_installed_is_found() -> None:
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"

    assert other_python.installed(running) is not None


def test_version_that_no_debian_has_is_refused_with_the_reason() -> None:
    with pytest.raises(
        other_python.NotAvailable, match=r"no release of Debian has it \(they have 3\.11, 3\.13, 3\.14\)"
    ):
        other_python.debian("3.99")


def test_need_of_root_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)

    with pytest.raises(other_python.NotAvailable, match="needs root"):
        other_python.debian("3.14")


def test_declared_versions_are_those_that_are_tested() -> None:
    prefix = "Programming Language :: Python :: 3."
    declared = [line.rpartition(" ")[2] for line in PROJECT["classifiers"] if line.startswith(prefix)]
    [matrix] = re.findall(r"python: \[(.*)\]", (ROOT / ".github/workflows/ci.yml").read_text("utf-8"))

    assert declared == ["3.11", "3.12", "3.13", "3.14"] == re.findall(r'"([\d.]+)"', matrix)
