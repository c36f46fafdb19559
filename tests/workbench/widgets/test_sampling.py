from workbench.widgets.sampling import PerSecond, Rate

S = 1_000_000


def test_each_second_keeps_its_peak() -> None:
    depths = PerSecond()
    for at, depth in [(0, 1), (S // 2, 5), (S, 2), (S + 1, 0)]:
        depths.peak(at, depth)

    assert depths.series().values == (5, 2)


def test_seconds_without_a_look_are_unknown_not_zero() -> None:
    depths = PerSecond()
    depths.peak(10 * S, 3)
    depths.peak(13 * S, 0)

    series = depths.series()

    assert (series.values, series.until_s) == ((3, None, None, 0), 13)


def test_zeros_alone_give_no_series() -> None:
    depths = PerSecond()
    depths.peak(S, 0)

    assert depths.series().values == ()


def test_only_the_last_minute_is_kept() -> None:
    depths = PerSecond()
    for second in range(200):
        depths.peak(second * S, second)

    assert depths.series().values == tuple(range(140, 200))


def test_a_clock_set_back_counts_for_the_last_second() -> None:
    depths = PerSecond()
    depths.peak(10 * S, 3)
    depths.peak(5 * S, 7)

    assert depths.series().values == (7,)


def test_rate_is_events_a_second_over_the_window() -> None:
    rate = Rate()
    for tick in range(50):
        found = rate.update(tick * S // 10, tick * 4)

    assert round(found) == 40


def test_a_total_that_starts_again_counts_from_zero() -> None:
    rate = Rate()
    rate.update(0, 1_000)
    rate.update(S, 1_010)

    assert rate.update(S + S // 2, 5) == 10.0


def test_after_a_pause_the_rate_begins_anew() -> None:
    rate = Rate()
    rate.update(0, 0)
    rate.update(S, 10)
    rate.update(60 * S, 50_000)

    assert rate.update(61 * S, 50_020) == 20.0
    assert max(value or 0 for value in rate.per_second.series().values) == 20
