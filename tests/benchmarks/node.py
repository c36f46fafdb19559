"""Invocation over `workbench.v1` against a bare grpcio echo of a message of the same size, both in two processes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.node_parts import ECHO
from tests.benchmarks.rounds import Case, Size, Table

ROOT = Path(__file__).parents[2]
READY_CALLS = 100
AT_ONCE = 64
MESSAGE = bytes(100)

Call = Callable[[int], Awaitable[Any]]


@contextmanager
def process(*arguments: str) -> Iterator[list[str]]:
    """A server, and what it says once it listens."""
    command = [sys.executable, "-m", "tests.benchmarks.node_parts", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as started:
        assert started.stdout is not None
        try:
            yield started.stdout.readline().split()
        finally:
            started.communicate()  # closes its standard input, at which it ends


async def rate(call: Call, in_flight: int, calls: int) -> float:
    """Calls a second with so many at a time."""

    async def ask(caller: int, count: int) -> None:
        for _ in range(count):
            await call(caller)

    async def ask_all(count: int) -> None:
        await asyncio.gather(*(ask(caller, max(1, count // in_flight)) for caller in range(in_flight)))

    await ask_all(min(READY_CALLS, calls))
    started = time.perf_counter()
    await ask_all(calls)
    return max(1, calls // in_flight) * in_flight / (time.perf_counter() - started)


def bare_echo(in_flight: int) -> Callable[[Size], dict[str, float]]:
    """grpcio's own client and server, asyncio and uvloop on both sides, one call for each message."""

    def measure(size: Size) -> dict[str, float]:
        import grpc
        import uvloop

        async def run(port: str) -> float:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                method = channel.unary_unary(ECHO)

                async def call(_: int) -> bytes:
                    answer: bytes = await method(MESSAGE)
                    return answer

                return await rate(call, in_flight, size.calls)

        with process("echo") as (port,):
            return {"": uvloop.run(run(port))}

    return measure


def unary(in_flight: int) -> Callable[[Size], dict[str, float]]:
    """`Invoke` as any gRPC client calls it: a call for each message."""

    def measure(size: Size) -> dict[str, float]:
        import grpc
        import uvloop

        from runtime.wire.pb.workbench.v1 import node_pb2 as pb

        async def run(address: str, token: str) -> float:
            headers = (("authorization", f"Bearer {token}"),)
            async with grpc.aio.insecure_channel(address.removeprefix("grpc://")) as channel:
                method = channel.unary_unary(
                    "/workbench.v1.Node/Invoke", pb.Call.SerializeToString, pb.Answer.FromString
                )

                async def call(caller: int) -> Any:
                    payload = pb.Value(json='{"value":1}')
                    return await method(
                        pb.Call(actor=f"account-{caller}", action="add", payload=payload), metadata=headers
                    )

                return await rate(call, in_flight, size.calls)

        with process("node", str(in_flight)) as (address, token):
            return {"": uvloop.run(run(address, token))}

    return measure


def one_caller(size: Size) -> dict[str, float]:
    """`invoke` of a connected system, one after the other, as a loop in a cell does."""
    from runtime.system.connect import connect

    with process("node", "1") as (address, token), connect(address, token=token) as system:
        for _ in range(min(READY_CALLS, size.calls)):
            system.invoke("account-0", "add", {"value": 1})
        started = time.perf_counter()
        for _ in range(size.calls):
            system.invoke("account-0", "add", {"value": 1})
        return {"": size.calls / (time.perf_counter() - started)}


def many_coroutines(size: Size) -> dict[str, float]:
    """`ainvoke` of a connected system from 64 coroutines of one loop."""
    from runtime.system.connect import connect

    with process("node", str(AT_ONCE)) as (address, token), connect(address, token=token) as system:

        async def run() -> float:
            return await rate(
                lambda caller: system.ainvoke(f"account-{caller}", "add", {"value": 1}), AT_ONCE, size.calls * 4
            )

        return {"": asyncio.run(run())}


NOTE = """Client and server are processes of their own; the node's accounts are in an encrypted journal, and watched. A connected
system sends its calls over one stream, and what waits goes together: that is why it can be faster than a bare call for each."""

TABLES = (
    Table(
        "workbench.v1, 1 in flight",
        "per second",
        (
            Case("bare grpcio echo", bare_echo(1)),
            Case("connected system, invoke", one_caller, {"": ">= 0.8x"}),
            Case("any client, Invoke", unary(1)),
        ),
        NOTE,
        reference="bare grpcio echo",
        most_rounds=5,
    ),
    Table(
        "workbench.v1, 64 in flight",
        "per second",
        (
            Case("bare grpcio echo", bare_echo(AT_ONCE)),
            Case("connected system, ainvoke", many_coroutines, {"": ">= 0.6x"}),
            Case("any client, Invoke", unary(AT_ONCE), {"": ">= 0.6x"}),
        ),
        reference="bare grpcio echo",
        most_rounds=5,
    ),
)
