"""`python -m runtime certificates FOLDER`: what a server needs that is reached from elsewhere."""

from __future__ import annotations

import argparse
from pathlib import Path

from runtime.errors import BadSetting
from runtime.servers.certificates import make_certificates

HELP = """Make certificates: of a new authority, and by it one for a server, one for clients that may act and one for clients
that may only look; valid for a year. Tokens for the same two roles, for servers that know clients by a token, are made too.

Keys can be read by their owner only. The authority's own key is not kept: no one can make further certificates with it."""


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
    print(f"      --client-authority {files.authority}")
    print(f"      (or --token-file {files.act_token} --look-token-file {files.look_token})")
    print("a client that may act:")
    print(f"  %attach https://… --authority {files.authority} --certificate {files.client} --key {files.client_key}")
    print(f"      (or --token-file {files.act_token})")
    print("a client that may only look, whatever it tries:")
    print(
        f"  %attach https://… --authority {files.authority} --certificate {files.look_client} --key {files.look_client_key}"
    )
    print(f"      (or --token-file {files.look_token})")
    return 0
