"""A breakpoint set in a `%%actor` cell hits, in the thread that runs the action; spoken as JupyterLab speaks it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.kernel_ext.kernel import Kernel, until

CELL = """\
%%actor

class Paused(Actor):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        before = self.total
        self.total += value
        return self.total
"""
LINE = 9


class Debugger:
    """The front end's side of the debug protocol."""

    def __init__(self, kernel: Kernel) -> None:
        self._client = kernel.client
        self._sequence = 0

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a request and give the body of its answer."""
        self._sequence += 1
        request = {"type": "request", "seq": self._sequence, "command": command, "arguments": arguments}
        message = self._client.session.msg("debug_request", request)
        self._client.control_channel.send(message)
        while True:
            reply = self._client.control_channel.get_msg(timeout=120)
            if reply["parent_header"].get("msg_id") == message["header"]["msg_id"]:
                assert reply["content"]["success"], reply["content"]
                body: dict[str, Any] = reply["content"].get("body") or {}
                return body

    def event(self, name: str) -> dict[str, Any]:
        """The next event of that name."""
        while True:
            message = self._client.iopub_channel.get_msg(timeout=120)
            if message["msg_type"] == "debug_event" and message["content"]["event"] == name:
                body: dict[str, Any] = message["content"]["body"]
                return body


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[Kernel]:
    with Kernel(tmp_path) as kernel:
        kernel.ok("%load_ext workbench\n%config Workbench.store = 'memory'")
        yield kernel


def break_at(debugger: Debugger, cell: str) -> bool:
    """Attach, and set the breakpoint in a cell; whether the debugger found the line."""
    debugger.ask("initialize", clientID="test", adapterID="", pathFormat="path")
    debugger.ask("attach")
    source = debugger.ask("dumpCell", code=cell)["sourcePath"]
    found = debugger.ask("setBreakpoints", source={"path": source}, breakpoints=[{"line": LINE}], sourceModified=False)
    debugger.ask("configurationDone")
    return bool(found["breakpoints"][0]["verified"])


@pytest.mark.parametrize("order", ["attach first", "deploy first"])
def test_a_breakpoint_in_an_action_stops_at_its_line(kernel: Kernel, order: str) -> None:
    if order == "deploy first":
        kernel.ok(CELL)
        kernel.ok("%invoke paused add value=1")
    debugger = Debugger(kernel)
    is_verified = break_at(debugger, CELL)
    if order == "attach first":
        kernel.ok(CELL)

    kernel.send("answer = wb_answer = get_ipython().run_line_magic('invoke', 'paused add value=5')")
    stopped = debugger.event("stopped")
    frames = debugger.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"]
    debugger.ask("continue", threadId=stopped["threadId"])

    assert is_verified
    assert (frames[0]["name"].rpartition(".")[2], frames[0]["line"]) == ("add", LINE)
    until(lambda: kernel.run("answer").status == "ok", "the action went on after the stop")


@pytest.mark.parametrize("word", ["def", "async def"])
def test_time_at_a_breakpoint_does_not_count_for_the_caller(kernel: Kernel, word: str) -> None:
    cell = CELL.replace("def add", f"{word} add")
    kernel.ok(cell)
    kernel.ok("import workbench as wb\nwb.invoke('paused', 'add', {'value': 0})")
    debugger = Debugger(kernel)
    break_at(debugger, cell)

    kernel.send("answer = wb.invoke('paused', 'add', {'value': 5}, timeout=3.0)")
    stopped = debugger.event("stopped")
    began = time.monotonic()
    until(lambda: time.monotonic() > began + 3.5, "the time-out passed")
    debugger.ask("continue", threadId=stopped["threadId"])

    until(lambda: kernel.run("answer").text == "5", "the caller got its answer")


def test_the_actor_reads_well_among_the_variables_of_a_stop(kernel: Kernel) -> None:
    kernel.ok(CELL)
    debugger = Debugger(kernel)
    break_at(debugger, CELL)

    kernel.send("%invoke paused add value=5")
    stopped = debugger.event("stopped")
    frame = debugger.ask("stackTrace", threadId=stopped["threadId"])["stackFrames"][0]
    [scope, *_] = debugger.ask("scopes", frameId=frame["id"])["scopes"]
    variables = debugger.ask("variables", variablesReference=scope["variablesReference"])["variables"]
    debugger.ask("continue", threadId=stopped["threadId"])

    assert {each["name"]: each["value"] for each in variables} == {
        "self": "Paused(total=0)",
        "value": "5",
        "before": "0",
    }
