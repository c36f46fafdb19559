"""From a URL and what the user has at hand to a node's address and our right to be there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import grpc

from runtime.crypto.tokens import Role, TokenFiles, read_token
from runtime.errors import BadSetting
from runtime.transports.node_connection import Target

TOKEN_VARIABLE = "SPAWN_NODE_TOKEN"  # noqa: S105 - a name, not a secret
DEFAULT_PORT = 9980

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def read_target(
    url: str,
    *,
    token: str | None = None,
    token_file: str | Path | None = None,
    authority: str | Path | None = None,
    certificate: str | Path | None = None,
    key: str | Path | None = None,
    environ: Mapping[str, str] = os.environ,
    token_files: TokenFiles | None = None,
    role: Role = Role.ACT,
) -> Target:
    """Where `grpc://HOST:PORT` or `grpcs://HOST:PORT` is.

    Args:
        token: else the one in `token_file`, in `SPAWN_NODE_TOKEN`, or, on this machine, what the node left for its user.
        role: which of the node's tokens is taken where it left them; one to look may be missing, then it is that to act.
        authority: PEM file of who signed the node's certificate; the machine's own authorities if not given.
        certificate, key: PEM files by which the node knows us, where it wants that.

    Raises:
        BadSetting: the URL or a file is not usable.
    """
    scheme, host, port = _parts(url)
    is_encrypted = scheme == "grpcs"
    if not is_encrypted and (authority or certificate or key):
        raise BadSetting(f"Certificates are for encrypted connections: write grpcs:// instead of grpc:// in {url}.")
    if not is_encrypted and host not in _LOOPBACK:
        raise BadSetting(
            f"{url} would send the token and every state over the network in the clear. Use grpcs://, or a tunnel to {host}."
        )
    given = token or (read_token(Path(token_file)) if token_file else "") or environ.get(TOKEN_VARIABLE, "")
    if not given and host in _LOOPBACK:
        files = token_files or TokenFiles(environ=environ)
        given = (files.read(port, Role.LOOK) if role is Role.LOOK else "") or files.read(port)
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return Target(url, place, given, _credentials(authority, certificate, key) if is_encrypted else None)


def _parts(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port or DEFAULT_PORT
    except ValueError:
        host, port = None, 0
    if parts.scheme not in ("grpc", "grpcs") or not host or parts.path not in ("", "/") or parts.query:
        raise BadSetting(f"{url!r} is not the address of a node. Write grpc://127.0.0.1:PORT, as the node shows it.")
    if parts.username or parts.password:
        raise BadSetting("Do not write a token into the URL, where it would be shown and saved; give token= instead.")
    return parts.scheme, host, port


def _credentials(
    authority: str | Path | None, certificate: str | Path | None, key: str | Path | None
) -> grpc.ChannelCredentials:
    if bool(certificate) != bool(key):
        raise BadSetting("A client certificate needs its key, and a key its certificate; only one of them was given.")
    return grpc.ssl_channel_credentials(
        root_certificates=_content(authority), private_key=_content(key), certificate_chain=_content(certificate)
    )


def _content(path: str | Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise BadSetting(f"Cannot read {path}: {error.strerror}.") from None
