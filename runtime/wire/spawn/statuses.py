"""What an error is on the wire: Spawn's status, an HTTP status, and a text.

A test goes through the whole tree of `errors`, so that no class is left to the default.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

import msgspec

from runtime.errors import SpawnError, UnknownAction, UnknownActor
from runtime.records import Failure
from runtime.wire.pb.spawn.actors.protocol_pb2 import ACTOR_NOT_FOUND, ERROR, OK, RequestStatus

LONGEST_MESSAGE = 2_000

_HTTP: dict[str, int] = {
    "error": 500,
    "internal": 500,
    # the caller can put it right
    "mistake": 400,
    "definition": 400,
    "not_deployed": 503,
    "unknown_actor": 404,
    "unknown_revision": 404,
    "unknown_action": 404,
    "unknown_message": 404,
    "unknown_letter": 404,
    "bad_payload": 400,
    "bad_state": 422,
    "bad_response": 422,
    "bad_query": 400,
    "key_conflict": 409,
    "name_taken": 409,
    "call_cycle": 508,
    "access_denied": 403,
    "would_block": 400,
    "not_capable": 501,
    "not_recorded": 404,
    "side_effect_stopped": 409,
    "not_allowed": 403,
    "contract": 400,
    "bad_setting": 400,
    # the world is not ready for it
    "condition": 503,
    "action_failed": 500,
    "timeout": 504,
    "action_timeout": 504,
    "abandoned": 504,
    "mailbox_full": 429,
    "message_dropped": 503,
    "fault_injected": 503,
    "suspended": 503,
    "stopped": 503,
    "unreachable": 503,
    "host_failed": 502,
    "overloaded": 429,
    "store": 503,
    "store_unavailable": 503,
    "store_in_use": 503,
    "wrong_key": 503,
    "store_damaged": 503,
    "store_too_new": 503,
    "turn_quarantined": 500,
    "stale_commit": 503,
}

MAPPED = frozenset(_HTTP)


def http_status(code: str) -> int:
    """The HTTP status of an error code; 500 for one of a later version."""
    return _HTTP.get(code, 500)


def request_status(failure: Failure | None, error: BaseException | None, system: str) -> RequestStatus:
    """The decodable status of an answer; `error` adds what the failure's text does not tell."""
    if failure is None:
        return RequestStatus(status=OK)
    not_found = failure.code == UnknownActor.code
    return RequestStatus(status=ACTOR_NOT_FOUND if not_found else ERROR, message=message_of(failure, error, system))


def error_status(error: SpawnError, system: str) -> RequestStatus:
    return request_status(Failure(error.code, str(error)), error, system)


def message_of(failure: Failure, error: BaseException | None, system: str) -> str:
    """Starts with the sentence that Spawn's own proxy says where there is one, for clients that look for it."""
    text = failure.message
    if type(error) is UnknownActor:
        text = f"Actor {error.actor} not found on ActorSystem {system}. {_hint(text)}"
    elif isinstance(error, UnknownAction):
        text = f"Action [{error.action}] not found for Actor [{error.actor}]. {_hint(text)}"
    text = text.strip().encode("utf-8", "replace").decode()  # an exception may hold what UTF-8 cannot
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def _hint(text: str) -> str:
    """What follows our own first sentence, which says the same in other words."""
    return text.partition(". ")[2]


# --- What our proxies say in headers beside Spawn's protocol, for clients and hosts of ours ---------------------------
# Everybody else may ignore it.

PROXY_NAME = "spawn-workbench"
"""`ProxyInfo.proxy_name` of our proxies."""

ABOUT, REVISION = "x-spawn-proxy", "x-spawn-revision"
CODE, TYPE = "x-spawn-error", "x-spawn-error-type"

HOST_PROBE = "/api/v1/host"
"""Where a proxy of ours fetches what listens on a port of the asking process (`?host-port=`), and answers what it said."""
IDENTITY = "/api/v1/actors/identity"
"""Where a host of ours says who it is."""

Headers = tuple[tuple[str, str], ...]


class About(msgspec.Struct, frozen=True):
    """A proxy of ours, as its health checks tell."""

    system: str
    host: str
    """`HOST:PORT` where a host is called that registers there."""

    def __str__(self) -> str:
        return f"{PROXY_NAME}; system={quote(self.system, safe='')}; host={self.host}"


def read_about(note: str) -> About | None:
    """None for a proxy that is not one of ours."""
    name, *parts = (part.strip() for part in note.split(";"))
    if name != PROXY_NAME:
        return None
    fields = dict(part.partition("=")[::2] for part in parts)
    return About(unquote(fields.get("system", "")), fields.get("host", ""))


def failure_notes(code: str, type_name: str = "") -> Headers:
    """By which a client of ours has the error's class again."""
    return ((CODE, code), (TYPE, quote(type_name))) if type_name else ((CODE, code),)
