"""What a simple bot must trade, worked out by pandas alone: it imports nothing of ours.

The bot: buys when the fast average of the closes crosses above the slow one inside the window, sells
when it crosses below; stop and target in percent of the decision's close. Semantics 3 and 4: an order
decided at a bar's end fills at the next bar's open; the legs live from that bar on.
"""

import math
from dataclasses import dataclass

import pandas as pd

FAST, SLOW = 5, 20
STOP, TARGET = 0.15, 0.25  # percent
CAPITAL, SHARE = 50_000.0, 40.0  # USD, percent of equity in a position


@dataclass(frozen=True)
class Expected:
    """One trade: at the minute that opened at `minute`."""

    minute: pd.Timestamp
    symbol: str
    type: str
    purpose: str
    quantity: int
    price: float


@dataclass(frozen=True)
class Order:
    """What was decided at a minute's end: an exit, or an entry with its quantity and its legs."""

    purpose: str
    quantity: int = 0
    stop: float = 0.0
    target: float = 0.0


def trades(bars: dict[str, pd.DataFrame], first: pd.Timestamp, last: pd.Timestamp) -> list[Expected]:
    """Trade `bars` (regular-session minutes by open time, UTC) from the minute `first` to `last`."""
    found: list[Expected] = []
    held: dict[str, Order] = {}
    orders: dict[str, Order] = {}
    marks: dict[str, float] = {}
    cash = CAPITAL
    signals = {symbol: _signals(frame) for symbol, frame in bars.items()}
    minutes = sorted(set().union(*(frame.index for frame in bars.values())))
    for minute in (m for m in minutes if first <= m <= last):
        here = {symbol: frame.loc[minute] for symbol, frame in bars.items() if minute in frame.index}
        for symbol, bar in here.items():  # 1 what was decided fills at this open, then the legs
            order = orders.pop(symbol, None)
            if order is not None and order.purpose == "exit":
                cash += _sell(found, held, symbol, minute, "exit", bar.open)
            elif order is not None:
                held[symbol] = order
                cash -= order.quantity * bar.open
                found.append(Expected(minute, symbol, "buy", "entry", order.quantity, bar.open))
            cash += _leg(found, held, symbol, minute, bar)
        marks.update({symbol: bar.close for symbol, bar in here.items()})  # 2
        equity = cash + sum(order.quantity * marks[symbol] for symbol, order in held.items())
        free = cash
        for symbol, bar in here.items():  # 3 decide at the close
            if symbol in held and signals[symbol].down.loc[minute]:
                orders[symbol] = Order("exit")
            elif symbol not in held and signals[symbol].up.loc[minute] and _in_window(minute):
                wanted = math.floor(equity * SHARE / 100 / bar.close * (1 + 1e-9))
                quantity = min(wanted, math.floor(free / (bar.close * 1.01) * (1 + 1e-9)))
                free -= 1.01 * quantity * bar.close
                stop, target = _cents(bar.close, -STOP), _cents(bar.close, TARGET)
                orders[symbol] = Order("entry", quantity, stop, target)
    return found


def _leg(
    found: list[Expected], held: dict[str, Order], symbol: str, minute: pd.Timestamp, bar: pd.Series
) -> float:
    """Open beyond a price: the open. Touched: their price. Both touched: the stop."""
    order = held.get(symbol)
    if order is None:
        return 0.0
    if bar.open >= order.target:
        return _sell(found, held, symbol, minute, "take_profit", bar.open)
    if bar.low <= order.stop:
        return _sell(found, held, symbol, minute, "stop_loss", min(bar.open, order.stop))
    if bar.high >= order.target:
        return _sell(found, held, symbol, minute, "take_profit", order.target)
    return 0.0


def _in_window(minute: pd.Timestamp) -> bool:
    tau = (minute + pd.Timedelta(minutes=1)).tz_convert("America/New_York").time()
    return pd.Timestamp("10:00").time() <= tau < pd.Timestamp("15:30").time()


def _cents(close: float, percent: float) -> float:
    return math.floor(close * (1 + percent / 100) * 100 + 0.5) / 100


def _sell(
    found: list[Expected],
    held: dict[str, Order],
    symbol: str,
    minute: pd.Timestamp,
    purpose: str,
    price: float,
) -> float:
    quantity = held.pop(symbol).quantity
    found.append(Expected(minute, symbol, "sell", purpose, quantity, price))
    return quantity * price


def _signals(frame: pd.DataFrame) -> pd.DataFrame:
    fast, slow = frame.close.rolling(FAST).mean(), frame.close.rolling(SLOW).mean()
    up = (fast > slow) & (fast.shift() <= slow.shift())
    down = (fast < slow) & (fast.shift() >= slow.shift())
    return pd.DataFrame({"up": up, "down": down})
