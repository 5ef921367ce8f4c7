"""Every entry of the catalogue against a formula of its own, and against looking ahead."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.indicators import CATALOGUE, IndicatorUse, compute, problems, warm_up
from flotilla.domain.market import Series
from tests.domain.series import coarse, first, seeds, series_of, walk

Outputs = Mapping[str, pd.Series]


def pandas_sma(close: pd.Series, p: Mapping[str, int]) -> Outputs:
    return {"sma": close.rolling(p["timeperiod"]).mean()}


def pandas_ema(close: pd.Series, p: Mapping[str, int]) -> Outputs:
    return {"ema": close.ewm(span=p["timeperiod"], adjust=False).mean()}


def pandas_rsi(close: pd.Series, p: Mapping[str, int]) -> Outputs:
    change = close.diff()
    gain = change.clip(lower=0).ewm(alpha=1 / p["timeperiod"], adjust=False).mean()
    loss = (-change).clip(lower=0).ewm(alpha=1 / p["timeperiod"], adjust=False).mean()
    return {"rsi": 100 - 100 / (1 + gain / loss)}


def pandas_macd(close: pd.Series, p: Mapping[str, int]) -> Outputs:
    fast = close.ewm(span=p["fastperiod"], adjust=False).mean()
    slow = close.ewm(span=p["slowperiod"], adjust=False).mean()
    signal = (fast - slow).ewm(span=p["signalperiod"], adjust=False).mean()
    return {"macd": fast - slow, "signal": signal, "histogram": fast - slow - signal}


FORMULAS: Mapping[str, Callable[[pd.Series, Mapping[str, int]], Outputs]] = {
    "SMA": pandas_sma,
    "EMA": pandas_ema,
    "RSI": pandas_rsi,
    "MACD": pandas_macd,
}
USES = (
    IndicatorUse("x", "SMA", {}),
    IndicatorUse("x", "SMA", {"timeperiod": 200}),
    IndicatorUse("x", "EMA", {}),
    IndicatorUse("x", "EMA", {"timeperiod": 2}),
    IndicatorUse("x", "EMA", {"timeperiod": 100}),
    IndicatorUse("x", "RSI", {}),
    IndicatorUse("x", "RSI", {"timeperiod": 2}),
    IndicatorUse("x", "RSI", {"timeperiod": 50}),
    IndicatorUse("x", "MACD", {}),
    IndicatorUse("x", "MACD", {"fastperiod": 5, "slowperiod": 35, "signalperiod": 1}),
    IndicatorUse("x", "MACD", {"fastperiod": 3, "slowperiod": 10, "signalperiod": 16}),
)
use_ids = [f"{use.name}{tuple(use.params.values())}" for use in USES]


def full_params(use: IndicatorUse) -> dict[str, int]:
    return {p.name: int(use.params.get(p.name, p.default)) for p in CATALOGUE[use.name].parameters}


def scale(use: IndicatorUse, output: str, series: Series) -> float:
    """What "relative" refers to: MACD's lines pass through zero, so their errors count against price."""
    return float(series.close[-1]) if use.name == "MACD" else float(abs(compute(use, series)[output][-1]))


@st.composite
def any_use(draw: st.DrawFn, longest: int = 30) -> IndicatorUse:
    entry = CATALOGUE[draw(st.sampled_from(sorted(CATALOGUE)))]
    if entry.name == "MACD":
        fast = draw(st.integers(2, longest - 1))
        slow = draw(st.integers(fast + 1, longest))
        signal = draw(st.integers(1, longest))
        return IndicatorUse("x", "MACD", {"fastperiod": fast, "slowperiod": slow, "signalperiod": signal})
    return IndicatorUse("x", entry.name, {"timeperiod": draw(st.integers(2, longest))})


def test_every_entry_has_a_formula_here() -> None:
    assert set(FORMULAS) == set(CATALOGUE)
    assert {use.name for use in USES} == set(CATALOGUE)


@given(use=any_use(), seed=seeds, length=st.integers(0, 150), cut=st.integers(0, 150))
def test_no_indicator_looks_ahead(use: IndicatorUse, seed: int, length: int, cut: int) -> None:
    whole = walk(seed, length, volatility=0.02)
    known = first(whole, min(cut, length))
    then, later = compute(use, known), compute(use, whole)
    assert list(then) == [output.name for output in CATALOGUE[use.name].outputs]
    for output, column in then.items():
        assert len(column) == len(known)
        assert column.tobytes() == later[output][: len(known)].tobytes()


