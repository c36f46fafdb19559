from workbench.render.sparkline import NO_SERIES
from workbench.widgets.rates import PerSecond, Rate

S = 1_000_000


def test_each_second_keeps_its_peak() -> None:
    depths = PerSecond()
    for at, depth in [(0, 1), (S // 2, 5), (S, 2), (S + 1, 0)]:
        depths.peak(at, depth)

    assert depths.series().values == (5, 2)


def test_a_series_does_not_change_while_nothing_happens() -> None:
    depths = PerSecond()
    depths.peak(10 * S, 3)
    before = depths.series()
    depths.peak(13 * S, 0)

    assert depths.series() == before
    assert (before.values, before.until_s) == ((3,), 10)


def test_zeros_alone_give_no_series() -> None:
    depths = PerSecond()
    depths.peak(S, 0)

    assert depths.series() == NO_SERIES


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


def rates(*points: tuple[float, int]) -> list[float]:
    rate = Rate()
    return [rate.update(100 * S + round(at * S), total) for at, total in points]


def test_rate_is_the_mean_of_whole_seconds() -> None:
    found = rates(*((tick / 10, tick * 4) for tick in range(51)))

    assert found[-1] == 40


def test_rate_is_steady_within_a_second() -> None:
    found = rates(*((tick / 10, tick * tick) for tick in range(50)))

    assert len(set(found)) <= 5


def test_rate_falls_to_zero_three_seconds_after_the_last_event() -> None:
    found = rates((0, 0), (1, 0), (1.5, 30), (2, 30), (3, 30), (4, 30), (5, 30))

    assert found[3:] == [30, 15, 10, 0]


def test_a_total_that_starts_again_counts_from_zero() -> None:
    found = rates((0, 1_000), (1.2, 1_010), (1.8, 5), (2.1, 5))

    assert found[-1] == 15


def test_after_a_pause_the_rate_begins_anew() -> None:
    found = rates((0, 0), (1, 10), (60, 50_000), (61.5, 50_020), (62, 50_020))

    assert found[2:] == [0, 0, 20]
