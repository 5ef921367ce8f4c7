"""A scenario: what happens to a market on purpose, read from a YAML file.

    events:
      - {kind: crash, at: "2016-01-05T15:00:00Z", minutes: 30, percent: -10, symbols: [SPY]}
      - {kind: gap, at: "2016-01-06T14:30:00Z", percent: 5}
      - {kind: halt, at: "2016-01-06T15:00:00Z", minutes: 10, symbols: [AAPL]}
      - {kind: illiquid, at: "2016-01-06T17:00:00Z", minutes: 60}
      - {kind: feed_outage, at: "2016-01-06T19:00:00Z", minutes: 5}

Without `symbols` an event is about all of them. Times are RFC 3339 with an offset.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from flotilla.practice.errors import PracticeStartError
from flotilla.practice.session import MINUTE

_LONGEST = 60 * 24 * 30  # minutes


class EventKind(StrEnum):
    CRASH = "crash"  # prices move by `percent` over `minutes`, and stay there
    GAP = "gap"  # prices move by `percent` at once, and stay there
    HALT = "halt"  # no trades
    ILLIQUID = "illiquid"  # a trade in one minute of five, of a hundredth of the volume
    FEED_OUTAGE = "feed_outage"  # the market goes on, but nothing is published


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    kind: EventKind
    at: datetime
    minutes: int = 0
    percent: float = 0.0
    symbols: frozenset[str] = frozenset()

    @property
    def until(self) -> datetime:
        return self.at + timedelta(minutes=self.minutes)

    def concerns(self, symbol: str) -> bool:
        return not self.symbols or symbol in self.symbols

    def lasts_at(self, moment: datetime) -> bool:
        return self.at <= moment < self.until


@dataclass(frozen=True, slots=True)
class Scenario:
    """`identity` tells scenarios apart: a market under another one has a time of its own."""

    events: tuple[ScenarioEvent, ...] = ()
    identity: str = ""

    def of(self, *kinds: EventKind) -> list[ScenarioEvent]:
        return [event for event in self.events if event.kind in kinds]

    def feed_is_out(self, symbol: str, moment: datetime) -> bool:
        """Say whether nothing is published of `symbol` at `moment`."""
        outages = self.of(EventKind.FEED_OUTAGE)
        return any(event.lasts_at(moment) and event.concerns(symbol) for event in outages)

    def halts(self, since: datetime, until: datetime) -> Iterable[tuple[datetime, bool, ScenarioEvent]]:
        """Yield the halts that begin (True) or end (False) after `since`, up to `until`."""
        for event in self.of(EventKind.HALT):
            if since < event.at <= until:
                yield event.at, True, event
            if since < event.until <= until:
                yield event.until, False, event


def read_scenario(path: Path) -> Scenario:
    """Read the file; raises PracticeStartError with what is wrong in it."""
    try:
        content = path.read_bytes()
        parsed = yaml.safe_load(content)
    except (OSError, yaml.YAMLError) as error:
        raise PracticeStartError(f"The scenario {path} cannot be read: {error}") from error
    events = parsed.get("events") if isinstance(parsed, dict) else None
    if not isinstance(events, list) or not events:
        raise PracticeStartError(f"The scenario {path} has no list of events.")
    found = tuple(_event(path, number, event) for number, event in enumerate(events, start=1))
    return Scenario(found, hashlib.sha256(content).hexdigest()[:12])


def _event(path: Path, number: int, values: Any) -> ScenarioEvent:
    def wrong(what: str) -> PracticeStartError:
        return PracticeStartError(f"The scenario {path}, event {number}: {what}.")

    known = {"kind", "at", "minutes", "percent", "symbols"}
    if not isinstance(values, dict) or not set(values) <= known:
        raise wrong(f"an event has {', '.join(sorted(known))}")
    if values.get("kind") not in list(EventKind):
        raise wrong(f"kind is one of {', '.join(EventKind)}")
    kind = EventKind(values["kind"])
    minutes, percent = values.get("minutes", 0), values.get("percent", 0)
    symbols = values.get("symbols", [])
    if not isinstance(minutes, int) or not 0 <= minutes <= _LONGEST:
        raise wrong("minutes is a whole number from 0 up")
    if not minutes and kind is not EventKind.GAP:
        raise wrong("minutes is missing")
    if kind is EventKind.HALT and not symbols:
        raise wrong("a halt names its symbols")
    if not isinstance(percent, int | float) or not -99 <= percent <= 1000:
        raise wrong("percent is a number from -99 to 1000")
    if not isinstance(symbols, list) or not all(isinstance(symbol, str) for symbol in symbols):
        raise wrong("symbols is a list")
    return ScenarioEvent(kind, _moment(values.get("at"), wrong), minutes, percent, frozenset(symbols))


def _moment(value: object, wrong: Any) -> datetime:
    try:
        at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise wrong("at is a time with an offset, like 2016-01-05T15:00:00Z")
    return at.replace(second=0, microsecond=0)


def minutes_between(first: datetime, second: datetime) -> float:
    return (second - first) / MINUTE
