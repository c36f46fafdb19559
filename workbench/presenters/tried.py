"""What came of a message that was tried on a copy of its actor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from runtime.codecs.values import decode_value
from runtime.records import Invocation, Outcome
from workbench.presenters.call_text import call_text
from workbench.presenters.html import ERROR, FRAME, code, element
from workbench.presenters.rendering import bundle
from workbench.presenters.state_changes import state_changes
from workbench.presenters.values import one_line, outline
from workbench.presenters.wording import short_id
from workbench.redaction import redacted, redacted_text


class Tried:
    """The outcome on a copy; true if the message succeeded there.  Nothing of the actor was changed."""

    def __init__(self, message: Invocation, before: Any, outcome: Outcome) -> None:
        self.message, self.before, self.outcome = message, before, outcome

    @property
    def response(self) -> Any:
        """What it would answer, decoded."""
        return decode_value(self.outcome.response)

    @property
    def state(self) -> Any:
        """The state that it would leave."""
        return self.before if self.outcome.state is None else decode_value(self.outcome.state.value)

    @property
    def error(self) -> BaseException | None:
        """What it would fail with; None if it would succeed."""
        return self.outcome.error

    @property
    def sends(self) -> tuple[Invocation, ...]:
        """What it would send to others."""
        return self.outcome.told

    def __bool__(self) -> bool:
        return self.outcome.failure is None

    def __repr__(self) -> str:
        return redacted_text("\n".join([self._headline(), *(f"  {name:<7} {text}" for name, text in self._facts())]))

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        head = element("strong", self._headline(), style="" if self else f"color:{ERROR}")
        facts = [element("div", f"{name} ", code(text)) for name, text in self._facts()]
        return bundle(repr(self), element("div", head, *facts, style=FRAME))

    def _headline(self) -> str:
        name = f"{self.message.actor.name}.{self.message.action}"
        failure = self.outcome.failure
        if failure is not None:
            what = f"{failure.type_name}: {failure.text}" if failure.type_name else failure.message.partition("\n")[0]
            return f"✗ On a copy {name} still fails: {what}"
        return f"✓ On a copy {name} answers {one_line(outline(redacted(self.response)))}"

    def _facts(self) -> Iterator[tuple[str, str]]:
        if self:
            for change in state_changes(redacted(self.before), redacted(self.state)) or ["unchanged"]:
                yield "state", change
        for told in self.sends:
            yield "sends", f"{told.actor.name}.{call_text(told.action, decode_value(told.payload))}"
        yield "", f"The actor is untouched; in place: %retry {short_id(str(self.message.id))}"
