"""`python -m runtime COMMAND …`: an actor system as a process of its own.

serve         a Spawn proxy: SDKs in any language register here, and actors of ours can live in it
host          runs actors of ours behind a Spawn proxy
certificates  makes certificates for a server that is reached from elsewhere, and for its clients
rekey         encrypts a store anew, under another key
check         reads a whole store and lists what is wrong in it; --repair makes a copy without that
backup        copies a store file, also one in use, with its key under a passphrase
restore       makes a backup a store again, and keeps its key
"""

from __future__ import annotations

import argparse
import importlib
import sys

from runtime.errors import SpawnError

_COMMANDS = {
    "serve": "runtime.cli.serve",
    "host": "runtime.cli.host",
    "certificates": "runtime.cli.certificates",
    "rekey": "runtime.cli.rekey",
    "check": "runtime.cli.check",
    "backup": "runtime.cli.backup",
    "restore": "runtime.cli.restore",
}
"""Modules with `HELP`, `add_arguments(parser)` and `run(given) -> int`; the chosen one is loaded, and no other."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; 0 if it ended as it should."""
    given = sys.argv[1:] if arguments is None else arguments
    chosen = given[0] if given else ""
    parser = argparse.ArgumentParser(
        prog="python -m runtime", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, home in _COMMANDS.items():
        command = importlib.import_module(home) if name == chosen else None
        sub = parsers.add_parser(name, description=command.HELP if command is not None else None)
        if command is not None:
            command.add_arguments(sub)
    parsed = parser.parse_args(given)
    try:
        result: int = importlib.import_module(_COMMANDS[parsed.command]).run(parsed)
        return result
    except SpawnError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
