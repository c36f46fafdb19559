"""The same tests under other versions of ipykernel, each in a directory of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
VERSIONS = ("6.31.0", "7.3.0")
# What touches the kernel itself: its streams, displays, input, interrupts, completion, debugger, and loading.
FILES = (
    "test_actor_cell.py", "test_breakpoints.py", "test_completion.py", "test_errors.py", "test_extension.py",
    "magics/test_failures.py", "test_interrupt.py", "test_output_capture.py", "magics/test_trace.py",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1_800)]


@pytest.fixture(params=VERSIONS)
def older(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path]:
    """A version, and the directory that it was installed into; skipped where it cannot be had."""
    version: str = request.param
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path)]
    done = subprocess.run([*command, f"ipykernel=={version}"], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        pytest.skip(f"ipykernel {version} cannot be installed here: {done.stderr.strip().splitlines()[-1:]}")
    return version, tmp_path


def test_everything_works_with_an_older_kernel(older: tuple[str, Path]) -> None:
    version, directory = older
    environment = {**os.environ, "PYTHONPATH": str(directory)}
    found = [sys.executable, "-c", "import ipykernel; print(ipykernel.__version__)"]
    assert subprocess.run(found, env=environment, capture_output=True, text=True, check=True).stdout.strip() == version

    files = [str(HERE / name) for name in FILES]
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=1_500)

    assert done.returncode == 0, done.stdout[-4_000:]
