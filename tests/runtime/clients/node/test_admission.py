"""A stream is written to once the node has let it in, so that a refusal is told as the node meant it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest

from runtime import errors
from runtime.clients.node.client import NodeClient
from runtime.records import Failure
from runtime.servers.grpc_node.errors import DETAILS, details
from runtime.testing.transport_actors import Tally

_REFUSAL = Failure(errors.NotAllowed.code, "The token is for looking.")


def _status(code: grpc.StatusCode, text: str, *trailing: tuple[str, bytes]) -> grpc.aio.AioRpcError:
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), grpc.aio.Metadata(*trailing), text)


class RefusedLate:
    """A stream as gRPC gives it whose refusal arrives while the first message is written, if one is."""

    def __init__(self) -> None:
        self.written: list[Any] = []
        self._end: grpc.aio.AioRpcError | None = None

    async def wait_for_connection(self) -> None: ...

    async def initial_metadata(self) -> tuple[()]:
        return ()  # a refusal is trailers only, and their status comes a moment after this

    async def code(self) -> grpc.StatusCode:
        await asyncio.sleep(0)
        self._end = self._end or _status(
            grpc.StatusCode.PERMISSION_DENIED, _REFUSAL.message, (DETAILS, details(_REFUSAL))
        )
        return self._end.code()

    async def write(self, message: Any) -> None:
        self.written.append(message)
        self._end = _status(grpc.StatusCode.INTERNAL, 'Failed "execute_batch"')
        raise self._end

    async def read(self) -> Any:
        if self._end is not None:
            raise self._end
        return grpc.aio.EOF

    async def __aiter__(self) -> Any:
        yield await self.read()

    def done(self) -> bool:
        return self._end is not None

    def cancel(self) -> None: ...


@pytest.fixture
def refused(client: NodeClient, monkeypatch: pytest.MonkeyPatch) -> list[RefusedLate]:
    """The streams that the client has begun; each is refused."""
    begun: list[RefusedLate] = []

    def stream(*_: object) -> RefusedLate:
        begun.append(RefusedLate())
        return begun[-1]

    monkeypatch.setattr(client.connection, "stream", stream)
    return begun


@pytest.mark.parametrize(
    "act", [lambda client: client.deploy(Tally), lambda client: client.invoke("tally", "add", {"value": 1})]
)
def test_refusal_that_meets_the_first_message_is_told_as_the_node_meant_it(
    client: NodeClient, refused: list[RefusedLate], act: Callable[[NodeClient], object]
) -> None:
    with pytest.raises(errors.NotAllowed, match="for looking"):
        act(client)

    assert refused
    assert not any(each.written for each in refused)


def test_older_node_that_does_not_say_that_it_lets_a_stream_in_is_written_to(
    client: NodeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.clients.node.connection.ADMITTED", ("another", "header"))
    monkeypatch.setattr("runtime.clients.node.connection._ADMITTED_S", 0.01)

    client.deploy(Tally)

    assert client.invoke("tally", "add", {"value": 1}) == {"total": 1}
