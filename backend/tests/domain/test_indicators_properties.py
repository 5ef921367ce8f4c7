"""What every entry of the catalogue promises, with default and random parameters: it never looks ahead, the
live edge equals the whole history, limits hold, and no input makes it fail."""

import warnings
import zlib
from datetime import UTC

import numpy as np
import pytest
from hypothesis import given, settings

from flotilla.domain.indicators import CATALOGUE, IndicatorUse, compute, problems, warm_up
from flotilla.domain.indicators.catalogue import raw
from flotilla.domain.market import Series, Timeframe
from tests.domain.indicator_cases import NAMES, default_use, market, random_use, seeds
from tests.domain.series import coarse, first

HISTORY = market(7, 14)
RANDOM_USES = 5
# Two averages of nearly one length subtracted: of prices around 100, 1e-11 may be lost in running sums.
CANCELLED = dict.fromkeys(("APO", "PPO", "PVO", "MACDEXT", "AO", "AC"), 1e-9)


def uses_of(name: str, *, seed: int = 0) -> list[IndicatorUse]:
    random = np.random.default_rng([zlib.crc32(name.encode()), seed])
    return [default_use(name), *(random_use(name, random) for _ in range(RANDOM_USES))]


def magnitude(column: np.ndarray, row: int) -> float:
    """What "relative" refers to: the value, or for lines through zero their usual size around it."""
    around = np.abs(column[max(0, row - 400) : row + 1])
    return float(np.nanmax(around)) if not np.isnan(around).all() else 1.0


def assert_edge(use: IndicatorUse, whole: Series, rows: list[int], needed: int) -> None:
    """From a window of `needed` bars the newest value is the one that the whole history gives."""
    expected = compute(use, whole)
    for row in rows:
        window = whole.cut(slice(row - needed + 1, row + 1))
        for output, column in compute(use, window).items():
            there, here = expected[output][row], column[-1]
            assert np.isnan(there) == np.isnan(here), (use, output, row, there, here)
            error = 0.0 if np.isnan(there) else abs(there - here)
            slack = 1e-9 * magnitude(expected[output], row) + CANCELLED.get(use.name, 0.0)
            assert error <= slack, (use, output, row, there, here)


def assert_causal(use: IndicatorUse, whole: Series, cut: int) -> None:
    known = first(whole, cut)
    then, later = compute(use, known), compute(use, whole)
    assert list(then) == [output.name for output in CATALOGUE[use.name].outputs]
    for output, column in then.items():
        assert len(column) == cut
        assert column.tobytes() == later[output][:cut].tobytes(), (use, output, cut)


@pytest.mark.parametrize("name", NAMES)
def test_the_live_edge_equals_the_whole_history(name: str) -> None:
    random = np.random.default_rng(zlib.crc32(name.encode()))
    for use in uses_of(name):
        needed = warm_up([use])
        assert needed <= len(HISTORY), use
        rows = [int(row) for row in random.integers(needed - 1, len(HISTORY), 3)]
        assert_edge(use, HISTORY, rows, needed)


@pytest.mark.parametrize("name", NAMES)
def test_no_entry_looks_ahead(name: str) -> None:
    random = np.random.default_rng(zlib.crc32(name.encode()) + 1)
    for use in uses_of(name, seed=1):
        for cut in (*random.integers(1, 60, 2), *random.integers(60, 2000, 3)):
            assert_causal(use, first(HISTORY, 2000), int(cut))


