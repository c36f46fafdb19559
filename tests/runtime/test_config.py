"""Settings of a runtime are checked against their ranges."""

import pytest

from runtime.config import RuntimeConfig, duration_ms, duration_text
from runtime.errors import BadSetting


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ({"group_interval_ms": 0}, "group_interval_ms=0 is outside its range: expected a whole number, from 1 to 20"),
        ({"group_interval_ms": 21}, "from 1 to 20"),
        ({"group_interval_ms": 1.5}, "a whole number"),
        ({"mailbox_limit": 0}, "1 or more"),
        ({"mailbox_limit": True}, "a whole number"),
        ({"timeout_s": -1}, "expected a number, 0 or more"),
        ({"timeout_s": "60"}, "timeout_s='60'"),
        ({"keep_turns": 0}, "1 or more, or None for no limit"),
        ({"system": ""}, "must be a name"),
    ],
)
def test_a_value_outside_its_range_is_refused_with_the_range(setting: dict[str, object], complaint: str) -> None:
    with pytest.raises(BadSetting, match=complaint):
        RuntimeConfig(**setting)  # type: ignore[arg-type]


def test_the_ends_of_the_ranges_are_fine() -> None:
    RuntimeConfig(group_interval_ms=1, mailbox_limit=1, timeout_s=0.5, keep_days=0.1, keep_turns=None)
    RuntimeConfig(group_interval_ms=20)


@pytest.mark.parametrize("milliseconds", [0, 1, 250, 1_000, 90_000, 60_000, 3_600_000, 86_400_000, 5_400_000])
def test_durations_are_written_as_they_are_read(milliseconds: int) -> None:
    assert duration_ms(duration_text(milliseconds), name="x") == milliseconds
