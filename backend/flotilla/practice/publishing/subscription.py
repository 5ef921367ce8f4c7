"""One market-data connection: its encoding, its subscriptions, its bars."""

from datetime import datetime
from typing import Any

import msgpack
import orjson

from flotilla.practice.publishing.outbox import Frame, Outbox
from flotilla.practice.session import Bar, Minute
from flotilla.practice.wire import timestamp

CHANNELS = (
    "trades",
    "quotes",
    "bars",
    "updatedBars",
    "dailyBars",
    "statuses",
    "lulds",
    "corrections",
    "cancelErrors",
    "imbalances",
)
ALL_SYMBOLS = "*"
# Whoever subscribes to trades hears of their corrections too.
_WITH_TRADES = ("corrections", "cancelErrors")

Message = dict[str, Any]


class BarSubscriber:
    """What one connection asked for. `packed`: it speaks MessagePack, otherwise JSON."""

    def __init__(self, outbox: Outbox, packed: bool) -> None:
        self.outbox = outbox
        self._packed = packed
        self._channels: dict[str, list[str]] = {channel: [] for channel in CHANNELS}

    @property
    def wants_bars(self) -> bool:
        return bool(self._channels["bars"])

    def send(self, *messages: Message) -> None:
        """Queue one frame: an array of messages."""
        self.outbox.put(self._encode(list(messages)))

    def subscribe(self, asked: dict[str, list[str]]) -> None:
        for channel, symbols in asked.items():
            self._add(channel, symbols)
            if channel == "trades":
                for companion in _WITH_TRADES:
                    self._add(companion, symbols)

    def unsubscribe(self, asked: dict[str, list[str]]) -> None:
        for channel, symbols in asked.items():
            self._drop(channel, symbols)
            if channel == "trades":
                for companion in _WITH_TRADES:
                    self._drop(companion, symbols)

    def acknowledge(self) -> None:
        """Send the complete state, every channel of the feed present."""
        self.send({"T": "subscription", **self._channels})

    def send_bars(self, minute: Minute) -> None:
        """Send the bars that were asked for in one frame; none when there is none."""
        wanted = self._channels["bars"]
        symbols = minute.bars if ALL_SYMBOLS in wanted else wanted
        messages = [
            self._bar(symbol, minute.start, minute.bars[symbol])
            for symbol in symbols
            if symbol in minute.bars
        ]
        if messages:
            self.send(*messages)

    def _bar(self, symbol: str, start: datetime, bar: Bar) -> Message:
        return {
            "T": "b",
            "S": symbol,
            "o": bar.open,
            "h": bar.high,
            "l": bar.low,
            "c": bar.close,
            "v": bar.volume,
            "n": bar.trade_count,
            "vw": bar.vwap,
            "t": msgpack.Timestamp.from_datetime(start) if self._packed else timestamp(start),
        }

    def _encode(self, messages: list[Message]) -> Frame:
        if self._packed:
            packed: bytes = msgpack.packb(messages)
            return packed
        return orjson.dumps(messages).decode()

    def _add(self, channel: str, symbols: list[str]) -> None:
        self._channels[channel] = list(dict.fromkeys((*self._channels[channel], *symbols)))

    def _drop(self, channel: str, symbols: list[str]) -> None:
        self._channels[channel] = [s for s in self._channels[channel] if s not in symbols]
