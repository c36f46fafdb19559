"""Tokens by which a process shows that it belongs to the same user: files per listening port, their owner's only.

A server has one token for each role.  The file of the role `act` has the name that it had before there were roles.
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from runtime.crypto.keyfiles import default_directory
from runtime.crypto.private_files import make_private_directory, replace
from runtime.errors import BadSetting

TOKEN_BYTES = 32


class Role(StrEnum):
    """What a server lets the bearer of a token, or the owner of a certificate, do."""

    LOOK = "look"
    """Only reads."""
    ACT = "act"
    """Everything."""


def new_token() -> str:
    """256 random bits as text that fits a header."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def is_same(given: str, expected: str) -> bool:
    """Whether two tokens are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(given.encode(), expected.encode())


class TokenFiles:
    """Where servers of this machine leave their tokens for other processes of the same user."""

    def __init__(self, directory: Path | None = None, *, environ: Mapping[str, str] = os.environ) -> None:
        self.directory = directory or default_directory(environ).with_name("tokens")

    def path(self, port: int, role: Role = Role.ACT) -> Path:
        """Where the token for that port is, or would be."""
        return self.directory / (f"{port}.token" if role is Role.ACT else f"{port}.{role}.token")

    def create(self, port: int, token: str, role: Role = Role.ACT) -> Path:
        """Leave a token for whoever may read its owner's files; replaces one of an earlier server on that port.

        Raises:
            OSError: it cannot be written.
        """
        make_private_directory(self.directory)
        self.directory.chmod(0o700)
        path = self.path(port, role)
        replace(path, f"{token}\n".encode("ascii"))
        return path

    def read(self, port: int, role: Role = Role.ACT) -> str:
        """The token for a port of this machine; empty when there is none.

        Raises:
            BadSetting: another user owns the file or can write it, so that it may say anything.
        """
        return read_token(self.path(port, role))

    def remove(self, port: int, token: str, role: Role = Role.ACT) -> None:
        """Take the token away again, unless another server has replaced it."""
        path = self.path(port, role)
        try:
            if path.read_text("ascii").strip() == token:
                path.unlink()
        except (OSError, ValueError):
            pass


def read_token(path: Path) -> str:
    """The token in a file; empty when the file is not there.

    Raises:
        BadSetting: another user owns the file or can read or write it.
    """
    try:
        status = path.stat()
        text = path.read_text("ascii").strip()
    except (FileNotFoundError, ValueError):
        return ""
    except PermissionError:
        raise BadSetting(f"The token file {path} belongs to another user; only they can attach.") from None
    if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o077):
        raise BadSetting(
            f"The token file {path} is not used: others than you may have written or read it.\n"
            f"Restart the server that made it, or make it yours alone: chmod 600 {path}"
        )
    return text
