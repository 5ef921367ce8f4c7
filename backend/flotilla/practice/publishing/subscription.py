"""One market-data connection: its encoding and its subscriptions."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgpack
import orjson

from flotilla.practice.publishing.feeds import LIMITED, Feed
from flotilla.practice.publishing.outbox import Frame, Outbox
from flotilla.practice.wire import timestamp

ALL_SYMBOLS = "*"
# Whoever subscribes to trades hears of their corrections too.
_WITH_TRADES = ("corrections", "cancelErrors")

Message = dict[str, Any]
# A message with the channel it belongs to; times in it are datetimes.
Channeled = tuple[str, Message]


class Subscriber:
    """What one connection asked for. `packed`: it speaks MessagePack, otherwise JSON."""

    def __init__(self, outbox: Outbox, feed: Feed, packed: bool) -> None:
        self.outbox = outbox
        self.feed = feed
        self._packed = packed
        # The symbols of each channel in the order in which they were asked for.
        self._channels: dict[str, dict[str, None]] = {channel: {} for channel in feed.channels}

    def wants(self, *channels: str) -> bool:
        """Say whether anything of one of the channels is subscribed to."""
        return any(self._channels.get(channel) for channel in channels)

    def symbols(self, channel: str, known: Iterable[str]) -> list[str]:
        """Return which of the `known` symbols are subscribed to."""
        asked = self._channels.get(channel, {})
        whole = ALL_SYMBOLS in asked
        return [symbol for symbol in known if (whole or symbol in asked) and self.feed.carries(symbol)]

    def send(self, *messages: Message) -> None:
        """Queue one frame: an array of messages."""
        self.outbox.put(self._encode(list(messages)))

    def wanted(self, messages: Iterable[Channeled]) -> list[Message]:
        """Return those of the messages that are subscribed to."""
        return [message for channel, message in messages if self._wanted(channel, message["S"])]

    def _wanted(self, channel: str, symbol: str) -> bool:
        asked = self._channels.get(channel, ())
        return symbol in asked or ALL_SYMBOLS in asked

    def exceeds(self, asked: Mapping[str, list[str]], limits: Mapping[str, int], listed: int) -> bool:
        """Say whether `asked` beside what is subscribed to is more than the limits allow.

        `limits`: by channel, 0 for none; `listed`: how many symbols "*" stands for.
        """
        for channels in LIMITED:
            limit = limits.get(channels[0], 0)
            total = 0
            for channel in channels:
                symbols = {*self._channels.get(channel, ()), *asked.get(channel, ())}
                total += listed if ALL_SYMBOLS in symbols else len(symbols)
            if limit and total > limit and any(asked.get(channel) for channel in channels):
                return True
        return False

    def subscribe(self, asked: Mapping[str, list[str]]) -> None:
        for channel, symbols in _with_companions(asked, self._channels):
            self._channels[channel] |= dict.fromkeys(symbols)

    def unsubscribe(self, asked: Mapping[str, list[str]]) -> None:
        for channel, symbols in _with_companions(asked, self._channels):
            for symbol in symbols:
                self._channels[channel].pop(symbol, None)

    def acknowledge(self) -> None:
        """Send the complete state, every channel of the feed present."""
        self.send({"T": "subscription", **{name: list(asked) for name, asked in self._channels.items()}})

    def _encode(self, messages: list[Message]) -> Frame:
        if self._packed:
            packed: bytes = msgpack.packb(messages, default=_extension)
            return packed
        return orjson.dumps(messages, default=_text, option=orjson.OPT_PASSTHROUGH_DATETIME).decode()


def _with_companions(
    asked: Mapping[str, list[str]], channels: Iterable[str]
) -> Iterable[tuple[str, list[str]]]:
    for channel, symbols in asked.items():
        yield channel, symbols
        if channel == "trades":
            yield from ((companion, symbols) for companion in _WITH_TRADES if companion in channels)


def _extension(value: object) -> msgpack.Timestamp:
    if isinstance(value, datetime):
        return msgpack.Timestamp.from_datetime(value)
    raise TypeError(type(value))


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return timestamp(value)
    raise TypeError(type(value))
