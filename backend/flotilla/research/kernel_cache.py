"""Compile what a backtest and a live step run, or load it from the disk where it was compiled before.

Compiling takes half a minute, loading a second: it is done when Flotilla is installed, and the API loads
the result while it starts.
"""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import numpy as np

from flotilla.domain.bots import BotSpec
from flotilla.domain.kernel.account import AccountBook, Standing
from flotilla.domain.kernel.bot import KernelBot, KernelSpec, SymbolView
from flotilla.domain.market import NEW_YORK, Series, Session, Timeframe, Window, usual_instrument
from flotilla.domain.risk import AccountLimits, RiskRules
from flotilla.domain.rules import Comparison, Condition, Constant, Price
from flotilla.research.backtest import BacktestRequest, run

_OPEN = datetime.combine(date(2024, 1, 2), time(9, 30), NEW_YORK).astimezone(UTC)
_SESSION = Session(_OPEN, _OPEN + timedelta(minutes=390))
_MINUTES = 30
_MINUTE = timedelta(minutes=1)


def compile_kernel() -> None:
    """Run small backtests whose arrays are of every kind that real ones have."""
    whole, cut = _bars("A"), _bars("B").cut(np.arange(_MINUTES) % 7 != 3)
    for histories in ({"A": whole}, {"A": whole, "B": cut}, {"BTC/USD": _bars("BTC/USD")}):
        bot = _bot(tuple(histories))
        run(BacktestRequest([bot], _SESSION.open, _SESSION.close), histories, [_SESSION])
    _live_steps()


def _live_steps() -> None:
    """A bot by itself, and under limits of its account: a first step must not keep other bots waiting."""
    spec = KernelSpec(("A",), RiskRules(), Window(time(0), time(0)))
    bot = KernelBot(spec, 10_000.0, {"A": usual_instrument("A")})
    views, tau = {"A": SymbolView(100.0, fresh=True, warmed_up=True, entry=False)}, _SESSION.open + _MINUTE
    bot.step(views, tau=tau, session=_SESSION)
    half = bot.manage(views, tau=tau + _MINUTE, session=_SESSION)
    account = AccountBook(AccountLimits(max_open_positions=1))
    account.mark(half.tau, {"A": Standing.of(bot)})
    account.enter(half)


def _bot(symbols: tuple[str, ...]) -> BotSpec:
    close = Price("close")
    return BotSpec(
        name="kernel",
        capital=Decimal(10_000),
        symbols=symbols,
        timeframe=Timeframe.MINUTE_1,
        trading_frequency=60,
        indicators=(),
        entry=Condition(close, Comparison.ABOVE, Constant(100.0)),
        exit=Condition(close, Comparison.BELOW, Constant(100.0)),
        risk=RiskRules(),
        window=Window(time(0), time(0)),
    )


def _bars(symbol: str) -> Series:
    starts = int(_OPEN.timestamp()) + 60 * np.arange(_MINUTES, dtype=np.int64)
    close = 100.0 + np.sin(np.arange(_MINUTES))
    clock = UTC if "/" in symbol else NEW_YORK
    return Series(starts, close, close + 0.5, close - 0.5, close, np.full(_MINUTES, 1_000.0), clock=clock)
