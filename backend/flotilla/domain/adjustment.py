"""Prices restated for the splits and dividends that came after them.

Bars are kept as they were traded; what is read is restated, so that a split is no fall in price. As
CRSP does it: a price before the ex-date is divided by the shares that one share became, its volume
multiplied; a cash dividend D after a last close C multiplies the prices before it by 1 - D / C.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
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
    as_of: date | None = None,
) -> Series:
    """Restate raw bars in the shares of the day `as_of` (None: of the newest action known).

    Returns the bars themselves where nothing applies.
    """
    price = volume = None
    for action in sorted(actions, reverse=True):
        if action.kind not in adjustment.kinds or (as_of is not None and action.ex_date > as_of):
            continue
        before = int(np.searchsorted(bars.start, _begin(action.ex_date, bars)))
        if not before:
            continue
        if price is None or volume is None:
            price, volume = np.ones(len(bars)), np.ones(len(bars))
        if action.kind is ActionKind.SPLIT:
            price[:before] /= action.value
            volume[:before] *= action.value
        else:
            price[:before] *= max(0.0, 1 - action.value / bars.close[before - 1]) or 1.0
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


def _begin(day: date, bars: Series) -> int:
    local = datetime(day.year, day.month, day.day, tzinfo=bars.clock)
    return int(local.astimezone(UTC).timestamp())
