"""The processes of the proxy benchmark: a trivial host and a client on aiohttp and uvloop, and the proxy between them.

They are what Spawn's own proxy was measured with, so that ratios can be compared.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

from runtime.wire.pb.spawn.actors import actor_pb2 as actors
from runtime.wire.pb.spawn.actors import protocol_pb2 as pb

SYSTEM = "bench"
ACTORS = 64
_URL = "type.googleapis.com/google.protobuf.StringValue"


def call_of_host(number: int) -> bytes:
    """What a proxy would send for the client's request."""
    call = pb.ActorInvocation(action_name="count")
    call.actor.name, call.actor.system = f"counter-{number}", SYSTEM
    context = call.current_context
    context.self.CopyFrom(call.actor)
    context.state.type_url, context.state.value = _URL, b"\x0a\x03123"
    call.value.type_url, call.value.value = _URL, b"\x0a\x05hello"
    return call.SerializeToString()


def request_of_client(number: int) -> bytes:
    request = pb.InvocationRequest(action_name="count")
    request.system.name = request.actor.id.system = SYSTEM
    request.actor.id.name = f"counter-{number}"
    request.value.type_url, request.value.value = _URL, b"\x0a\x05hello"
    return request.SerializeToString()


def registration() -> bytes:
    request = pb.RegistrationRequest()
    request.service_info.service_name = "bench-host"
    request.actor_system.name = SYSTEM
    for number in range(ACTORS):
        actor = request.actor_system.registry.actors[f"counter-{number}"]
        actor.id.name, actor.id.system = f"counter-{number}", SYSTEM
        actor.state.SetInParent()
        actor.settings.kind, actor.settings.stateful = actors.NAMED, True
        actor.settings.deactivation_strategy.timeout.timeout = 3_600_000
        actor.actions.add(name="count")
        actor.metadata.SetInParent()
    return request.SerializeToString()


def host() -> None:
    """Counts in a text state; prints its port."""
    import uvloop
    from aiohttp import web

    async def count(request: web.Request) -> web.Response:
        call = pb.ActorInvocation.FromString(await request.read())
        state = call.current_context.state.value
        number = b"%d" % (int(state[2:] or b"0") + 1)
        answer = pb.ActorInvocationResponse(actor_name=call.actor.name, actor_system=call.actor.system)
        answer.updated_context.state.type_url = _URL
        answer.updated_context.state.value = b"\x0a" + bytes([len(number)]) + number
        answer.value.CopyFrom(call.value)
        return web.Response(body=answer.SerializeToString(), content_type="application/octet-stream")

    async def serve() -> None:
        app = web.Application()
        app.router.add_post("/api/v1/actors/actions", count)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        assert runner.addresses
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()

    uvloop.run(serve())


def proxy(host_port: int, durability: str, store: str) -> None:
    """Ours, until standard input ends; prints its port."""
    from runtime.servers.spawn_proxy.server import serve
    from runtime.system.embedded import embedded

    with embedded(system=SYSTEM, store=store, durability=durability, key=bytes(32)) as system:
        running = serve(system, http_port=0, host_port=host_port)
        print(running.address.rpartition(":")[2], flush=True)
        sys.stdin.read()
        running.close(1.0)


def client(url: str, in_flight: int, seconds: float) -> None:
    """So many connections, each asking one actor again and again; prints requests per second as JSON."""
    import uvloop

    print(json.dumps(uvloop.run(_load(url, in_flight, seconds))))


async def _load(url: str, in_flight: int, seconds: float) -> float:
    import aiohttp

    is_host = url.endswith("/actions")
    answers = 0
    begins = time.perf_counter() + min(0.3, seconds)
    ends = begins + seconds

    async def ask(session: aiohttp.ClientSession, number: int) -> None:
        nonlocal answers
        body = call_of_host(number) if is_host else request_of_client(number)
        target = url if is_host else f"{url}/counter-{number}/invoke"
        kind = pb.ActorInvocationResponse if is_host else pb.InvocationResponse
        while (now := time.perf_counter()) < ends:
            async with session.post(target, data=body) as answer:
                read = await answer.read()
                assert answer.status == 200, read
            kind.FromString(read)
            answers += now >= begins

    headers = {"content-type": "application/octet-stream"}
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session, asyncio.TaskGroup() as group:
        for number in range(in_flight):
            group.create_task(ask(session, number))
    return answers / seconds


if __name__ == "__main__":
    if sys.argv[1] == "host":
        host()
    elif sys.argv[1] == "proxy":
        proxy(int(sys.argv[2]), sys.argv[3], sys.argv[4])
    else:
        client(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
