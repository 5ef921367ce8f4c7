"""One minute bar as four trades and the quotes around them: what the stream shows and `quotes` fills at.

A bar says how far prices went, not when. The walk goes from the open to the extreme that is nearer to
it, to the other extreme, to the close. It is a pure function: the same bar, symbol, start and seed
always give the same ticks, so a fill can be found again on the tape that was streamed.
"""

from datetime import datetime, timedelta
from hashlib import blake2b
from typing import NamedTuple

from flotilla.practice.session import Bar

_MILLISECONDS = 60_000
_ROUND_LOT = 100
_COIN_DECIMALS = 9
_LONGEST_PAUSE = 20_000  # milliseconds a price may come later than its earliest moment


class Tick(NamedTuple):
    """A trade, and the best bid and ask that hold from it on.

    `offset` counts from the bar's start. Prices are dollars, sizes shares (coins for crypto). A
    trade of size 0 did not happen: the bar had too little volume, only the quote moved.
    """

    offset: timedelta
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    trade_price: float
    trade_size: float


def walk(
    bar: Bar, symbol: str, start: datetime, seed: int = 0, spread_bps: float = 2.0
) -> tuple[Tick, Tick, Tick, Tick]:
    """Return the ticks of `bar`, which began at `start`: open, nearer extreme, farther extreme, close.

    The first has offset 0, the last lies within the minute; offsets rise. A trade after a rise took
    the ask, one after a fall hit the bid; bid < ask always, one price step apart at least. The trades'
    sizes sum to the bar's volume.
    """
    draw = _Draw(f"{seed}|{symbol}|{int(start.timestamp())}")
    prices = path(bar)
    offsets = _offsets(draw)
    sizes = _sizes(bar.volume, "/" in symbol, draw)
    ticks, before = [], None
    for price, offset, size in zip(prices, offsets, sizes, strict=True):
        rising = draw.below(2) == 1 if before in (None, price) else price > (before or 0)
        bid, ask = _quote(price, rising, spread_bps)
        lots = (draw.below(9) + 1, draw.below(9) + 1)
        bid_size, ask_size = (lot / 10 if "/" in symbol else lot * _ROUND_LOT for lot in lots)
        ticks.append(Tick(offset, bid, ask, bid_size, ask_size, price, size))
        before = price
    first, second, third, last = ticks
    return first, second, third, last


def path(bar: Bar) -> tuple[float, float, float, float]:
    """Return the prices in the order in which the walk meets them."""
    up, down = bar.high - bar.open, bar.open - bar.low
    high_first = up < down or (up == down and bar.close < bar.open)
    if high_first:
        return bar.open, bar.high, bar.low, bar.close
    return bar.open, bar.low, bar.high, bar.close


class _Draw:
    """A few small numbers out of a hash: cheaper than a generator, the same everywhere."""

    def __init__(self, key: str) -> None:
        self._state = int.from_bytes(blake2b(key.encode(), digest_size=32).digest(), "little")

    def below(self, bound: int) -> int:
        self._state, value = divmod(self._state, bound)
        return value


def _offsets(draw: _Draw) -> list[timedelta]:
    earliest = (0, _MILLISECONDS // 6, _MILLISECONDS // 2, _MILLISECONDS * 5 // 6)
    latest = (1, _LONGEST_PAUSE - 1, _LONGEST_PAUSE - 1, _MILLISECONDS // 6 - 1)
    return [
        timedelta(milliseconds=first + draw.below(pause))
        for first, pause in zip(earliest, latest, strict=True)
    ]


def _sizes(volume: float, coins: bool, draw: _Draw) -> list[float]:
    """Split the volume into four, in whole shares or in coins of nine decimals."""
    weights = [draw.below(5) + 1 for _ in range(3)]
    share = volume / (sum(weights) + 3)
    sizes: list[float] = []
    for weight in weights:
        sizes.append(round(share * weight, _COIN_DECIMALS) if coins else int(share * weight))
    rest = volume - sum(sizes)
    return [*sizes, round(rest, _COIN_DECIMALS) if coins else rest]


def _quote(price: float, rising: bool, spread_bps: float) -> tuple[float, float]:
    decimals = 2 if price >= 1 else 4
    step = 10.0**-decimals
    spread = max(step, price * spread_bps / 10_000)
    if rising:
        bid = round(price - spread, decimals)
        return max(step, min(bid, price - step / 2)), price
    return price, round(max(price + spread, price + step), decimals)
