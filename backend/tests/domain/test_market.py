"""Longer bars from base minutes, and the times at which a bot may act."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.domain.market import (
    NEW_YORK,
    Bar,
    Series,
    Session,
    Timeframe,
    Window,
    aggregate,
    bucket_starts,
    ends_a_bar,
    local_days,
    utc_offsets,
)
from tests.domain.series import first, seeds, sessions, utc, weekdays

LONGER = [timeframe for timeframe in Timeframe if timeframe is not Timeframe.MINUTE_1]
COLUMNS = ("open", "high", "low", "close", "volume")
# Two weeks each around the days on which New York's clock was set forward and back.
FORWARD, BACK = date(2026, 3, 2), date(2025, 10, 27)


def resampled(base: Series, timeframe: Timeframe, until: datetime) -> pd.DataFrame:
    """Build the same bars by pandas, day by day on New York's clock."""
    frame = pd.DataFrame(
        {name: getattr(base, name) for name in COLUMNS},
        index=pd.to_datetime(base.start, unit="s", utc=True).tz_convert(NEW_YORK),
    )
    how = {"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}
    days = [
        day.resample(f"{timeframe.minutes}min", origin="start_day").agg(how).dropna(subset=["close"])
        for _, day in frame.groupby(frame.index.date)
    ]
    bars = pd.concat(days)
    return bars[bars.index + pd.Timedelta(minutes=timeframe.minutes) <= until]


@pytest.mark.parametrize("timeframe", LONGER)
@pytest.mark.parametrize("start", [FORWARD, BACK, date(2026, 7, 6)])
def test_longer_bars_are_those_of_pandas(timeframe: Timeframe, start: date) -> None:
    base = sessions(weekdays(start, 10), seed=start.toordinal())
    until = utc(int(base.start[-1]) - 47 * 60)
    expected = resampled(base, timeframe, until)
    built = aggregate(base, timeframe, until=until)
    assert len(built) == len(expected)
    assert built.start.tolist() == [int(moment.timestamp()) for moment in expected.index]
    for name in COLUMNS:
        np.testing.assert_allclose(getattr(built, name), expected[name].to_numpy(), rtol=1e-12)


@pytest.mark.parametrize("timeframe", [t for t in LONGER if t.minutes <= 60])
def test_a_bar_ends_with_an_early_close(timeframe: Timeframe) -> None:
    base = sessions([date(2025, 11, 28)], seed=1, close=time(13), missing=0.0)
    closed = datetime(2025, 11, 28, 13, tzinfo=NEW_YORK)
    built = aggregate(base, timeframe, until=closed)
    assert int(built.start[-1]) == int(closed.timestamp()) - timeframe.seconds
    assert built.close[-1] == base.close[-1]
    assert built.volume.sum() == base.volume.sum()


@given(
    seed=seeds,
    timeframe=st.sampled_from(LONGER),
    cut=st.integers(0, 780),
)
def test_later_minutes_never_change_a_closed_bar(seed: int, timeframe: Timeframe, cut: int) -> None:
    base = sessions(weekdays(date(2026, 3, 6), 2), seed=seed, missing=0.3)
    known = first(base, min(cut, len(base)))
    if not len(known):
        assert not len(aggregate(known, timeframe, until=utc(int(base.start[-1]))))
        return
    tau = utc(int(known.start[-1]) + 60)
    then = aggregate(known, timeframe, until=tau)
    later = aggregate(base, timeframe, until=utc(int(base.start[-1]) + 60))
    for name in ("start", *COLUMNS):
        assert getattr(then, name).tobytes() == getattr(later, name)[: len(then)].tobytes()
    assert len(aggregate(base, timeframe, until=tau)) == len(then)


@pytest.mark.parametrize("timeframe", LONGER)
@pytest.mark.parametrize("day", [date(2026, 3, 6), date(2026, 3, 9), date(2025, 10, 31), date(2025, 11, 3)])
def test_bars_are_aligned_to_new_yorks_clock(timeframe: Timeframe, day: date) -> None:
    base = sessions([day], seed=3, missing=0.0)
    for start in bucket_starts(base.start, timeframe):
        local = utc(int(start)).astimezone(NEW_YORK)
        assert (local.hour * 60 + local.minute) % timeframe.minutes == 0
        assert local.second == 0
    opening = utc(int(bucket_starts(base.start, timeframe)[0])).astimezone(NEW_YORK)
    minutes = 570 - 570 % timeframe.minutes
    assert opening.time() == time(minutes // 60, minutes % 60)


def test_a_longer_bar_is_seen_from_its_end_only() -> None:
    base = sessions([date(2026, 3, 10)], seed=4, missing=0.0)
    opened = utc(int(base.start[0]))
    for minute in range(1, 16):
        seen = aggregate(first(base, minute), Timeframe.MINUTE_5, until=opened + timedelta(minutes=minute))
        assert len(seen) == minute // 5


def test_base_minutes_are_their_own_bars() -> None:
    base = sessions([date(2026, 3, 10)], seed=5)
    assert aggregate(base, Timeframe.MINUTE_1, until=utc(int(base.start[0]))) is base


def test_series_keeps_bars_in_columns() -> None:
    start = datetime(2026, 3, 10, 14, 30, tzinfo=UTC)
    bars = [
        Bar("A", start + timedelta(minutes=n), 1.0 + n, 2.0 + n, 0.5 + n, 1.5 + n, 10.0 * n) for n in range(4)
    ]
    series = Series.from_bars(bars)
    assert series.start.tolist() == [int(start.timestamp()) + 60 * n for n in range(4)]
    assert series.high.tolist() == [2.0, 3.0, 4.0, 5.0]
    assert series.volume.tolist() == [0.0, 10.0, 20.0, 30.0]
    assert series.tail(2).close.tolist() == [3.5, 4.5]
    assert len(series.tail(9)) == 4
    assert len(series.tail(0)) == 0
    assert len(Series.from_bars([])) == 0


def new_york(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, NEW_YORK).astimezone(UTC)


@pytest.mark.parametrize("day", [date(2026, 1, 5), date(2026, 3, 6), date(2026, 3, 9), date(2026, 7, 6)])
@pytest.mark.parametrize(
    ("clock", "inside"),
    [
        (time(9, 29), False),
        (time(9, 30), True),
        (time(10, 59), True),
        (time(11, 0), False),
        (time(15, 0), False),
    ],
)
def test_a_window_follows_new_yorks_clock(day: date, clock: time, inside: bool) -> None:
    assert Window(time(9, 30), time(11)).contains(new_york(day, clock)) is inside


def test_equal_ends_mean_all_day() -> None:
    window = Window(time(0), time(0))
    assert all(window.contains(new_york(date(2026, 3, 9), time(hour))) for hour in range(24))


def test_a_session_ends_before_its_close() -> None:
    day = date(2026, 3, 10)
    session = Session(new_york(day, time(9, 30)), new_york(day, time(16)))
    assert not session.contains(new_york(day, time(9, 29)))
    assert session.contains(session.open)
    assert session.contains(new_york(day, time(15, 59)))
    assert not session.contains(session.close)


@pytest.mark.parametrize("timeframe", Timeframe)
def test_a_timeframe_is_named_by_its_length(timeframe: Timeframe) -> None:
    number = int("".join(c for c in timeframe.value if c.isdigit()))
    unit = timeframe.value.lstrip("0123456789")
    assert timeframe.minutes == number * {"Min": 1, "Hour": 60, "Day": 1440}[unit]
    assert timeframe.seconds == 60 * timeframe.minutes


@pytest.mark.parametrize("timeframe", [Timeframe.HOUR_2, Timeframe.HOUR_4, Timeframe.DAY_1])
@pytest.mark.parametrize(("day", "close"), [(date(2025, 11, 28), time(13)), (date(2025, 11, 26), time(16))])
def test_the_last_bar_of_a_session_is_seen_from_its_close(
    timeframe: Timeframe, day: date, close: time
) -> None:
    base = sessions([day], seed=6, close=close, missing=0.0)
    end = datetime.combine(day, close, NEW_YORK)
    closes = np.array([int(end.timestamp())])
    before = aggregate(base, timeframe, until=end - timedelta(minutes=1), closes=closes)
    built = aggregate(base, timeframe, until=end, closes=closes)
    assert len(built) == len(before) + 1
    assert built.close[-1] == base.close[-1]


@pytest.mark.parametrize("start", [FORWARD, BACK])
def test_days_are_the_clocks(start: date) -> None:
    base = sessions(weekdays(start, 10), seed=7)
    expected = [utc(int(moment)).astimezone(NEW_YORK).date() for moment in base.start]
    assert local_days(base.start, NEW_YORK).astype("datetime64[D]").tolist() == expected
    assert local_days(base.start, UTC).tolist() == (base.start // 86_400).tolist()


@given(st.integers(0, 4_100_000_000))
def test_the_clocks_offset_is_the_zones(moment: int) -> None:
    shown = utc(moment).astimezone(NEW_YORK).utcoffset()
    assert shown is not None
    assert utc_offsets(np.array([moment]), NEW_YORK).tolist() == [shown.total_seconds()]


def test_sums_start_anew_with_the_day_and_for_daily_bars_with_the_year() -> None:
    base = sessions([date(2025, 12, 30), date(2025, 12, 31), date(2026, 1, 2)], seed=8, missing=0.0)
    assert len(set(base.anchor.tolist())) == 3
    daily = aggregate(base, Timeframe.DAY_1, until=utc(int(base.start[-1]) + 86_400))
    assert daily.anchor.tolist() == [55, 55, 56]


@pytest.mark.parametrize(
    ("timeframe", "expected"),
    [
        (Timeframe.HOUR_1, ["10:00", "11:00", "12:00", "13:00"]),
        (Timeframe.HOUR_2, ["10:00", "12:00", "13:00"]),
        (Timeframe.HOUR_4, ["12:00", "13:00"]),
        (Timeframe.DAY_1, ["13:00"]),
    ],
)
def test_bars_end_by_the_clock_and_with_the_session(timeframe: Timeframe, expected: list[str]) -> None:
    base = sessions([date(2025, 11, 28)], seed=6, close=time(13), missing=0.0)
    closes = np.array([int(datetime(2025, 11, 28, 13, tzinfo=NEW_YORK).timestamp())])
    tau = base.start + 60
    ends = tau[ends_a_bar(tau, timeframe, closes)]
    assert [utc(int(end)).astimezone(NEW_YORK).strftime("%H:%M") for end in ends] == expected
    assert ends_a_bar(tau, Timeframe.MINUTE_1).all()
