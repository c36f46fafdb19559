"""The Python tests with another Python: `python build_support/other_python.py VERSION [options of pytest]`.

A Python of that version that is installed (on the path or by pyenv) gets an environment `.venv-VERSION`.  Where there is none,
it comes from Debian's packages: a Debian of the release that has it is laid down in the user's cache, once, and the
tests run in there with this checkout at its usual place.  That needs Debian or Ubuntu, and root, for `debootstrap` and
`chroot`.  What is mounted for it is seen by that run only and gone with it.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RELEASES = {"3.11": "bookworm", "3.13": "trixie", "3.14": "sid"}
"""The release of Debian that has a version of Python."""
PACKAGES = "ca-certificates,git,make,netbase,procps,tzdata"
"""What the tests use beside Python; Chromium is added by `make browser`."""
ARCHIVE = "http://{host}/debian"
SEEN_INSIDE = ("/dev", "/sys", "/etc/hosts", "/etc/resolv.conf", "/etc/ssl/certs", "/etc/pip.conf", "/etc/xdg/pip")
"""Of this machine: devices, and how pip reaches its packages here."""


class NotAvailable(Exception):
    """Says why that Python cannot be had, and what would help."""


def installed(version: str) -> str | None:
    """The interpreter of that version on this machine, if it has one."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [shutil.which(f"python{version}"), *sorted(map(str, pyenv.glob(f"{version}.*/bin/python{version}")))]
    return next((each for each in candidates if each and _is_version(each, version)), None)


def archive() -> str:
    """The archive of Debian that this machine installs from.

    Raises:
        NotAvailable: it does not install from one.
    """
    places = [Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")]
    text = "\n".join(path.read_text("utf-8") for path in places if path.is_file())
    if found := re.search(r"^(?:deb .*?|URIs: *)(https?://\S+/debian)/?(?:\s|$)", text, re.MULTILINE):
        return found[1]
    raise NotAvailable("Debian's packages are not set up here (no archive of Debian in /etc/apt)")


def cache() -> Path:
    """Where a Debian is kept: outside of any checkout, so that nothing that walks through one comes into it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spawn-workbench"


def debian(version: str) -> Path:
    """The folder with a Debian that has that Python, laid down if it is not there yet.

    Raises:
        NotAvailable: no release has it, or this is not root on a Debian.
    """
    if version not in RELEASES:
        raise NotAvailable(f"no release of Debian has it (they have {', '.join(RELEASES)})")
    folder = cache() / f"debian-{RELEASES[version]}"
    if not (folder / "usr" / "bin" / f"python{version}").exists():
        if os.geteuid() != 0:
            raise NotAvailable("taking it from Debian's packages needs root (debootstrap and chroot)")
        if not shutil.which("debootstrap"):
            raise NotAvailable("debootstrap is not installed; install it with: apt-get install debootstrap")
        _lay_down(version, folder)
    return folder


def _lay_down(version: str, folder: Path) -> None:
    release = RELEASES[version]
    print(f"==> Laying down Debian {release} with Python {version} in {folder}: two minutes, once, 0.5 GB", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    packages = f"python{version},python{version}-venv,{PACKAGES}"
    command = ["debootstrap", "--variant=minbase", f"--include={packages}", release, str(folder), archive()]
    if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
        log = folder / "debootstrap" / "debootstrap.log"
        raise NotAvailable(f"debootstrap failed; it says why in {log}")


def inside(folder: Path, command: list[str]) -> list[str]:
    """`command` in the Debian of `folder`, in the checkout; the mounts are private to it."""
    steps = ["set -e", f"mount -t proc proc {_quoted(folder / 'proc')}"]
    for place in [*SEEN_INSIDE, str(ROOT), _repository(), *_folders_of_pip()]:
        if Path(place).exists():
            target = folder / place.lstrip("/")
            (target.parent if Path(place).is_file() else target).mkdir(parents=True, exist_ok=True)
            if Path(place).is_file():
                target.touch()
            steps.append(f"mount --rbind {_quoted(place)} {_quoted(target)}")
    steps.append(
        f"exec chroot {_quoted(folder)} sh -c {shlex.quote(f'cd {_quoted(ROOT)} && exec {shlex.join(command)}')}"
    )
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(steps)]


def test_command(version: str, python: str, options: list[str]) -> list[str]:
    """`make test-py` with an environment for that Python."""
    return ["make", "test-py", f"VENV=.venv-{version}", f"PYTHON={python}", f"PYTEST_ARGS={shlex.join(options)}"]


def main(version: str, options: list[str]) -> int:
    """Make the environment and run the tests; the exit status is theirs."""
    try:
        if python := installed(version):
            command = test_command(version, python, options)
        else:
            command = inside(debian(version), test_command(version, f"python{version}", options))
    except NotAvailable as reason:
        print(f"Python {version} is not installed, and cannot be had: {reason}.", file=sys.stderr)
        return 2
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _is_version(python: str, version: str) -> bool:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip() == version


def _repository() -> str:
    """Where the history is: elsewhere, if this checkout is one of several work trees."""
    command = ["git", "rev-parse", "--path-format=absolute", "--git-common-dir"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or str(ROOT)


def _folders_of_pip() -> list[str]:
    """What is downloaded already, and packages that lie on this machine."""
    done = subprocess.run([sys.executable, "-m", "pip", "cache", "dir"], capture_output=True, text=True, check=False)
    settings = [value for name, value in os.environ.items() if name in ("PIP_FIND_LINKS", "PIP_CERT")]
    return [each for each in (done.stdout.strip(), *" ".join(settings).split()) if each.startswith("/")]


def _quoted(path: Path | str) -> str:
    return shlex.quote(str(path))


if __name__ == "__main__":
    if len(sys.argv) < 2 or not re.fullmatch(r"3\.\d+", sys.argv[1]):
        sys.exit("Say which Python: make test-python PYTHON_VERSION=3.14")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
