"""A real kernel for tests: runs cells, completes, interrupts, and gives back what a front end would get."""

from __future__ import annotations

import os
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).parents[3]
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TIMEOUT_S = 240


_SAVED = ("stream", "execute_result", "display_data", "update_display_data", "error")


@dataclass
class Cell:
    """What one cell produced."""

    status: str = ""
    ename: str = ""
    evalue: str = ""
    number: int = 0
    """As the front end shows it beside the cell."""
    stdout: str = ""
    stderr: str = ""
    text: str = ""
    """`text/plain` of the last result or display."""
    html: str = ""
    traceback: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    saved: list[dict[str, Any]] = field(default_factory=list)
    """Every output as a notebook saves it."""
    pages: str = ""
    """What a front end shows beside the notebook, for a question mark."""

    def take(self, message: dict[str, Any]) -> None:
        content = message["content"]
        if message["msg_type"] in _SAVED:
            self.saved.append(content)
        match message["msg_type"]:
            case "stream" if content["name"] == "stdout":
                self.stdout += content["text"]
            case "stream":
                self.stderr += content["text"]
            case "execute_result" | "display_data":
                self.displays.append(content["data"])
                self.text = content["data"].get("text/plain", "")
                self.html = content["data"].get("text/html", "")
            case "error":
                self.traceback = _COLOUR.sub("", "\n".join(content["traceback"]))


class Kernel:
    """One kernel in a directory; `with` starts and ends it."""

    def __init__(self, directory: Path, **environment: str) -> None:
        # Not TCP: of ports that were free a moment ago one can be another process's by now.
        self._sockets = tempfile.TemporaryDirectory(prefix="kernel-", ignore_cleanup_errors=True)
        self._manager = KernelManager(kernel_name="python3", transport="ipc", ip=f"{self._sockets.name}/s")
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        self._manager.start_kernel(
            cwd=str(directory), env={**os.environ, "PYTHONPATH": path, "PYTHONWARNINGS": "", **environment}
        )
        self._client: BlockingKernelClient = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=_TIMEOUT_S)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
        self._sockets.cleanup()

    def end(self) -> None:
        """What a front end's menu does: ask it to shut down, and end it by force only if it does not."""
        self._manager.shutdown_kernel(now=False)

    def run(self, code: str, *, meanwhile: Callable[[], object] | None = None) -> Cell:
        """Run a cell to its end; `meanwhile` is called when it prints `now`."""
        cell = Cell()

        def hook(message: dict[str, Any]) -> None:
            cell.take(message)
            if meanwhile is not None and message["msg_type"] == "stream" and "now" in message["content"]["text"]:
                meanwhile()

        reply = self._client.execute_interactive(code, output_hook=hook, timeout=_TIMEOUT_S, allow_stdin=False)
        content = reply["content"]
        cell.status, cell.ename, cell.evalue = content["status"], content.get("ename", ""), content.get("evalue", "")
        cell.number = content.get("execution_count", 0)
        pages = (each["data"]["text/plain"] for each in content.get("payload", ()) if each["source"] == "page")
        cell.pages = _COLOUR.sub("", "\n".join(pages))
        return cell

    def typed(self, code: str, lines: Sequence[str]) -> str:
        """Run a cell that asks for input, answering with these lines; what it printed and displayed as text."""
        cell, answers = Cell(), iter(lines)

        def answer(_: dict[str, Any]) -> None:
            self._client.input(next(answers))

        self._client.execute_interactive(
            code, output_hook=cell.take, stdin_hook=answer, timeout=_TIMEOUT_S, allow_stdin=True
        )
        return cell.stdout + cell.text

    @property
    def client(self) -> BlockingKernelClient:
        """For what the methods here do not do."""
        return self._client

    def send(self, code: str) -> None:
        """Have a cell run, and do not wait."""
        self._client.execute(code, allow_stdin=False)

    def ok(self, code: str) -> Cell:
        """Run a cell that must succeed."""
        cell = self.run(code)
        assert cell.status == "ok", cell.traceback or cell.stderr
        return cell

    def complete(self, code: str) -> list[str]:
        """What a front end offers at the end of `code`."""
        return list(self._completion(code)["matches"])

    def completed(self, code: str) -> str:
        """`code` after its only completion was taken."""
        content = self._completion(code)
        [match] = content["matches"]
        return code[: content["cursor_start"]] + match + code[content["cursor_end"] :]

    def interrupt(self) -> None:
        """What the stop button does."""
        self._manager.interrupt_kernel()

    def _completion(self, code: str) -> dict[str, Any]:
        reply = self._client.complete(code, len(code), reply=True, timeout=_TIMEOUT_S)
        content: dict[str, Any] = reply["content"]
        return content


def until(condition: Callable[[], object], what: str, timeout_s: float = 120.0) -> None:
    """Wait until something is so; `what` says what did not happen."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"within {timeout_s} s it did not happen that {what}")
        time.sleep(0.01)
