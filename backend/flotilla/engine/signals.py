"""What a bot's rules say at a closed minute: the rules of the domain, asked about the newest closed bar of
the bot's timeframe; and what of it the kernel sees.
"""

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from flotilla.domain.bots import BotSpec
from flotilla.domain.indicators import measures
from flotilla.domain.kernel.bot import SymbolView
from flotilla.domain.market import MINUTE, STALE_AFTER, Bar, Series, TimeArray, ends_a_bar
from flotilla.domain.risk import RiskRules, Sizing
from flotilla.domain.rules import Chart, Explained
from flotilla.engine.market_hub import Minute
from flotilla.engine.shared_charts import Questions, SymbolCharts


@dataclass(frozen=True, slots=True)
class SymbolSignals:
    """The rules' answers at the bar that opened at `bar_start` (seconds since 1970 UTC)."""

    asked: Questions
    chart: Chart
    shared: SymbolCharts
    entry: bool
    exit: bool
    short_entry: bool
    short_exit: bool
    warmed_up: bool

    @property
    def bar_start(self) -> int:
        return int(self.chart.bars.start[-1])

    @property
    def snapshot(self) -> dict[str, float]:
        """Every indicator's value at the bar (where known), and its close."""
        found = {
            f"{use}.{output}": float(column[-1])
            for (use, output), column in self.chart.columns().items()
            if not np.isnan(column[-1])
        }
        return found | {"close": float(self.chart.bars.close[-1])}

    def conditions(self, *, exiting: bool) -> list[Explained]:
        """The conditions of the exit rule (`exiting`) or of the entry rule, with their values."""
        rule = self.asked.rule("exit" if exiting else "entry")
        return [] if rule is None else list(rule.explain(self.chart, self.shared))

    def truths(self, *, exiting: bool) -> tuple[bool, ...]:
        """Which of these conditions hold: a small part of the work of `conditions`."""
        rule = self.asked.rule("exit" if exiting else "entry")
        return () if rule is None else rule.truths(self.chart, self.shared)


def signals(
    asked: Questions,
    minutes: Series,
    shared: SymbolCharts,
    *,
    tau: datetime,
    session_open: datetime,
    closes: TimeArray,
    after: int | None,
) -> SymbolSignals | None:
    """Evaluate the rules on the newest bar closed at `tau`; `closes` are those of the sessions around it.

    None when that bar is not newer than `after` (each bar is asked once) or is of another session.
    `shared` is of the same `minutes`.
    """
    chart = asked.chart(minutes, shared, until=tau, closes=closes)
    if not len(chart):
        return None
    newest = int(chart.bars.start[-1])
    if after is not None and newest <= after:
        return None
    if newest + chart.timeframe.seconds <= int(session_open.timestamp()):
        return None
    return SymbolSignals(
        asked=asked,
        chart=chart,
        shared=shared,
        entry=asked.holds("entry", chart, shared),
        exit=asked.holds("exit", chart, shared),
        short_entry=asked.holds("short_entry", chart, shared),
        short_exit=asked.holds("short_exit", chart, shared),
        warmed_up=chart.ready_from(asked.lookback) < len(chart),
    )


def _is_step(spec: BotSpec, minute: Minute) -> bool:
    """Whether the rules are asked at this minute: where a bar ends, or at the bot's own frequency."""
    if spec.trading_frequency == spec.timeframe.seconds:
        tau = np.array([int(minute.tau.timestamp())])
        return bool(ends_a_bar(tau, spec.timeframe, minute.closes, minute.clock)[0])
    since_open = int((minute.tau - minute.session.open).total_seconds())
    return since_open % spec.trading_frequency == 0


def hear(asked: Questions, minute: Minute, last: MutableMapping[str, int]) -> dict[str, SymbolSignals]:
    """What the rules say at this minute, of every symbol whose newest bar was not asked yet.

    `last` has the newest bar asked about, by symbol; it is moved on.
    """
    spec = asked.spec
    if not _is_step(spec, minute):
        return {}
    heard = {}
    for symbol in spec.symbols:
        series = minute.series.get(symbol)
        if series is None or not len(series):
            continue
        found = signals(
            asked,
            series,
            minute.charts.of(symbol),
            tau=minute.tau,
            session_open=minute.session.open,
            closes=minute.closes,
            after=last.get(symbol),
        )
        if found is not None:
            heard[symbol] = found
            last[symbol] = found.bar_start
    return heard


def symbol_view(
    series: Series,
    said: SymbolSignals | None,
    risk: RiskRules,
    bar: Bar | None,
    *,
    now: datetime,
    must_go: bool,
    clock_is_right: bool = True,
) -> SymbolView:
    """What the kernel sees of a symbol. `bar` is the one that ended at tau, if any; `must_go`: what is
    held is sold whatever the rules say.
    """
    newest = int(series.start[-1]) + int(MINUTE.total_seconds())
    atr = volatility = math.nan
    liquidity = math.inf
    if said is not None and (said.entry or said.short_entry):  # only an entry is sized
        if risk.stop_loss_atr is not None:
            atr = float(measures.average_true_range(said.chart.bars)[-1])
        if risk.sizing is Sizing.VOLATILITY_TARGET:
            volatility = float(measures.volatility(said.chart.bars, is_coin=said.asked.spec.trades_coins)[-1])
        if risk.max_volume_percent is not None:
            liquidity = float(measures.liquidity(series.tail(measures.LIQUIDITY_LENGTH))[-1])
    return SymbolView(
        close=float(series.close[-1]),
        fresh=clock_is_right and now.timestamp() - newest < STALE_AFTER.total_seconds(),
        warmed_up=said is None or said.warmed_up,
        entry=None if said is None else said.entry,
        exit=None if said is None else said.exit,
        short_entry=None if said is None else said.short_entry,
        short_exit=None if said is None else said.short_exit,
        high=None if bar is None else bar.high,
        low=None if bar is None else bar.low,
        must_go=must_go,
        atr=atr,
        volatility=volatility,
        liquidity=liquidity,
    )
