"""The bots that the engine and the backtest both trade, as the page defines them: each is one row."""

from typing import Any

CAPITAL = 9_000  # USD each
CASH = 250_000  # of the practice account
# The sixth trades in a third of its minutes. Those after it are one bot's own: nobody is on the other side.
SYMBOLS = ("BK", "TRV", "DFS", "AMZN", "SLV", "PPLT", "SPY", "TZA", "AAPL", "QQQ", "MSFT", "VXXB", "VOO")

_BARE: dict[str, Any] = {
    "position_percent": 45,
    "stop_loss_percent": None,
    "take_profit_percent": None,
    "max_position_account_percent": None,
    "daily_loss_limit_percent": None,
}
FAST = {"id": "fast", "name": "SMA", "params": {"timeperiod": 5}}
SLOW = {"id": "slow", "name": "SMA", "params": {"timeperiod": 20}}
RSI = {"id": "rsi", "name": "RSI", "params": {"timeperiod": 7}}


def _output(use: dict[str, Any]) -> dict[str, Any]:
    return {"type": "indicator", "indicator": use["id"], "output": use["name"].lower()}


def condition(left: dict[str, Any], op: str, right: dict[str, Any]) -> dict[str, Any]:
    return {"type": "condition", "left": left, "op": op, "right": right}


def _rules(entry: dict[str, Any], exit_: dict[str, Any] | None = None) -> dict[str, Any]:
    sides = {"entry": entry} if exit_ is None else {"entry": entry, "exit": exit_}
    return {side: {"type": "all", "of": [rule]} for side, rule in sides.items()}


CROSS = _rules(
    condition(_output(FAST), "crosses_above", _output(SLOW)),
    condition(_output(FAST), "crosses_below", _output(SLOW)),
)
_UP = condition(_output(FAST), "crosses_above", _output(SLOW))
_DOWN = condition(_output(FAST), "crosses_below", _output(SLOW))


def _all(rule: dict[str, Any]) -> dict[str, Any]:
    return {"type": "all", "of": [rule]}


SHORT = {"short_entry": _all(_DOWN), "short_exit": _all(_UP)}
BOTH = CROSS | SHORT
DIP = _rules(
    condition(_output(RSI), "below", {"type": "constant", "value": 35}),
    condition(_output(RSI), "above", {"type": "constant", "value": 70}),
)


def bot(
    name: str,
    symbols: list[str],
    risk: dict[str, Any],
    *,
    rules: dict[str, Any] = CROSS,
    indicators: tuple[dict[str, Any], ...] = (FAST, SLOW),
    **more: Any,
) -> dict[str, Any]:
    return {
        "name": name,
        "capital": str(CAPITAL),
        "symbols": symbols,
        "timeframe": "1Min",
        "indicators": list(indicators),
        "rules": rules,
        "risk_management": _BARE | risk,
        **more,
    }


_HALF_HOURS = {"id": "long", "name": "SMA", "params": {"timeperiod": 4}, "timeframe": "30Min"}

