"""Bars restated for the splits and dividends that came after them."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from flotilla.practice.calendar import new_york_day
from flotilla.practice.corporate_actions import ActionType, CorporateActions
from flotilla.practice.errors import invalid_market_data_request as invalid
from flotilla.practice.session import Bar

_KINDS = frozenset({"raw", "split", "dividend", "spin-off", "all"})
_PRICE_DECIMALS = 4


def adjustment_types(text: str) -> frozenset[ActionType]:
    """Read "raw", "split", "dividend", "spin-off", "all" or a list of them."""
    asked = {part.strip() for part in text.split(",") if part.strip()}
    if not asked <= _KINDS:
        raise invalid(f"invalid adjustment: {text[:50]}")
    if "all" in asked:
        return frozenset(ActionType)
    return frozenset(kind for kind in ActionType if kind.value in asked)


class Adjuster:
    """Restates bars for what has become effective up to `today`.

    `close_before(symbol, day)`: the last close before that day, None when there is none.
    """

    def __init__(
        self,
        actions: CorporateActions,
        types: frozenset[ActionType],
        today: date,
        close_before: Callable[[str, date], float | None],
    ) -> None:
        self._actions = actions
        self._types = types
        self._today = today
        self._close_before = close_before
        self._factors: dict[tuple[str, date], tuple[float, float]] = {}

    def adjusted(self, symbol: str, at: datetime, bar: Bar) -> Bar:
        """Return the bar that began at `at` in today's shares."""
        day = new_york_day(at)
        key = (symbol, day)
        if key not in self._factors:
            self._factors[key] = self._factor(symbol, day)
        price, volume = self._factors[key]
        if price == 1:
            return bar
        open_, high, low, close, vwap = (
            round(value * price, _PRICE_DECIMALS)
            for value in (bar.open, bar.high, bar.low, bar.close, bar.vwap)
        )
        return Bar(open_, high, low, close, round(bar.volume * volume), bar.trade_count, vwap)

    def _factor(self, symbol: str, day: date) -> tuple[float, float]:
        """Return what a price and a volume of `day` are multiplied with."""
        price = volume = Decimal(1)
        for action in self._actions.of(symbol, day, self._today):
            if action.type not in self._types:
                continue
            if action.type is ActionType.SPLIT:
                price /= action.value
                volume *= action.value
            else:
                close = self._close_before(symbol, action.ex_date)
                price *= 1 - action.value / Decimal(repr(close)) if close else 1
        return float(price), float(volume)
