"""From histories to the kernel's arrays: one clock for all symbols, prices on it, and what each bot's
rules say at each of its minutes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from flotilla.domain import codes, rules
from flotilla.domain.bots import BotSpec
from flotilla.domain.errors import Invalid, Problem
from flotilla.domain.indicators import measures
from flotilla.domain.kernel.records import ByteArray, FloatArray, IntArray, Market
from flotilla.domain.market import NEW_YORK, STALE_AFTER, Series, Session, bar_ends, ends_a_bar, utc_offsets
from flotilla.domain.risk import Sizing
from flotilla.domain.rules import Chart
from flotilla.research.timeline import clock_minutes, session_minutes

_STALE_AFTER = int(STALE_AFTER.total_seconds())


@dataclass(frozen=True, slots=True)
class Prepared:
    """The market of a backtest. `starts`: when each column's bar opened; `symbols`: of each price row."""

    market: Market
    starts: IntArray
    symbols: tuple[str, ...]
    charts: Mapping[tuple[int, str], Chart]  # by bot and symbol
    first: Mapping[tuple[int, str], int]  # the first bar of a chart that the run has seen


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Opens and closes of the exchange's sessions, in seconds since 1970 UTC."""

    opens: IntArray
    closes: IntArray

    @classmethod
    def of(cls, sessions: Sequence[Session]) -> "_Sessions":
        def seconds(edge: str) -> IntArray:
            moments = map(datetime.timestamp, map(attrgetter(edge), sessions))
            return np.fromiter(moments, np.float64, len(sessions)).astype(np.int64)

        return cls(seconds("open"), seconds("close"))


def prepare(
    bots: Sequence[BotSpec],
    histories: Mapping[str, Series],
    sessions: Sequence[Session],
    *,
    start: datetime,
    end: datetime,
) -> Prepared:
    """Lay the bots' symbols side by side on the minutes that end in (start, end].

    `histories` also have the bars before `start` that warm the indicators up; `sessions` cover them
    all. Raises Invalid when there is no bar in the range, or only coarser ones than a bot trades on.
    """
    hours = _Sessions.of(sessions)
    symbols = tuple(dict.fromkeys(symbol for bot in bots for symbol in bot.symbols))
    _check(bots, histories, symbols)
    ends = {symbol: _ends(histories[symbol], hours) for symbol in symbols}
    tau = _clock(ends, start, end)
    seen = {symbol: _seen(histories[symbol], ends[symbol], tau) for symbol in symbols}
    count = sum(len(bot.symbols) for bot in bots)
    day, flags = np.empty((len(bots), len(tau)), np.int64), np.empty((len(bots), len(tau)), np.uint8)
    signals = np.zeros((count, len(tau)), np.uint8)
    measured = _measured(bots, count, len(tau))
    charts, first, k = {}, {}, 0
    for b, bot in enumerate(bots):
        since_open = np.empty(len(tau), np.int64)
        _fill_clock(bot, tau, hours, day[b], flags[b], since_open)
        for symbol in bot.symbols:
            chart = Chart(histories[symbol], bot.timeframe, bot.uses, until=end, closes=hours.closes)
            charts[b, symbol], first[b, symbol] = chart, _first_seen(chart, seen[symbol], tau)
            rows = [column[k] for column in measured]
            closes_of_bot = hours.closes[:0] if bot.trades_coins else hours.closes
            _fill_signals(bot, chart, seen[symbol], tau, since_open, closes_of_bot, signals[k], rows)
            k += 1
    opens, highs, lows, closes, volumes = _prices([seen[symbol] for symbol in symbols])
    market = Market(tau, day, flags, opens, highs, lows, closes, volumes, signals, *measured)
    return Prepared(market, _starts(histories, symbols, tau, hours), symbols, charts, first)


def _check(bots: Sequence[BotSpec], histories: Mapping[str, Series], symbols: Sequence[str]) -> None:
    lengths = {histories[symbol].timeframe for symbol in symbols}
    if len(lengths) > 1:
        raise Invalid(
            [Problem("symbols", "Some symbols have minutes and others only days: test them apart.")]
        )
    (base,) = lengths
    for bot in bots:
        if bot.timeframe.seconds < base.seconds:
            problem = Problem("timeframe", f"There are only {base.value} bars: trade on those or longer.")
            raise Invalid([problem])


