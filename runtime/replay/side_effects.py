"""What an action that runs again must not do beside its context: write files, reach the network, start processes.

Python announces such calls before it makes them (`sys.addaudithook`, PEP 578); a call that is not allowed is stopped there, noted,
and raises `SideEffectStopped` in the action.  This keeps a replay from doing things twice.  Python does not announce a few
calls, such as `os.mkfifo` and the processes of `multiprocessing`: these are announced from here, and stopped in the same way.

It is no sandbox: native code (a database driver, grpc, NumPy writing to an open file) does not announce what it does, and files
that were opened before stay open.
"""

from __future__ import annotations

import functools
import importlib
import os
import sys
import sysconfig
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import FrameType
from typing import Any

from runtime.errors import BadSetting, SideEffectStopped

FILES, NETWORK, PROCESSES = KINDS = ("files", "network", "processes")
"""What can be allowed."""

_EVENTS = {
    FILES: (
        "open os.remove os.rename os.mkdir os.rmdir os.truncate os.chmod os.chown os.link os.symlink os.utime os.setxattr"
        " os.removexattr os.chflags os.mkfifo os.mknod shutil.copyfile shutil.copytree shutil.move shutil.rmtree shutil.chown"
        " shutil.make_archive shutil.unpack_archive tempfile.mkstemp tempfile.mkdtemp sqlite3.connect"
        " winreg.CreateKey winreg.DeleteKey winreg.DeleteValue winreg.SetValue"
    ),
    NETWORK: (
        "socket.connect socket.bind socket.sendto socket.sendmsg socket.getaddrinfo socket.gethostbyname socket.gethostbyaddr"
        " socket.getnameinfo syslog.syslog"
    ),
    PROCESSES: (
        "subprocess.Popen os.system os.exec os.posix_spawn os.spawn os.fork os.forkpty pty.spawn os.kill os.killpg"
        " os.startfile signal.pthread_kill _posixsubprocess.fork_exec"
    ),
}
_NOT_ANNOUNCED = (
    ("posix", "mkfifo", "os.mkfifo"),
    ("posix", "mknod", "os.mknod"),
    ("os", "mkfifo", "os.mkfifo"),
    ("os", "mknod", "os.mknod"),
    ("_posixsubprocess", "fork_exec", "_posixsubprocess.fork_exec"),
)
"""Functions that make something without saying so before; by module and name, with the event that is raised for them."""
_KIND_OF = {event: kind for kind, events in _EVENTS.items() for event in events.split()}
_OF_THIS_PROCESS = frozenset({"os.putenv", "os.unsetenv", "os.chdir"})
"""What a process that is made for a replay may do with itself, and a copy beside the user's own code may not."""
_ENVIRON = frozenset({os.__name__, "collections.abc"})
"""Modules of the methods of `os.environ`."""
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_MOST_NOTED = 20
_SHOWN = 80
_PYTHON = [path for name in ("stdlib", "purelib", "platlib") if (path := sysconfig.get_path(name))]
_NOT_USERS = (*_PYTHON, str(Path(__file__).resolve().parents[1]))


def checked_kinds(allow: Collection[str] | str) -> frozenset[str]:
    """What `allow` names.

    Args:
        allow: one of `files`, `network`, `processes`, or several of them.

    Raises:
        BadSetting: it names something else.
    """
    found = (allow,) if isinstance(allow, str) else tuple(allow)
    for each in found:
        if each not in KINDS:
            raise BadSetting(f"allow={each!r} is none of {', '.join(map(repr, KINDS))}.")
    return frozenset(found)


