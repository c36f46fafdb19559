"""The dialects of Spawn's protocol: one wire format, and the type URLs in which they differ (spawn-protocol §1.0).

Inside this runtime a JSON value is `Encoded(JSON, …)` and an explicit nothing is `Encoded(NOOP, …)`.  Only here is it known that
each SDK calls them by another name and refuses the names of the others.
"""

from __future__ import annotations

from enum import StrEnum

from runtime.wire.pb.spawn.actors.protocol_pb2 import ServiceInfo

PREFIX = "type.googleapis.com/"


class Dialect(StrEnum):
    """The protobuf package that an SDK's protocol types live in."""

    NEW = "spawn"
    """The proxy since 2.0 and the Elixir SDK."""
    OLD = "eigr.functions.protocol"
    """The released Python, Node, Java, Go and Spring SDKs."""
    FLAT = "eigr.spawn"
    """The Rust SDK."""


RENAMED = ("JSONType", "Noop")
"""How the names end that are not the same in all dialects: most types are a user's own, and need no closer look."""

JSON_NAMES = frozenset(f"{dialect}.JSONType" for dialect in Dialect)
NOOP_NAMES = frozenset(f"{dialect}.Noop" for dialect in Dialect)

JSON_URL = {dialect: f"{PREFIX}{dialect}.JSONType" for dialect in Dialect}
NOOP_URL = {dialect: f"{PREFIX}{dialect}.Noop" for dialect in Dialect}

_OF_NAME = {f"{dialect}.{kind}": dialect for dialect in Dialect for kind in RENAMED}
_NEW_SINCE_MINOR = 2


def dialect_of(type_url: str) -> Dialect | None:
    """Which dialect says so; None for a type that all share."""
    return _OF_NAME.get(type_url.rpartition("/")[2])


def presumed_dialect(service: ServiceInfo) -> Dialect:
    """What a host speaks that has not shown it: released SDKs announce protocol 1.1 and are of the old dialect."""
    is_new = service.protocol_minor_version >= _NEW_SINCE_MINOR or "elixir" in service.support_library_name.lower()
    return Dialect.NEW if is_new else Dialect.OLD
