"""The clock of a market with its bars, one frame after the other."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from flotilla.domain.market import Series, Session
from flotilla.practice.session import Bar
from flotilla.practice.session import Session as PracticeSession

_COIN_SESSION = timedelta(days=36_500)  # coins have no close


class Frame(NamedTuple):
    """One bar of the clock: the minute that begins at `start` and ends at `tau`.

    `closing`: the session after this one, when this frame is the last of its session.
    """

    start: datetime
    tau: datetime
    bars: Mapping[str, Bar]
    session: Session
    closing: PracticeSession | None


def minute_frames(histories: Mapping[str, Series], sessions: list[PracticeSession]) -> Iterator[Frame]:
    """Every minute of the sessions, with the bars that there are."""
    bars = _by_start(histories)
    for session, following in pairwise(sessions):
        for minute in range(session.minutes):
            start = session.open + timedelta(minutes=minute)
            last = minute == session.minutes - 1
            yield Frame(
                start,
                start + timedelta(minutes=1),
                bars.get(int(start.timestamp()), {}),
                Session(session.open, session.close),
                following if last else None,
            )


def day_frames(histories: Mapping[str, Series], sessions: list[PracticeSession]) -> Iterator[Frame]:
    """One bar a session, from its open to its close."""
    bars = {datetime.fromtimestamp(start, UTC).date(): found for start, found in _by_start(histories).items()}
    for session, following in pairwise(sessions):
        own = Session(session.open, session.close)
        yield Frame(session.open, session.close, bars.get(session.day, {}), own, following)


def coin_frames(histories: Mapping[str, Series]) -> Iterator[Frame]:
    """Every minute of the days of UTC; coins have no close."""
    bars = _by_start(histories)
    for start in range(min(bars), max(bars) + 60, 60):
        moment = datetime.fromtimestamp(start, UTC)
        midnight = moment.replace(hour=0, minute=0)
        session = Session(midnight, midnight + _COIN_SESSION)
        yield Frame(moment, moment + timedelta(minutes=1), bars.get(start, {}), session, None)


def _by_start(histories: Mapping[str, Series]) -> dict[int, dict[str, Bar]]:
    found: dict[int, dict[str, Bar]] = {}
    for symbol, series in histories.items():
        columns = (series.open, series.high, series.low, series.close, series.volume)
        for start, *values in zip(series.start.tolist(), *(c.tolist() for c in columns), strict=True):
            opened, high, low, close, volume = values
            found.setdefault(start, {})[symbol] = Bar(opened, high, low, close, volume, 1, close)
    return found
