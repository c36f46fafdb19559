"""What every test stands on: a home of its own, the browser where there is one, and the end of what tests start."""

import os
import shutil
import signal
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests import processes

BROWSERS = ("chromium", "chromium-browser", "google-chrome")

# No deadline: it would test how much else the machine has to do.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_configure(config: pytest.Config) -> None:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # inherited, as from a shell's background: tests interrupt
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        processes.begin_run()
        config.pluginmanager.register(FailureLines(config))


class FailureLines:
    """Names each failure when it happens: a run that is ended from outside never comes to its summary."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        terminal = self._config.pluginmanager.getplugin("terminalreporter")
        if report.failed and terminal is not None:
            reason = getattr(getattr(report.longrepr, "reprcrash", None), "message", "").partition("\n")[0]
            terminal.ensure_newline()
            terminal.write_line(f"FAILED in {report.when}: {report.nodeid} - {reason}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With several workers, files that take long come first: one that began last would leave the others without work."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, Any, Any]:
    """A worker sends UTF-8; what a test prints or logs may be halves of surrogate pairs."""
    return _encodable((yield))


def _encodable(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {_encodable(key): _encodable(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(map(_encodable, value))
    return value


@pytest.fixture(scope="session", autouse=True)
def home() -> Iterator[Path]:
    """Nothing that a test or a kernel of it writes (settings, keys, history) reaches the user's own home."""
    with (
        tempfile.TemporaryDirectory(prefix="spawn-tests-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
            patch.setenv(name, folder)
        for name in ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(Path(folder) / "jupyter"))
        yield Path(folder)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium; where it is missing the test is skipped, but in CI it fails."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        message = "no Chromium here: install one, or run `make test` as root where apt-get is"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found
