"""The table of bots, from plain to odd, over real bars of several years."""

from datetime import date, time

from flotilla.domain.market import Timeframe, Window
from flotilla.domain.risk import Sizing
from flotilla.domain.rules import All, Comparison, Condition, IndicatorValue, Price
from flotilla.research.costs import CostTable
from tests.parity.bots import (
    ALWAYS,
    FAST,
    RSI,
    SLOW,
    crosses_down,
    crosses_up,
    row,
    rsi_above,
    rsi_below,
    use,
    value,
)

# Symbols, the first session of the bars, the first to trade, the last.
SPRING = (("AAPL", "MSFT"), date(2016, 4, 15), date(2016, 4, 18), date(2016, 4, 26))
_SPY = (("SPY",), date(2011, 1, 4), date(2011, 1, 5), date(2011, 1, 14))
THIN = (("CPAY", "GWW", "ERIE"), date(2024, 6, 3), date(2024, 6, 4), date(2024, 6, 14))
WEEK = (
    ("AMZN", "BK", "DFS", "TRV", "VOO", "SLV"),
    date(2019, 2, 11),
    date(2019, 2, 12),
    date(2019, 2, 15),
)
_COIN = (("BTC/USD",), date(2016, 2, 10), date(2016, 2, 11), date(2016, 2, 17))
_YEARS = (("SPY", "IBM"), date(2008, 1, 2), date(2009, 1, 2), date(2014, 12, 31))
_LONG_SPRING = (("MSFT",), date(2016, 4, 15), date(2016, 4, 25), date(2016, 5, 13))

_STOPPED = (("stop_loss", "stop_touched"),)
_LEGS = (*_STOPPED, ("take_profit", "target_touched"))
_SIGNALS = (("entry", "signal"), ("exit", "signal"))

_CROSS = {"entry": crosses_up(), "exit": crosses_down()}
_BOTH = {
    "entry": crosses_up(),
    "exit": crosses_down(),
    "short_entry": crosses_down(),
    "short_exit": crosses_up(),
}
_SLOWER = use("slower", "SMA", Timeframe.MINUTE_30, timeperiod=5)

