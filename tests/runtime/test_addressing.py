"""What is no text is refused where a message is made: before it is sent, and long before it would be recorded."""

from collections.abc import Iterator
from typing import Any

import pytest

import runtime
from runtime import Actor, Context, action
from runtime.errors import ActionFailed, BadSetting
from runtime.local import EmbeddedSystem


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
        ("counter", "add", {"metadata": {"attempt": 1}}, "metadata 'attempt': 1 is not a name with a text"),
        ("counter", "add", {"metadata": "text"}, "metadata='text' is not a mapping"),
        ("counter", "add", {"timeout": "2s"}, "timeout='2s' is not a number of seconds"),
        ("counter", "add", {"delay": "soon"}, "delay='soon' is no time. Give seconds"),
        ("counter", "add", {"delay": -1}, "delay=-1 is no time. Give seconds"),
    ],
)
def test_call_that_is_not_text_is_refused_and_changes_nothing(
    system: EmbeddedSystem, actor: Any, action_: Any, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadSetting, match=said.replace("(", r"\(")):
        system.invoke(actor, action_, {"value": 1}, **options)

    assert system.status().sequence == 0


def test_message_of_an_action_that_is_not_text_fails_the_action(system: EmbeddedSystem) -> None:
    with pytest.raises((ActionFailed, BadSetting), match="actor=5 is not text"):
        system.invoke("counter", "pass_on", timeout=10)
