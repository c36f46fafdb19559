from workbench.presenters.sparkline import sparkline_svg, sparkline_text


def test_small_numbers_stay_low() -> None:
    assert sparkline_text([1, 1]) == "▃▃"


def test_text_bars_are_scaled_to_the_largest() -> None:
    assert sparkline_text([0, 1, None, 8]) == "▁▂ █"


def test_nothing_but_zeros_is_empty() -> None:
    assert sparkline_text([0, 0, None]) == ""


def test_svg_has_a_bar_for_each_value_and_a_name() -> None:
    markup = sparkline_svg([1, 0, None, 3], "mailbox depth")

    assert markup.count("<rect") == 3
    assert 'aria-label="mailbox depth"' in markup


def test_svg_keeps_only_the_last_slots() -> None:
    assert sparkline_svg(list(range(1, 200)), "x", slots=10).count("<rect") == 11
