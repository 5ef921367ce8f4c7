"""Bars of every timeframe, and that none is seen before its time."""

from datetime import UTC, date, datetime, timedelta

import pytest

from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.history import History
from flotilla.practice.session import MINUTE
from flotilla.practice.sources.synthetic import SyntheticMarket
from flotilla.practice.timeframes import Timeframe, Unit, parse_timeframe

OPEN = datetime(2016, 1, 4, 14, 30, tzinfo=UTC)
LONG_AGO, LONG_AFTER = datetime(2015, 12, 28, tzinfo=UTC), datetime(2016, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def history(calendar: TradingCalendar) -> History:
    return History(SyntheticMarket(calendar))


def frame(text: str) -> Timeframe:
    timeframe = parse_timeframe(text)
    assert timeframe is not None
    return timeframe


@pytest.mark.parametrize("text", ["1Min", "59Min", "5T", "1Hour", "23H", "1Day", "D1"[::-1]])
def test_timeframes_that_exist(text: str) -> None:
    assert parse_timeframe(text) is not None


@pytest.mark.parametrize(
    "text", ["", "0Min", "60Min", "24Hour", "2Day", "2Week", "5Month", "Min", "1min", "1Min ", "x"]
)
def test_timeframes_that_do_not(text: str) -> None:
    assert parse_timeframe(text) is None


def test_a_minute_is_seen_from_its_end_on(history: History) -> None:
    until = OPEN + 10 * MINUTE + timedelta(seconds=59)
    stamps = [t for t, _ in history.bars("SPY", frame("1Min"), OPEN, LONG_AFTER, until)]
    assert stamps == [OPEN + index * MINUTE for index in range(10)]


def test_start_and_end_are_included(history: History) -> None:
    end = OPEN + 3 * MINUTE
    stamps = [t for t, _ in history.bars("SPY", frame("1Min"), OPEN + MINUTE, end, LONG_AFTER)]
    assert stamps == [OPEN + MINUTE, OPEN + 2 * MINUTE, end]


def test_longer_bars_merge_minutes_on_the_new_york_clock(history: History) -> None:
    session_end = OPEN + 390 * MINUTE
    minutes = dict(history.bars("SPY", frame("1Min"), OPEN, session_end, LONG_AFTER))
    hours = dict(history.bars("SPY", frame("1Hour"), OPEN - 60 * MINUTE, session_end, LONG_AFTER))
    assert next(iter(hours)) == OPEN - 30 * MINUTE  # the 09:00 bar holds 09:30 to 10:00
    assert len(hours) == 7
    second = [bar for t, bar in minutes.items() if list(hours)[1] <= t < list(hours)[2]]
    merged = list(hours.values())[1]
    assert len(second) == 60
    assert merged.open == second[0].open
    assert merged.close == second[-1].close
    assert merged.high == max(bar.high for bar in second)
    assert merged.volume == sum(bar.volume for bar in second)


def test_a_day_bar_is_stamped_midnight_in_new_york_and_grows(history: History) -> None:
    days = list(history.bars("SPY", frame("1Day"), LONG_AGO, LONG_AFTER, OPEN + 2 * MINUTE))
    assert [t.date() for t, _ in days][-2:] == [date(2015, 12, 31), date(2016, 1, 4)]
    assert days[-1][0] == datetime(2016, 1, 4, 5, tzinfo=UTC)
    minutes = list(history.bars("SPY", frame("1Min"), OPEN, LONG_AFTER, OPEN + 2 * MINUTE))
    assert days[-1][1].volume == sum(bar.volume for _, bar in minutes)


def test_weeks_begin_on_monday_and_months_on_the_first(history: History) -> None:
    weeks = list(history.bars("SPY", frame("1Week"), LONG_AGO, LONG_AFTER, LONG_AFTER))
    assert {t.astimezone(UTC).weekday() for t, _ in weeks} == {0}
    months = list(history.bars("SPY", frame("1Month"), LONG_AGO, LONG_AFTER, LONG_AFTER))
    assert [t.date() for t, _ in months] == [date(2016, 1, 1), date(2016, 2, 1), date(2016, 3, 1)][:2]


def test_descending_is_ascending_reversed(history: History) -> None:
    for unit in (Timeframe(5, Unit.MINUTE), Timeframe(1, Unit.DAY), Timeframe(1, Unit.WEEK)):
        asked = ("SPY", unit, LONG_AGO, LONG_AFTER, LONG_AFTER)
        forwards = list(history.bars(*asked))
        assert forwards
        assert list(history.bars(*asked, descending=True)) == forwards[::-1]


def test_the_last_minute_and_days(history: History) -> None:
    last = history.last_minute("SPY", OPEN)
    assert last is not None
    assert last[0] == datetime(2015, 12, 31, 20, 59, tzinfo=UTC)
    days = history.last_days("SPY", OPEN, 2)
    assert [t.date() for t, _ in days] == [date(2015, 12, 31), date(2015, 12, 30)]
    assert history.last_minute("NOPE", OPEN) is None