ROWS = [
    bot(
        "percent stop and target, three symbols",
        ["BK", "TRV", "AMZN"],
        {"stop_loss_percent": 0.12, "take_profit_percent": 0.15},
    ),
    bot(
        "risk per trade, ATR stop, target in R",
        ["TRV", "DFS"],
        {
            "sizing": "risk_per_trade",
            "risk_percent": 0.05,
            "stop_loss_atr": 1.5,
            "take_profit_risk": 1.5,
        },
        rules=DIP,
        indicators=(RSI,),
    ),
    bot(
        "fixed quantity, a price as stop, cooldown",
        ["BK"],
        {
            "sizing": "fixed_quantity",
            "position_quantity": 23,
            "stop_loss_price": 52.6,
            "take_profit_percent": 0.1,
            "cooldown_minutes": 9,
        },
    ),
    bot(
        "fixed amount, time stop, a thin symbol",
        ["PPLT", "SLV"],
        {"sizing": "fixed_amount", "position_amount": 2_500, "time_stop_minutes": 12},
        rules=DIP,
        indicators=(RSI,),
    ),
    bot(
        "flat at the window's end, longer cooldown after a loss",
        ["AMZN", "DFS", "BK", "SLV"],
        {
            "position_percent": 24,
            "stop_loss_percent": 0.3,
            "flatten_at_window_end": True,
            "loss_cooldown_minutes": 20,
            "cooldown_minutes": 2,
        },
        rules=_rules(
            condition(_output(RSI), "below", {"type": "constant", "value": 55}),
            condition(_output(RSI), "above", {"type": "constant", "value": 80}),
        ),
        indicators=(RSI,),
        start_hour=10,
        start_minute=0,
        end_hour=15,
        end_minute=20,
    ),
    bot(
        "daily loss that flattens, trades a day",
        ["AMZN", "TRV", "DFS"],
        {"daily_loss_limit_percent": 0.02, "daily_loss_flatten": True, "max_trades_per_day": 12},
    ),
    bot(
        "drawdown that flattens, shares of account, symbol and equity",
        ["BK", "DFS", "TRV"],
        {
            "max_drawdown_percent": 0.06,
            "max_drawdown_flatten": True,
            "max_position_account_percent": 1.6,
            "max_symbol_percent": 40,
            "max_exposure_percent": 70,
        },
        rules=DIP,
        indicators=(RSI,),
    ),
    bot(
        "five minutes with a rule on half hours",
        ["DFS", "BK"],
        {"stop_loss_percent": 0.4},
        rules=_rules(
            {
                "type": "all",
                "of": [
                    condition(_output(FAST), "above", _output(SLOW)),
                    condition({"type": "price", "field": "close"}, "above", _output(_HALF_HOURS)),
                ],
            },
            condition(_output(FAST), "crosses_below", _output(SLOW)),
        ),
        indicators=(FAST, {**SLOW, "params": {"timeperiod": 9}}, _HALF_HOURS),
        timeframe="5Min",
    ),
    bot(
        "quarter hours looked at every five minutes, sized by volatility, share of volume",
        ["SLV", "TRV", "PPLT"],
        {
            "sizing": "volatility_target",
            "volatility_percent": 6,
            "max_volume_percent": 30,
            "stop_loss_percent": 1,
        },
        rules=_rules(
            condition(_output(RSI), "below", {"type": "constant", "value": 50}),
            condition(_output(RSI), "above", {"type": "constant", "value": 52}),
        ),
        indicators=({**RSI, "params": {"timeperiod": 3}},),
        timeframe="15Min",
        trading_frequency=300,
    ),
    bot(
        "Kelly, losses in a row, two positions at most",
        ["BK", "DFS", "AMZN", "TRV"],
        {
            "sizing": "kelly",
            "kelly_after_trades": 8,
            "stop_loss_percent": 0.2,
            "take_profit_percent": 0.1,
            "max_consecutive_losses": 3,
            "max_open_positions": 2,
        },
        rules=DIP,
        indicators=(RSI,),
    ),
    bot(
        "short, ATR stop, target in R",
        ["SPY", "TZA"],
        {
            "sizing": "risk_per_trade",
            "risk_percent": 0.1,
            "stop_loss_atr": 1.5,
            "take_profit_risk": 2.0,
        },
        rules={
            "short_entry": _all(condition(_output(RSI), "above", {"type": "constant", "value": 65})),
            "short_exit": _all(condition(_output(RSI), "below", {"type": "constant", "value": 25})),
        },
        indicators=(RSI,),
    ),
    bot(
        "trailing from the start, without a target",
        ["TRV", "BK"],
        {"trailing_stop_percent": 0.12, "trailing_step_percent": 0.02, "cooldown_minutes": 2},
        rules={"entry": _all(_UP)},
    ),
    bot(
        "trailing from an activation on and break-even, long and short",
        ["AAPL", "QQQ"],
        {
            "stop_loss_percent": 0.2,
            "take_profit_percent": 0.3,
            "trailing_stop_percent": 0.06,
            "trailing_activation_percent": 0.08,
            "break_even_percent": 0.04,
            "break_even_offset_percent": 0.01,
            "trailing_step_percent": 0.01,
        },
        rules=BOTH,
    ),
    bot(
        "adding to winners, each lot with its own trailing stop and target",
        ["MSFT"],
        {
            "position_percent": 20,
            "stop_loss_percent": 0.15,
            "take_profit_percent": 0.2,
            "trailing_stop_percent": 0.12,
            "trailing_step_percent": 0.01,
            "scale_in_steps": 3,
            "scale_in_distance_percent": 0.03,
        },
    ),
    bot(
        "adding to losing shorts",
        ["VXXB"],
        {
            "position_percent": 15,
            "stop_loss_percent": 0.5,
            "take_profit_percent": 0.3,
            "scale_in_steps": 2,
            "scale_in_distance_percent": -0.05,
        },
        rules=SHORT,
    ),
    bot(
        "fractions of shares: protection held by the engine, in lots, long and short",
        ["VOO"],
        {
            "fractional": True,
            "position_percent": 18.37,
            "stop_loss_percent": 0.06,
            "take_profit_percent": 0.08,
            "trailing_stop_percent": 0.05,
            "trailing_activation_percent": 0.02,
            "trailing_step_percent": 0.01,
            "scale_in_steps": 2,
            "scale_in_distance_percent": 0.01,
        },
        rules={
            "entry": _all(condition(_output(RSI), "below", {"type": "constant", "value": 35})),
            "exit": _all(condition(_output(RSI), "above", {"type": "constant", "value": 85})),
            "short_entry": _all(condition(_output(RSI), "above", {"type": "constant", "value": 65})),
            "short_exit": _all(condition(_output(RSI), "below", {"type": "constant", "value": 15})),
        },
        indicators=(RSI,),
    ),
]
# Those whose stops must have been moved at the broker.
MOVING = ("trailing from the start", "trailing from an activation", "adding to winners")

