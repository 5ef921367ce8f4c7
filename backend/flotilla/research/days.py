"""Which days a backtest runs over when its plan leaves them open: the last year there is."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from flotilla.domain.errors import Invalid, Problem
from flotilla.domain.market import Timeframe
from flotilla.ports.bar_store import BarStore, SeriesKey
from flotilla.research.origin import Origin
from flotilla.research.plan import BacktestPlan

_YEAR = timedelta(days=365)
_DAY = timedelta(days=1)
# Stored bars that end this little before what there is are not worth a wait for the newest.
_RECENT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Days:
    """Both included."""

    first: date
    last: date


def chosen_days(plan: BacktestPlan, origin: Origin, store: BarStore) -> Days:
    """The plan's days, and where it names none those of the newest bars, a year back from there.

    Raises Invalid for an empty range, and for days that have not ended where bars come from.
    """
    newest = None if origin.horizon is None else _day(origin.horizon, plan)
    if newest is not None:
        _require_past(plan, newest)
    held = _held(plan, origin, store) if plan.first is None or plan.last is None else None
    last = plan.last or _last(newest, held)
    if last is None:
        raise Invalid([Problem("last", _NOTHING)], _NOTHING)
    first = plan.first or last - _YEAR + _DAY
    if plan.first is None and newest is None and held is not None:
        first = max(first, held.first)
    if last < first:
        raise Invalid([Problem("last", f"The newest bars are of {last}: the range is empty.")])
    return Days(first, last)


_NOTHING = "There are no bars of these symbols: `flotilla bars fetch` or `flotilla bars import` brings them."


def _require_past(plan: BacktestPlan, newest: date) -> None:
    for name, day in (("first", plan.first), ("last", plan.last)):
        if day is not None and day > newest:
            raise Invalid([Problem(name, f"{day} is in the future: bars go up to {newest}.")])


def _last(newest: date | None, held: Days | None) -> date | None:
    if newest is None:
        return None if held is None else held.last
    finished = newest - _DAY
    if held is not None and finished - held.last <= _RECENT:
        return min(held.last, finished)
    return finished


def _held(plan: BacktestPlan, origin: Origin, store: BarStore) -> Days | None:
    """The days that the store has of all symbols, by the finest bars of each; None where one has none."""
    found = [_of_symbol(plan, origin.name, symbol, store) for symbol in plan.symbols]
    held = [one for one in found if one is not None]
    if len(held) < len(found):
        return None
    first, last = max(one.first for one in held), min(one.last for one in held)
    return Days(first, last) if first <= last else None


def _of_symbol(plan: BacktestPlan, source: str, symbol: str, store: BarStore) -> Days | None:
    for timeframe in sorted(Timeframe, key=lambda one: one.minutes):
        coverage = store.coverage(SeriesKey(source, symbol, timeframe))
        if coverage.first is not None and coverage.known:
            # Not the last bar's day: a weekend that is known to be empty belongs to what is held.
            known = datetime.fromtimestamp(coverage.known.ranges[-1][1] - 1, UTC)
            return Days(_day(coverage.first, plan), _day(known, plan))
    return None


def _day(moment: datetime, plan: BacktestPlan) -> date:
    return moment.astimezone(plan.clock).date()
