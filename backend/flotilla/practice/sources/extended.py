"""The minutes before and after the regular hours, 04:00 to 20:00 New York.

Fewer and smaller trades, on the way from one day's close to the next day's open: part of that way is gone
by 20:00, the rest before the open. A generator of their own: the regular hours do not depend on them.
"""

from dataclasses import replace

import numpy as np

from flotilla.practice.calendar import extended_hours
from flotilla.practice.session import Session
from flotilla.practice.sources.minutes import DayShape, minute_bars
from flotilla.practice.sources.source import SessionBars, joined

_BY_EVENING = 0.3  # of the way from a close to the next open
_VOLATILITY = 0.25  # of the day's
_VOLUME = 0.02  # of the day's, before the open and after the close each
_TRADED = 0.6  # of the minutes


def evening_price(close: float, next_open: float) -> float:
    """Return where the price stands at 20:00."""
    return round(close + _BY_EVENING * (next_open - close), 2)


def extended_bars(
    session: Session, day: DayShape, before: float, after: float, generator: np.random.Generator
) -> SessionBars:
    """Generate the bars around a session of the shape `day`: from the price `before` at 04:00 to its
    open, and from its close to the price `after` at 20:00. Offsets count from the session's open."""
    first, last = extended_hours(session.day)
    shape = replace(day, volatility=day.volatility * _VOLATILITY, volume=day.volume * _VOLUME)
    morning = Session(session.day, first, session.open)
    evening = Session(session.day, session.close, last)
    parts = (
        (morning, replace(shape, open=before, close=day.open), -morning.minutes),
        (evening, replace(shape, open=day.close, close=after), session.minutes),
    )
    return joined(session, [_traded(hours, path, offset, generator) for hours, path, offset in parts])


def _traded(hours: Session, path: DayShape, offset: int, generator: np.random.Generator) -> SessionBars:
    bars = minute_bars(hours, path, generator)
    kept = bars.where(generator.random(len(bars)) < _TRADED)
    return replace(kept, minutes=kept.minutes + offset)
