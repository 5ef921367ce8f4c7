"""Hands trade updates and bars to the connections that listen."""

import asyncio
from collections.abc import Iterable

import orjson

from flotilla.practice.matching.orders import TradeUpdate
from flotilla.practice.publishing.outbox import Outbox
from flotilla.practice.publishing.subscription import BarSubscriber
from flotilla.practice.session import Minute
from flotilla.practice.wire import trade_update_json


class Publisher:
    """The open connections of both streams."""

    def __init__(self) -> None:
        self._trade_listeners: dict[Outbox, str] = {}
        self._bar_subscribers: dict[tuple[str, str], BarSubscriber] = {}

    def listen_to_trades(self, outbox: Outbox, account_id: str) -> None:
        self._trade_listeners[outbox] = account_id

    def ignore_trades(self, outbox: Outbox) -> None:
        self._trade_listeners.pop(outbox, None)

    def join_bars(self, account_id: str, endpoint: str, subscriber: BarSubscriber) -> bool:
        """Take the account's one place on a market-data endpoint; False when it is taken."""
        return self._bar_subscribers.setdefault((account_id, endpoint), subscriber) is subscriber

    def leave_bars(self, account_id: str, endpoint: str) -> None:
        self._bar_subscribers.pop((account_id, endpoint), None)

    def trade_updates(self, updates: Iterable[TradeUpdate]) -> None:
        """Queue each update, in order, for the connections of its account."""
        for update in updates:
            frame: bytes | None = None
            for outbox, account_id in self._trade_listeners.items():
                if account_id == update.account_id:
                    frame = frame or orjson.dumps(trade_update_json(update))
                    outbox.put(frame)

    def bars(self, minute: Minute) -> None:
        """Queue the minute's bars, all that a connection wants in one frame."""
        for subscriber in self._bar_subscribers.values():
            subscriber.send_bars(minute)

    def listeners(self) -> dict[str, int]:
        """Count the connections that would receive a trade update, and those that want bars."""
        wanting = sum(subscriber.wants_bars for subscriber in self._bar_subscribers.values())
        return {"trade_updates": len(self._trade_listeners), "bars": wanting}

    async def flushed(self) -> None:
        """Return when everything queued so far has been handed to the sockets."""
        subscribers = [subscriber.outbox for subscriber in self._bar_subscribers.values()]
        outboxes = [*self._trade_listeners, *subscribers]
        if outboxes:
            await asyncio.gather(*(outbox.flushed() for outbox in outboxes))
