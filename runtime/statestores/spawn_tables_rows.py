"""Rows of a Spawn database as records: columns decrypted, JSON taken out of its envelope, what cannot be read said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers import algorithms, modes
from google.protobuf.any_pb2 import Any as AnyMessage
from sqlalchemy import RowMapping

from runtime.crypto.cipher import Cipher, SealBrokenError
from runtime.crypto.cloak import uncloak
from runtime.ids import ActorId
from runtime.records import Snapshot, State
from runtime.statestores.spawn_tables_ids import template_of
from runtime.wire.dialect import JSON_NAMES
from runtime.wire.values import from_any

_COUNTER_LABEL = b"\x01\x0aAES.CTR.V1"
_IV_BYTES = 16
_tags_decoder = msgspec.json.Decoder(dict[str, Any])


class SpawnRevision(msgspec.Struct, frozen=True, kw_only=True):
    """One revision of one actor, as a Spawn proxy wrote it."""

    snapshot: Snapshot
    """`state` is None where there is none, and where it cannot be read; `parent` is empty while the template is not known;
    `definition` is empty: code is not in the database; `at_us` is when the revision was written."""
    number: int
    """Spawn's own 27-bit id of the actor."""
    node: str
    data_type: str
    """The state's type URL as stored; JSON states have `records.JSON` in the snapshot."""
    until_us: int = 0
    """When the next revision took its place; 0 for the present one."""
    problem: str = ""
    """Why the state cannot be read; empty if it can."""

    @property
    def is_current(self) -> bool:
        return self.until_us == 0


class RowReader:
    """Makes records of rows, with the keys and templates that were given."""

    def __init__(self, keys: Sequence[bytes], templates: Iterable[str]) -> None:
        self._keys = keys
        self._ciphers = [Cipher(key) for key in keys]
        self._templates = tuple(dict.fromkeys(templates))
        self._parents: dict[int, str] = {}

    def revision(self, row: RowMapping, at: datetime, until: datetime | None) -> SpawnRevision:
        """The record of a row of either table."""
        try:
            state, problem = self._state(row["data_type"] or "", row["data"]), ""
        except SealBrokenError as error:
            state, problem = None, str(error)
        return SpawnRevision(
            snapshot=Snapshot(
                actor=ActorId(row["system"] or "", row["actor"] or ""),
                parent=self._parent(row["number"], row["actor"] or "", row["system"] or ""),
                revision=row["revision"] or 0,
                state=state,
                tags=_tags(row["tags"]),
                definition="",
                at_us=_microseconds(at),
                status=row["status"] or "UNKNOWN",
            ),
            number=row["number"],
            node=row["node"] or "",
            data_type=row["data_type"] or "",
            until_us=0 if until is None else _microseconds(until),
            problem=problem,
        )

    def _parent(self, number: int, name: str, system: str) -> str:
        found = self._parents.get(number)
        if found is None:
            found = self._parents[number] = template_of(number, name, system, self._templates) or ""
        return found

    def _state(self, data_type: str, column: bytes | None) -> State | None:
        """Nothing and an encryption of nothing both stand for a message of default values; as JSON that is no state."""
        plain = self._opened(bytes(column)) if column else b""
        if not data_type or (not plain and data_type.rpartition("/")[2] in JSON_NAMES):
            return None
        return State(from_any(AnyMessage(type_url=data_type, value=plain)))

    def _opened(self, column: bytes) -> bytes:
        if column.startswith(_COUNTER_LABEL):
            return self._opened_unauthenticated(column)
        for cipher in self._ciphers:
            try:
                return uncloak(cipher, column)
            except SealBrokenError as error:
                if "layout" in str(error):
                    raise
        given = ", ".join(cipher.fingerprint.hex() for cipher in self._ciphers)
        raise SealBrokenError(f"encrypted with another key, or changed since (tried: {given})")

    def _opened_unauthenticated(self, column: bytes) -> bytes:
        """Spawn's older layout cannot tell a wrong key from a right one, so the first key is the only one tried."""
        body = column[len(_COUNTER_LABEL) :]
        decryptor = BlockCipher(algorithms.AES(self._keys[0]), modes.CTR(body[:_IV_BYTES])).decryptor()
        return decryptor.update(body[_IV_BYTES:]) + decryptor.finalize()


def _tags(value: Any) -> dict[str, str]:
    """Postgres gives a dict, MariaDB the text."""
    tags = value if isinstance(value, dict) else _tags_decoder.decode(value) if value else {}
    return {str(name): str(text) for name, text in tags.items()}


def _microseconds(moment: datetime) -> int:
    """Spawn's columns have no zone and mean UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
