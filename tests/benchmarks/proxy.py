"""Through our Spawn proxy to a trivial foreign host, as a ratio to the client calling that host directly."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.benchmarks import proxy_parts
from tests.benchmarks.rounds import Case, Size, Table

ROOT = Path(__file__).parents[2]
IN_FLIGHT = (1, 16, 64)
REAL = {1: 0.33, 16: 0.27, 64: 0.35}
"""The most that Spawn's own proxy reached here (docs/protocols.md, "Throughput of a real proxy")."""

TARGETS = {f"{number} in flight": f">= {REAL[number] * 1.5:.2f}x" for number in IN_FLIGHT}


@contextmanager
def process(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A part that has said on which port it listens."""
    command = [sys.executable, "-m", "tests.benchmarks.proxy_parts", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as started:
        try:
            yield started
        finally:
            assert started.stdin is not None
            started.stdin.close()
            if arguments[0] == "host":
                started.terminate()
            started.wait(20)


def port_of(started: subprocess.Popen[str]) -> int:
    assert started.stdout is not None
    return int(started.stdout.readline())


def rate(url: str, in_flight: int, seconds: float) -> float:
    with process("client", url, str(in_flight), str(seconds)) as client:
        assert client.stdout is not None
        answers: float = json.loads(client.stdout.readline())
        return answers


def rates(url: str, size: Size) -> dict[str, float]:
    return {f"{number} in flight": rate(url, number, size.seconds) for number in IN_FLIGHT}


def direct(size: Size) -> dict[str, float]:
    with process("host") as host:
        return rates(f"http://127.0.0.1:{port_of(host)}/api/v1/actors/actions", size)


def through_proxy(durability: str, store: str) -> Callable[[Size], dict[str, float]]:
    """`store` is a URL with a place for a folder."""

    def measure(size: Size) -> dict[str, float]:
        with (
            tempfile.TemporaryDirectory() as folder,
            process("host") as host,
            process("proxy", str(port_of(host)), durability, store.format(folder=folder)) as proxy,
        ):
            root = f"http://127.0.0.1:{port_of(proxy)}/api/v1/system"
            register(root)
            return rates(f"{root}/{proxy_parts.SYSTEM}/actors", size)

    return measure


def register(url: str) -> None:
    headers = {"content-type": "application/octet-stream"}
    request = urllib.request.Request(url, data=proxy_parts.registration(), headers=headers)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


CASES = (
    Case("client to host", direct),
    Case("through the proxy, snapshot, memory", through_proxy("snapshot", "memory://"), TARGETS),
    Case("through the proxy, journal, encrypted SQLite", through_proxy("journal", "sqlite:///{folder}/p.db"), TARGETS),
)

NOTE = """Client and host on aiohttp and uvloop, each in its process, stateful actors, 108-byte requests: as Spawn's own proxy was
measured on a machine like this, where it reached 0.30 to 0.33, 0.22 to 0.27 and 0.29 to 0.35. The target is 1.5 times its best."""

TABLES = (
    Table("Spawn's protocol over HTTP", "requests per second", CASES, NOTE, reference="client to host", most_rounds=5),
)