# --- the clock ------------------------------------------------------------------------------------


def _ends(series: Series, hours: _Sessions) -> IntArray:
    closes = hours.closes if series.timeframe.is_daily and series.clock is not UTC else hours.closes[:0]
    return bar_ends(series.start, series.timeframe, closes)


def _clock(ends: Mapping[str, IntArray], start: datetime, end: datetime) -> IntArray:
    """Every minute of the range that ended with a bar of any symbol."""
    after, last = int(start.timestamp()), int(end.timestamp())
    within = [
        one[np.searchsorted(one, after, side="right") : np.searchsorted(one, last, side="right")]
        for one in ends.values()
    ]
    tau = within[0] if len(within) == 1 else np.unique(np.concatenate(within))
    if not len(tau):
        raise Invalid([Problem("start", "There is no bar between start and end.")])
    return np.ascontiguousarray(tau)


@dataclass(frozen=True, slots=True)
class _Seen:
    """The newest bar of a series at each tau: its index (-1 before its first), and whether it ended then.

    `run`: every column has the series' next bar, so that its columns need no copying.
    """

    series: Series
    ends: IntArray
    ended: npt.NDArray[np.bool_]
    run: slice | None = None
    found: IntArray | None = None

    @property
    def index(self) -> IntArray:
        if self.run is not None:
            return np.arange(self.run.start, self.run.stop)
        assert self.found is not None
        return self.found


def _seen(series: Series, ends: IntArray, tau: IntArray) -> _Seen:
    first = int(np.searchsorted(ends, tau[0]))
    run = slice(first, first + len(tau))
    # The clock of one symbol is a part of its own ends.
    if np.may_share_memory(ends[run], tau) or np.array_equal(ends[run], tau):
        everywhere = np.broadcast_to(np.True_, len(tau))
        return _Seen(series, ends, everywhere, run=run)
    index = np.searchsorted(ends, tau, side="right") - 1
    return _Seen(series, ends, (index >= 0) & (ends[index] == tau), found=index)


def _starts(
    histories: Mapping[str, Series], symbols: Sequence[str], tau: IntArray, hours: _Sessions
) -> IntArray:
    """When each column's bar opened: the session's open for daily bars."""
    base = histories[symbols[0]]
    if not base.timeframe.is_daily:
        return tau - base.timeframe.seconds
    if base.clock is UTC:
        return tau - base.timeframe.seconds
    opens: IntArray = hours.opens[np.searchsorted(hours.closes, tau)]
    return opens


def _fill_clock(
    bot: BotSpec, tau: IntArray, hours: _Sessions, day: IntArray, flags: ByteArray, since: IntArray
) -> None:
    start = bot.window.start.hour * 3600 + bot.window.start.minute * 60
    end = bot.window.end.hour * 3600 + bot.window.end.minute * 60
    flattens, daily = bot.risk.flatten_at_window_end, bot.timeframe.is_daily
    if bot.trades_coins:
        clock_minutes(tau, start, end, flattens, daily, day, flags, since)
        return
    offsets = utc_offsets(hours.opens, NEW_YORK)
    session_minutes(tau, hours.opens, hours.closes, offsets, start, end, flattens, daily, day, flags, since)


# --- prices ---------------------------------------------------------------------------------------


