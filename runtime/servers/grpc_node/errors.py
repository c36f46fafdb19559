"""Errors as gRPC statuses: the code for any client, the `Failure` in the details for those who want all of it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, NoReturn

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2

from runtime import errors
from runtime.errors import BadPayload, InternalError, SpawnError
from runtime.records import Failure
from runtime.wire.node.records import failure_of, put_failure
from runtime.wire.pb.workbench.v1 import node_pb2 as pb

_log = logging.getLogger("runtime.servers.grpc")

DETAILS = "grpc-status-details-bin"

# The status travels in headers, of which many clients take 8 KiB altogether.
_MOST_MESSAGE, _MOST_TRACE = 1_000, 3_000

_Code = grpc.StatusCode

_CODES: dict[type[SpawnError], grpc.StatusCode] = {
    SpawnError: _Code.UNKNOWN,
    errors.Mistake: _Code.INVALID_ARGUMENT,
    errors.Condition: _Code.UNAVAILABLE,
    InternalError: _Code.INTERNAL,
    errors.UnknownActor: _Code.NOT_FOUND,
    errors.UnknownRevision: _Code.NOT_FOUND,
    errors.UnknownAction: _Code.UNIMPLEMENTED,
    errors.NotCapable: _Code.UNIMPLEMENTED,
    errors.NotDeployed: _Code.FAILED_PRECONDITION,
    errors.CallCycle: _Code.FAILED_PRECONDITION,
    errors.WouldBlock: _Code.FAILED_PRECONDITION,
    errors.BadState: _Code.FAILED_PRECONDITION,
    errors.BadResponse: _Code.INTERNAL,
    errors.KeyConflict: _Code.ALREADY_EXISTS,
    errors.NameTaken: _Code.ALREADY_EXISTS,
    errors.AccessDenied: _Code.PERMISSION_DENIED,
    errors.NotAllowed: _Code.PERMISSION_DENIED,
    errors.ActionFailed: _Code.UNKNOWN,
    errors.InvocationTimeout: _Code.DEADLINE_EXCEEDED,
    errors.ActionTimeout: _Code.DEADLINE_EXCEEDED,
    errors.InvocationAbandoned: _Code.ABORTED,
    errors.HostFailed: _Code.UNKNOWN,
    errors.MailboxFull: _Code.RESOURCE_EXHAUSTED,
    errors.Overloaded: _Code.RESOURCE_EXHAUSTED,
    errors.WrongKey: _Code.FAILED_PRECONDITION,
    errors.StoreTooNew: _Code.FAILED_PRECONDITION,
    errors.StoreDamaged: _Code.DATA_LOSS,
    errors.TurnQuarantined: _Code.DATA_LOSS,
    errors.StaleCommit: _Code.ABORTED,
}


def status_code(kind: type[SpawnError]) -> grpc.StatusCode:
    """The status for a class of the error tree: its own, or that of the nearest class above it."""
    return next(_CODES[base] for base in kind.__mro__ if base in _CODES)


def details(failure: Failure) -> bytes:
    """A failure as `google.rpc.Status`, short enough for headers; of a long traceback the end is kept."""
    code = status_code(errors.error_class(failure.code))
    found = pb.Failure()
    put_failure(found, failure)
    found.message, found.text = _cut(failure.message), _cut(failure.text)
    if len(found.trace) > _MOST_TRACE:
        found.trace = f"…{found.trace[-_MOST_TRACE:]}"
    status = status_pb2.Status(code=code.value[0], message=found.message)
    status.details.add().Pack(found)
    serialised: bytes = status.SerializeToString()
    return serialised


async def abort(context: Any, failure: Failure) -> NoReturn:
    """End a call with a failure."""
    code = status_code(errors.error_class(failure.code))
    await context.abort(code, _cut(failure.message), ((DETAILS, details(failure)),))
    raise AssertionError("abort returned")


GARBAGE: Any = object()
"""A message that could not be read.  gRPC itself would write a traceback into the log for each, from any client."""


def reading(kind: type[Message]) -> Callable[[bytes], Any]:
    """What reads messages of a class; for bytes that are none, `GARBAGE`, which `answering` refuses."""

    def read(data: bytes) -> Any:
        try:
            return kind.FromString(data)
        except DecodeError:
            return GARBAGE

    return read


async def _read_well(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    async for request in requests:
        if request is GARBAGE:
            raise BadPayload(_NO_MESSAGE)
        yield request


_NO_MESSAGE = "The bytes are no message of this method; nothing was run."


def answering(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A unary or streaming method (`context` last) whose errors become statuses."""

    async def answered(request: Any, context: Any) -> Any:
        try:
            if request is GARBAGE:
                raise BadPayload(_NO_MESSAGE)
            return await method(_read_well(request) if hasattr(request, "__aiter__") else request, context)
        except SpawnError as error:
            await abort(context, failure_of(error))
        except (grpc.aio.AbortError, grpc.aio.UsageError):
            raise
        except Exception as error:  # noqa: BLE001 - a defect of ours must reach its caller as one
            _log.exception("%s failed", method.__name__)
            await abort(context, failure_of(InternalError(f"{method.__name__} failed with {type(error).__name__}.")))

    return answered


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_MESSAGE else f"{text[:_MOST_MESSAGE]}…"