@settings(max_examples=150)
@given(seed=seeds)
def test_no_entry_looks_ahead_on_any_bars(seed: int) -> None:
    random = np.random.default_rng(seed)
    use = random_use(str(random.choice(NAMES)), random)
    whole = market(seed, int(random.integers(1, 3))) if random.random() < 0.7 else coarse(seed, 300)
    assert_causal(use, whole, int(random.integers(0, len(whole) + 1)))


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_answers_any_number_of_bars_with_as_many_values(name: str) -> None:
    flat = Series(60 * np.arange(300, dtype=np.int64), *(np.full(300, 5.0) for _ in range(4)), np.zeros(300))
    for use in uses_of(name, seed=2):
        for bars in (
            HISTORY.tail(0),
            HISTORY.tail(1),
            HISTORY.tail(2),
            HISTORY.tail(30),
            flat,
            coarse(3, 200),
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                columns = compute(use, bars)
            for column in columns.values():
                assert column.dtype == np.float64
                assert len(column) == len(bars)
                assert not np.isinf(column).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_warmed_up_entry_has_a_value_within_its_limits(name: str) -> None:
    for use in uses_of(name, seed=3):
        arrays = raw(use, HISTORY)
        for output, array in zip(CATALOGUE[name].outputs, arrays, strict=True):
            settled = np.asarray(array, np.float64)[warm_up([use]) - 1 :]
            known = settled[np.isfinite(settled)]
            assert len(known) >= 0.9 * len(settled), (use, output)
            slack = 1e-9 * float(np.abs(known).max())
            assert output.minimum is None or known.min() >= output.minimum - slack, (use, output)
            assert output.maximum is None or known.max() <= output.maximum + slack, (use, output)


@pytest.mark.parametrize("name", NAMES)
def test_computing_changes_no_bar(name: str) -> None:
    bars = HISTORY.tail(400)
    before = [column.copy() for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)]
    compute(default_use(name), bars)
    after = (bars.open, bars.high, bars.low, bars.close, bars.volume)
    assert all(np.array_equal(was, now) for was, now in zip(before, after, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_the_ends_of_every_range_are_computed(name: str) -> None:
    for parameter in CATALOGUE[name].parameters:
        for value in parameter.choices or (parameter.minimum, parameter.maximum):
            assert value is not None
            use = IndicatorUse("x", name, {parameter.name: value})
            if not problems(use, "at"):  # an end may break a constraint with another's default
                compute(use, HISTORY.tail(800))


@pytest.mark.parametrize("name", NAMES)
def test_after_a_bar_without_numbers_an_entry_begins_anew(name: str) -> None:
    bars = HISTORY.tail(900)
    prices = [column.copy() for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)]
    for column in prices:
        column[450] = np.nan
    broken = Series(bars.start, *prices, timeframe=bars.timeframe, clock=bars.clock)
    use = default_use(name)
    before, after = compute(use, first(bars, 450)), compute(use, bars.cut(slice(451, None)))
    for output, column in compute(use, broken).items():
        assert column[:450].tobytes() == before[output].tobytes()
        assert np.isnan(column[450])
        assert column[451:].tobytes() == after[output].tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_prices_that_cannot_be_give_no_failure(name: str) -> None:
    for wrong in (0.0, -1.0, 1e300, np.inf):
        prices = np.full((5, 60), 10.0)
        prices[:, 30:33] = wrong
        bars = Series(60 * np.arange(60, dtype=np.int64), *prices)
        for column in compute(default_use(name), bars).values():
            assert not np.isinf(column).any()


RESTARTED = [name for name in NAMES if CATALOGUE[name].anchored] + [
    "SAR",
    "SUPERTREND",
    "KAMA",
    "VIDYA",
    "CPR",
]


@pytest.mark.parametrize("name", RESTARTED)
@pytest.mark.parametrize(
    "timeframe",
    [Timeframe.MINUTE_5, Timeframe.MINUTE_15, Timeframe.HOUR_1, Timeframe.HOUR_4, Timeframe.DAY_1],
)
def test_the_live_edge_of_longer_bars(name: str, timeframe: Timeframe) -> None:
    use = default_use(name)
    needed = warm_up([use], timeframe, 1440)
    length = needed + 700
    bars = market(5, -(-length // 360)).tail(length)
    start = 1_700_000_000 // 86_400 * 86_400 + timeframe.seconds * np.arange(length, dtype=np.int64)
    whole = Series(
        start, bars.open, bars.high, bars.low, bars.close, bars.volume, timeframe=timeframe, clock=UTC
    )
    assert_edge(use, whole, [needed, needed + 123, length - 1], needed)
