"""A notebook's actors in a project of their own: imported, served, hosted by processes that know no notebook."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

import workbench as wb
from runtime import Actor, action
from runtime.errors import NotCapable, UnknownActor
from runtime.servers.grpc_node.server import NodeServer
from runtime.servers.spawn_proxy.server import serve
from runtime.system.connect import connect
from runtime.system.embedded import embedded
from tests.runtime.cli.test_commands import Command, first_answer, free_port
from tests.workbench.kernel_ext.kernel import Kernel
from workbench.exporters.atomic_files import FileInTheWay
from workbench.exporters.project.verify import CannotExport
from workbench.session import Session

CELLS = [
    "%load_ext workbench\n%config Workbench.store = 'memory'",
    "import math\nfrom enum import Enum\nimport prices\nSTEP = 2\nAPI_KEY = 'xyzzy'",
    "class Rounding(Enum):\n    UP = 1\n\ndef rounded(value):\n    return math.ceil(value) if Rounding.UP else value",
    """%%actor deactivate_timeout=30s
class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: float) -> dict:
        self.total += rounded(value) * STEP
        return {"total": self.total}

    @action
    def facts(self) -> list:
        return [prices.price(3), len(API_KEY)]
""",
    """%%actor
class Gate(Actor, name="gate", kind="unnamed"):
    @action
    async def enter(self, ctx: Context, value: float) -> dict:
        return await ctx.invoke("counter", "add", {"value": value})
""",
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that a notebook exported, and what its cell said."""
    directory = tmp_path_factory.mktemp("notebook")
    (directory / "prices.py").write_text("def price(x):\n    return x * 10\n")
    with Kernel(directory) as kernel:
        for cell in CELLS:
            kernel.ok(cell)
        said = kernel.ok("%spawn export shop").text
    return directory / "shop", said


def test_cell_says_what_was_exported_and_what_is_read_elsewhere(exported: tuple[Path, str]) -> None:
    assert "Exported 2 actors: shop" in exported[1]
    assert "API_KEY: read from the environment" in exported[1]
    assert "!" not in exported[1]


def test_folder_has_everything_and_no_secret(exported: tuple[Path, str]) -> None:
    files = {file.relative_to(exported[0]).as_posix() for file in exported[0].rglob("*") if file.is_file()}

    assert files == {
        ".dockerignore", ".spawn-export", "Dockerfile", "README.md", "actors.py", "k8s/host.yaml", "k8s/system.yaml",
        "prices.py", "protos/counter.proto", "protos/gate.proto", "pyproject.toml", "wheels/.gitkeep",
    }  # fmt: skip
    assert not [name for name in files if b"xyzzy" in (exported[0] / name).read_bytes()]
    project = tomllib.loads((exported[0] / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["py-modules"] == ["actors", "prices"]


def test_served_it_answers_like_the_notebook(exported: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "another")
    command = Command("serve", "--http-port", "0", "actors.py", cwd=exported[0])
    try:
        url = command.until("listening at").split()[2]
        command.until("ready")
        with connect(url, mode="act") as client:
            assert client.invoke("gate-1", "enter", {"value": 1.5}, parent="gate") == {"total": 4}
            assert client.invoke("counter", "facts") == [30, len("another")]
    finally:
        command.kill()


def test_hosted_it_waits_for_its_proxy_and_answers_like_the_notebook(
    exported: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "another")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    host = Command("host", "--proxy", url, "--host-port", "0", "--wait-seconds", "60", "actors.py", cwd=exported[0])
    try:
        with embedded(system="far") as system:
            running = serve(system, http_port=port)
            host.until("serving")
            assert first_answer(system) == {"total": 2}
            running.close()
    finally:
        host.kill()


def test_host_that_waits_for_nobody_gives_up(exported: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "another")
    host = Command(
        "host", "--proxy", f"http://127.0.0.1:{free_port()}", "--wait-seconds", "0.1", "actors.py", cwd=exported[0]
    )

    assert host.process.wait(120) == 1
    assert "Unreachable" in host.process.communicate()[1]


class Tally(Actor, name="tally"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total


@pytest.fixture
def untried(session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Has `tally`; what is exported is not tried out in a process, which takes a second."""
    monkeypatch.setattr("workbench.exporters.project.project.try_out", lambda *_: None)
    wb.deploy(Tally)
    return session


def test_folder_of_another_owner_is_not_touched(untried: Session, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("years of work")

    with pytest.raises(FileInTheWay, match="no export made"):
        wb.export(tmp_path / "thesis")

    assert [file.name for file in (tmp_path / "thesis").iterdir()] == ["chapter"]


def test_second_export_replaces_the_first_and_keeps_what_was_added(untried: Session, tmp_path: Path) -> None:
    wb.export(tmp_path / "shop")
    (tmp_path / "shop" / "wheels" / "own.whl").write_text("a wheel")
    (tmp_path / "shop" / "actors.py").unlink()

    wb.export(tmp_path / "shop")

    assert (tmp_path / "shop" / "wheels" / "own.whl").read_text() == "a wheel"
    assert (tmp_path / "shop" / "actors.py").exists()


def test_file_that_was_changed_since_is_replaced_only_by_force(untried: Session, tmp_path: Path) -> None:
    wb.export(tmp_path / "shop")
    (tmp_path / "shop" / "actors.py").write_text("mended by hand")

    with pytest.raises(FileInTheWay, match=r"actors\.py was changed"):
        wb.export(tmp_path / "shop")
    assert (tmp_path / "shop" / "actors.py").read_text() == "mended by hand"

    wb.export(tmp_path / "shop", force=True)
    assert "class Tally" in (tmp_path / "shop" / "actors.py").read_text()


def test_export_that_fails_leaves_nothing(session: Session, tmp_path: Path) -> None:
    wb.deploy(Tally)
    (tmp_path / "here").mkdir()

    def broken(*arguments: object, **options: object) -> object:
        return subprocess.CompletedProcess("python", 1, "", "ImportError: broken")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.exporters.project.verify.run_python", broken)
        with pytest.raises(CannotExport, match="cannot be imported by itself"):
            wb.export(tmp_path / "here" / "shop")

    assert list((tmp_path / "here").iterdir()) == []


def test_module_whose_actors_differ_is_refused(session: Session, tmp_path: Path) -> None:
    wb.deploy(Tally)
    text = 'from runtime import Actor, action\n\n\nclass Tally(Actor, name="tally"):\n    @action\n    def add(self): ...\n'

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("workbench.exporters.project.project.module_text", lambda *_: text)
        with pytest.raises(CannotExport, match="its state would differ: total"):
            wb.export(tmp_path / "shop")

    assert not (tmp_path / "shop").exists()


def test_actor_that_is_not_there_is_named_with_the_nearest(untried: Session, tmp_path: Path) -> None:
    with pytest.raises(UnknownActor, match="Did you mean tally"):
        wb.export(tmp_path / "shop", actors="taly")


def test_nothing_to_export_is_said(session: Session, tmp_path: Path) -> None:
    with pytest.raises(CannotExport, match="no actor is deployed"):
        wb.export(tmp_path / "shop")


def test_code_of_another_process_cannot_be_exported(session: Session, tmp_path: Path) -> None:
    with embedded(system="far") as system, NodeServer(system) as server:
        wb.attach(server.address)

        with pytest.raises(NotCapable, match="export actors"):
            wb.export(tmp_path / "shop")
        wb.detach()
