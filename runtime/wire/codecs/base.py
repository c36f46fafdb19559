"""How values become bytes and come back: the seam that JSON and protobuf implement.

What a codec promises, and `runtime.testing.codec_checks` tests: decode(encode(x)) equals x for every annotated type it
accepts; what would not come back equal is refused with the field named; sizes are bounded.
"""

from __future__ import annotations

from typing import Any, Protocol

from runtime.records import Encoded, State

MAX_VALUE_BYTES = 64 * 1024 * 1024
"""The largest state, payload or response, encoded."""


class StateCodec(Protocol):
    """Encodes and restores the state of one definition.  State fields travel as a dict that the caller may keep."""

    @property
    def initial_state(self) -> State:
        """The defaults, encoded."""
        ...

    def initial(self) -> dict[str, Any]:
        """The defaults, as a fresh copy."""
        ...

    def seal(self, fields: dict[str, Any], previous: State | None) -> tuple[State | None, dict[str, Any]]:
        """The new state, or None if it equals `previous`; and the fields as they would be read back.

        The fields returned share nothing with those given, so that nothing an action kept can change them later.

        Raises:
            BadState: some value would not come back equal; the message names the field.
        """
        ...

    def restore(self, state: State) -> dict[str, Any]:
        """The fields of a state that this very definition wrote."""
        ...

    def migrate(self, state: State) -> tuple[dict[str, Any], bytes]:
        """The fields of a state that another definition wrote, and what has no field now: the dropped fields.

        Raises:
            BadState: a stored value does not fit the field's type now.
        """
        ...


class ValueCodec(Protocol):
    """Encodes payloads and responses."""

    def encode(self, value: Any, *, what: str) -> Encoded | None:
        """The value as bytes; None for None.

        Raises:
            BadPayload: it has no encoding; the message says where.  `what` names it: "the payload of counter.add".
        """
        ...

    def decode(self, value: Encoded | None) -> Any:
        """The value; None for None."""
        ...