def _prices(
    seen: Sequence[_Seen],
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    """open, high, low, close, volume: a row for each series. NaN where no bar ended, but for the close."""
    if len(seen) == 1 and seen[0].run is not None:
        bars = seen[0].series.cut(seen[0].run)
        return (
            _row(bars.open),
            _row(bars.high),
            _row(bars.low),
            _row(bars.close),
            _row(bars.volume),
        )
    found = [np.full((len(seen), len(seen[0].index)), np.nan) for _ in range(5)]
    for row, one in enumerate(seen):
        bars = one.series
        for made, column in zip(found, (bars.open, bars.high, bars.low, bars.volume), strict=False):
            made[row, one.ended] = column[one.index[one.ended]]
        known = one.index >= 0
        found[4][row, known] = bars.close[one.index[known]]
    opens, highs, lows, volumes, closes = found
    return opens, highs, lows, closes, volumes


def _row(column: FloatArray) -> FloatArray:
    return np.ascontiguousarray(column).reshape(1, -1)


# --- what the rules say ---------------------------------------------------------------------------


def _measured(bots: Sequence[BotSpec], count: int, times: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Room for ATR, volatility and liquidity; of length zero where no bot asks."""
    wanted = (
        any(bot.risk.stop_loss_atr is not None for bot in bots),
        any(bot.risk.sizing is Sizing.VOLATILITY_TARGET for bot in bots),
        any(bot.risk.max_volume_percent is not None for bot in bots),
    )
    atr, volatility, liquidity = (np.zeros((count, times if asked else 0)) for asked in wanted)
    return atr, volatility, liquidity


def _fill_signals(
    bot: BotSpec,
    chart: Chart,
    seen: _Seen,
    tau: IntArray,
    since_open: IntArray,
    closes: IntArray,
    signals: ByteArray,
    measured: Sequence[FloatArray],
) -> None:
    """The signal bits of one symbol, and what its entries are sized by."""
    said = _said(bot, chart)
    stepped = _step_columns(bot, chart, seen, tau, since_open, closes)
    if seen.run is not None and isinstance(stepped[0], slice):
        np.bitwise_or(said[stepped[1]], np.uint8(codes.FRESH), out=signals)
    else:
        signals[_fresh(seen, tau)] = codes.FRESH
        signals[stepped[0]] |= said[stepped[1]]
    atr, volatility, liquidity = measured
    if bot.risk.stop_loss_atr is not None:
        atr[stepped[0]] = measures.average_true_range(chart.bars)[stepped[1]]
    if bot.risk.sizing is Sizing.VOLATILITY_TARGET:
        volatility[stepped[0]] = measures.volatility(chart.bars, is_coin=bot.trades_coins)[stepped[1]]
    if bot.risk.max_volume_percent is not None:
        liquidity[:] = measures.liquidity(seen.series)[np.maximum(seen.index, 0)]
    elif len(liquidity):
        liquidity[:] = np.inf


def _first_seen(chart: Chart, seen: _Seen, tau: IntArray) -> int:
    """The first bar of a chart that ends in the run."""
    if chart.bars is seen.series and seen.run is not None:
        return int(seen.run.start)
    return int(np.searchsorted(chart.ends, tau[0]))


def _said(bot: BotSpec, chart: Chart) -> ByteArray:
    """What the rules say at each of the chart's bars, as bits."""
    bits = np.full(len(chart), codes.EVALUATED, np.uint8)
    bits[chart.ready_from(bot.lookback) :] |= codes.WARMED_UP
    sides = (
        (bot.entry, codes.ENTER_LONG),
        (bot.exit, codes.EXIT_LONG),
        (bot.short_entry, codes.ENTER_SHORT),
        (bot.short_exit, codes.EXIT_SHORT),
    )
    for rule, bit in sides:
        if rule is not None:
            bits |= rules.evaluate(rule, chart).view(np.uint8) * np.uint8(bit)
    return bits


def _step_columns(
    bot: BotSpec, chart: Chart, seen: _Seen, tau: IntArray, since_open: IntArray, closes: IntArray
) -> tuple[IntArray | slice, IntArray | slice]:
    """The columns at which the rules are asked, and the bar that each is asked about: each bar once."""
    frequency = bot.trading_frequency
    minutely = frequency == chart.timeframe.seconds == 60
    if minutely and chart.bars is seen.series and seen.run is not None:
        return slice(0, len(tau)), seen.run
    ends = chart.ends
    if frequency == chart.timeframe.seconds:
        columns = np.flatnonzero(ends_a_bar(tau, chart.timeframe, closes, chart.bars.clock))
    else:
        columns = np.flatnonzero(since_open % frequency == 0)
    newest = np.searchsorted(ends, tau[columns], side="right") - 1
    # Of this session, and not asked about before.
    usable = (newest >= 0) & (ends[newest] > tau[columns] - since_open[columns])
    usable &= np.diff(newest, prepend=-1) > 0
    return columns[usable], newest[usable]


def _fresh(seen: _Seen, tau: IntArray) -> npt.NDArray[np.bool_]:
    """Where the newest bar of a series is young enough to enter on."""
    newest = np.where(seen.index >= 0, seen.ends[np.maximum(seen.index, 0)], -_STALE_AFTER)
    fresh: npt.NDArray[np.bool_] = tau - newest < max(_STALE_AFTER, seen.series.timeframe.seconds)
    return fresh