@pytest.mark.parametrize("use", USES, ids=use_ids)
@pytest.mark.parametrize("seed", [1, 2])
def test_values_are_those_of_the_formula_once_warmed_up(use: IndicatorUse, seed: int) -> None:
    settled = warm_up([use])
    series = walk(seed, settled + 500)
    expected = FORMULAS[use.name](pd.Series(series.close), full_params(use))
    for output, column in compute(use, series).items():
        np.testing.assert_allclose(
            column[settled - 1 :],
            expected[output].to_numpy()[settled - 1 :],
            rtol=1e-7,
            atol=1e-7 * scale(use, output, series),
        )


@pytest.mark.parametrize("use", USES, ids=use_ids)
@pytest.mark.parametrize("seed", range(5))
def test_a_history_of_the_warm_up_gives_the_value_of_the_whole(use: IndicatorUse, seed: int) -> None:
    whole = walk(seed, warm_up([use]) + 3000)
    cut = whole.tail(warm_up([use]))
    for output, column in compute(use, cut).items():
        error = abs(column[-1] - compute(use, whole)[output][-1])
        assert error <= 1e-9 * scale(use, output, whole)


@given(use=any_use(), seed=seeds, length=st.integers(0, 200))
def test_values_stay_in_the_range_that_the_catalogue_states(
    use: IndicatorUse, seed: int, length: int
) -> None:
    for series in (coarse(seed, length), walk(seed, length, volatility=0.1)):
        columns = compute(use, series)
        for output in CATALOGUE[use.name].outputs:
            known = columns[output.name][~np.isnan(columns[output.name])]
            assert output.minimum is None or np.all(known >= output.minimum)
            assert output.maximum is None or np.all(known <= output.maximum)


@pytest.mark.parametrize(
    ("use", "unknown"),
    [
        (IndicatorUse("x", "SMA", {"timeperiod": 5}), 4),
        (IndicatorUse("x", "EMA", {"timeperiod": 5}), 4),
        (IndicatorUse("x", "RSI", {"timeperiod": 5}), 5),
        (IndicatorUse("x", "MACD", {"fastperiod": 3, "slowperiod": 6, "signalperiod": 4}), 8),
    ],
)
def test_a_value_is_unknown_until_there_are_bars_enough(use: IndicatorUse, unknown: int) -> None:
    for column in compute(use, walk(1, 40)).values():
        assert np.isnan(column[:unknown]).all()
        assert not np.isnan(column[unknown:]).any()


def test_rsi_of_a_rise_is_100_and_of_a_fall_0() -> None:
    use = IndicatorUse("x", "RSI", {"timeperiod": 14})
    assert compute(use, series_of(np.arange(1.0, 60.0)))["rsi"][-1] == 100.0
    assert compute(use, series_of(np.arange(60.0, 1.0, -1.0)))["rsi"][-1] == 0.0


def test_warm_up_is_that_of_the_slowest() -> None:
    sma, rsi = IndicatorUse("a", "SMA", {"timeperiod": 50}), IndicatorUse("b", "RSI", {})
    assert warm_up([]) == 1
    assert warm_up([sma]) == 50
    assert warm_up([sma, rsi]) == warm_up([rsi]) > 50


@pytest.mark.parametrize(
    ("use", "fields"),
    [
        (IndicatorUse("x", "RSI", {}), []),
        (IndicatorUse("x", "RSI", {"timeperiod": 2}), []),
        (IndicatorUse("x", "RSI", {"timeperiod": 500}), []),
        (IndicatorUse("x", "NOPE", {}), ["at.name"]),
        (IndicatorUse("x", "RSI", {"timeperiod": 1}), ["at.params.timeperiod"]),
        (IndicatorUse("x", "RSI", {"timeperiod": 501}), ["at.params.timeperiod"]),
        (IndicatorUse("x", "RSI", {"timeperiod": 2.5}), ["at.params.timeperiod"]),
        (IndicatorUse("x", "RSI", {"timeperiod": float("nan")}), ["at.params.timeperiod"]),
        (IndicatorUse("x", "RSI", {"timeperiod": float("inf")}), ["at.params.timeperiod"]),
        (IndicatorUse("x", "RSI", {"length": 14}), ["at.params.length"]),
        (
            IndicatorUse("x", "RSI", {"length": 14, "timeperiod": 0}),
            ["at.params.length", "at.params.timeperiod"],
        ),
        (IndicatorUse("x", "MACD", {"fastperiod": 26}), ["at.params.fastperiod"]),
        (IndicatorUse("x", "MACD", {"slowperiod": 12}), ["at.params.fastperiod"]),
        (IndicatorUse("x", "MACD", {"signalperiod": 1}), []),
    ],
)
def test_what_is_wrong_with_a_use(use: IndicatorUse, fields: list[str]) -> None:
    assert [problem.field for problem in problems(use, "at")] == fields
