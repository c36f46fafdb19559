"""Loading, unloading and configuring the extension, in kernels of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workbench.kernel_ext.conftest import COUNTER
from tests.workbench.kernel_ext.kernel import Kernel, until

LOOK = """\
import sys, threading
def look():
    ip = get_ipython()
    return {
        "line": sorted(ip.magics_manager.magics["line"]),
        "cell": sorted(ip.magics_manager.magics["cell"]),
        "registry": "WorkbenchMagics" in ip.magics_manager.registry,
        "matchers": list(ip.Completer.custom_matchers),
        "callbacks": list(ip.events.callbacks["pre_run_cell"]),
        "configurables": sorted(type(each).__name__ for each in ip.configurables if "workbench" in type(each).__module__),
        "handlers": ip.custom_exceptions,
        "names": sorted(name for name in ip.user_ns if name[0] != "_"),
        "hidden": sorted(name for name in ip.user_ns_hidden if name[0] != "_"),
    }
def threads():
    return sorted(thread.name for thread in threading.enumerate())
Counter = old = before = threads_before = None
before, threads_before = look(), threads()
"""


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel(tmp_path) as kernel:
        yield kernel


def test_unloading_leaves_everything_as_it_was(fresh: Kernel) -> None:
    fresh.ok(LOOK)
    fresh.ok("%load_ext workbench")
    fresh.ok(COUNTER)
    fresh.ok("%invoke counter add value=1")
    fresh.ok("%load counter add value=1 --rate 20 --seconds 0.3")
    fresh.complete("%invoke cou")

    fresh.ok("%unload_ext workbench")

    assert (
        fresh.ok(
            "after = look(); {k: (before[k], after[k]) for k in before if before[k] != after[k] and k != 'names'}"
        ).text
        == "{}"
    )
    assert fresh.ok("sorted(set(after['names']) ^ set(before['names']))").text == "[]"
    until(lambda: fresh.ok("threads() == threads_before").text == "True", "all threads ended", 30)
    fresh.ok("from runtime.errors import SpawnError; assert not hasattr(SpawnError, '_render_traceback_')")


def test_nothing_starts_at_loading(fresh: Kernel, tmp_path: Path) -> None:
    fresh.ok("import threading; before = threading.active_count()")

    fresh.ok("%load_ext workbench\n%spawn status")

    assert fresh.ok("threading.active_count() == before").text == "True"
    assert not (tmp_path / ".spawn").exists()


def test_loading_twice_changes_nothing(fresh: Kernel) -> None:
    fresh.ok("%load_ext workbench")
    fresh.ok("import workbench; workbench.load_ipython_extension(get_ipython())")

    assert (
        fresh.ok("[len(get_ipython().Completer.custom_matchers), len(get_ipython().configurables)]").text
        == fresh.ok(
            "workbench.load_ipython_extension(get_ipython())\n"
            "[len(get_ipython().Completer.custom_matchers), len(get_ipython().configurables)]"
        ).text
    )


def test_reloading_works_with_the_same_store(fresh: Kernel) -> None:
    fresh.ok("%load_ext workbench")
    fresh.ok(COUNTER)
    fresh.ok("%invoke counter add value=3")

    fresh.ok("%reload_ext workbench")

    fresh.ok(COUNTER)
    assert fresh.ok("%invoke counter add value=4").text == "{'total': 7}"


def test_loading_imports_nothing_heavy(fresh: Kernel) -> None:
    heavy = [
        "runtime.engine",
        "runtime.drivers",
        "kubernetes",
        "duckdb",
        "pyarrow",
        "aiohttp",
        "jupyterlab",
        "anywidget",
        "ipywidgets",
        "pandas",
        "numpy",
    ]
    heavy += ["grpc", "sqlalchemy", "google.protobuf"]

    fresh.ok("%load_ext workbench")

    assert fresh.ok(f"import sys; [name for name in {heavy} if name in sys.modules]").text == "[]"


def test_a_system_that_runs_already_is_kept(fresh: Kernel) -> None:
    fresh.ok("import workbench as wb; wb.start(store='memory')")

    fresh.ok("%load_ext workbench")

    assert "memory://" in fresh.ok("%spawn status").text


def test_ipythons_own_history_comes_back(fresh: Kernel) -> None:
    fresh.ok("own = get_ipython().find_line_magic('history')")
    fresh.ok("%load_ext workbench")
    assert fresh.ok("get_ipython().find_line_magic('history') == own").text == "False"

    fresh.ok("%unload_ext workbench")

    assert fresh.ok("get_ipython().find_line_magic('history') == own").text == "True"


def test_the_store_is_told_once_and_named_after_the_notebook(tmp_path: Path) -> None:
    with Kernel(tmp_path, JPY_SESSION_NAME=str(tmp_path / "my notes.ipynb")) as kernel:
        kernel.ok("%load_ext workbench")
        first = kernel.ok(COUNTER)
        second = kernel.ok(COUNTER)

    assert "Store: .spawn/my notes.db" in first.stdout
    assert ".key" in first.stdout
    assert not second.stdout
    assert (tmp_path / ".spawn" / "my notes.db").exists()
    assert (tmp_path / ".spawn" / ".gitignore").read_text().splitlines()[-1] == "*"


def test_a_notebook_in_vs_code_has_a_store_of_its_own(fresh: Kernel, tmp_path: Path) -> None:
    fresh.ok(f"__vsc_ipynb_file__ = {str(tmp_path / 'notes.ipynb')!r}")

    fresh.ok("%load_ext workbench")

    assert "/.spawn/notes.db" in fresh.ok("%spawn status").text


def test_configuration_is_read_from_the_users_file(tmp_path: Path) -> None:
    profile = tmp_path / "profile_default"
    profile.mkdir()
    (profile / "ipython_config.py").write_text("c.Workbench.store = 'memory'\nc.Workbench.durability = 'commit'\n")

    with Kernel(tmp_path, IPYTHONDIR=str(tmp_path)) as kernel:
        kernel.ok("%load_ext workbench\n%spawn start")
        shown = kernel.ok("%spawn status").text

    assert "memory://" in shown
    assert "commit" in shown


def test_configuration_can_be_changed_before_the_start(fresh: Kernel) -> None:
    fresh.ok("%load_ext workbench")

    fresh.ok("%config Workbench.system = 'mine'\n%config Workbench.store = 'memory'")

    assert "'mine' is not running" in fresh.ok("%spawn status").text
    assert "'mine' is running" in fresh.ok("%spawn start").text
    assert "Workbench.durability" in fresh.ok("%config Workbench").stdout


def test_a_wrong_setting_is_said_by_name(fresh: Kernel) -> None:
    fresh.ok("%load_ext workbench")

    assert "forever" in fresh.run("%config Workbench.durability = 'forever'").stderr
    cell = fresh.run("%spawn start --durability forever")
    assert "Known: commit, journal, snapshot" in cell.traceback


def test_a_file_that_hides_the_runtime_is_named(tmp_path: Path) -> None:
    (tmp_path / "runtime.py").write_text("x = 1\n")
    with Kernel(tmp_path) as kernel:
        cell = kernel.run("import sys; sys.path.insert(0, '')\n%load_ext workbench")

    assert cell.status == "error"
    assert str(tmp_path / "runtime.py") in cell.traceback
    assert "Rename" in cell.traceback
    assert "Traceback" not in cell.traceback


def test_stopping_is_final_until_a_start(fresh: Kernel) -> None:
    fresh.ok("%load_ext workbench")
    fresh.ok(COUNTER)
    fresh.ok("%invoke counter add value=2")

    fresh.ok("%spawn stop")
    assert fresh.run("%invoke counter add value=1").ename == "SystemStopped"
    fresh.ok("%spawn start")

    assert fresh.run("%invoke counter add value=1").ename == "NotDeployed"
    fresh.ok(COUNTER)
    assert fresh.ok("%invoke counter add value=1").text == "{'total': 3}"
