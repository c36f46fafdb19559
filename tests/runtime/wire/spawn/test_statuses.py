"""Every error is something on the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.errors import Condition, InternalError, Mistake, SpawnError, UnknownAction, UnknownActor
from runtime.records import Failure
from runtime.wire.pb.spawn.actors.protocol_pb2 import ACTOR_NOT_FOUND, ERROR, OK
from runtime.wire.spawn.statuses import LONGEST_MESSAGE, MAPPED, error_status, http_status, request_status


def classes(root: type[SpawnError] = SpawnError) -> Iterator[type[SpawnError]]:
    # Tests of other packages define errors of their own.
    if root.__module__ == "runtime.errors":
        yield root
        for child in root.__subclasses__():
            yield from classes(child)


@pytest.mark.parametrize("kind", sorted(set(classes()), key=lambda each: each.__name__))
def test_every_error_has_an_http_status_of_its_branch(kind: type[SpawnError]) -> None:
    assert kind.code in MAPPED
    status = http_status(kind.code)
    assert (400 <= status < 500) or not issubclass(kind, Mistake) or status in (501, 503, 508)
    assert status >= 500 or not issubclass(kind, InternalError) or not issubclass(kind, Condition)


def test_unknown_actor_says_it_as_spawn_does_and_adds_the_nearest() -> None:
    status = error_status(UnknownActor("contr", ["counter"]), "lab")

    assert status.status == ACTOR_NOT_FOUND
    assert status.message == "Actor contr not found on ActorSystem lab. Did you mean counter?"


def test_unknown_action_says_it_as_spawn_does() -> None:
    status = error_status(UnknownAction("counter", "ad", ["add"]), "lab")

    assert status.status == ERROR
    assert status.message == "Action [ad] not found for Actor [counter]. Did you mean add?"


def test_no_failure_is_ok() -> None:
    assert request_status(None, None, "lab").status == OK


@pytest.mark.parametrize("text", ["x" * 10_000, "\udc80 surrogate"])
def test_any_text_of_an_error_can_be_sent(text: str) -> None:
    status = request_status(Failure("action_failed", text), None, "lab")

    assert 0 < len(status.message) <= LONGEST_MESSAGE
    status.SerializeToString()


def test_code_of_a_later_version_is_an_internal_error() -> None:
    assert http_status("from_the_future") == 500
