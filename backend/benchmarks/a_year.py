"""A year of one-minute bars, and the bot S1 that every engine trades on it.

S1: buys when RSI(14) crosses below 30, sells when it crosses above 70; stop 2 % below, target 4 % above
the decision's close; no entry in the last half hour, flat at the end of the session. All its money.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np

from flotilla.domain.bots import BotSpec
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import NEW_YORK, FloatArray, Series, Session, Timeframe, Window
from flotilla.domain.risk import RiskRules
from flotilla.domain.rules import Comparison, Condition, Constant, IndicatorValue
from flotilla.research.backtest import BacktestRequest, run
from flotilla.research.result import BacktestResult

SESSIONS, MINUTES = 252, 390
CAPITAL = 100_000.0


@dataclass(frozen=True)
class Year:
    """98,280 bars of a seeded walk; `left` is what is left of the session at each bar's end, in seconds."""

    bars: Series
    sessions: list[Session]
    left: FloatArray


def a_year() -> Year:
    chance = np.random.default_rng(1)
    count = SESSIONS * MINUTES
    close = np.round(100 * np.exp(np.cumsum(chance.normal(0, 0.0004, count))), 2)
    opened = np.roll(close, 1)
    opened[0] = 100.0
    high = np.maximum(opened, close) + np.round(chance.exponential(0.02, count), 2)
    low = np.minimum(opened, close) - np.round(chance.exponential(0.02, count), 2)
    volume = np.round(chance.lognormal(8, 1, count))
    sessions = _sessions()
    starts = np.concatenate([int(s.open.timestamp()) + 60 * np.arange(MINUTES) for s in sessions])
    left = np.tile(60.0 * np.arange(MINUTES - 1, -1, -1), SESSIONS)
    return Year(Series(starts, opened, high, low, close, volume), sessions, left)


def _sessions() -> list[Session]:
    days = (date(2024, 1, 2) + timedelta(days=n) for n in range(400))
    weekdays = [day for day in days if day.weekday() < 5][:SESSIONS]
    return [Session(_moment(day, time(9, 30)), _moment(day, time(16))) for day in weekdays]


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)


def s1() -> BotSpec:
    rsi = IndicatorValue("rsi", "rsi")
    return BotSpec(
        name="S1",
        capital=Decimal(int(CAPITAL)),
        symbols=("S1",),
        timeframe=Timeframe.MINUTE_1,
        trading_frequency=60,
        indicators=(IndicatorUse("rsi", "RSI", {"timeperiod": 14}),),
        entry=Condition(rsi, Comparison.CROSSES_BELOW, Constant(30)),
        exit=Condition(rsi, Comparison.CROSSES_ABOVE, Constant(70)),
        risk=RiskRules(
            position_percent=98,
            max_position_account_percent=None,
            stop_loss_percent=2,
            take_profit_percent=4,
            daily_loss_limit_percent=None,
            flatten_at_window_end=True,
        ),
        window=Window(time(9, 30), time(15, 30)),
    )


def ours(year: Year) -> BacktestResult:
    """Our backtest of S1, from arrays to trades and curve."""
    request = BacktestRequest([s1()], year.sessions[0].open, year.sessions[-1].close)
    return run(request, {"S1": year.bars}, year.sessions)
