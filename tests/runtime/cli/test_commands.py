"""`python -m runtime serve` and `python -m runtime host` as processes, one behind the other."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime import cli
from runtime.__main__ import _COMMANDS as COMMANDS
from runtime.api import SystemApi
from runtime.errors import NotAllowed, NotDeployed, UnknownActor
from runtime.system.connect import connect

ROOT = Path(__file__).parents[3]
ACTORS = """
from runtime import Actor, action


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> dict:
        self.total += value
        return {"total": self.total}
"""


class Command:
    """A command in its process."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PROXY_GRPC_PORT": "0"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "runtime", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=cwd,
        )
        self.lines: list[str] = []

    def until(self, beginning: str) -> str:
        """The first line that begins so."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.strip())
            if line.startswith(beginning):
                return line.strip()
        raise AssertionError(f"{self.lines}\n{self.process.communicate()[1]}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def first_answer(client: SystemApi) -> Any:
    """Of an actor whose host still has to register again."""
    deadline_s = time.monotonic() + 120.0
    while True:
        try:
            return client.invoke("counter", "add", {"value": 1})
        except (NotDeployed, UnknownActor):
            assert time.monotonic() < deadline_s, "within 120 s the host did not register again"
            time.sleep(0.05)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


Start = Callable[..., Command]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my_actors.py").write_text(ACTORS)
    return tmp_path


@pytest.fixture
def start(folder: Path) -> Iterator[Start]:
    started: list[Command] = []

    def begin(*arguments: str) -> Command:
        started.append(Command(*arguments, cwd=folder))
        return started[-1]

    yield begin
    for command in started:
        command.kill()


def test_served_actor_answers_and_its_state_survives_a_restart(start: Start, folder: Path) -> None:
    arguments = (
        "serve",
        "--system",
        "shop",
        "--store",
        f"sqlite:///{folder / 's.db'}",
        "--http-port",
        "0",
        "my_actors.py",
    )
    totals = []
    for _ in range(2):
        served = start(*arguments)
        url = served.until("listening at").split()[2]
        served.until("ready")
        with connect(url, mode="act") as client:
            assert client.name == "shop"
            totals.append(client.invoke("counter", "add", {"value": 5}))
        assert served.stop() == 0

    assert totals == [{"total": 5}, {"total": 10}]


def test_host_behind_a_served_proxy_runs_actors_and_comes_back_after_its_restart(start: Start, folder: Path) -> None:
    port = str(free_port())
    arguments = ("serve", "--store", f"sqlite:///{folder / 's.db'}", "--http-port", port)
    served = start(*arguments)
    served.until("ready")
    url = f"http://127.0.0.1:{port}"
    host = start("host", "--proxy", url, "--journal", f"sqlite:///{folder / 'j.db'}", "my_actors.py")
    host.until("serving")
    with connect(url, mode="act") as client:
        assert client.invoke("counter", "add", {"value": 5}) == {"total": 5}
    served.kill()
    served = start(*arguments)
    served.until("ready")
    with connect(url, mode="act") as client:
        # The kill may have lost the last group that was not yet on disk.
        assert first_answer(client) in ({"total": 6}, {"total": 1})
    assert host.stop() == 0
    assert "the proxy calls this process: it reached this process on port" in " ".join(host.lines)
    assert (folder / "j.db").exists()


def test_notebooks_can_attach_to_what_is_served(start: Start) -> None:
    served = start("serve", "--http-port", "0", "my_actors.py")
    address = next(line.split()[2] for line in [served.until("listening at grpc")])
    served.until("ready")

    with connect(address) as client:  # type: ignore[attr-defined]
        assert client.invoke("counter", "add", {"value": 5}) == {"total": 5}


def test_grpc_can_be_left_out(start: Start) -> None:
    served = start("serve", "--http-port", "0", "--grpc-port", "none", "my_actors.py")
    served.until("ready")

    assert not any("grpc" in line for line in served.lines)


def test_made_certificates_and_token_let_in_who_has_them(start: Start, folder: Path) -> None:
    assert start("certificates", "tls").process.wait(120) == 0
    files = ("--certificate", "tls/server.pem", "--key", "tls/server-key.pem", "--token-file", "token")
    served = start("serve", "--http-port", "0", *files, "my_actors.py")
    url = served.until("listening at").split()[2]
    served.until("ready")

    options = {"mode": "act", "token_file": folder / "token", "authority": folder / "tls" / "authority.pem"}
    with connect(url.replace("127.0.0.1", "localhost"), **options) as client:  # type: ignore[attr-defined]
        assert client.invoke("counter", "add", {"value": 5}) == {"total": 5}
    assert (folder / "token").stat().st_mode & 0o077 == 0
    with pytest.raises(NotAllowed, match="token"):
        connect(url, authority=folder / "tls" / "authority.pem")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("serve", "nothing.py"), "there is no file nothing.py"),
        (("serve", "json"), "json defines no actor"),
        (("serve", "--bind", "0.0.0.0"), "Cannot listen on '0.0.0.0' without TLS"),
        (("serve", "--certificate", "none.pem", "--key", "none.pem"), "Cannot read none.pem"),
        (("serve", "--token-file", "no/such/folder/token"), "Cannot read no/such/folder/token"),
        (("certificates", "my_actors.py"), "Cannot make certificates"),
        (("host", "--proxy", "http://127.0.0.1:1", "my_actors.py"), "Cannot reach the proxy"),
        (("host", "--proxy", "ftp://x", "my_actors.py"), "not the address of a Spawn proxy"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line_and_fails(start: Start, arguments: tuple[str, ...], said: str) -> None:
    _, errors = start(*arguments).process.communicate(timeout=120)

    assert said in errors
    assert "Traceback" not in errors


def test_help_names_the_commands() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "runtime", "--help"], capture_output=True, text=True, cwd=ROOT, check=True
    )

    for name in COMMANDS:
        assert f"\n{name} " in shown.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_in_the_lists_of_commands(command: str) -> None:
    listed = next(
        line for line in (ROOT / "docs/architecture.md").read_text().splitlines() if line.startswith("| `cli` |")
    )

    assert re.search(rf"\b{command}\b", listed)
    assert re.search(rf"\b{command}\b", cli.__doc__ or "")
