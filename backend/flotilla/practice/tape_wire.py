"""Alpaca's JSON forms of trades, quotes and order books: numbers, short keys."""

from typing import Any

from flotilla.practice.tape import Print
from flotilla.practice.wire import timestamp

Json = dict[str, Any]

_EXCHANGE, _TAPE = "V", "C"
_LEVELS = 5


def trade_json(one: Print, symbol: str) -> Json:
    """Return a trade as REST and the stream have it; crypto names the taker's side."""
    tick = one.tick
    if "/" in symbol:
        side = "B" if tick.trade_price >= tick.ask else "S"
        return {
            "t": timestamp(one.at),
            "p": tick.trade_price,
            "s": tick.trade_size,
            "i": one.number,
            "tks": side,
        }
    return {
        "t": timestamp(one.at),
        "x": _EXCHANGE,
        "p": tick.trade_price,
        "s": int(tick.trade_size),
        "c": ["@"],
        "i": one.number,
        "z": _TAPE,
    }


def quote_json(one: Print, symbol: str) -> Json:
    """Return the best bid and ask; sizes in shares or coins."""
    tick = one.tick
    if "/" in symbol:
        return {
            "t": timestamp(one.at),
            "bp": tick.bid,
            "bs": tick.bid_size,
            "ap": tick.ask,
            "as": tick.ask_size,
        }
    return {
        "t": timestamp(one.at),
        "ax": _EXCHANGE,
        "ap": tick.ask,
        "as": int(tick.ask_size),
        "bx": _EXCHANGE,
        "bp": tick.bid,
        "bs": int(tick.bid_size),
        "c": ["R"],
        "z": _TAPE,
    }


def orderbook_json(one: Print) -> Json:
    """Return five levels to each side, the best first, one spread apart."""
    tick = one.tick
    step = tick.ask - tick.bid

    def level(price: float, size: float, away: int) -> Json:
        return {"p": round(price, 4), "s": round(size * (1 + away), 9)}

    return {
        "t": timestamp(one.at),
        "b": [level(tick.bid - n * step, tick.bid_size, n) for n in range(_LEVELS) if tick.bid > n * step],
        "a": [level(tick.ask + n * step, tick.ask_size, n) for n in range(_LEVELS)],
    }
