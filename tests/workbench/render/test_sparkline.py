from workbench.render.sparkline import Series, sparkline_svg, sparkline_text


def test_small_numbers_stay_low() -> None:
    assert sparkline_text([1, 1]) == "▃▃"


def test_text_bars_are_scaled_to_the_largest() -> None:
    assert sparkline_text([0, 1, 8]) == "▁▂█"


def test_nothing_but_zeros_is_empty() -> None:
    assert sparkline_text([0, 0]) == ""


def test_a_series_is_moved_to_now_and_cut_to_a_minute() -> None:
    series = Series((3, 5), until_s=100)

    assert series.up_to(103_500_000) == [3, 5, 0, 0, 0]
    assert series.up_to(159_000_000) == [5, *[0] * 59]
    assert series.up_to(99_000_000_000) == [0] * 60


def test_svg_has_a_bar_for_each_value_and_a_name() -> None:
    markup = sparkline_svg([1, 0, 3], "mailbox depth")

    assert markup.count("<rect") == 3
    assert 'aria-label="mailbox depth"' in markup


def test_svg_keeps_only_the_last_slots() -> None:
    assert sparkline_svg(list(range(1, 200)), "x", slots=10).count("<rect") == 11