# What the fills of all rows together must show: (purpose, reason).
WANTED = {
    ("entry", "signal"),
    ("entry", "scale_in"),
    ("exit", "stop_touched"),
    ("exit", "target_touched"),
    ("exit", "signal"),
    ("exit", "time_stop"),
    ("stop_loss", "stop_touched"),
    ("take_profit", "target_touched"),
    ("flatten", "window_end"),
    ("flatten", "daily_loss"),
    ("flatten", "drawdown"),
}

COINS = ("BTC/USD", "ETH/USD")
COIN_ROWS = [
    bot(
        "coins: stop and target held by the engine, fees in the coin, cooldown",
        ["BTC/USD", "ETH/USD"],
        {"stop_loss_percent": 0.12, "take_profit_percent": 0.15, "cooldown_minutes": 4},
    ),
    bot(
        "coins: five minutes, a window past midnight, flat at its end, by volatility",
        ["ETH/USD"],
        {
            "sizing": "volatility_target",
            "volatility_percent": 30,
            "stop_loss_atr": 2.0,
            "flatten_at_window_end": True,
        },
        rules=_rules(
            condition(_output(RSI), "below", {"type": "constant", "value": 60}),
            condition(_output(RSI), "above", {"type": "constant", "value": 92}),
        ),
        indicators=(RSI,),
        timeframe="5Min",
        start_hour=22,
        start_minute=30,
        end_hour=0,
        end_minute=40,
    ),
    bot(
        "coins: risk per trade, time stop, trades a day",
        ["BTC/USD"],
        {
            "sizing": "risk_per_trade",
            "risk_percent": 0.1,
            "stop_loss_percent": 0.8,
            "take_profit_risk": 0.5,
            "time_stop_minutes": 14,
            "max_trades_per_day": 5,
        },
        rules=DIP,
        indicators=(RSI,),
    ),
]
COINS_WANTED = {
    ("entry", "signal"),
    ("exit", "signal"),
    ("exit", "time_stop"),
    ("exit", "stop_touched"),
    ("exit", "target_touched"),
    ("flatten", "window_end"),
}

_TWO_DAYS = {"id": "slow", "name": "SMA", "params": {"timeperiod": 2}}
_BELOW = condition({"type": "price", "field": "close"}, "below", _output(_TWO_DAYS))
_ABOVE = condition({"type": "price", "field": "close"}, "above", _output(_TWO_DAYS))
DAYS = ("AAPL", "MSFT")
DAILY_ROWS = [
    bot(
        "daily bars: decided at the close, filled at the next open",
        ["AAPL", "MSFT"],
        {},
        rules=_rules(_BELOW, _ABOVE),
        indicators=(_TWO_DAYS,),
        timeframe="1Day",
    ),
    bot(
        "daily bars: stop and target at the broker, cooldown over nights",
        ["MSFT", "AAPL"],
        {"stop_loss_percent": 0.9, "take_profit_percent": 0.3, "cooldown_minutes": 1500},
        rules=_rules(_BELOW),
        indicators=(_TWO_DAYS,),
        timeframe="1Day",
    ),
]
DAILY_WANTED = {
    ("entry", "signal"),
    ("exit", "signal"),
    ("stop_loss", "stop_touched"),
    ("take_profit", "target_touched"),
}
