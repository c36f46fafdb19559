"""One definition made runnable: its actions with readers for their payloads, and the codec of its state."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from runtime.authoring.context import Context
from runtime.authoring.definition import ActionSpec, ActorDefinition
from runtime.records import Encoded
from runtime.wire.codecs.arguments import Arguments, argument_reader
from runtime.wire.codecs.base import StateCodec
from runtime.wire.codecs.json_state import JsonStateCodec


class RunnableAction:
    """An action with its argument reader."""

    __slots__ = ("_others", "context_parameter", "function", "is_async", "read")

    def __init__(self, actor: str, spec: ActionSpec) -> None:
        self.function = spec.function
        self.is_async = spec.is_async
        self.context_parameter = spec.context_parameter
        self._others = [p.name for p in spec.parameters]
        self.read: Callable[[Encoded | None], Arguments] = argument_reader(actor, spec)

    def with_context(self, arguments: tuple[Any, ...], keywords: dict[str, Any], context: Context) -> Arguments:
        """The same arguments by name, so that the context finds its place wherever it is declared."""
        named = dict(zip(self._others, arguments, strict=False)) if arguments else keywords
        named[self.context_parameter] = context
        return (), named


class Program:
    """Everything that running one definition needs, compiled once.

    Raises:
        DefinitionError: a state field or parameter has a type without an encoding.
    """

    __slots__ = ("actions", "codec", "definition", "is_message", "new")

    def __init__(self, definition: ActorDefinition) -> None:
        self.definition = definition
        self.is_message = definition.settings.state_type is not None
        """The state is a protobuf message, not annotated attributes."""
        actor_class: Any = definition.actor_class
        self.new: Callable[[], Any] = functools.partial(actor_class.__new__, actor_class)
        """An instance without any state."""
        self.codec: StateCodec = _state_codec(definition)
        self.actions = {name: RunnableAction(definition.name, spec) for name, spec in definition.actions.items()}


def _state_codec(definition: ActorDefinition) -> StateCodec:
    if definition.settings.state_type is None:
        return JsonStateCodec(definition)
    from runtime.wire.codecs.protobuf_state import ProtobufStateCodec

    return ProtobufStateCodec(definition)
