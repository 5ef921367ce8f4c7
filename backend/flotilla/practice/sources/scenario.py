"""A source of prices under a scenario: the same bars, moved, thinned out or left out."""

from dataclasses import replace
from datetime import date, datetime

import numpy as np

from flotilla.practice.scenario import EventKind, Scenario, ScenarioEvent, minutes_between
from flotilla.practice.session import Session
from flotilla.practice.sources.source import Floats, PriceSource, SessionBars

_TRADED_MINUTE = 5  # of an illiquid hour, one minute in so many
_ILLIQUID_VOLUME = 0.01
_DECIMALS = 4


class ScenarioSource:
    """A `PriceSource` over another one."""

    def __init__(self, source: PriceSource, scenario: Scenario) -> None:
        self._source = source
        self._scenario = scenario
        self.identity = f"{source.identity}+scenario:{scenario.identity}"
        self.symbols = source.symbols
        self.first_session = source.first_session

    def session_from(self, day: date) -> Session | None:
        return self._source.session_from(day)

    def session_before(self, day: date) -> Session | None:
        return self._source.session_before(day)

    def sessions_between(self, first: date, last: date) -> list[Session]:
        return self._source.sessions_between(first, last)

    def bars(self, symbol: str, session: Session) -> SessionBars:
        bars = self._source.bars(symbol, session)
        events = [event for event in self._scenario.events if event.concerns(symbol)]
        if not len(bars) or not events or all(event.at >= session.close for event in events):
            return bars
        return _thinned(_moved(bars, events, symbol), events)

    def extended(self, symbol: str, session: Session) -> SessionBars:
        bars = self._source.extended(symbol, session)
        events = [event for event in self._scenario.events if event.concerns(symbol)]
        return _thinned(_moved(bars, events, symbol), events) if len(bars) and events else bars


def _moved(bars: SessionBars, events: list[ScenarioEvent], symbol: str) -> SessionBars:
    factor = np.ones(len(bars))
    for event in events:
        if event.kind in (EventKind.CRASH, EventKind.GAP):
            passed = bars.minutes - minutes_between(bars.session.open, event.at)
            share = np.clip((passed + 1) / max(event.minutes, 1), 0, 1)
            factor *= 1 + event.percent / 100 * np.where(passed >= 0, share, 0)
    if np.all(factor == 1):
        return bars
    decimals = _DECIMALS if "/" in symbol else 2

    def moved(prices: Floats) -> Floats:
        return np.maximum(np.round(prices * factor, decimals), 10.0**-decimals)

    return SessionBars(
        session=bars.session,
        minutes=bars.minutes,
        open=moved(bars.open),
        high=moved(bars.high),
        low=moved(bars.low),
        close=moved(bars.close),
        volume=bars.volume,
        trade_count=bars.trade_count,
        vwap=np.round(bars.vwap * factor, 6),
    )


def _thinned(bars: SessionBars, events: list[ScenarioEvent]) -> SessionBars:
    kept = np.ones(len(bars), dtype=bool)
    volume = bars.volume
    for event in events:
        inside = _inside(bars, event.at, event.until)
        if event.kind is EventKind.HALT:
            kept &= ~inside
        elif event.kind is EventKind.ILLIQUID:
            kept &= ~inside | (bars.minutes % _TRADED_MINUTE == 0)
            thin = np.maximum(1, volume * _ILLIQUID_VOLUME).astype(volume.dtype)
            volume = np.where(inside, thin, volume)
    if kept.all() and volume is bars.volume:
        return bars
    return replace(bars, volume=volume).where(kept)


def _inside(bars: SessionBars, first: datetime, last: datetime) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    begin, end = (minutes_between(bars.session.open, moment) for moment in (first, last))
    return (bars.minutes >= begin) & (bars.minutes < end)
