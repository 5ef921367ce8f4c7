"""Where TA-Lib and pandas-ta-classic both have an indicator they agree, or the difference is listed here.

What is ours because the library was too slow, or gave an answer that changes with its input's length, is
held against the library as well. Restarts are left out: both sides see one uncut history.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pandas_ta_classic as library
import pytest

from flotilla.domain.indicators import CATALOGUE, IndicatorUse
from flotilla.domain.indicators.catalogue import columns_of, complete
from tests.domain.indicator_cases import NAMES, market

HISTORY = market(7, 14)
SETTLED = 3000
C, HL, HLC, OHLC = ("close",), ("high", "low"), ("high", "low", "close"), ("open", "high", "low", "close")
Pair = tuple[str, tuple[str, ...], Mapping[str, Any], Sequence[int] | None]


def pair(
    function: str, inputs: Sequence[str], columns: Sequence[int] | None = None, **arguments: Any
) -> Pair:
    """The library's function, what it reads, and which of its columns are our outputs, in our order."""
    return function, tuple(inputs), arguments, columns


def length(
    function: str, count: int, inputs: Sequence[str] = C, columns: Sequence[int] | None = None
) -> Pair:
    return pair(function, inputs, columns, length=count)


BANDS = (2, 1, 0)
BOTH: Mapping[str, Pair] = {
    # overlap
    **{name: length(name.lower(), 30) for name in ("WMA", "DEMA", "TEMA", "TRIMA", "RMA", "KAMA")},
    "SMA": length("sma", 20),
    "EMA": length("ema", 20),
    "HMA": length("hma", 20),
    "ZLEMA": length("zlma", 30),
    "T3": length("t3", 5),
    "VWMA": length("vwma", 30, (*C, "volume")),
    "MAMA": pair("mama", C),
    "MIDPOINT": length("midpoint", 14),
    "MIDPRICE": length("midprice", 14, HL),
    "HT_TRENDLINE": pair("ht_trendline", C),
    "BBANDS": length("bbands", 20, C, BANDS),
    "KC": length("kc", 20, HLC, BANDS),
    "DONCHIAN": pair("donchian", HL, BANDS),
    "ACCBANDS": length("accbands", 20, HLC, BANDS),
    "SAR": pair("psar", HL),
    "SAREXT": pair("sarext", HL),
    "SUPERTREND": length("supertrend", 10, HLC, (0, 1)),
    # momentum
    **{
        name: pair(name.lower(), C)
        for name in ("RSI", "MOM", "ROC", "ROCP", "ROCR", "ROCR100", "COPPOCK", "ER", "FOSC", "TSI", "VHF")
    },
    **{
        name: pair(name.lower(), HLC)
        for name in ("STOCHF", "KDJ", "WILLR", "CCI", "ADXR", "DX", "VORTEX", "ERI")
    },
    "MACD": pair("macd", C, (0, 2, 1)),
    "MACDEXT": pair("macdext", C, fastmatype=0, slowmatype=0, signalmatype=0),
    "MACDFIX": pair("macdfix", C, (0, 2, 1)),
    "STOCH": pair("stoch", HLC, (0, 1), k=5, d=3, smooth_k=3),
    "STOCHRSI": pair("stochrsi", C, length=5, rsi_length=14, k=1, d=3),
    "SMI": pair("smi", C, (0, 1)),
    "MFI": pair("mfi", (*HLC, "volume")),
    "ULTOSC": pair("uo", HLC),
    "CMO": pair("cmo", C),
    "CMOU": pair("cmo", C),
    "ADX": pair("adx", HLC, (0,)),
    "PLUS_DI": pair("adx", HLC, (1,)),
    "MINUS_DI": pair("adx", HLC, (2,)),
    "PLUS_DM": pair("plus_dm", HL),
    "MINUS_DM": pair("minus_dm", HL),
    "AROON": pair("aroon", HL, (0, 1)),
    "AROONOSC": pair("aroon", HL, (2,)),
    "APO": pair("apo", C, mamode="ema"),
    "PPO": pair("ppo", C, (0,), mamode="ema"),
    "AO": pair("ao", HL),
    "BOP": pair("bop", OHLC),
    "DPO": pair("dpo", C, centered=False),
    "QSTICK": pair("qstick", ("open", "close")),
    "TRIX": length("trix", 30, C, (0,)),
    # volatility and volume
    **{name: pair(name.lower(), HLC) for name in ("ATR", "NATR", "WAD")},
    "TRANGE": pair("true_range", HLC),
    "CVI": pair("cvi", HL),
    "MASSI": pair("massi", HL),
    "RVI": pair("rvi", C),
    **{name: pair(name.lower(), (*HLC, "volume")) for name in ("AD", "ADOSC", "CMF")},
    **{name: pair(name.lower(), (*C, "volume")) for name in ("EFI", "NVI", "PVI", "OBV", "PVT")},
    "MARKETFI": pair("marketfi", (*HL, "volume")),
    "PVO": pair("pvo", ("volume",), (0,)),
    # cycle, statistic, price
    **{name: pair(name.lower(), C) for name in ("HT_DCPERIOD", "HT_DCPHASE", "HT_PHASOR", "HT_SINE")},
    "HT_TRENDMODE": pair("ht_trendmode", C),
    "STDDEV": pair("stdev", C, length=5, ddof=0),
    "VAR": pair("variance", C, length=5, ddof=0),
    "AVGDEV": length("mad", 14),
    "LINEARREG": pair("linreg", C),
    "LINEARREG_ANGLE": pair("linregangle", C),
    "LINEARREG_INTERCEPT": pair("linregintercept", C),
    "LINEARREG_SLOPE": pair("linregslope", C),
    "TSF": pair("tsf", C),
    "AVGPRICE": pair("ohlc4", OHLC),
    "MEDPRICE": pair("hl2", HL),
    "TYPPRICE": pair("hlc3", HLC),
    "WCLPRICE": pair("wcp", HLC),
    "HA": pair("ha", OHLC),
    # ours, for speed or for exactness
    **{
        name: pair(name.lower(), C)
        for name in ("ALMA", "FWMA", "PWMA", "SINWMA", "SWMA", "VIDYA", "CG", "MSW", "SKEW", "KURTOSIS")
    },
    "HILO": pair("hilo", HLC, (0,)),
    "PMAX": pair("pmax", HLC),
    "QQE": pair("qqe", C, (0, 1)),
    "RVGI": pair("rvgi", OHLC),
    "STDERR": pair("stderr", C),
    "TD_SEQ": pair("td_seq", C),
    "AOBV": pair("aobv", (*C, "volume"), (0, 3, 4, 5, 6)),
    "DRAWDOWN": pair("drawdown", C, (0, 2, 1)),
    "SQUEEZE": pair("squeeze", HLC, lazybear=True),
    "EBSW": pair("ebsw", C),
    "STC": pair("stc", C),
    "VFI": pair("vfi", (*C, "volume")),
    # patterns
    **{
        name: pair(f"cdl_{name[3:].lower()}", OHLC)
        for name in NAMES
        if name.startswith("CDL") and not name.startswith("CDL_") and name != "CDLDOJI"
    },
}

