"""What is no text is refused where a message is made: before it is sent, and long before it would be recorded."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

import runtime
from runtime import Actor, Context, action
from runtime.api import CallOptions
from runtime.errors import ActionFailed, BadSetting
from runtime.ids import InvocationId
from runtime.invocations import build_invocation, send_within
from runtime.system.embedded import EmbeddedSystem


class Counter(Actor, name="counter"):
    total: int = 0

    @action
    def add(self, value: int) -> int:
        self.total += value
        return self.total

    @action
    async def pass_on(self, ctx: Context) -> Any:
        return await ctx.invoke(5, "add")  # type: ignore[arg-type]


@pytest.fixture
def system() -> Iterator[EmbeddedSystem]:
    with runtime.embedded(store="memory://") as system:
        system.deploy(Counter)
        yield system


@pytest.mark.parametrize(
    ("actor", "action_", "options", "said"),
    [
        (5, "add", {}, "actor=5 is not text; give the actor's name."),
        (None, "add", {}, "actor=None is not text"),
        (Counter, "add", {}, "its actor is called by name, such as 'counter'"),
        ("counter", 5, {}, "action=5 is not text"),
        ("counter", "add", {"key": 5}, "key=5 is not text"),
        ("counter", "add", {"parent": 5}, "parent=5 is not text"),
        ("counter", "add", {"system": 5}, "system=5 is not text"),
        ("counter", "add", {"metadata": {"attempt": 1}}, "metadata['attempt'] is 1 (int); metadata is text."),
        ("counter", "add", {"metadata": "text"}, "metadata is 'text' (str); give a mapping of names to texts."),
        ("counter", "add", {"timeout": "2s"}, "timeout='2s' is not a number of seconds"),
        ("counter", "add", {"delay": "soon"}, "delay='soon' is no time. Give seconds"),
        ("counter", "add", {"delay": -1}, "delay=-1 is no time. Give seconds"),
        (
            "counter",
            "add",
            {"delay": 1e15},
            "delay=1000000000000000.0 is no time. Give seconds, from 0 to 3,155,760,000 (100 years)",
        ),
        ("counter", "add", {"delay": float("nan")}, "delay=nan is no time"),
        ("counter", "add", {"timeout": float("inf")}, "timeout=inf is not a number of seconds from 0 to 3,155,760,000"),
        ("counter", "add", {"scheduled_to": 5}, "scheduled_to is 5 (int); it is a datetime with a time zone."),
        ("\ud800", "add", {}, r"actor is '\ud800', which cannot be kept: '\ud800' is half of a surrogate pair"),
        ("a\0b", "add", {}, r"actor is 'a\x00b', which has a NUL character"),
    ],
)
def test_call_that_is_not_text_is_refused_and_changes_nothing(
    system: EmbeddedSystem, actor: Any, action_: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadSetting, match=re.escape(said)):
        system.invoke(actor, action_, {"value": 1}, **options)

    assert system.status().sequence == 0


def test_message_of_an_action_that_is_not_text_fails_the_action(system: EmbeddedSystem) -> None:
    with pytest.raises((ActionFailed, BadSetting), match="actor=5 is not text"):
        system.invoke("counter", "pass_on", timeout=120)


# --- The options of a call --------------------------------------------------------------------------------------------


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(BadSetting, match=r"no option 'prent'.*parent"):
        build_invocation(InvocationId("i"), "system", "counter", "add", None, {"prent": "x"})  # type: ignore[typeddict-unknown-key]


def test_an_option_that_is_none_is_the_same_as_one_left_out() -> None:
    plain = build_invocation(InvocationId("i"), "system", "counter", "add", None, {})

    given = build_invocation(
        InvocationId("i"), "system", "counter", "add", None, {"key": None, "delay": None, "durable": False}
    )

    assert given == plain


class _Turn:
    """What of a context `send_within` uses."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def tell(self, *arguments: Any, **options: Any) -> None:
        self.told.append((*arguments, options))


def test_an_asynchronous_call_within_an_action_is_told() -> None:
    turn = _Turn()

    def ask(*_: Any, **__: Any) -> None:
        raise AssertionError("asked")

    options: CallOptions = {"asynchronous": True, "timeout": 1.0, "key": "k"}
    send_within(turn, ask, "counter", "add", None, options)  # type: ignore[arg-type]

    assert turn.told == [("counter", "add", None, {"key": "k"})]


def test_a_call_within_an_action_is_asked_with_its_options() -> None:
    answer = send_within(_Turn(), lambda *_, **options: options, "counter", "add", None, {"timeout": 1.0, "key": None})  # type: ignore[arg-type]

    assert answer == {"timeout": 1.0}
