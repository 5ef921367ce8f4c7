"""Prices restated for the splits and dividends that came after them.

Bars are kept as they were traded; what is read is restated, so that a split is no fall in price. As
CRSP does it: a price before the ex-date is divided by the shares that one share became, its volume
multiplied; a cash dividend D after a last close C multiplies the prices before it by 1 - D / C.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from enum import StrEnum

import numpy as np

from flotilla.domain.market import Series


class ActionKind(StrEnum):
    SPLIT = "split"
    DIVIDEND = "dividend"


class Adjustment(StrEnum):
    """What prices are restated for; `ALL` is splits and dividends."""

    RAW = "raw"
    SPLIT = "split"
    ALL = "all"

    @property
    def kinds(self) -> frozenset[ActionKind]:
        if self is Adjustment.RAW:
            return frozenset()
        return frozenset(ActionKind) if self is Adjustment.ALL else frozenset({ActionKind.SPLIT})


@dataclass(frozen=True, slots=True, order=True)
class CorporateAction:
    """Takes effect before the open of `ex_date`. `value`: shares for one old share, or dollars a share."""

    ex_date: date
    kind: ActionKind
    value: float


def adjusted(
    bars: Series,
    actions: Iterable[CorporateAction],
    adjustment: Adjustment,
    *,
    close_before: Callable[[date], float | None],
    as_of: date | None = None,
) -> Series:
    """Restate raw bars in the shares of the day `as_of` (None: of the newest action known).

    `close_before` gives the last raw close before a day, which may lie after these bars; a dividend
    after an unknown close is left out: all bars here would change by one factor. Returns the bars
    themselves where nothing applies.
    """
    price = volume = None
    for action in sorted(actions, reverse=True):
        if action.kind not in adjustment.kinds or (as_of is not None and action.ex_date > as_of):
            continue
        before = int(np.searchsorted(bars.start, midnight(action.ex_date, bars.clock)))
        if not before:
            continue
        if price is None or volume is None:
            price, volume = np.ones(len(bars)), np.ones(len(bars))
        if action.kind is ActionKind.SPLIT:
            price[:before] /= action.value
            volume[:before] *= action.value
        else:
            close = close_before(action.ex_date)
            price[:before] *= 1 - action.value / close if close and close > action.value else 1.0
    if price is None or volume is None:
        return bars
    return replace(
        bars,
        open=bars.open * price,
        high=bars.high * price,
        low=bars.low * price,
        close=bars.close * price,
        volume=bars.volume * volume,
    )


def midnight(day: date, clock: tzinfo) -> int:
    """When the day begins by `clock`, in seconds since 1970 UTC."""
    return int(datetime(day.year, day.month, day.day, tzinfo=clock).timestamp())
