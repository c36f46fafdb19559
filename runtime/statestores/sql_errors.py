"""A SQL server's errors as the store's: which may pass, which mean damage, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError

from runtime.errors import StoreDamaged, StoreUnavailable

_WAIT = "It is tried again; nothing is dropped."
_WAIT_TO_READ = "Nothing was changed; try again when the server answers."
_DAMAGED = "damaged"
_FULL = "Make room on the server's disk; what is waiting is written then."
_READ_ONLY = "Make the database writable (it may be a standby, or set read-only), or use another store."
_DENIED = "Check user and password in the URL, and that this user may create and write tables there."
_MISSING = "Create that database on the server, or put the right name at the end of the URL."
_SLOW = (
    "The server is slow, or another session holds a lock on the store's tables. It is tried again; nothing is dropped."
)
_BUSY = "The server has no room for another connection; close some. It is tried again; nothing is dropped."
_PACKET = "Raise max_allowed_packet on the server; what is waiting is written then."

# Postgres (also CockroachDB) says five characters of SQLSTATE; the longest match counts.
_STATES = {
    "25006": _READ_ONLY, "28": _DENIED, "3D": _MISSING, "42501": _DENIED, "53100": _FULL, "53300": _BUSY,
    "55P03": _SLOW, "57014": _SLOW, "42P01": _DAMAGED, "42703": _DAMAGED, "XX001": _DAMAGED, "XX002": _DAMAGED,
}  # fmt: skip
# MariaDB and MySQL number theirs.
_NUMBERS = {
    1021: _FULL, 1028: _FULL, 1114: _FULL, 1290: _READ_ONLY, 1792: _READ_ONLY, 1836: _READ_ONLY, 1040: _BUSY,
    1044: _DENIED, 1045: _DENIED, 1142: _DENIED, 1698: _DENIED, 1049: _MISSING, 1153: _PACKET, 1205: _SLOW, 1969: _SLOW,
    3024: _SLOW, 1034: _DAMAGED, 1035: _DAMAGED, 1054: _DAMAGED, 1146: _DAMAGED, 1194: _DAMAGED, 1712: _DAMAGED,
}  # fmt: skip


class Cause(NamedTuple):
    """What a driver's error says."""

    text: str
    advice: str


def translation(error: SQLAlchemyError, url: str, what: str) -> StoreDamaged | StoreUnavailable:
    """The error to raise; `what` could not be done to the store ("read", "write to")."""
    cause = _cause(error)
    if cause.advice is _DAMAGED:
        return StoreDamaged(
            f"Cannot {what} the store {url}: its tables are damaged ({cause.text}). Nothing was changed.\n"
            "Restore the database from a copy, or start with another store."
        )
    advice = _WAIT_TO_READ if cause.advice is _WAIT and what != "write to" else cause.advice
    return StoreUnavailable(f"Cannot {what} the store {url}: {cause.text}.\n{advice}")


@contextmanager
def translated(url: str, what: str) -> Iterator[None]:
    """Raises the translation of whatever SQLAlchemy raises inside; text that UTF-8 cannot hold stays what it is."""
    try:
        yield
    except StatementError as error:
        if isinstance(error.orig, UnicodeEncodeError):
            raise error.orig from None
        raise translation(error, url, what) from error
    except SQLAlchemyError as error:
        raise translation(error, url, what) from error


def lost_connection(error: BaseException) -> bool:
    """Whether the connection is gone, so that nothing is known about what it was doing."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _cause(error: SQLAlchemyError) -> Cause:
    origin = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    arguments = origin.args
    if arguments and isinstance(arguments[0], int):
        text = str(arguments[1]) if len(arguments) > 1 else f"error {arguments[0]}"
        return Cause(_line(text), _NUMBERS.get(arguments[0], _WAIT))
    state = getattr(origin, "sqlstate", None) or ""
    known = [prefix for prefix in _STATES if state.startswith(prefix)]
    return Cause(_line(str(origin)), _STATES[max(known, key=len)] if known else _advice_by_text(str(origin)))


def _advice_by_text(text: str) -> str:
    """While connecting, psycopg has no state to tell: only what the server wrote, in English or not."""
    if "authentication failed" in text or "no password supplied" in text or "role " in text:
        return _DENIED
    return _MISSING if "does not exist" in text else _WAIT


def _line(text: str) -> str:
    """The first line, without the full stop at its end."""
    return next((line.strip().rstrip(".") for line in text.splitlines() if line.strip()), "no reason given")
