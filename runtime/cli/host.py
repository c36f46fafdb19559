"""`python -m runtime host`."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from runtime.cli.common import Stop, load_actors
from runtime.clients.proxy.client import SpawnProxyClient
from runtime.clients.proxy.connection import ProxyLink, read_target
from runtime.errors import Unreachable
from runtime.servers.security import LOOPBACK
from runtime.servers.spawn_host.host import ActorHost
from runtime.servers.spawn_host.notebook_host import noted, open_journal

_BETWEEN_TRIES_S = 0.5

HELP = """Run actors of ours behind a Spawn proxy, as its actor host.

A proxy calls exactly one host. Before anything is registered it is made sure that this process is that one; where that
cannot be found out, say the port that the proxy calls: --host-port, or USER_FUNCTION_PORT. A proxy calls without TLS and
without a token, so its host listens on the same machine, or in the same pod, and nowhere else."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    port = os.environ.get("USER_FUNCTION_PORT")
    parser.add_argument(
        "modules", nargs="+", metavar="MODULE", help="modules with the actors: my_actors.py, package.module"
    )
    parser.add_argument("--proxy", required=True, metavar="URL", help="such as http://127.0.0.1:9001")
    parser.add_argument(
        "--system", default="", help="the proxy's actor system, where it cannot be found out: PROXY_ACTOR_SYSTEM_NAME"
    )
    parser.add_argument(
        "--host-port", type=int, default=int(port) if port else None, help="where the proxy calls its host"
    )
    parser.add_argument(
        "--bind", default=LOOPBACK, help="the address of this machine to listen on: a proxy is beside its host"
    )
    parser.add_argument(
        "--journal", default="", metavar="URL", help="record every invocation and its answer: sqlite:///PATH, …"
    )
    parser.add_argument("--service", default="spawn-workbench", help="what this host calls itself")
    parser.add_argument("--token-file", type=Path, help="file with the token that the proxy wants")
    parser.add_argument("--authority", type=Path, help="PEM file of who signed the proxy's certificate")
    parser.add_argument("--certificate", type=Path, help="PEM file of the certificate by which the proxy knows us")
    parser.add_argument("--key", type=Path, help="PEM file of its key")
    parser.add_argument(
        "--wait-seconds", type=float, default=0.0, help="how long to wait for a proxy that is not up yet (default: 0)"
    )


def run(given: argparse.Namespace) -> int:
    stop = Stop()
    actors = load_actors(given.modules)
    options = {name: getattr(given, name) for name in ("token_file", "authority", "certificate", "key")}
    link = ProxyLink(read_target(given.proxy, **options))
    try:
        client = _client(link, given, stop)
        host = ActorHost(
            link,
            client.about,
            client.name,
            port=given.host_port,
            bind=given.bind,
            journal=open_journal(given.journal),
            service=given.service,
        )
        try:
            print(f"the proxy calls this process: {host.how_known}")
            for actor in actors:
                report = noted(host.deploy(actor), client)
                print("\n  ".join([f"registered {report.actor}", *report.notes]))
            print(f"serving the actor system {client.name} on port {host.port}", flush=True)
            stop.wait()
            print("stopping", flush=True)
        finally:
            is_whole = host.close()
    finally:
        link.close()
    print("stopped" if is_whole else "stopped; the journal could not be written whole", flush=True)
    return 0 if is_whole else 1


def _client(link: ProxyLink, given: argparse.Namespace, stop: Stop) -> SpawnProxyClient:
    """The proxy, as soon as it answers: in a pod both start together."""
    until = time.monotonic() + given.wait_seconds
    while True:
        try:
            return SpawnProxyClient(link, mode="act", system=given.system)
        except Unreachable:
            if time.monotonic() >= until or stop.pause(_BETWEEN_TRIES_S):
                raise
