"""The processes that run foreign actors: which there are, which of them answers, which gets the next call."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping

import msgspec

from runtime.wire.dialect import Dialect
from runtime.wire.http_client import AddressPool
from runtime.wire.registration import Registration

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_PATH = "/api/v1/actors/actions"


class HostAddress(msgspec.Struct, frozen=True):
    """Where a host listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}" if ":" not in self.host else f"[{self.host}]:{self.port}"


class Target:
    """One host process."""

    def __init__(self, address: HostAddress, pool: AddressPool) -> None:
        self.address, self.pool = address, pool
        self.service = ""
        self.dialect = Dialect.OLD
        self.sends_tags = False
        """It has sent tags with an answer, so an answer without any means that it wants none."""
        self.warned: set[str] = set()
        self._actions: dict[str, frozenset[str]] = {}
        self._pause_s = _FIRST_PAUSE_S
        self._down_until = 0.0
        self._head = (
            f"POST {_PATH} HTTP/1.1\r\nhost: {address}\r\nconnection: keep-alive\r\n"
            "content-type: application/octet-stream\r\ncontent-length: "
        ).encode()

    def take(self, registration: Registration) -> None:
        """Note what it registered; a host that was down is up again."""
        self.service, self.dialect = registration.service, registration.dialect
        for actor in registration.actors:
            self._actions[actor.definition.name] = frozenset(actor.definition.actions)
        self.is_well()

    def runs(self, actor: str, action: str) -> bool:
        return action in self._actions.get(actor, ())

    @property
    def actors(self) -> Mapping[str, Collection[str]]:
        """Actor to actions."""
        return self._actions

    def is_down(self, now: float) -> bool:
        """It did not take a connection, and it is too early to try again."""
        return now < self._down_until

    def is_unwell(self) -> None:
        self._down_until = time.monotonic() + self._pause_s
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S)

    def is_well(self) -> None:
        if self._down_until:
            self._pause_s, self._down_until = _FIRST_PAUSE_S, 0.0

    def request(self, body: bytes) -> bytes:
        """The whole call as bytes."""
        return b"%s%d\r\n\r\n%s" % (self._head, len(body), body)

    def __str__(self) -> str:
        return f"{self.address} ({self.service})"


class Targets:
    """All host processes of one actor system, by address."""

    def __init__(self) -> None:
        self.all: dict[HostAddress, Target] = {}
        self._turn = 0

    def choose(self, actor: str, action: str, tried: Collection[Target]) -> Target | None:
        """The least busy one that runs the action, in turn among equals; None if there is none that was not tried.

        One that is down is left out while another is up.  If all are down the next in turn gets the call: trying is
        how one finds out.
        """
        able = [each for each in self.all.values() if each.runs(actor, action) and each not in tried]
        if len(able) <= 1:
            return able[0] if able else None
        self._turn += 1
        now = time.monotonic()
        up = [each for each in able if not each.is_down(now)] or able
        start = self._turn % len(up)
        return min(up[start:] + up[:start], key=lambda each: each.pool.in_flight)
