"""Replies from errors."""

from __future__ import annotations

from runtime.errors import SpawnError
from runtime.ids import InvocationId
from runtime.records import Failure, Reply


def failed(invocation: InvocationId, error: SpawnError) -> Reply:
    """The reply of an invocation that was refused."""
    return Reply(invocation, None, Failure(error.code, str(error)), error)
