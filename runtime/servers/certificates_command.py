"""`python -m runtime certificates FOLDER`: what a server needs that is reached from elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from runtime.errors import BadSetting
from runtime.servers.certificates import make_certificates

HELP = """Make certificates: of a new authority, and by it one for a server and one for a client; valid for a year.

Keys can be read by their owner only. The authority's own key is not kept: nobody can make further certificates with it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where they are put; what is there is not replaced")
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="names and addresses of the server (default: localhost, 127.0.0.1)"
    )


def run(given: argparse.Namespace) -> int:
    """The command; 0 when everything was made."""
    try:
        files = make_certificates(given.folder, given.names or ("localhost", "127.0.0.1"))
    except OSError as error:
        raise BadSetting(f"Cannot make certificates: {error}") from None
    print("the server:")
    print(f"  python -m runtime serve --certificate {files.server} --key {files.server_key} \\")
    print(f"      --client-authority {files.authority}      (or --token-file FILE)")
    print("a client:")
    print(f"  %attach https://… --authority {files.authority} --certificate {files.client} --key {files.client_key}")
    return 0
