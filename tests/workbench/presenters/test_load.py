"""What a load's result shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

from workbench.presenters.load import LoadResult


def result(latencies_us: list[float], **more: Any) -> LoadResult:
    known: dict[str, Any] = {
        "rate": 100.0, "seconds": 1.0, "sent": 100, "unsent": 0, "unanswered": 0, "failed": {}, "elapsed_s": 1.0,
    }  # fmt: skip
    return LoadResult("counter.add(value=1)", latencies_us=latencies_us, **{**known, **more})


@pytest.mark.parametrize(("percent", "shown"), [(50, 50.0), (95, 95.0), (99, 99.0), (100, 100.0), (0, 1.0)])
def test_percentile_is_a_latency_that_so_many_did_not_exceed(percent: float, shown: float) -> None:
    assert result([number * 1_000.0 for number in range(100, 0, -1)]).percentile_ms(percent) == shown


def test_text_has_the_numbers_and_a_row_for_each_bucket() -> None:
    text = repr(result([150, 300, 4_000], failed={"ValueError": 2}, unsent=7, unanswered=1))

    assert "counter.add(value=1): 100 calls at 100 per second, for 1 s" in text
    assert "failed    2 ValueError" in text
    assert "unsent    7 calls more were due" in text
    assert "p50 300 µs" in text
    assert re.search("100 µs – 200 µs +█+ +1", text)
    assert "500 µs – 1 ms" in text


def test_result_without_an_answer_has_no_latency() -> None:
    empty = result([], failed={"MailboxFull": 100})

    assert empty.percentile_ms(50) is None
    assert "latency" not in repr(empty)
    assert "<svg" not in empty._repr_mimebundle_()["text/html"]


def test_picture_says_its_numbers_to_a_screen_reader() -> None:
    shown = result([150, 160, 300])._repr_mimebundle_()["text/html"]

    assert 'aria-label="Histogram of latencies: 100 µs – 200 µs: 2, 200 µs – 500 µs: 1"' in shown


def test_interrupted_load_says_after_how_long() -> None:
    assert "interrupted after 0.4 s" in repr(result([100], interrupted=True, elapsed_s=0.4))


def test_lateness_of_the_notebook_itself_is_told() -> None:
    assert "p95 900 µs because this notebook sent late" in repr(result([1_000], late_us=[900.0]))
