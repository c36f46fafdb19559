"""What a bounded load showed: how many calls were answered, what failed, and how long the answers took."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from workbench.render.formats import count, duration, plural
from workbench.render.html import FRAME, Column, Markup, Rendering, aligned, code, element, muted, table

_STEPS = (1, 2, 5)
_BARS = 40
_ROW, _LABEL, _WIDTH = 15, 130, 420


class LoadResult:
    """The outcome of `wb.load`; shows itself as text, and as HTML with a picture.

    A latency is counted from the moment at which a call was due, not from when it could be sent: while an actor is slow,
    the calls that wait to be sent are late as well, and leaving that out would hide it (coordinated omission).
    """

    def __init__(
        self,
        call: str,
        *,
        rate: float,
        seconds: float,
        sent: int,
        unsent: int,
        unanswered: int,
        failed: dict[str, int],
        latencies_us: Sequence[float],
        elapsed_s: float,
        late_us: Sequence[float] = (),
        interrupted: bool = False,
    ) -> None:
        self.call, self.rate, self.seconds, self.elapsed_s = call, rate, seconds, elapsed_s
        self.sent = sent
        self.unsent = unsent
        """Calls that were due, and could not be sent: too many others were without an answer, or the notebook was too slow."""
        self.unanswered = unanswered
        """Calls that were still under way when the load ended."""
        self.failed = failed
        """How many failed, by the kind of failure."""
        self.interrupted = interrupted
        self._sorted = sorted(latencies_us)
        self._late = sorted(late_us)

    @property
    def answered(self) -> int:
        """Calls that succeeded."""
        return len(self._sorted)

    @property
    def latencies_ms(self) -> list[float]:
        """Those of the answered calls, in milliseconds, the shortest first."""
        return [each / 1_000 for each in self._sorted]

    def percentile_ms(self, percent: float) -> float | None:
        """The latency that so many percent of the answered calls did not exceed; None without an answer."""
        if not self._sorted:
            return None
        index = min(len(self._sorted) - 1, max(0, -int(-percent / 100 * len(self._sorted) // 1) - 1))
        return self._sorted[index] / 1_000

    def __repr__(self) -> str:
        bars = [(_range(low, high), _bar(n, top), count(n)) for low, high, n, top in self._buckets()]
        columns = (Column("", right=True), Column(""), Column(""))
        picture = aligned(columns, bars).split("\n")[1:] if bars else []  # without the empty heads
        return "\n".join([self._headline(), *(f"  {name:<9} {text}" for name, text in self._facts()), *picture])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        facts = table((Column(""), Column("")), [(name, text) for name, text in self._facts()])
        parts = [element("div", code(self._headline())), facts]
        if self._sorted:
            parts += [self._picture(), muted("counted from the moment at which each call was due")]
        return Rendering(repr(self), element("div", *parts, style=FRAME)).mimebundle()

    def _headline(self) -> str:
        ended = f"interrupted after {self.elapsed_s:.1f} s" if self.interrupted else f"for {self.seconds:g} s"
        return f"{self.call}: {plural(self.sent, 'call')} at {self.rate:g} per second, {ended}"

    def _facts(self) -> Iterator[tuple[str, str]]:
        yield "answered", f"{count(self.answered)}, {self.answered / max(self.elapsed_s, 1e-9):,.0f} per second"
        kinds = ", ".join(f"{count(n)} {kind}" for kind, n in sorted(self.failed.items(), key=lambda each: -each[1]))
        yield "failed", kinds or "none"
        if self.unsent:
            yield (
                "unsent",
                f"{plural(self.unsent, 'call')} more were due: this rate is more than the actor or this notebook can do",
            )
        if self.unanswered:
            yield "open", f"{plural(self.unanswered, 'call')} without an answer yet"
        if self._sorted:
            shown = [f"p{p} {self._shown(p)}" for p in (50, 95, 99)]
            yield "latency", " · ".join([*shown, f"max {self._shown(100)}"])
        if self._late:
            late = self._late[min(len(self._late) - 1, len(self._late) * 95 // 100)]
            yield "of it", f"p95 {duration(round(late))} because this notebook sent late"

    def _shown(self, percent: float) -> str:
        return duration(round((self.percentile_ms(percent) or 0) * 1_000))

    def _buckets(self) -> list[tuple[int, int, int, int]]:
        """From, to (µs), how many, and how many in the fullest; bounds go 1, 2, 5, 10, ..., about even on a log scale."""
        if not self._sorted:
            return []
        bounds = [0, *(step * 10**power for power in range(9) for step in _STEPS)]
        counts = [0] * len(bounds)
        index = 0
        for each in self._sorted:
            while index + 1 < len(bounds) and each >= bounds[index + 1]:
                index += 1
            counts[index] += 1
        used = [i for i, n in enumerate(counts) if n]
        rows = range(used[0], used[-1] + 1)
        return [(bounds[i], bounds[min(i + 1, len(bounds) - 1)], counts[i], max(counts)) for i in rows]

    def _picture(self) -> Markup:
        buckets = self._buckets()
        height = _ROW * len(buckets)
        rows = [each for number, bucket in enumerate(buckets) for each in _svg_row(number, *bucket)]
        says = f"Histogram of latencies: {', '.join(f'{_range(low, high)}: {n}' for low, high, n, _ in buckets)}"
        return element(
            "svg", *rows, xmlns="http://www.w3.org/2000/svg", role="img", aria_label=says, width=str(_LABEL + _WIDTH + 70),
            height=str(height), viewBox=f"0 0 {_LABEL + _WIDTH + 70} {height}", style="display:block;max-width:100%",
        )  # fmt: skip


def _svg_row(number: int, low: int, high: int, n: int, top: int) -> list[Markup]:
    y = number * _ROW
    width = n / top * _WIDTH
    style = {"font-size": "11", "fill": "currentColor"}
    text = {name.replace("-", "_"): value for name, value in style.items()}
    label = element("text", _range(low, high), x=str(_LABEL - 6), y=str(y + 11), text_anchor="end", **text)
    bar = element(
        "rect", x=str(_LABEL), y=str(y + 2), width=f"{max(width, 1.0 if n else 0.0):.1f}", height=str(_ROW - 4),
        fill="currentColor", opacity="0.55",
    )  # fmt: skip
    amount = element("text", count(n) if n else "", x=f"{_LABEL + width + 5:.1f}", y=str(y + 11), **text)
    return [label, bar, amount]


def _bar(n: int, top: int) -> str:
    return "█" * max(1, round(n / top * _BARS)) if n else ""


def _range(low: int, high: int) -> str:
    if low == high:
        return f"from {duration(low)}"
    return f"{duration(low)} – {duration(high)}" if low else f"under {duration(high)}"
