"""One definition made runnable: its actions with readers for their payloads, and the codec of its state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runtime.codecs.base import StateCodec
from runtime.codecs.json_state import JsonStateCodec
from runtime.codecs.payload import Arguments, argument_reader
from runtime.definition import ActionSpec, ActorDefinition
from runtime.records import Encoded


class RunnableAction:
    """An action with its argument reader."""

    __slots__ = ("context_parameter", "function", "is_async", "read")

    def __init__(self, actor: str, spec: ActionSpec) -> None:
        self.function = spec.function
        self.is_async = spec.is_async
        self.context_parameter = spec.context_parameter
        self.read: Callable[[Encoded | None], Arguments] = argument_reader(actor, spec)


class Program:
    """Everything that running one definition needs, compiled once.

    Raises:
        DefinitionError: a state field or parameter has a type without an encoding.
    """

    __slots__ = ("actions", "actor_class", "codec", "definition")

    def __init__(self, definition: ActorDefinition) -> None:
        self.definition = definition
        self.actor_class: Any = definition.actor_class
        self.codec: StateCodec = _state_codec(definition)
        self.actions = {name: RunnableAction(definition.name, spec) for name, spec in definition.actions.items()}


def _state_codec(definition: ActorDefinition) -> StateCodec:
    if definition.settings.state_type is None:
        return JsonStateCodec(definition)
    from runtime.codecs.protobuf_state import ProtobufStateCodec

    return ProtobufStateCodec(definition)