ROWS = [
    row(
        "long, two symbols, percent of equity, percent stop and target",
        SPRING,
        (*_SIGNALS, *_LEGS),
        risk={"stop_loss_percent": 0.15, "take_profit_percent": 0.25},
        **_CROSS,
    ),
    row(
        "short, risk per trade, ATR stop, target in R",
        SPRING,
        (("entry", "signal"), *_LEGS),
        indicators=(RSI,),
        risk={
            "sizing": Sizing.RISK_PER_TRADE,
            "risk_percent": 0.1,
            "stop_loss_atr": 1.5,
            "take_profit_risk": 2.0,
        },
        short_entry=rsi_above(75),
        short_exit=rsi_below(25),
    ),
    row(
        "long and short, fixed amount, flat at the window's end",
        SPRING,
        (*_SIGNALS, *_STOPPED, ("flatten", "window_end")),
        risk={
            "sizing": Sizing.FIXED_AMOUNT,
            "position_amount": 7_777.0,
            "stop_loss_percent": 0.2,
            "flatten_at_window_end": True,
        },
        window=Window(time(10), time(15, 30)),
        **_BOTH,
    ),
    row(
        "fixed quantity, a price as stop, cooldown after every exit",
        _SPY,
        (*_SIGNALS, *_LEGS),
        risk={
            "sizing": Sizing.FIXED_QUANTITY,
            "position_quantity": 37.0,
            "stop_loss_price": 127.3,
            "take_profit_percent": 0.1,
            "cooldown_minutes": 17,
        },
        **_CROSS,
    ),
    row(
        "trailing from the start, longer cooldown after a loss, two positions at most",
        WEEK,
        (("entry", "signal"), *_STOPPED),
        risk={
            "trailing_stop_percent": 0.3,
            "trailing_step_percent": 0.02,
            "loss_cooldown_minutes": 45,
            "cooldown_minutes": 3,
            "max_open_positions": 2,
        },
        entry=crosses_up(),
    ),
    row(
        "Kelly on its own trades",
        WEEK,
        (("entry", "signal"), *_LEGS),
        indicators=(RSI,),
        risk={
            "sizing": Sizing.KELLY,
            "kelly_after_trades": 10,
            "stop_loss_percent": 0.4,
            "take_profit_percent": 0.1,
        },
        entry=rsi_below(20),
    ),
    row(
        "day orders that expire with their session: a symbol is halted before each close",
        SPRING,
        (*_SIGNALS, ("exit", "time_stop"), ("exit", "unfinished")),
        risk={"time_stop_minutes": 15},
        halted="MSFT",
        **_BOTH,
    ),
    row(
        "flat at the close, but for a symbol that is halted before it",
        SPRING,
        (*_SIGNALS, *_STOPPED, ("flatten", "window_end"), ("flatten", "unfinished")),
        risk={"stop_loss_percent": 0.4, "flatten_at_window_end": True},
        halted="MSFT",
        **_BOTH,
    ),
    row(
        "trailing from an activation on and break-even, long and short",
        SPRING,
        (*_SIGNALS, *_LEGS),
        risk={
            "stop_loss_percent": 0.3,
            "take_profit_percent": 0.35,
            "trailing_stop_percent": 0.15,
            "trailing_activation_percent": 0.2,
            "break_even_percent": 0.1,
            "break_even_offset_percent": 0.02,
            "trailing_step_percent": 0.01,
        },
        **_BOTH,
    ),
    row(
        "thin symbols: day orders that wait for a bar, time stop",
        THIN,
        (*_SIGNALS, ("exit", "time_stop")),
        risk={"time_stop_minutes": 25, "position_percent": 25.0},
        **_CROSS,
    ),
    row(
        "thin symbols: brackets over nights and gaps",
        THIN,
        (("entry", "signal"), *_LEGS),
        risk={"stop_loss_percent": 0.4, "take_profit_percent": 0.5, "position_percent": 30.0},
        **_BOTH,
    ),
    row(
        "daily loss halt that flattens, trades a day",
        SPRING,
        (*_SIGNALS, ("flatten", "daily_loss")),
        risk={
            "position_percent": 48.0,
            "daily_loss_limit_percent": 0.3,
            "daily_loss_flatten": True,
            "max_trades_per_day": 30,
        },
        **_BOTH,
    ),
    row(
        "losses in a row, then a drawdown that flattens and halts",
        SPRING,
        (*_SIGNALS, ("flatten", "drawdown")),
        risk={
            "position_percent": 48.0,
            "max_drawdown_percent": 1.0,
            "max_drawdown_flatten": True,
            "max_consecutive_losses": 4,
        },
        **_BOTH,
    ),
    row(
        "five minutes with a rule on half hours",
        _LONG_SPRING,
        (*_SIGNALS, *_STOPPED),
        timeframe=Timeframe.MINUTE_5,
        indicators=(FAST, SLOW, _SLOWER),
        risk={"stop_loss_atr": 2.0, "position_percent": 80.0},
        entry=All((crosses_up(), Condition(Price("close"), Comparison.ABOVE, value(_SLOWER)))),
        exit=crosses_down(),
    ),
    row(
        "quarter hours looked at every five minutes, thin, sized by volatility, share of volume",
        THIN,
        (*_SIGNALS,),
        timeframe=Timeframe.MINUTE_15,
        frequency=300,
        indicators=(RSI,),
        risk={
            "sizing": Sizing.VOLATILITY_TARGET,
            "volatility_percent": 8.0,
            "max_volume_percent": 60.0,
            "stop_loss_percent": 3.0,
        },
        entry=rsi_below(45),
        exit=rsi_above(55),
    ),
    row(
        "adding to winners, each lot with its own trailing stop and target",
        SPRING,
        (*_SIGNALS, ("entry", "scale_in"), *_LEGS),
        risk={
            "position_percent": 12.0,
            "stop_loss_percent": 0.3,
            "take_profit_percent": 0.5,
            "trailing_stop_percent": 0.25,
            "trailing_step_percent": 0.01,
            "scale_in_steps": 3,
            "scale_in_distance_percent": 0.08,
        },
        **_BOTH,
    ),
    row(
        "adding to losing shorts",
        WEEK,
        (*_SIGNALS, ("entry", "scale_in"), *_LEGS),
        risk={
            "position_percent": 10.0,
            "stop_loss_percent": 0.5,
            "take_profit_percent": 0.4,
            "scale_in_steps": 2,
            "scale_in_distance_percent": -0.1,
            "max_symbol_percent": 25.0,
        },
        short_entry=crosses_down(),
        short_exit=crosses_up(),
    ),
    row(
        "protection held by the engine, in lots, long and short",
        SPRING,
        (("entry", "scale_in"), ("exit", "stop_touched"), ("exit", "target_touched")),
        risk={
            "position_percent": 12.0,
            "stop_loss_percent": 0.2,
            "take_profit_percent": 0.3,
            "trailing_stop_percent": 0.15,
            "trailing_activation_percent": 0.1,
            "trailing_step_percent": 0.01,
            "scale_in_steps": 2,
            "scale_in_distance_percent": 0.05,
        },
        guarded=True,
        **_BOTH,
    ),
    row(
        "coins: fees, protection held by the engine, sized by volatility",
        _COIN,
        (*_SIGNALS, ("exit", "stop_touched"), ("exit", "target_touched")),
        risk={
            "sizing": Sizing.VOLATILITY_TARGET,
            "volatility_percent": 20.0,
            "stop_loss_percent": 0.5,
            "take_profit_percent": 0.6,
            "cooldown_minutes": 5,
        },
        window=ALWAYS,
        **_CROSS,
    ),
    row(
        "slippage, long and short",
        SPRING,
        (*_SIGNALS, *_LEGS),
        risk={"stop_loss_percent": 0.15, "take_profit_percent": 0.25, "fixed_capital": True},
        costs=CostTable(slippage_bps=3.0),
        **_BOTH,
    ),
    row(
        "daily bars over years, ATR stop, target in R",
        _YEARS,
        (*_SIGNALS, *_LEGS),
        timeframe=Timeframe.DAY_1,
        coarse=True,
        risk={"stop_loss_atr": 1.5, "take_profit_risk": 2.0},
        **_BOTH,
    ),
    row(
        "daily bars built of minutes",
        _LONG_SPRING,
        (("entry", "signal"), *_STOPPED),
        timeframe=Timeframe.DAY_1,
        indicators=(use("fast", "SMA", timeperiod=2), use("slow", "SMA", timeperiod=3)),
        risk={"stop_loss_percent": 1.0, "take_profit_percent": 3.0, "position_percent": 90.0},
        entry=Condition(Price("close"), Comparison.BELOW, IndicatorValue("slow", "sma")),
        short_entry=Condition(Price("close"), Comparison.ABOVE, IndicatorValue("slow", "sma")),
    ),
]