class SideEffects:
    """Stops what is not allowed, in this whole process or within a context, and says what was stopped."""

    def __init__(self, allowed: frozenset[str] = frozenset()) -> None:
        self._allowed = allowed
        self._stopped: dict[str, None] = {}

    def stopped(self) -> tuple[str, ...]:
        """The calls that were stopped since this was asked last, each with the line of the action that made it; at most 20."""
        found, self._stopped = self._stopped, {}
        return tuple(found)

    def guard_process(self) -> None:
        """Stop such calls in all threads of this process from now on, until it ends."""
        global _of_process  # noqa: PLW0603 - a hook of the interpreter cannot be removed, nor know whose it is
        _of_process = self
        _install()

    @contextmanager
    def guard(self) -> Iterator[None]:
        """Stop such calls of this context: of this thread, and of tasks and `asyncio.to_thread` within, not of other threads.

        The code of others runs in this process, so that its environment and its current directory count among `processes`.
        """
        _install()
        token = _of_context.set(self)
        try:
            yield
        finally:
            _of_context.reset(token)

    def _check_own_process(self, event: str, arguments: tuple[Any, ...]) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and frame.f_globals.get("__name__") in _ENVIRON:
            frame = frame.f_back
        if PROCESSES in self._allowed or frame is None or _is_not_users(frame):
            return  # libraries set variables when they are imported
        self._stop(event, PROCESSES, arguments, frame)

    def _check(self, event: str, kind: str, arguments: tuple[Any, ...]) -> None:
        if kind in self._allowed or (kind == FILES and not _is_write(event, arguments)):
            return
        frame = sys._getframe(2)
        if kind == FILES and frame.f_code.co_filename.startswith("<frozen importlib"):
            return  # bytecode that an import keeps
        self._stop(event, kind, arguments, frame)

    def _stop(self, event: str, kind: str, arguments: tuple[Any, ...], frame: FrameType) -> None:
        call = f"{_call(event, arguments)} in {_place(frame)}"
        if len(self._stopped) < _MOST_NOTED:
            self._stopped[call] = None
        raise SideEffectStopped(call, kind)


_of_process: SideEffects | None = None
_of_context: ContextVar[SideEffects | None] = ContextVar("side_effects", default=None)
_is_installed = False


def _install() -> None:
    global _is_installed  # noqa: PLW0603 - as above
    if not _is_installed:
        _is_installed = True
        announce_all()
        sys.addaudithook(_hook)


@functools.cache
def announce_all() -> None:
    """Have the functions that Python does not announce raise an audit event, too, and do as before after it.

    `guard_process` and `guard` see to it.  What has such a function under a name of its own already does not notice.
    """
    for module, name, event in _NOT_ANNOUNCED:
        with suppress(ImportError):  # of another operating system
            owner = importlib.import_module(module)
            if hasattr(owner, name):
                setattr(owner, name, _announced(getattr(owner, name), event))


def _announced(function: Callable[..., Any], event: str) -> Callable[..., Any]:
    @functools.wraps(function)
    def announced(*arguments: Any, **options: Any) -> Any:
        sys.audit(event, *arguments, *options.values())
        return function(*arguments, **options)

    return announced


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    kind = _KIND_OF.get(event)
    if kind is None:
        if event in _OF_THIS_PROCESS and _of_process is None and (guard := _of_context.get()) is not None:
            guard._check_own_process(event, arguments)
        return
    guard = _of_process or _of_context.get()
    if guard is not None:
        guard._check(event, kind, arguments)


def _is_write(event: str, arguments: tuple[Any, ...]) -> bool:
    if event == "open":
        path, _, flags = arguments
        return not isinstance(path, int) and path != os.devnull and isinstance(flags, int) and bool(flags & _WRITES)
    if event == "sqlite3.connect":
        database = os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else ""
        return database not in ("", ":memory:") and "mode=ro" not in database and "mode=memory" not in database
    return True


def _call(event: str, arguments: tuple[Any, ...]) -> str:
    shown = arguments[:2] if event == "open" and arguments[1] is not None else arguments[:1]
    if (
        event.startswith("socket.")
        and len(arguments) > 1
        and event not in ("socket.getaddrinfo", "socket.gethostbyname")
    ):
        shown = arguments[1:2]
    text = ", ".join(
        repr(each) if isinstance(each, str | bytes | int | tuple) else type(each).__name__ for each in shown
    )
    return f"{event}({text[:_SHOWN]}{'…' if len(text) > _SHOWN else ''})"


def _place(innermost: FrameType) -> str:
    """The innermost line that is not of Python, of an installed package or of this runtime."""
    frame: FrameType | None = innermost
    while frame is not None:
        if not _is_not_users(frame):
            return f"{frame.f_code.co_qualname}, line {frame.f_lineno}"
        frame = frame.f_back
    return f"{innermost.f_code.co_qualname}, line {innermost.f_lineno}"


def _is_not_users(frame: FrameType) -> bool:
    """Code that came to another process by value has lost its file, and still knows that of its module."""
    files = (frame.f_code.co_filename, str(frame.f_globals.get("__file__", "")))
    return any(name.startswith(("<frozen", *_NOT_USERS)) for name in files)
