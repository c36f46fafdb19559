"""What a user gets from the wheel and the sdist."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = "workbench/widgets/static/workbench.js"


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an sdist of the checkout and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def wheel(artefacts: Path) -> Path:
    return next(artefacts.glob("spawn_workbench-*.whl"))


@pytest.fixture(scope="module")
def wheel_names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def sdist_names(artefacts: Path) -> set[str]:
    with tarfile.open(next(artefacts.glob("spawn_workbench-*.tar.gz"))) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_wheel_carries_every_committed_notebook(wheel_names: set[str]) -> None:
    notebooks = {f"workbench/_notebooks/{path.name}" for path in (ROOT / "notebooks").glob("*.ipynb")}

    assert "workbench/_notebooks/00_tour.ipynb" in wheel_names
    assert notebooks <= wheel_names


def test_wheel_carries_browser_bundle_but_not_its_sources(wheel_names: set[str]) -> None:
    assert BUNDLE in wheel_names
    assert not [name for name in wheel_names if "widgets/js/" in name or "node_modules" in name]


def test_wheel_carries_what_a_contract_may_import(wheel_names: set[str]) -> None:
    assert "runtime/_protos/spawn/actors/extensions.proto" in wheel_names
    assert "runtime/_protos/spawn/actors/actor.proto" in wheel_names


@pytest.mark.parametrize("package", ["runtime", "workbench"])
def test_wheel_is_marked_as_typed(package: str, wheel_names: set[str]) -> None:
    assert f"{package}/py.typed" in wheel_names


def test_wheel_has_nothing_but_the_two_packages(wheel_names: set[str]) -> None:
    assert {name.split("/")[0] for name in wheel_names} == {"runtime", "workbench", "spawn_workbench-0.1.0.dist-info"}


def test_wheel_leaves_out_what_running_makes(wheel_names: set[str], sdist_names: set[str]) -> None:
    made = ("__pycache__", ".spawn/", ".ipynb_checkpoints", "node_modules", ".venv")

    assert not [name for name in wheel_names | sdist_names if any(part in name for part in made)]


def test_wheel_imports_outside_the_checkout(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import runtime, workbench; print(runtime, workbench)"

    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)

    assert done.stdout.count(str(tmp_path)) == 2


def test_sdist_carries_bundle_its_sources_and_the_build(sdist_names: set[str]) -> None:
    wanted = {
        BUNDLE,
        "workbench/widgets/js/index.js",
        "workbench/widgets/js/package-lock.json",
        "build_support/js_bundle.py",
    }

    assert wanted <= sdist_names


def test_sdist_carries_documents_and_tests(sdist_names: set[str]) -> None:
    wanted = {path.name for path in ROOT.glob("*.md")} | {f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")}

    assert wanted | {"Makefile", "docs/conf.py", "tests/conftest.py"} <= sdist_names
    assert not [name for name in sdist_names if name.startswith(("docs/_build/", "docs/reference/", "docs/tutorials/"))]


def test_sdist_builds_without_node(artefacts: Path, tmp_path: Path) -> None:
    with tarfile.open(next(artefacts.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    ask = "import hatchling.build; print(hatchling.build.get_requires_for_build_wheel())"

    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=next(tmp_path.iterdir()), capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"


def test_wheel_shows_the_readme_and_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()

    assert (ROOT / "README.md").read_text("utf-8").strip() in metadata
    assert "License-Expression: Apache-2.0" in metadata
