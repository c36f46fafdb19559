"""A row of small bars for numbers over time: as SVG and as text."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from workbench.render.html import Markup, element

_SLOTS = 60


class Series(msgspec.Struct, frozen=True, omit_defaults=True):
    """One number for each second, the last for second `until_s` since the epoch."""

    values: tuple[int, ...] = ()
    until_s: int = 0

    def up_to(self, now_us: int) -> list[int]:
        """The numbers of the last minute, the last of them for now."""
        gap = min(_SLOTS, max(0, now_us // 1_000_000 - self.until_s))
        return [*self.values, *[0] * gap][-_SLOTS:] if any(self.values) else []


NO_SERIES = Series()

_BARS = "▁▂▃▄▅▆▇█"
_LOW = 4
"""A picture's scale reaches at least to here: a single waiting message is no wall of bars."""
_BAR_WIDTH, _HEIGHT = 3, 24


def sparkline_text(values: Sequence[int]) -> str:
    """`▁▂▅█`, scaled to the largest value; empty for zeros alone."""
    if not any(values):
        return ""
    top = max([_LOW, *values])
    return "".join(_BARS[round(value / top * (len(_BARS) - 1))] for value in values)


def sparkline_svg(values: Sequence[int], label: str, slots: int = _SLOTS) -> Markup:
    """Bars against the right edge of `slots` places; `label` is what a screen reader says."""
    shown = list(values)[-slots:]
    top = max([_LOW, *shown])
    bars = []
    for index, value in enumerate(shown, slots - len(shown)):
        if value:
            height = max(1.0, value / top * _HEIGHT)
            bars.append(_bar(index * _BAR_WIDTH, _HEIGHT - height, height))
    width = slots * _BAR_WIDTH
    base = element("rect", x="0", y=str(_HEIGHT), width=str(width), height="1", fill="currentColor", opacity="0.35")
    return element(
        "svg",
        *bars,
        base,
        xmlns="http://www.w3.org/2000/svg",
        role="img",
        aria_label=label,
        width=str(width),
        height=str(_HEIGHT + 1),
        viewBox=f"0 0 {width} {_HEIGHT + 1}",
        style="vertical-align:middle",
    )


def _bar(x: float, y: float, height: float) -> Markup:
    return element(
        "rect",
        x=f"{x:g}",
        y=f"{y:.3g}",
        width=str(_BAR_WIDTH - 1),
        height=f"{height:.3g}",
        fill="currentColor",
        opacity="0.6",
    )
