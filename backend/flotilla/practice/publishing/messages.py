"""The messages of the market-data streams, made of bars and prints; times stay datetimes."""

from collections.abc import Iterable
from datetime import datetime

from flotilla.practice.publishing.subscription import Channeled, Message
from flotilla.practice.session import Bar
from flotilla.practice.tape import Print
from flotilla.practice.tape_wire import orderbook_json, quote_json, trade_json

_TAPE = "C"  # of trading statuses and limit bands, as of the trades


def bar_message(kind: str, symbol: str, start: datetime, bar: Bar) -> Message:
    """Return a minute bar (b), an updated one (u) or the day's so far (d)."""
    return {
        "T": kind,
        "S": symbol,
        "o": bar.open,
        "h": bar.high,
        "l": bar.low,
        "c": bar.close,
        "v": bar.volume,
        "n": bar.trade_count,
        "vw": bar.vwap,
        "t": start,
    }


def print_messages(symbol: str, prints: Iterable[Print]) -> Iterable[Channeled]:
    """Yield the quote, the trade and, for coins, the order book of each print."""
    for one in prints:
        yield "quotes", {"T": "q", "S": symbol, **quote_json(one, symbol), "t": one.at}
        if one.tick.trade_size:
            yield "trades", {"T": "t", "S": symbol, **trade_json(one, symbol), "t": one.at}
        if "/" in symbol:
            yield "orderbooks", orderbook_message(symbol, one)


def orderbook_message(symbol: str, one: Print) -> Message:
    """Return the whole book: it replaces what the client had of it."""
    return {"T": "o", "S": symbol, **orderbook_json(one), "t": one.at, "r": True}


def status_message(symbol: str, at: datetime, code: str, text: str, reason: str, reason_text: str) -> Message:
    """Return a trading status: H halted, T trading."""
    return {
        "T": "s",
        "S": symbol,
        "sc": code,
        "sm": text,
        "rc": reason,
        "rm": reason_text,
        "t": at,
        "z": _TAPE,
    }


def correction_message(wrong: Message, true: Message, at: datetime) -> Message:
    """Return what takes the trade `wrong` back and puts `true` in its place."""
    return {
        "T": "c",
        "S": true["S"],
        "x": true["x"],
        **{f"o{name}": wrong[name] for name in ("i", "p", "s", "c")},
        **{f"c{name}": true[name] for name in ("i", "p", "s", "c")},
        "t": at,
        "z": true["z"],
    }


def cancel_message(wrong: Message, at: datetime) -> Message:
    """Return what takes the trade `wrong` back: C, it was cancelled."""
    kept = {name: wrong[name] for name in ("S", "i", "x", "p", "s")}
    return {"T": "x", **kept, "a": "C", "t": at, "z": wrong["z"]}


def limit_message(symbol: str, up: float, down: float, at: datetime) -> Message:
    """Return the prices between which a stock may trade; B: both bands are in force."""
    return {"T": "l", "S": symbol, "u": up, "d": down, "i": "B", "t": at, "z": _TAPE}
