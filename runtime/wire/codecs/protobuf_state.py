"""A protobuf message as the state: `state_type=MyState`.

The message is `ctx.state`, and `Value.of().state(message)` replaces it; there are no annotated attributes.
"""

from __future__ import annotations

from typing import Any

from runtime.authoring.definition import ActorDefinition
from runtime.errors import BadState, shown, shown_text
from runtime.records import Encoded, State
from runtime.wire.codecs.base import MAX_VALUE_BYTES
from runtime.wire.codecs.values import TYPE_URL

MESSAGE = "message"
"""The one key under which the message travels where JSON states have their fields."""


class ProtobufStateCodec:
    """Encodes and restores one message class."""

    __slots__ = ("_actor", "_message", "_url")

    def __init__(self, definition: ActorDefinition) -> None:
        self._actor = definition.name
        self._message: Any = definition.settings.state_type
        self._url = TYPE_URL + self._message.DESCRIPTOR.full_name

    def initial(self) -> dict[str, Any]:
        return {MESSAGE: self._message()}

    @property
    def initial_state(self) -> State:
        return State(Encoded(self._url, b""))

    def seal(self, fields: dict[str, Any], previous: State | None) -> tuple[State | None, dict[str, Any]]:
        message = fields[MESSAGE]
        if type(message) is not self._message:
            raise BadState(
                f"The new state of {self._actor} must be a {self._message.DESCRIPTOR.full_name} message, not {shown(message)}.\n"
                "The turn was refused; the state is as before."
            )
        try:
            data = message.SerializeToString(deterministic=True)
        except Exception as error:  # a required field that is not set, say
            raise BadState(
                f"The new state of {self._actor} cannot be stored: {shown_text(error)}. The state is as before."
            ) from error
        if len(data) > MAX_VALUE_BYTES:
            raise BadState(
                f"The state of {self._actor} is {len(data):,} bytes; at most {MAX_VALUE_BYTES:,} can be kept."
            )
        back = {MESSAGE: self._message.FromString(data)}
        if data == (previous.value.data if previous is not None else b""):
            return None, back
        return State(Encoded(self._url, data)), back

    def restore(self, state: State) -> dict[str, Any]:
        if state.value.type != self._url:
            raise BadState(
                f"The stored state of {self._actor} is a {state.value.type}, and its definition expects {self._url}."
            )
        return {MESSAGE: self._message.FromString(state.value.data)}

    def migrate(self, state: State) -> tuple[dict[str, Any], bytes]:
        # Protobuf keeps fields it does not know inside the message, so nothing needs to be set aside.
        return self.restore(state), b""
