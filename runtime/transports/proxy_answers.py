"""What a proxy answered, as a value or as the error that it means.

Proxies of ours say the error's class in a header; of a real proxy there is a status and a sentence, or not even that.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from google.protobuf.message import DecodeError

from runtime.errors import ActionFailed, HostFailed, SpawnError, UnknownAction, UnknownActor, rebuild
from runtime.records import Encoded, Invocation
from runtime.wire import notes
from runtime.wire.http_client import Answer
from runtime.wire.pb.spawn.actors.protocol_pb2 import (
    ACTOR_NOT_FOUND,
    OK,
    InvocationResponse,
    RegistrationResponse,
    RequestStatus,
    SpawnResponse,
)
from runtime.wire.values import payload_of

_NO_ACTOR = re.compile(r"Actor .* not found on ActorSystem ")
_NO_ACTION = re.compile(r"Action \[.*\] not found for Actor \[")


def response_of(answer: Answer, invocation: Invocation) -> Encoded | None:
    """The payload of an answered invocation.

    Raises:
        SpawnError: what the answer means otherwise.
    """
    response = read(InvocationResponse, answer, f"{invocation.actor.name}.{invocation.action}", invocation.actor.system)
    if response.status.status != OK:
        raise error_of(response.status, answer, invocation)
    return payload_of(response, response.WhichOneof("payload"))


def accepted(kind: type[RegistrationResponse] | type[SpawnResponse], answer: Answer, what: str, system: str) -> Any:
    """The message of a request that was accepted.

    Raises:
        SpawnError: it was not; the message says what the proxy said.
    """
    response = read(kind, answer, what, system)
    if response.status.status != OK:
        code = answer.notes.get(notes.CODE, "host_failed")
        raise rebuild(code, f"Cannot {what}: {response.status.message or _unexplained(answer, system)}")
    return response


def read(kind: Any, answer: Answer, what: str, system: str) -> Any:
    """The answer as its message; `system` is the actor system that was asked for.

    Raises:
        HostFailed: it is none; a real proxy answers many errors with nothing.
    """
    try:
        message = kind.FromString(answer.body)
    except DecodeError:
        message = kind()
    if not message.HasField("status"):
        raise HostFailed(f"{what} has no outcome: {_unexplained(answer, system)}")
    return message


def _unexplained(answer: Answer, system: str) -> str:
    return (
        f"the proxy answered HTTP {answer.status} and did not say why.\n"
        "A real proxy does that when the action failed, when its host is down, when it does not know a name, and when its actor\n"
        f"system is not {system!r}, which was asked for (--system NAME, if it is another one); its log tells."
    )


def error_of(status: RequestStatus, answer: Answer, invocation: Invocation) -> SpawnError:
    """The error behind a status that is not OK, with its class where that is known."""
    actor, text = invocation.actor.name, status.message
    code = answer.notes.get(notes.CODE, "")
    if code == ActionFailed.code:
        kind = unquote(answer.notes.get(notes.TYPE, ""))
        said = text.partition(f"failed with {kind}: ")[2].partition("\n")[0]
        return ActionFailed(actor, invocation.action, kind, said or text, invocation=invocation.id)
    if code:
        return rebuild(code, text)
    if status.status == ACTOR_NOT_FOUND or _NO_ACTOR.match(text):
        return rebuild(UnknownActor.code, text)
    if _NO_ACTION.match(text):
        return rebuild(UnknownAction.code, text)
    return HostFailed(f"{actor}.{invocation.action} failed: {text or _unexplained(answer, invocation.actor.system)}")


def gauges(text: str) -> dict[str, int]:
    """The plain numbers of a proxy's metrics, by name, summed over their labels; the rows of histograms are left out."""
    found: dict[str, int] = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        if not line.startswith("#") and 'le="' not in name and "{" in name:
            with suppress(ValueError):
                plain = name.partition("{")[0]
                found[plain] = found.get(plain, 0) + int(float(value))
    return found


_TELLING = (
    ("spawn_invoke_stop_duration", 1, "invocations since it was started"),
    ("spawn_actor_inflight_messages_messages", 1, "in flight"),
    ("vm_system_info_process_count", 1, "processes"),
    ("vm_memory_total", 1_000_000, "MB"),
)


def self_description(text: str) -> str:
    """What the metrics of a real proxy say, in words; it names a metric only after its first use, and without labels."""
    values = {}
    for line in text.splitlines():
        name, _, value = line.rpartition(" ")
        with suppress(ValueError):
            values[name] = float(value)
    found = [f"{values[name] / unit:,.0f} {words}" for name, unit, words in _TELLING if name in values]
    return ", ".join(found) or "nothing but that it is well"
