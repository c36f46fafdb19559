"""What child processes do in tests, in a module of their own: they import it."""

from __future__ import annotations

import ctypes
from multiprocessing.connection import Connection


def wait(line: Connection) -> None:
    """Say so, and wait for the end of the line."""
    line.send_bytes(b"ready")
    line.recv_bytes()


def compute_in_c(line: Connection) -> None:
    """Say so, and never run Python again: the call keeps the interpreter's lock."""
    line.send_bytes(b"ready")
    ctypes.PyDLL(None).sleep(600)
