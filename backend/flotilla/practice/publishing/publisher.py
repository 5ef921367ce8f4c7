"""Hands trade updates and market data to the connections that listen."""

import asyncio
from collections.abc import Iterable
from datetime import datetime, timedelta

from flotilla.practice.faults import Faults, Target
from flotilla.practice.history import History
from flotilla.practice.matching.orders import TradeUpdate
from flotilla.practice.publishing.drills import (
    BarDrill,
    TradeDrill,
    UpdateDrill,
    reaches,
    without_last_trade,
)
from flotilla.practice.publishing.limit_bands import REFERENCE_WINDOW, limit_bands
from flotilla.practice.publishing.messages import (
    bar_message,
    limit_message,
    print_messages,
    status_message,
)
from flotilla.practice.publishing.outbox import Outbox
from flotilla.practice.publishing.subscription import Channeled, Subscriber
from flotilla.practice.publishing.trade_listener import TradeListener
from flotilla.practice.scenario import Scenario
from flotilla.practice.session import MINUTE, Bar, Minute
from flotilla.practice.tape import Tape
from flotilla.practice.timeframes import ONE_MINUTE
from flotilla.practice.wire import trade_update_json

_PRINT_CHANNELS = ("trades", "quotes", "orderbooks")


class Publisher:
    """The open connections of both kinds of stream."""

    def __init__(
        self, history: History, tape: Tape, faults: Faults, scenario: Scenario | None = None
    ) -> None:
        self._history = history
        self._tape = tape
        self._faults = faults
        self._scenario = scenario or Scenario()
        self._update_drill = UpdateDrill(faults)
        self._bar_drill = BarDrill(faults)
        self._trade_drill = TradeDrill(faults)
        self._trade_listeners: dict[Outbox, TradeListener] = {}
        self._subscribers: dict[tuple[str, str], Subscriber] = {}
        # Of the minute that began at the first, prints up to the second have been sent.
        self._printed: tuple[datetime, datetime] | None = None
        self._statuses_until: datetime | None = None  # halts up to here have been told

    def listen_to_trades(self, listener: TradeListener) -> None:
        self._trade_listeners[listener.outbox] = listener

    def ignore_trades(self, outbox: Outbox) -> None:
        self._trade_listeners.pop(outbox, None)

    def join(self, account_id: str, subscriber: Subscriber) -> bool:
        """Take the account's one place on a market-data feed; False when it is taken."""
        place = (account_id, subscriber.feed.path)
        return self._subscribers.setdefault(place, subscriber) is subscriber

    def leave(self, account_id: str, subscriber: Subscriber) -> None:
        self._subscribers.pop((account_id, subscriber.feed.path), None)

    def trade_updates(self, updates: Iterable[TradeUpdate]) -> None:
        """Queue each update, in order, for the connections of its account."""
        self._send_updates(self._update_drill.passed(updates))

    def _send_updates(self, updates: Iterable[TradeUpdate]) -> None:
        for update in updates:
            listeners = [one for one in self._trade_listeners.values() if one.account_id == update.account_id]
            if listeners:
                message = trade_update_json(update)
                for listener in listeners:
                    if reaches(self._faults, Target.TRADE_UPDATES, listener.outbox):
                        listener.send(message)

    def prints(self, minute: Minute, until: datetime) -> None:
        """Queue the trades and quotes of `minute` that lie before `until` and were not sent yet."""
        since = minute.start - timedelta.resolution
        if self._printed is not None and self._printed[0] == minute.start:
            since = self._printed[1]
        self._printed = (minute.start, until)
        symbols = self._wanted(_PRINT_CHANNELS, minute)
        found: list[tuple[datetime, Channeled]] = []
        for symbol in symbols:
            prints = self._tape.of_bar(symbol, (minute.start, minute.bars[symbol]))
            fresh = [one for one in prints if since < one.at <= until]
            found += [(message[1]["t"], message) for message in print_messages(symbol, fresh)]
        found.sort(key=lambda item: item[0])
        self._send(self._trade_drill.passed(message for _, message in found))

    def bars(self, minute: Minute) -> None:
        """Queue the minute's bars, all that a connection wants in one frame, then the days so far."""
        if self._subscribers:
            self._market_data(minute)
        else:
            self._statuses_until = minute.start + MINUTE
        self._send_updates(self._update_drill.released())

    def _market_data(self, minute: Minute) -> None:
        start, end = minute.start, minute.start + MINUTE
        self.prints(minute, end)
        self._send(self._trade_drill.due(end))
        self.statuses(end)
        late, wrong = self._bar_drill.due()
        on_time = self._bar_drill.on_time(minute)
        bars = ((symbol, bar or self._incomplete(symbol, minute)) for symbol, bar in on_time.items())
        self._send((("bars", bar_message("b", symbol, start, bar)) for symbol, bar in bars), start)
        self._send((("bars", bar_message("b", one, its.start, its.bars[one])) for one, its in late), start)
        updated = (("updatedBars", bar_message("u", one, its.start, its.bars[one])) for one, its in wrong)
        self._send(updated, start)
        self._send(self._daily_bars(minute), start)
        self._send(self._limits(minute), start)

    def statuses(self, until: datetime) -> None:
        """Queue what the scenario says of halts that begin or end up to `until` and were not told yet."""
        since = self._statuses_until or until - MINUTE - timedelta.resolution
        self._statuses_until = until
        for at, halted, event in sorted(self._scenario.halts(since, until), key=lambda halt: halt[:2]):
            code, text = ("H", "Trading Halt") if halted else ("T", "Trading Resumption")
            reason, why = ("T1", "Halt News Pending") if halted else ("T3", "News and Resumption Times")
            for symbol in sorted(event.symbols):
                self._send([("statuses", status_message(symbol, at, code, text, reason, why))])

    def _incomplete(self, symbol: str, minute: Minute) -> Bar:
        bar = minute.bars[symbol]
        return without_last_trade(bar, self._tape.of_bar(symbol, (minute.start, bar)))

    def _daily_bars(self, minute: Minute) -> Iterable[Channeled]:
        for symbol in self._wanted(("dailyBars",), minute):
            day = self._history.day_so_far(symbol, minute.start + MINUTE)
            if day is not None:
                yield "dailyBars", bar_message("d", symbol, *day)

    def _limits(self, minute: Minute) -> Iterable[Channeled]:
        end = minute.start + MINUTE
        for symbol in self._wanted(("lulds",), minute):
            session = self._history.session(symbol, minute.start)
            if session is None or not session.open < end <= session.close:
                continue  # there are bands in the regular hours only
            window = self._history.bars(symbol, ONE_MINUTE, end - REFERENCE_WINDOW, minute.start, end)
            bands = limit_bands((bar for _, bar in window), session.close - end)
            if bands is not None:
                yield "lulds", limit_message(symbol, *bands, end)

    def _wanted(self, channels: Iterable[str], minute: Minute) -> list[str]:
        """Return the symbols with a bar in `minute` that somebody wants one of the channels of."""
        asked = {
            symbol
            for subscriber in self._subscribers.values()
            for channel in channels
            for symbol in subscriber.symbols(channel, minute.bars)
        }
        return [symbol for symbol in minute.bars if symbol in asked]

    def _send(self, messages: Iterable[Channeled], moment: datetime | None = None) -> None:
        """Queue the messages where they are wanted. A feed that is out at `moment` (None: at a message's
        own time) sends nothing."""
        listed = list(messages)
        for subscriber in self._subscribers.values():
            carried = [
                (channel, message)
                for channel, message in listed
                if subscriber.feed.carries(message["S"])
                and not self._scenario.feed_is_out(message["S"], moment or message["t"])
            ]
            wanted = subscriber.wanted(carried)
            if wanted and reaches(self._faults, Target.MARKET_DATA, subscriber.outbox):
                subscriber.send(*wanted)

    def listeners(self) -> dict[str, int]:
        """Count the connections that would receive a trade update, and those that want bars."""
        wanting = sum(subscriber.wants("bars") for subscriber in self._subscribers.values())
        return {"trade_updates": len(self._trade_listeners), "bars": wanting}

    async def flushed(self) -> None:
        """Return when everything queued so far has been handed to the sockets."""
        subscribers = [subscriber.outbox for subscriber in self._subscribers.values()]
        outboxes = [*self._trade_listeners, *subscribers]
        if outboxes:
            await asyncio.gather(*(outbox.flushed() for outbox in outboxes))
