"""The best-known entries against formulas of their own, and what is said of a use."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from flotilla.domain.indicators import CATALOGUE, IndicatorUse, compute, label, problems, warm_up
from flotilla.domain.market import Series, Timeframe
from tests.domain.indicator_cases import market
from tests.domain.series import series_of, walk

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


def test_indices_of_one_sidedness_are_in_the_middle_when_nothing_moves() -> None:
    still = series_of(np.full(60, 5.0))
    assert compute(IndicatorUse("x", "RSI"), still)["rsi"][-1] == 50.0
    assert compute(IndicatorUse("x", "MFI"), still)["mfi"][-1] == 50.0
    then_moving = series_of(np.r_[np.full(30, 5.0), np.arange(6.0, 36.0)])
    assert compute(IndicatorUse("x", "RSI"), then_moving)["rsi"][-1] == 100.0
    assert compute(IndicatorUse("x", "MFI"), then_moving)["mfi"][-1] == 100.0


def test_money_flow_counts_coins_by_the_thousandth() -> None:
    shares = walk(3, 200)
    coins = replace(shares, volume=shares.volume * 1e-9)
    use = IndicatorUse("x", "MFI")
    np.testing.assert_allclose(compute(use, coins)["mfi"], compute(use, shares)["mfi"], rtol=1e-9)


def test_sums_over_the_session_start_anew_with_it() -> None:
    bars = market(1, 3)
    use = IndicatorUse("x", "VWAP")
    whole = compute(use, bars)["vwap"]
    for day in np.unique(bars.anchor):
        session = bars.cut(bars.anchor == day)
        typical = (session.high + session.low + session.close) / 3.0
        expected = np.cumsum(typical * session.volume) / np.cumsum(session.volume)
        np.testing.assert_allclose(whole[bars.anchor == day], expected, rtol=1e-12)


@pytest.mark.parametrize("name", ["SMA", "WMA", "TRIMA", "VWMA", "BBANDS", "LINEARREG"])
def test_a_running_mean_that_lies_on_the_price_is_the_same_in_any_window(name: str) -> None:
    """Prices are in cents: a close often is the average, and which of them is above must not be luck."""
    bars, use = market(4, 8), IndicatorUse("x", name, {"timeperiod": 10})
    whole, needed = compute(use, bars), warm_up([use])
    output = CATALOGUE[name].outputs[0].name
    apart = []
    for row in range(len(bars) - 400, len(bars)):
        window = compute(use, bars.cut(slice(row - needed + 1, row + 1)))
        apart.append(
            np.sign(bars.close[row] - whole[output][row]) != np.sign(bars.close[row] - window[output][-1])
        )
    assert not any(apart)


def test_the_source_is_the_one_that_was_chosen() -> None:
    bars = market(2, 1)
    for source, column in (("open", bars.open), ("hl2", (bars.high + bars.low) / 2), ("volume", bars.volume)):
        found = compute(IndicatorUse("x", "SMA", {"timeperiod": 3}, source), bars)["sma"]  # type: ignore[arg-type]
        assert found[10] == pytest.approx(column[8:11].mean(), rel=1e-11)


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (IndicatorUse("x", "RSI"), "RSI(14)"),
        (IndicatorUse("x", "SMA", {"timeperiod": 200}, "hl2"), "SMA(200, hl2)"),
        (IndicatorUse("x", "BBANDS", {"nbdevup": 2.5}), "BBANDS(20, 2.5, 2, SMA)"),
        (IndicatorUse("x", "VWAP"), "VWAP"),
    ],
)
def test_a_use_in_words(use: IndicatorUse, words: str) -> None:
    assert label(use) == words


def test_warm_up_of_what_is_restarted_depends_on_the_bars() -> None:
    vwap, sar = [IndicatorUse("a", "VWAP")], [IndicatorUse("b", "SAR")]
    assert warm_up(vwap) == 390
    assert warm_up(sar) == 780
    assert warm_up(vwap, Timeframe.MINUTE_1, 1440) == 1440
    assert warm_up(sar, Timeframe.MINUTE_5) == 2 * 5 * 78
    assert warm_up(sar, Timeframe.DAY_1) == 2 * 254
    assert warm_up([IndicatorUse("b", "SAR", timeframe=Timeframe.DAY_1)], Timeframe.MINUTE_1) == 2 * 254


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
        (IndicatorUse("x", "RSI", {"timeperiod": True}), ["at.params.timeperiod"]),
        (IndicatorUse("x", "RSI", {"timeperiod": "14"}), ["at.params.timeperiod"]),
        (IndicatorUse("x", "RSI", {"timeperiod": 10**30}), ["at.params.timeperiod"]),
        (IndicatorUse("x", "BBANDS", {"nbdevup": 2.5, "matype": "EMA"}), []),
        (IndicatorUse("x", "BBANDS", {"nbdevup": float("inf")}), ["at.params.nbdevup"]),
        (IndicatorUse("x", "BBANDS", {"matype": "NOPE"}), ["at.params.matype"]),
        (IndicatorUse("x", "BBANDS", {"matype": 1}), ["at.params.matype"]),
        (IndicatorUse("x", "SAR", {"acceleration": 0.2}), []),
        (IndicatorUse("x", "SAR", {"acceleration": 0.3}), ["at.params.acceleration"]),
        (
            IndicatorUse("x", "ULTOSC", {"timeperiod1": 28, "timeperiod3": 7}),
            ["at.params.timeperiod1", "at.params.timeperiod2"],
        ),
        (IndicatorUse("x", "SMA", {}, "hlc3"), []),
        (IndicatorUse("x", "SMA", {}, "vwap"), ["at.source"]),  # type: ignore[arg-type]
        (IndicatorUse("x", "ATR", {}, "open"), ["at.source"]),
    ],
)
def test_what_is_wrong_with_a_use(use: IndicatorUse, fields: list[str]) -> None:
    assert [problem.field for problem in problems(use, "at")] == fields


@pytest.mark.parametrize(
    ("use", "sentence"),
    [
        (IndicatorUse("x", "RSI", {"timeperiod": 1}), "Length must be a whole number from 2 to 500."),
        (
            IndicatorUse("x", "BBANDS", {"nbdevup": 99.0}),
            "Deviations up must be a number from 0.1 to 10.",
        ),
        (IndicatorUse("x", "MACD", {"slowperiod": 12}), "Fast length must be below slow length."),
        (IndicatorUse("x", "SAR", {"acceleration": 0.3}), "Step must not be above largest step."),
        (
            IndicatorUse("x", "ATR", {}, "open"),
            "ATR always reads the same prices; leave the source out.",
        ),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(use: IndicatorUse, sentence: str) -> None:
    assert [problem.message for problem in problems(use, "at")] == [sentence]
