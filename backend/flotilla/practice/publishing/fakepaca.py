"""FAKEPACA around the clock: a made-up stock on the wall's time, to try a client with at any hour."""

import asyncio
import math
import time
from datetime import UTC, datetime

from flotilla.practice.faults import Faults, Target
from flotilla.practice.publishing.drills import reaches
from flotilla.practice.publishing.feeds import Kind
from flotilla.practice.publishing.messages import bar_message
from flotilla.practice.publishing.subscription import Channeled, Subscriber
from flotilla.practice.session import Bar

SYMBOL = "FAKEPACA"

_PERIOD = 1.0  # seconds between trades
_BASE, _SWING, _WAVE = 133.5, 1.5, 97.0
_SPREAD = 0.02


class Fakepaca:
    """Sends a quote and a trade a second, and a bar a minute, to its own subscribers."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._subscribers: set[Subscriber] = set()

    def join(self, subscriber: Subscriber) -> None:
        if subscriber.feed.kind is Kind.TEST:
            self._subscribers.add(subscriber)

    def leave(self, subscriber: Subscriber) -> None:
        self._subscribers.discard(subscriber)

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            second = int(time.time())
            messages = _trade_and_quote(second)
            if second % 60 == 0:
                messages.append(_bar(second - 60))
            for subscriber in list(self._subscribers):
                wanted = subscriber.wanted(messages)
                if wanted and reaches(self._faults, Target.MARKET_DATA, subscriber.outbox):
                    subscriber.send(*wanted)
            await asyncio.sleep(_PERIOD - time.time() % _PERIOD)


def _price(second: int) -> float:
    return round(_BASE + _SWING * math.sin(second / _WAVE), 2)


def _trade_and_quote(second: int) -> list[Channeled]:
    price, at = _price(second), datetime.fromtimestamp(second, UTC)
    quote = {
        "T": "q",
        "S": SYMBOL,
        "bx": "O",
        "bp": price,
        "bs": 100,
        "ax": "R",
        "ap": round(price + _SPREAD, 2),
        "as": 100,
        "c": ["R"],
        "z": "A",
        "t": at,
    }
    trade = {
        "T": "t",
        "S": SYMBOL,
        "i": second,
        "x": "D",
        "p": price,
        "s": 100,
        "c": ["@"],
        "z": "A",
        "t": at,
    }
    return [("quotes", quote), ("trades", trade)]


def _bar(start: int) -> Channeled:
    prices = [_price(second) for second in range(start, start + 60)]
    mean = round(sum(prices) / len(prices), 4)
    bar = Bar(prices[0], max(prices), min(prices), prices[-1], 6000, 60, mean)
    return "bars", bar_message("b", SYMBOL, datetime.fromtimestamp(start, UTC), bar)
