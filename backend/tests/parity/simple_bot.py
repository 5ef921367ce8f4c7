"""A simple bot on seeded bars: for a comparison of the bars in which trades begin and end.

Buys 100 when SMA(5) crosses above SMA(20), sells when it crosses below; stop and target in percent of the
decision's close, to the cent.
"""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import numpy as np

from flotilla.domain.bots import BotSpec
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import NEW_YORK, Series, Session, Timeframe, Window
from flotilla.domain.risk import RiskRules, Sizing
from flotilla.domain.rules import Comparison, Condition, IndicatorValue
from flotilla.research.backtest import BacktestRequest, run
from tests.domain.series import weekdays

FAST, SLOW = 5, 20
STOP, TARGET = 0.15, 0.25  # percent
QUANTITY, CAPITAL = 100, 1_000_000
MINUTES = 390  # a session
_SESSIONS = 40


def sessions() -> list[Session]:
    days = weekdays(date(2024, 1, 2), _SESSIONS)
    return [Session(_moment(day, time(9, 30)), _moment(day, time(16))) for day in days]


def bars() -> Series:
    """Minutes of a seeded walk, with jumps between one close and the next open.

    In hundredths of a cent: averages of whole cents are often equal, and then the last bits of two
    programs' sums decide what crosses.
    """
    random = np.random.default_rng(20240102)
    count = _SESSIONS * MINUTES
    close = np.round(100.0 * np.exp(np.cumsum(random.normal(0.0, 0.0004, count))), 4)
    jump = np.where(random.random(count) < 0.02, random.normal(0.0, 0.15, count), 0.0)
    opened = np.round(np.r_[100.0, close[:-1]] + jump, 4)
    above, below = np.round(random.exponential(0.02, (2, count)), 4)
    starts = np.concatenate([int(s.open.timestamp()) + 60 * np.arange(MINUTES) for s in sessions()])
    high, low = np.maximum(opened, close) + above, np.minimum(opened, close) - below
    volume = np.full(count, 10_000.0)
    return Series(starts, opened, np.round(high, 4), np.round(low, 4), close, volume)


def our_trades(series: Series) -> list[tuple[int, int]]:
    """(entry bar, exit bar) of each closed trade of our backtest."""
    own = sessions()
    result = run(BacktestRequest([_bot()], own[0].open, own[-1].close), {"S": series}, own)
    columns = {int(start): n for n, start in enumerate(series.start)}
    return [
        (columns[int(trade.entry_time.timestamp())], columns[int(trade.exit_time.timestamp())])
        for trade in result.trades
    ]


def _bot() -> BotSpec:
    fast, slow = IndicatorValue("fast", "sma"), IndicatorValue("slow", "sma")
    return BotSpec(
        name="Simple",
        capital=Decimal(CAPITAL),
        symbols=("S",),
        timeframe=Timeframe.MINUTE_1,
        trading_frequency=60,
        indicators=(
            IndicatorUse("fast", "SMA", {"timeperiod": FAST}),
            IndicatorUse("slow", "SMA", {"timeperiod": SLOW}),
        ),
        entry=Condition(fast, Comparison.CROSSES_ABOVE, slow),
        exit=Condition(fast, Comparison.CROSSES_BELOW, slow),
        risk=RiskRules(
            sizing=Sizing.FIXED_QUANTITY,
            position_quantity=QUANTITY,
            stop_loss_percent=STOP,
            take_profit_percent=TARGET,
            max_position_account_percent=None,
            daily_loss_limit_percent=None,
        ),
        window=Window(time(0), time(0)),
    )


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, NEW_YORK).astimezone(UTC)