DIFFERENCES: Mapping[str, str] = {
    "TRIMA": "for even lengths the library averages twice over one length, TA-Lib over two",
    "KC": "the library's bands are an EMA of the true range, TA-Lib's Wilder's ATR over 10 bars",
    "SAR": "TA-Lib flips when the stop is touched, the library when it is passed",
    "SAREXT": "as SAR",
    "SUPERTREND": "TA-Lib tightens both bands, the library only the one of the present direction",
    "MACDFIX": "TA-Lib takes Appel's weights 0.15 and 0.075, the library those of EMA(12) and EMA(26)",
    "SMI": "the library's SMI is the ergodic oscillator of closes, not Blau's stochastic momentum",
    "MFI": "equal typical prices compare by their last digit, which the two round differently",
    "CMO": "TA-Lib smooths as Wilder does; the library's is TA-Lib's CMOU",
    "BOP": "where high equals low TA-Lib says 0, the library divides by almost nothing",
    "DPO": "TA-Lib takes the price of the past and the average of now, the library the other way round",
    "FOSC": "the library's line includes the close that it foretells",
    "RVI": "the library averages with EMA, TA-Lib as Wilder does, over a deviation of 10 bars",
    "NVI": "TA-Lib compounds the changes, the library adds them up",
    "PVI": "as NVI",
    "PVT": "the library counts in percent",
    "ALMA": "the library lays the bell over the oldest bars",
    "EBSW": "the library takes Ehlers' degrees for radians",
    "STC": "the library freezes while MACD's low is negative",
    "VFI": "the library's cutoff is a fifth of the price, which no bar's change reaches",
}


def ours(name: str) -> list[np.ndarray]:
    entry = CATALOGUE[name]
    columns = columns_of(entry, "close", HISTORY)
    found = entry.function(columns, complete(entry, IndicatorUse("x", name)))
    return [np.asarray(column, np.float64) for column in found]


def theirs(name: str) -> list[np.ndarray]:
    function, inputs, arguments, columns = BOTH[name]
    series = {f"{key}_" if key == "open" else key: pd.Series(getattr(HISTORY, key)) for key in inputs}
    if function.startswith("cdl_"):
        found = library.cdl_pattern(**series, name=function.removeprefix("cdl_"))
    else:
        found = getattr(library, function)(**series, **arguments)
    if name == "SAR":  # in two columns, by side
        return [found.iloc[:, 0].fillna(found.iloc[:, 1]).to_numpy(np.float64)]
    if name == "TD_SEQ":
        found = found.fillna(0.0)
    frame = found.to_frame() if isinstance(found, pd.Series) else found
    order = range(len(CATALOGUE[name].outputs)) if columns is None else columns
    return [frame.iloc[:, i].to_numpy(np.float64) for i in order]


def agree(mine: np.ndarray, other: np.ndarray) -> bool:
    mine, other = mine[SETTLED:], other[SETTLED:]
    close = np.abs(mine - other) <= 1e-7 * np.nanmax(np.abs(mine))
    return bool(np.all(close | (np.isnan(mine) & np.isnan(other))))


@pytest.mark.parametrize("name", BOTH)
def test_both_libraries_agree_or_the_difference_is_listed(name: str) -> None:
    same = [agree(mine, other) for mine, other in zip(ours(name), theirs(name), strict=True)]
    assert all(same) == (name not in DIFFERENCES), (name, same, DIFFERENCES.get(name))


def test_the_list_of_differences_names_only_what_is_compared() -> None:
    assert set(DIFFERENCES) <= set(BOTH)
    assert all(DIFFERENCES.values())


def test_every_entry_of_talib_that_the_library_has_too_is_compared() -> None:
    """By name; what has another name there (psar, uo, wcp ...) is in the table above."""
    there = {name.upper() for names in library.Category.values() for name in names}
    both = {name for name, entry in CATALOGUE.items() if entry.library == "TA-Lib" and name in there}
    assert both - set(BOTH) == {"MA", "MAVP", "BETA", "CORREL", "VWAP"}
