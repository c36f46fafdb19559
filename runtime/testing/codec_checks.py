"""What every state codec must do; subclass and give `codec` and `samples`.

class TestMyCodec(StateCodecChecks):
    def codec(self) -> StateCodec: ...
    def samples(self) -> list[dict[str, Any]]: ...      # fields of the definition, several different ones
"""

from __future__ import annotations

import copy
from typing import Any

from runtime.records import State
from runtime.wire.codecs.base import StateCodec


class StateCodecChecks:
    """Run by pytest through a subclass."""

    def codec(self) -> StateCodec:
        """A codec of one definition."""
        raise NotImplementedError

    def samples(self) -> list[dict[str, Any]]:
        """At least two states that differ from each other and from the initial one."""
        raise NotImplementedError

    def _sealed(self, codec: StateCodec, fields: dict[str, Any]) -> State:
        state, _ = codec.seal(fields, None)
        assert state is not None, f"{fields} counts as unchanged"
        return state

    def test_what_was_sealed_is_restored_equal(self) -> None:
        codec = self.codec()

        for sample in self.samples():
            assert codec.restore(self._sealed(codec, copy.deepcopy(sample))) == sample

    def test_sealing_gives_the_fields_as_they_would_be_read(self) -> None:
        codec = self.codec()

        for sample in self.samples():
            state, back = codec.seal(copy.deepcopy(sample), None)
            assert state is not None
            assert back == codec.restore(state) == sample

    def test_equal_state_counts_as_unchanged(self) -> None:
        codec = self.codec()

        for sample in self.samples():
            state = self._sealed(codec, copy.deepcopy(sample))
            assert codec.seal(copy.deepcopy(sample), state)[0] is None

    def test_changed_state_is_new(self) -> None:
        codec, samples = self.codec(), self.samples()
        before = self._sealed(codec, copy.deepcopy(samples[0]))

        after, _ = codec.seal(copy.deepcopy(samples[1]), before)

        assert after is not None
        assert codec.restore(after) == samples[1]

    def test_each_initial_state_is_a_fresh_copy(self) -> None:
        codec = self.codec()

        first, second = codec.initial(), codec.initial()

        assert first == second
        assert all(first[name] is not second[name] for name in first if isinstance(first[name], (list, dict, set)))

    def test_initial_state_is_the_initial_fields_encoded(self) -> None:
        codec = self.codec()

        assert codec.restore(codec.initial_state) == codec.initial()

    def test_own_state_migrates_to_itself(self) -> None:
        codec = self.codec()

        for sample in self.samples():
            fields, aside = codec.migrate(self._sealed(codec, copy.deepcopy(sample)))
            assert (fields, aside) == (sample, b"")
