"""The servers of the node benchmark, each a process of its own: a bare gRPC echo, and a node with accounts in a journal."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

ECHO = "/bench.Echo/Echo"


def echo() -> None:
    """Answers what it is asked, with nothing of ours in between; prints its port."""
    import grpc
    import uvloop

    async def answer(request: bytes, _: object) -> bytes:
        return request

    async def serve() -> None:
        server = grpc.aio.server()
        handler = grpc.unary_unary_rpc_method_handler(answer)
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", {"Echo": handler}),))
        print(server.add_insecure_port("127.0.0.1:0"), flush=True)
        await server.start()
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await server.stop(0)

    uvloop.run(serve())


def node(actors: int) -> None:
    """Accounts as in the other tables, encrypted and watched; prints the address and the token."""
    from runtime.security.crypto import TokenFiles
    from runtime.servers.grpc_node.server import NodeServer
    from tests.benchmarks import subject

    with (
        tempfile.TemporaryDirectory(prefix="spawn-bench-") as folder,
        subject.running(actors=actors) as system,
        NodeServer(system, token_files=TokenFiles(Path(folder))) as server,
    ):
        print(server.address, server.security.token, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "echo":
        echo()
    else:
        node(int(sys.argv[2]))
