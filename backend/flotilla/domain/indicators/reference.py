"""The catalogue as a page to read, docs/indicators.md: `python -m flotilla.domain.indicators.reference`.

A test fails when the page is not what this gives.
"""

import sys
from collections.abc import Iterator, Mapping

from flotilla.domain.indicators.catalogue import CATALOGUE, warm_up
from flotilla.domain.indicators.entry import UNBOUNDED, Group, Indicator, IndicatorUse, Parameter
from flotilla.domain.market import Timeframe

_GROUPS: Mapping[Group, str] = {
    "overlap": "On the price: averages, bands and stops",
    "momentum": "Momentum",
    "trend": "Trend",
    "volatility": "Volatility",
    "volume": "Volume",
    "cycle": "Cycles",
    "statistic": "Statistics",
    "price": "Prices",
    "performance": "Performance",
    "pattern": "Candlestick patterns",
}

_HEAD = """\
# Indicators

Generated from the catalogue by `python -m flotilla.domain.indicators.reference`; do not edit.

{count} indicators ({counts}).
Every function of TA-Lib but its Math groups, all of pandas-ta-classic beyond TA-Lib but what is
listed at the end. "Flotilla" marks those of pandas-ta-classic that are computed by code
of our own, because the library was too slow, looked ahead or was wrong.

What holds for each of them, by test: appending bars changes no earlier value; from a window of *warm-up*
bars the newest value is the one of the whole history to 1e-9; it answers any number of bars with as many
values, NaN where nothing is known yet or where a value is not defined.

**Warm-up** is given in bars, for the default parameters. Two kinds depend on the length of the bars:

- *session*: sums that start anew with the session (on daily bars: with the year).
- *epochs*: functions that never provably forget where they started. They are computed epoch by epoch, each
  from the start of the epoch before. An epoch is a day of 1-minute bars, a week of 2 to 5 minutes, a
  month of 10 to 30, a quarter of 1 to 2 hours, a year of longer ones: {sar} bars of 1 minute, {sar5} of
  5 minutes, {sar_day} daily bars. Choose lengths well below an epoch.

**Source**: indicators of one series read the close, or what you choose: open, high, low, hl2, hlc3, ohlc4
or volume.
"""

_TAIL = """\
## Left out, or changed

| of the library | here | why |
| --- | --- | --- |
| TA-Lib's Math Transform and Math Operators | left out | arithmetic; rules compare and combine values |
| TA-Lib `MAVP` | the period is the dominant cycle (HT_DCPERIOD) | a bar has no column of periods |
| TA-Lib `BETA`, `CORREL` | the source against a field of the same bar | a bot's indicator sees one symbol |
| TA-Lib `RSI`, `MFI` | 50 while nothing has moved | TA-Lib says 0, which rules would read as oversold |
| TA-Lib `MFI` | counts any volume | TA-Lib takes a flow of less than 1 for none (coins) |
| TA-Lib `AD`, `ADOSC`, `OBV`, `PVT`, `NVI`, `PVI`, `WAD`, `VWAP` | start anew with each session | \
else a value depends on where history was cut |
| `dpo` | TA-Lib's, not shifted back | the library's centred form shows bars what came after them |
| `ichimoku` | spans as drawn at the bar; no lagging span | the lagging span is a later close |
| `tos_stdevall` | left out | one line fitted to all bars: each new bar changes all values |
| `vp` | left out | a profile of all bars, not a value for each |
| `cpr` | levels of the session before | the library's *virgin* mark looks ahead |
| `psar`, `dm`, `uo`, `mad` and `md`, `true_range`, `stdev`, `variance`, `zlma` | SAR, PLUS_DM and MINUS_DM, \
ULTOSC, AVGDEV, TRANGE, STDDEV, VAR, ZLEMA | TA-Lib's names; its functions are fast |
| `linreg`, `linregangle`, `linregintercept`, `linregslope`, `wcp`, `hl2`, `hlc3`, `ohlc4`, `cdl_pattern` | \
LINEARREG and its like, WCLPRICE, MEDPRICE, TYPPRICE, AVGPRICE, the CDL entries | as above |
| `long_run`, `short_run`, `tsignals`, `xsignals` | of EMAs, of the close and its average, of RSI | \
the library wants other columns |
| `ebsw` | Ehlers' formula | the library takes degrees for radians, which grows without bound |
| `stc` | Schaff's formula | the library freezes while MACD's low is negative |
| `vfi` | Katsanos' formula | the library's cutoff is a fifth of the price |
| `alma` | Legoux' formula | the library lays the bell over the oldest bars |
| `drawdown` | under the session's highest close | the highest of all history is not known at the live edge |
| `log_return`, `percent_return` | without their cumulative form | it starts where history was cut |

Running means that lie on the price (SMA, WMA, TRIMA, VWMA, HMA, BBANDS, ACCBANDS, LINEARREG, TSF) are
given to twelve digits: prices come in cents, a close often lies exactly on the mean, and which of them
is above must not depend on rounding.
"""


def page() -> str:
    """The whole page, as Markdown."""
    libraries = [entry.library for entry in CATALOGUE.values()]
    counts = ", ".join(f"{libraries.count(name)} {name}" for name in dict.fromkeys(libraries))
    sar = [IndicatorUse("sar", "SAR")]
    head = _HEAD.format(
        count=len(CATALOGUE),
        counts=counts,
        sar=warm_up(sar),
        sar5=warm_up(sar, Timeframe.MINUTE_5),
        sar_day=warm_up(sar, Timeframe.DAY_1),
    )
    return "\n".join([head, *(_section(group, title) for group, title in _GROUPS.items()), _TAIL])


def _section(group: Group, title: str) -> str:
    entries = sorted((e for e in CATALOGUE.values() if e.group == group), key=lambda e: e.name)
    return "\n".join(
        [
            f"## {title}\n",
            "| name | what it is | parameters | lines | warm-up |",
            "| --- | --- | --- | --- | --- |",
            *("| " + " | ".join(_cells(entry)) + " |" for entry in entries),
            "",
        ]
    )


def _cells(entry: Indicator) -> Iterator[str]:
    yield f"`{entry.name}`"
    also = f" *Also: {', '.join(entry.aliases)}.*" if entry.aliases else ""
    own = " (Flotilla)" if entry.library == "Flotilla" else ""
    yield f"**{entry.title}**{own}: {entry.explanation}{also}".replace("|", "\\|")
    yield ", ".join(_parameter(parameter) for parameter in entry.parameters) or "-"
    yield ", ".join(f"`{output.name}`" for output in entry.outputs)
    yield _memory(entry)


def _parameter(parameter: Parameter) -> str:
    if parameter.type == "choice":
        return f"`{parameter.name}` {parameter.default}"
    return f"`{parameter.name}` {parameter.default:g} ({parameter.minimum:g} to {parameter.maximum:g})"


def _memory(entry: Indicator) -> str:
    if entry.anchored:
        return "session"
    defaults = {parameter.name: parameter.default for parameter in entry.parameters}
    if entry.memory(defaults) == UNBOUNDED:
        return "epochs"
    return str(warm_up([IndicatorUse("x", entry.name)]))


if __name__ == "__main__":
    sys.stdout.write(page())
