"""What is removed from turns before they go into an archive."""

from __future__ import annotations

import msgspec
import pytest
from google.protobuf.struct_pb2 import Struct

from runtime.ids import ActorId, InvocationId
from runtime.records import JSON, Effect, Encoded, Failure, Publication, Sent, State, StoredDefinition, Turn, Workflow
from runtime.testing.turns import TurnHistory
from workbench.exporters.archive.redaction import Remover
from workbench.redaction import HIDDEN

SECRET = "hush4711"


def value(plain: object) -> Encoded:
    return Encoded(JSON, msgspec.json.encode(plain))


def turn(**fields: object) -> Turn:
    history = TurnHistory()
    history.turn("a", b'{"n":1}')
    return msgspec.structs.replace(history.turns[0], **fields)


def swept(given: Turn, *names: str) -> Turn:
    remover = Remover(names)
    remover.learn(given)
    return remover.turn(given)


@pytest.mark.parametrize(
    "payload",
    [
        {"password": SECRET},
        {"deep": [{"rows": {"api_key": {"x": [SECRET]}}}]},
        {"email": SECRET},
        {"Card_Number": SECRET},
        {"card": {"n": SECRET}},
    ],
)
def test_values_go_by_the_names_of_their_fields_at_any_depth(payload: object) -> None:
    found = swept(
        turn(payload=value(payload), response=value([payload]), state=State(value(payload))), "email", "card*"
    )

    assert SECRET.encode() not in msgspec.msgpack.encode(found)
    assert HIDDEN.encode() in msgspec.msgpack.encode(found)


def test_nothing_else_is_touched() -> None:
    given = turn(payload=value({"emails": 1, "n": None, "email": None}), response=value("email"))

    assert swept(given, "email") == given


def test_a_name_written_with_escapes_is_the_same_name() -> None:
    found = swept(turn(payload=Encoded(JSON, b'{"p\\u0061ssword": "hush4711"}')))

    assert SECRET.encode() not in found.payload.data  # type: ignore[union-attr]


def test_everything_that_a_turn_holds_is_looked_into() -> None:
    secret = value({"token": SECRET})
    given = turn(
        metadata={"authorization": f"Bearer {SECRET}"},
        tags_before={"api_key": SECRET},
        tags_after={"api_key": SECRET},
        state=State(secret, msgspec.json.encode({"password": SECRET})),
        sent=(
            Sent(ActorId("s", "b"), "take", secret, InvocationId("i"), True, secret, Failure("x", f"token={SECRET}")),
        ),
        workflow=Workflow((Effect("b", "later", secret, metadata={"token": SECRET}),), Publication("c", secret)),
        failure=Failure("action_failed", f"no login with password={SECRET}", "LookupError", SECRET, f"token={SECRET}"),
    )

    assert SECRET.encode() not in msgspec.msgpack.encode(swept(given))


def test_what_the_turn_repeats_of_a_removed_value_goes_too() -> None:
    given = turn(
        payload=value({"email": "ada@example.org"}),
        response=value({"said": ["to ada@example.org"]}),
        state=State(value({"by": {"ada@example.org": 1}})),
        key="order of ada@example.org",
        failure=Failure("action_failed", "ada@example.org is unknown", "LookupError", "ada@example.org"),
    )

    assert b"ada@example.org" not in msgspec.msgpack.encode(swept(given, "email"))


def test_a_removed_value_goes_from_turns_before_and_after_under_any_name() -> None:
    told = turn(payload=value({"to": "ada@example.org"}), response=value("mailed ada@example.org, twice"))
    named = turn(payload=value({"email": "ada@example.org"}))
    later = turn(
        state=State(value({"contact": "ada@example.org", "by": {"ada@example.org": 1}})),
        tags_before={"last": "ada@example.org"},
    )
    remover = Remover(["email"])

    for each in (told, named, later):
        remover.learn(each)

    assert b"ada@" not in msgspec.msgpack.encode([remover.turn(each) for each in (told, named, later)])


def test_a_value_that_is_also_a_fields_name_leaves_the_field() -> None:
    found = swept(turn(payload=value({"email": "total"}), state=State(value({"total": 1, "said": "total"}))), "email")

    assert found.state == State(value({"total": 1, "said": HIDDEN}))


def test_a_value_with_escapes_is_found_in_other_texts() -> None:
    found = swept(turn(payload=value({"email": 'a "b"\nc@x'}), response=value(['to a "b"\nc@x'])), "email")

    assert found.response == value([f"to {HIDDEN}"])


def test_short_values_are_not_looked_for_elsewhere() -> None:
    found = swept(turn(payload=value({"pin": 12}), response=value(12)), "pin")

    assert found.response == value(12)


def test_numbers_go_as_texts_do() -> None:
    found = swept(turn(payload=value({"card": 4711_4711}), response=value({"charged": 4711_4711})), "card")

    assert b"47114711" not in msgspec.msgpack.encode(found)


def test_what_cannot_be_looked_into_goes_whole_and_is_counted() -> None:
    remover = Remover([])
    unknown = Encoded("type.googleapis.com/nobody.Knows", b"\x0a\x08hush4711")

    found = remover.turn(turn(payload=unknown, response=Encoded(JSON, b'{"$arrow": "hush4711"}')))

    assert SECRET.encode() not in msgspec.msgpack.encode(found)
    assert remover.opaque == 2


def test_messages_lose_fields_of_such_names() -> None:
    message = Struct()
    message.update({"n": 1})
    given = Encoded("type.googleapis.com/google.protobuf.Struct", message.SerializeToString())

    found = swept(turn(payload=given), "fields")

    assert found.payload == Encoded(given.type, b"")


def test_literals_of_such_names_are_not_in_the_source() -> None:
    definition = StoredDefinition(
        hash="h", name="a", source=f'class A:\n    password = "{SECRET}"\n    email: str = "ada@x"\n    n = 1\n',
        settings={"tags": {"token": SECRET}}, fields={}, actions={}, deployed_us=1,
    )  # fmt: skip

    found = Remover(["email"]).definition(definition)

    assert SECRET not in str(found)
    assert "ada@x" not in str(found)
    assert "    n = 1\n" in found.source
