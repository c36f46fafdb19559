"""A real JupyterLab in a real browser, driven as a user would."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, WebSocket, sync_playwright

ROOT = Path(__file__).resolve().parents[3]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-proxy-server"]
QUIET = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}


class Lab:
    """One notebook in one tab."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self._url = page, url
        self.errors: list[str] = []
        self.received = 0
        """Messages that came from the kernel."""
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        page.on("websocket", self._listen)
        self._open(f"{url}&reset")
        self._until("the kernel is idle", lambda: page.evaluate(_IS_IDLE))

    def cell(self, index: int) -> Locator:
        """A cell's output."""
        return self.page.locator(f".jp-Notebook-cell[data-windowed-list-index='{index}'] .jp-Cell-outputWrapper")

    def start(self, index: int) -> None:
        """Run a cell without waiting for it."""
        before = self._count(index)
        self.page.evaluate(_RUN, index)
        self._until(f"cell {index} starts", lambda: self.is_busy(index) or self._count(index) != before)

    def run(self, index: int) -> None:
        """Run a cell to its end; an error in it fails the test."""
        self.start(index)
        self._until(f"cell {index} ends", lambda: not self.is_busy(index))
        failure = self.cell(index).locator("[data-mime-type='application/vnd.jupyter.stderr'], .jp-RenderedError")
        assert failure.count() == 0, failure.first.inner_text()

    def is_busy(self, index: int) -> bool:
        """By the cell's model: the prompt that one sees is drawn anew at times."""
        return bool(self.page.evaluate(f"{_CELL}.executionState === 'running'", index))

    def _count(self, index: int) -> int | None:
        count: int | None = self.page.evaluate(f"{_CELL}.executionCount", index)
        return count

    def changes(self, index: int, selector: str, count: int, timeout_s: float = 120) -> float:
        """Wait until a text has changed so many times; the seconds it took."""
        handle = self.cell(index).locator(selector).first.element_handle()
        seconds = self.page.evaluate(_COUNT_CHANGES, [handle, count, timeout_s * 1_000])
        assert seconds is not None, f"{selector} of cell {index} did not change {count} times within {timeout_s:g} s"
        return float(seconds)

    def reload(self) -> None:
        """As F5 does."""
        self._open(self._url)

    def command(self, name: str) -> None:
        """A command of the menus."""
        self.page.evaluate("name => jupyterapp.commands.execute(name)", name)

    def _open(self, url: str) -> None:
        self.page.goto(url, timeout=120_000)
        self.page.wait_for_selector(".jp-Notebook", timeout=120_000)
        self.page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=120_000)
        self.page.wait_for_function("globalThis.jupyterapp?.shell?.currentWidget", timeout=120_000)

    def _listen(self, sockets: WebSocket) -> None:
        def count(_: object) -> None:
            self.received += 1

        if "/api/kernels/" in sockets.url:
            sockets.on("framereceived", count)

    def _until(self, what: str, is_true: Callable[[], bool], timeout_s: float = 120) -> None:
        end = time.monotonic() + timeout_s
        while not is_true():
            assert time.monotonic() < end, f"not within {timeout_s:g} s: {what}; errors: {self.errors[-3:]}"
            self.page.wait_for_timeout(50)


_IS_IDLE = "jupyterapp.shell.currentWidget?.sessionContext?.kernelDisplayStatus === 'idle'"
_CELL = "index => jupyterapp.shell.currentWidget.content.widgets[index].model"
_RUN = """index => {
  Object.assign(jupyterapp.shell.currentWidget.content, {activeCellIndex: index, mode: 'command'});
  void jupyterapp.commands.execute('notebook:run-cell');
}"""
_COUNT_CHANGES = """([node, count, limit]) => new Promise((done) => {
  const began = performance.now();
  let last = node.textContent, changes = 0;
  const timer = setInterval(() => {
    if (node.textContent !== last) { last = node.textContent; changes++; }
    const passed = performance.now() - began;
    if (changes >= count || passed > limit) { clearInterval(timer); done(changes >= count ? passed / 1000 : null); }
  }, 10);
})"""


@contextmanager
def opened(
    chromium: str, folder: Path, cells: list[str], notebook_7: Path | None = None, *, name: str = "panels.ipynb"
) -> Iterator[Lab]:
    """A notebook with these cells, open in a JupyterLab of its own, or in the Notebook 7 of that directory."""
    (folder / name).write_text(json.dumps(_notebook(cells)), "utf-8")
    with ExitStack() as stack:
        url = stack.enter_context(_served(folder, notebook_7, name))
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=chromium, args=FLAGS)
        stack.callback(browser.close)
        yield Lab(browser.new_page(viewport={"width": 1300, "height": 1500}), url)


@contextmanager
def _served(folder: Path, notebook_7: Path | None, name: str) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    token, config = secrets.token_hex(), folder / ".config"
    (config / "labconfig").mkdir(parents=True)
    (config / "labconfig" / "default_setting_overrides.json").write_text(json.dumps(QUIET), "utf-8")
    places = dict.fromkeys(("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"), str(config))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    options = ["--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0"]
    options += [f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={folder}"]
    app = "jupyterlab" if notebook_7 is None else "notebook"
    command = [sys.executable, "-m", app, "--no-browser", "--allow-root", "--expose-app-in-browser", *options]
    environment = {**os.environ, **places, "PATH": path, "PYTHONPATH": str(ROOT)}
    if notebook_7 is not None:
        environment["PYTHONPATH"] = f"{notebook_7}{os.pathsep}{ROOT}"
        environment["JUPYTER_PATH"] = str(notebook_7 / "share" / "jupyter")
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for_port(server, port, folder / "server.log")
        place = "lab/tree" if notebook_7 is None else "notebooks"
        yield f"http://127.0.0.1:{port}/{place}/{name}?token={token}"
    finally:
        server.terminate()  # it shuts its kernels down first
        try:
            server.wait(120)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_for_port(server: subprocess.Popen[bytes], port: int, log: Path, timeout_s: float = 120) -> None:
    end = time.monotonic() + timeout_s
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert server.poll() is None, f"JupyterLab ended at once:\n{log.read_text()[-2_000:]}"
        assert time.monotonic() < end, f"JupyterLab did not listen within {timeout_s:g} s:\n{log.read_text()[-2_000:]}"
        time.sleep(0.1)


def _notebook(cells: list[str]) -> dict[str, Any]:
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = [
        {"cell_type": "code", "id": f"cell-{i}", "source": c, "metadata": {}, "outputs": [], "execution_count": None}
        for i, c in enumerate(cells)
    ]
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made}
