"""Smoke test of a release: the wheel in `dist/`, in a clean environment that knows nothing of this checkout.

    python tests/packaging/dist_smoke.py [--wheel FILE] [--keep]

It installs the wheel as a user does who has a Jupyter already, copies the notebooks out, and runs them.  Needs only the standard
library.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ("00_tour", "01_what_is_an_actor", "10_flights", "20_history", "20_what_if")
_RUN = """\
import sys
from pathlib import Path
import nbclient, nbformat
path = Path(sys.argv[1])
notebook = nbformat.read(path, as_version=4)
nbclient.NotebookClient(notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}}).execute()
"""


class Failed(Exception):
    """Says what did not work."""


def call(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(
            f"{' '.join(command[:6])} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-6000:]}"
        )
    return done.stdout


def run(folder: Path, wheel: Path) -> None:
    ours = ("JUPYTER", "VIRTUAL_ENV", "PYTHONPATH", "IPYTHON", "MAKE", "MFLAGS")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    call([sys.executable, "-m", "venv", "clean"], folder, environment)
    python = str(folder / "clean" / "bin" / "python")
    environment["PATH"] = f"{Path(python).parent}{os.pathsep}{environment['PATH']}"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    call([*install, "jupyterlab", "nbclient"], folder, environment)  # a Jupyter that was there before
    call([*install, f"{wheel}[notebooks]"], folder, environment)
    where = call(
        [python, "-c", "import runtime, workbench; print(runtime.__file__, workbench.__file__)"], folder, environment
    )
    if where.count(str(folder)) != 2:
        raise Failed(f"the packages come from elsewhere: {where}")
    print(call([python, "-m", "workbench", "notebooks", "copied"], folder, environment).strip())
    for name in NOTEBOOKS:
        path = folder / "copied" / f"{name}.ipynb"
        # As Jupyter does, so that each notebook has a store of its own.
        call([python, "-c", _RUN, str(path)], folder, {**environment, "JPY_SESSION_NAME": str(path)})
        print(f"ran {name}")


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--wheel", type=Path, help="the wheel (default: the newest in dist/)")
    ask.add_argument("--keep", action="store_true", help="leave the environment for a look")
    options = ask.parse_args()
    wheels = sorted((ROOT / "dist").glob("spawn_workbench-*.whl"), key=lambda path: path.stat().st_mtime)
    wheel = options.wheel or (wheels[-1] if wheels else None)
    if wheel is None:
        print("FAILED: there is no wheel in dist/. Build one with: make dist")
        return 1
    folder = Path(tempfile.mkdtemp(prefix="dist-smoke-"))
    try:
        run(folder, wheel.resolve())
    except Failed as miss:
        print(f"FAILED: {miss}")
        return 1
    finally:
        if options.keep:
            print(f"kept {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    print("dist smoke passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
