"""Scripts in Node and Python that speak the protocol with no code of ours, each in its dialect, serve one actor together."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.servers.spawn_proxy.server import RunningProxy, serve
from runtime.system.embedded import embedded

SDKS = Path(__file__).parent / "sdks"


class Sdk:
    """A script in its process."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
        )

    def line(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def invoke(self, value: int) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{value}\n")
        self._process.stdin.flush()
        return self.line()

    def stop(self) -> None:
        self._process.kill()
        self._process.communicate()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def node() -> str:
    beside = Path(sys.executable).with_name("node")
    found = str(beside) if beside.exists() else shutil.which("node")
    if found is None:
        pytest.skip("Node.js is not installed: its script is not run")
    return found


@pytest.fixture
def running() -> Iterator[RunningProxy]:
    with embedded(system="polyglot") as system:
        running = serve(system, http_port=0, host_port=free_port(), more=[(0, free_port())])
        yield running
        running.close(2.0)


@pytest.fixture
def sdks(running: RunningProxy) -> Iterator[dict[str, Sdk]]:
    commands = {"python": [sys.executable, str(SDKS / "host.py")], "node": [node(), str(SDKS / "host.mjs")]}
    started = {}
    for (name, command), url in zip(commands.items(), running.addresses, strict=True):
        started[name] = Sdk(command, running.environment(url))
    yield started
    for sdk in started.values():
        sdk.stop()


def test_node_and_python_serve_one_actor_in_both_dialects(running: RunningProxy, sdks: dict[str, Sdk]) -> None:
    assert [sdk.line() for sdk in sdks.values()] == [{"registered": 200, "message": "Accepted"}] * 2

    answers = [running.system.invoke("counter", "add", {"value": 1}) for _ in range(10)]
    answers += [sdks[name].invoke(1) for name in ("python", "node") * 5]

    assert [answer["n"] for answer in answers] == list(range(1, 21))
    assert {answer["by"] for answer in answers} == {"node", "python"}
    assert running.system.state("counter") == answers[-1]
    channels = running.system.driver.engine.directory.templates["counter"].definition.settings.channels
    assert [(channel.topic, channel.action) for channel in channels] == [("counters", "receive")]


def test_dead_script_is_left_out(running: RunningProxy, sdks: dict[str, Sdk]) -> None:
    for sdk in sdks.values():
        sdk.line()
    running.system.invoke("counter", "add", {"value": 1})
    sdks["node"].stop()

    answers = [sdks["python"].invoke(1) for _ in range(6)]

    # A call that finds its connection cut has no outcome, and is not sent again.
    assert sum("error" in answer for answer in answers) <= 1
    assert {answer["by"] for answer in answers if "by" in answer} == {"python"}
