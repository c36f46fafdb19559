"""Daemon threads: how every thread of this package begins that is no worker of a pool."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from typing import ParamSpec

P = ParamSpec("P")


def start_daemon(name: str, work: Callable[P, object], /, *args: P.args, **keywords: P.kwargs) -> threading.Thread:
    """Start a thread that keeps no process alive, and that sees nothing of what its starter has set in context variables.

    An inherited turn would make each message of the thread one of that turn, and an inherited cell pin its output there.
    """
    thread = threading.Thread(target=Context().run, args=(work, *args), kwargs=dict(keywords), name=name, daemon=True)
    thread.start()
    return thread
