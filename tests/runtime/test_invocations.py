"""What is no text is refused where a message is made: before it is sent, and long before it would be recorded."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

import runtime
from runtime import Actor, Context, action
from runtime.errors import ActionFailed, BadSetting
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
