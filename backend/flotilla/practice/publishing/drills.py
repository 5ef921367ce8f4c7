"""Faults of the streams: what is held back, sent twice, sent in the wrong order or not at all."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from flotilla.practice.faults import FaultKind, Faults, Target
from flotilla.practice.matching.orders import TradeUpdate
from flotilla.practice.publishing.messages import cancel_message, correction_message
from flotilla.practice.publishing.outbox import Outbox
from flotilla.practice.publishing.subscription import Channeled, Message
from flotilla.practice.session import Bar, Minute
from flotilla.practice.tape import Print

_WRONG_NUMBERS = 10**12  # beyond every number of a true trade


class UpdateDrill:
    """Decides what becomes of trade updates. A delayed one comes with `released`."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._delayed: list[TradeUpdate] = []

    def passed(self, updates: Iterable[TradeUpdate]) -> Iterator[TradeUpdate]:
        """Yield what is sent now, in the order in which it is sent."""
        overtaken: TradeUpdate | None = None
        for update in updates:
            if self._strikes(FaultKind.DELAYED_UPDATE):
                self._delayed.append(update)
                continue
            if overtaken is None and self._strikes(FaultKind.REORDERED_UPDATE):
                overtaken = update
                continue
            yield update
            if overtaken is not None:
                yield overtaken
                overtaken = None
            if self._strikes(FaultKind.DUPLICATED_UPDATE):
                yield update
        if overtaken is not None:
            yield overtaken

    def released(self) -> list[TradeUpdate]:
        """Return what was delayed, at the end of a minute."""
        delayed, self._delayed = self._delayed, []
        return delayed

    def _strikes(self, kind: FaultKind) -> bool:
        return self._faults.strikes(kind, Target.TRADE_UPDATES) is not None


class BarDrill:
    """Decides which of a minute's bars come late, and which lack their last trade at first."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._late: list[tuple[str, Minute]] = []
        self._wrong: list[tuple[str, Minute]] = []

    def on_time(self, minute: Minute) -> dict[str, Bar | None]:
        """Return the bars that are sent now; None stands for one without its last trade."""
        bars: dict[str, Bar | None] = {}
        for symbol, bar in minute.bars.items():
            if self._strikes(FaultKind.LATE_BAR):
                self._late.append((symbol, minute))
            elif self._strikes(FaultKind.CORRECTED_BAR):
                self._wrong.append((symbol, minute))
                bars[symbol] = None
            else:
                bars[symbol] = bar
        return bars

    def due(self) -> tuple[list[tuple[str, Minute]], list[tuple[str, Minute]]]:
        """Return the late bars and the corrections of the minute before."""
        late, self._late = self._late, []
        wrong, self._wrong = self._wrong, []
        return late, wrong

    def _strikes(self, kind: FaultKind) -> bool:
        return self._faults.strikes(kind, Target.MARKET_DATA) is not None


class TradeDrill:
    """Decides which trades of stocks go out wrong; what takes them back comes with `due`."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._corrected: list[tuple[Message, Message]] = []
        self._canceled: list[Message] = []

    def passed(self, messages: Iterable[Channeled]) -> Iterator[Channeled]:
        """Yield the messages as they are sent."""
        for channel, message in messages:
            if channel != "trades" or "/" in message["S"]:
                yield channel, message
            elif self._strikes(FaultKind.CORRECTED_TRADE):
                wrong = _wrong_trade(message, 1)
                self._corrected.append((wrong, message))
                yield channel, wrong
            else:
                yield channel, message
                if self._strikes(FaultKind.CANCELED_TRADE):
                    wrong = _wrong_trade(message, 2)
                    self._canceled.append(wrong)
                    yield channel, wrong

    def due(self, at: datetime) -> list[Channeled]:
        """Return the corrections and cancels of the trades that went out wrong, as of `at`."""
        corrected, self._corrected = self._corrected, []
        canceled, self._canceled = self._canceled, []
        return [
            *(("corrections", correction_message(wrong, true, at)) for wrong, true in corrected),
            *(("cancelErrors", cancel_message(wrong, at)) for wrong in canceled),
        ]

    def _strikes(self, kind: FaultKind) -> bool:
        return self._faults.strikes(kind, Target.MARKET_DATA) is not None


def _wrong_trade(message: Message, percent: int) -> Message:
    """Return the trade under another number, a few percent off."""
    number = message["i"] + percent * _WRONG_NUMBERS
    return {**message, "i": number, "p": round(message["p"] * (1 + percent / 100), 4)}


def without_last_trade(bar: Bar, prints: list[Print]) -> Bar:
    """Return the bar as it looks when its last trade is not known yet."""
    known = [one.tick for one in prints if one.tick.trade_size][:-1]
    if not known:
        return bar
    prices = [tick.trade_price for tick in known]
    volume = type(bar.volume)(sum(tick.trade_size for tick in known))
    trades = max(1, bar.trade_count - 1)
    return Bar(prices[0], max(prices), min(prices), prices[-1], volume, trades, bar.vwap)


def reaches(faults: Faults, target: Target, outbox: Outbox) -> bool:
    """Say whether a frame may go out; a dropped connection is broken off here."""
    if faults.strikes(FaultKind.DROPPED_CONNECTION, target):
        outbox.abort()
        return False
    return faults.strikes(FaultKind.MUTE_STREAM, target) is None
