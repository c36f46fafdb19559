"""`python -m runtime serve`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.cli.common import Stop, load_actors
from runtime.config import DEFAULT_SYSTEM
from runtime.errors import BadSetting
from runtime.security.crypto import new_token
from runtime.servers.security import LOOPBACK, Security
from runtime.servers.spawn_proxy.server import HOST_PORT, HTTP_PORT, RunningProxy, serve
from runtime.stores.environment import store_of
from runtime.system.embedded import EmbeddedSystem, embedded

if TYPE_CHECKING:
    from runtime.servers.grpc_node.server import NodeServer

GRPC_PORT = 9980
HELP = """A Spawn proxy on this machine: SDKs in any language register here, and spawn and invoke actors.

SIGTERM drains it: readiness is down, new calls are refused, calls under way are answered, everything is written."""


_POLICIES = Path("policies")
"""Where Spawn looks for them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    environ = os.environ
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="modules with actors to run in this process")
    parser.add_argument("--system", default=environ.get("PROXY_ACTOR_SYSTEM_NAME", DEFAULT_SYSTEM))
    parser.add_argument(
        "--store",
        metavar="URL",
        help="where states live: memory://, sqlite:///PATH, … (default: what Spawn's PROXY_DATABASE_* variables say, else memory://)",
    )
    parser.add_argument("--durability", default="journal", choices=("snapshot", "journal", "commit"))
    parser.add_argument(
        "--policies",
        type=Path,
        default=_POLICIES if _POLICIES.is_dir() else None,
        metavar="FOLDER",
        help="*.policy files that say who may call what; ./policies if there is one",
    )
    parser.add_argument("--http-port", type=int, default=int(environ.get("PROXY_HTTP_PORT", HTTP_PORT)))
    parser.add_argument(
        "--grpc-port",
        type=_grpc_port,
        default=_default_grpc_port(environ),
        metavar="PORT",
        help=f"for notebooks that attach, and for contracts (default: {GRPC_PORT}); 0 for a free port, none for no gRPC",
    )
    parser.add_argument(
        "--proto",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="a contract: its actors are served by its rules as HTTP/JSON at --http-port, and as gRPC at --grpc-port",
    )
    parser.add_argument(
        "--host-port",
        type=int,
        default=int(environ.get("USER_FUNCTION_PORT", HOST_PORT)),
        help="where a host listens that registers at --http-port",
    )
    parser.add_argument(
        "--door",
        action="append",
        default=[],
        metavar="HTTP:HOST",
        help="a further pair of such ports, for another host",
    )
    parser.add_argument(
        "--bind", default=LOOPBACK, help="another address than this machine's needs --certificate and more"
    )
    parser.add_argument("--certificate", type=Path, help="PEM file of this server's certificate")
    parser.add_argument("--key", type=Path, help="PEM file of its key")
    parser.add_argument("--client-authority", type=Path, help="PEM file of who signs the certificates of clients")
    parser.add_argument(
        "--token-file", type=Path, help="file with the token that clients send to act; it is made if it is not there"
    )
    parser.add_argument(
        "--look-token-file", type=Path, help="file with the token of clients that may only look; made likewise"
    )
    parser.add_argument(
        "--drain-seconds", type=float, default=10.0, help="how long calls under way may take at the end"
    )


def run(given: argparse.Namespace) -> int:
    stop = Stop()
    actors = load_actors(given.modules)
    store = given.store or store_of(os.environ, given.system) or "memory://"
    with embedded(system=given.system, store=store, durability=given.durability, policies=given.policies) as system:
        for actor in actors:
            report = system.deploy(actor)
            print(f"deployed {report.actor}")
        running = serve(
            system,
            http_port=given.http_port,
            host_port=given.host_port,
            more=[_door(text) for text in given.door],
            bind=given.bind,
            security=_security(given),
        )
        node = _node(system, given)
        _serve_contracts(given.proto, running, node)
        _announce(running, node)
        stop.wait()
        print("draining", flush=True)
        running.close(given.drain_seconds)
        if node is not None:
            node.stop(given.drain_seconds)
    print("stopped", flush=True)
    return 0


def _node(system: EmbeddedSystem, given: argparse.Namespace) -> NodeServer | None:
    if given.grpc_port is None:
        return None
    from runtime.servers.grpc_node.server import NodeServer

    security = _security(given)
    return NodeServer(system, host=given.bind, port=given.grpc_port, security=security).start()


def _serve_contracts(files: Sequence[Path], running: RunningProxy, node: NodeServer | None) -> None:
    for file in files:
        from runtime.contracts.compiler import compile_file
        from runtime.servers.contracts.grpc import serve_contract

        contract = compile_file(file)
        running.serve_contract(contract)
        if node is not None:
            serve_contract(node, contract)


def _grpc_port(text: str) -> int | None:
    return None if text == "none" else int(text)


def _default_grpc_port(environ: Mapping[str, str]) -> int | None:
    if environ.get("PROXY_GRPC_SERVER_ENABLED", "true").lower() == "false":
        return None
    return int(environ.get("PROXY_GRPC_PORT") or GRPC_PORT)


def _announce(running: RunningProxy, node: NodeServer | None) -> None:
    store = running.system.store.url
    lasting = " (nothing of it survives this process)" if store.startswith("memory:") else ""
    print(f"actor system {running.system.name}, store {store}{lasting}")
    if (folder := running.system.config.policies) is not None:
        print(f"policies of {Path(folder).resolve()} decide who may call what")
    for url, host_port in running.addresses.items():
        print(f"listening at {url} for hosts on port {host_port}")
    if node is not None:
        print(f"listening at {node.address} for notebooks and gRPC clients; token in {node.token_file}")
        if node.look_token_file is not None:
            print(f"a token with which one can only look is in {node.look_token_file}")
    print("environment of an SDK:")
    for name, value in running.environment().items():
        print(f"  {name}={value}")
    print("ready", flush=True)


def _door(text: str) -> tuple[int, int]:
    http_port, _, host_port = text.partition(":")
    try:
        return int(http_port), int(host_port)
    except ValueError:
        raise SystemExit(f"--door {text}: write two ports, such as 9002:8091") from None


def _security(given: argparse.Namespace) -> Security | None:
    if not (given.certificate or given.key or given.client_authority or given.token_file or given.look_token_file):
        return None
    return Security(
        token=_token(given.token_file) if given.token_file else "",
        certificate=_content(given.certificate),
        key=_content(given.key),
        client_authority=_content(given.client_authority),
        look_token=_token(given.look_token_file) if given.look_token_file else "",
    )


def _token(path: Path) -> str:
    """The token in a file; a new one in a new file of its owner only."""
    with suppress(OSError):  # it is there, or reading says why not
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"{new_token()}\n")
    token = _content(path).decode("utf-8", "replace").strip()
    if not token:
        raise BadSetting(f"The token file {path} is empty.")
    return token


def _content(path: Path | None) -> bytes:
    if path is None:
        return b""
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadSetting(f"Cannot read {path}: {error.strerror}.") from None
