"""What a store gets done at quiet moments: old turns removed, columns made.

Each step is short, and between two steps there is a pause several times as long: whoever has something to write waits for
one step at most, and a kernel that is otherwise idle spends a fifth of a core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from runtime.config import RuntimeConfig
from runtime.errors import BadSetting, SpawnError, StoreUnavailable
from runtime.records import StoredDefinition
from runtime.statestores.base import Limits, Retention, StateStore

PAUSE_S = 0.03
"""So long nobody has written when a step begins."""

_DAY_US = 86_400_000_000


class Housekeeping:
    """The steps for one store; called by the recorder's thread."""

    def __init__(
        self, store: StateStore, retention: Retention, now_us: Callable[[], int], failed: Callable[[str], None]
    ) -> None:
        """Cleans up after what is stored.

        Args:
            retention: what is kept of actors whose definitions do not say.
            failed: is told what the user has to know.
        """
        self._store, self._general, self._now_us, self._failed = store, retention, now_us, failed
        self._retention: Retention | None = None
        self.has_more = True
        """Another step may find something to do."""
        self._gave_up = False

    def deployed(self) -> None:
        """A definition was stored, which may say what is kept of its actors.  Any thread."""
        self._retention = None

    def committed(self) -> None:
        """There are new turns."""
        self.has_more = not self._gave_up

    def step(self) -> None:
        """One step; errors are told, and never reach the journal."""
        try:
            self.has_more = self._store.retain(self._wanted(), self._now_us()) or self._store.seal()
        except StoreUnavailable:
            self.has_more = False  # the next commit says so, if it lasts
        except SpawnError as error:
            self.has_more, self._gave_up = False, True
            self._failed(str(error))

    def _wanted(self) -> Retention:
        retention = self._retention
        if retention is None:
            # Those that are not deployed (yet) too: a restart must not take what a definition wants kept.
            retention = self._retention = with_definitions(self._general, self._store.definitions())
        return retention


def with_definitions(general: Retention, definitions: Iterable[StoredDefinition]) -> Retention:
    """A retention in which each actor's last definition has the say, as far as it says something."""
    of: dict[str, Limits] = {}
    for definition in definitions:
        limits = _limits(definition.settings, general.every)
        of.pop(definition.name, None)
        if limits != general.every:
            of[definition.name] = limits
    return msgspec.structs.replace(general, of=of)


def _limits(settings: Mapping[str, Any], general: Limits) -> Limits:
    days = settings.get("keep_days")
    return Limits(
        revisions=_limit(settings.get("keep_revisions"), general.revisions),
        invocations=_limit(settings.get("keep_invocations"), general.invocations),
        age_us=_limit(days if days in (None, "all") else round(float(days) * _DAY_US), general.age_us),
    )


def _limit(own: Any, general: int | None) -> int | None:
    if own is None:
        return general
    return None if own == "all" else int(own)


def retention_of(config: RuntimeConfig) -> Retention:
    """What the settings say is to be kept.

    Raises:
        BadSetting: one of them is negative.
    """
    for name in ("keep_revisions", "keep_invocations", "keep_days", "keep_turns"):
        value = getattr(config, name)
        if value is not None and value < 0:
            raise BadSetting(f"{name}={value} makes no sense: it is how much is kept. Leave it out to keep everything.")
    every = Limits(
        revisions=config.keep_revisions,
        invocations=config.keep_invocations,
        age_us=None if config.keep_days is None else round(config.keep_days * _DAY_US),
    )
    return Retention(every=every, turns=config.keep_turns)
