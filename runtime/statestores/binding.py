"""Binds rows of actors from format 1 to what they say, a portion at a time (`rows.bound`)."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from runtime.crypto.cipher import Cipher, SealBrokenError
from runtime.ids import ActorId
from runtime.statestores.attestation import BOUND, NO_ROW
from runtime.statestores.backend import Backend, SnapshotRow, Writes
from runtime.statestores.rows import bound, is_bound, kept_aside_of

_ROWS = 200


class Binder:
    """Goes over the rows of one store; used by the writer's thread."""

    def __init__(self, backend: Backend, cipher: Cipher, meta: Mapping[str, str], *, is_old: bool) -> None:
        """`is_old`: the store had format 1 when it was opened."""
        self._backend, self._cipher = backend, cipher
        text = meta.get(BOUND, NO_ROW if is_old else "")
        self._after: tuple[str, str] | None = msgspec.json.decode(text, type=tuple[str, str]) if text else None

    def step(self) -> bool:
        """One portion, in one transaction; False when there is nothing to do."""
        if self._after is None:
            return False
        page = self._backend.snapshots(self._after, "", _ROWS)
        after = (page[-1].actor, page[-1].system) if page else None
        rows = [self._backend.snapshot(ActorId(light.system, light.actor)) for light in page]
        text = msgspec.json.encode(after).decode() if after else ""
        anew = [self._bound(row) for row in rows if row is not None and not is_bound(row)]
        self._backend.write(Writes(snapshots=[row for row in anew if row is not None], meta={BOUND: text}))
        self._after = after
        return after is not None

    def _bound(self, row: SnapshotRow) -> SnapshotRow | None:
        """None for a row that is damaged: whoever reads it is told, and the others go on."""
        try:
            return bound(self._cipher, row, kept_aside_of(self._cipher, row, accepts_unbound=True))
        except SealBrokenError:
            return None
