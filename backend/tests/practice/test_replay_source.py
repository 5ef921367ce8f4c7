"""Replay of a folder of Parquet files: sessions, segments, gaps and broken folders."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flotilla.practice.calendar import TradingCalendar
from flotilla.practice.errors import PracticeStartError
from flotilla.practice.history import History
from flotilla.practice.sources.replay import ReplayMarket

OPEN = datetime(2013, 10, 7, 13, 30, tzinfo=UTC)


def write(path: Path, minutes: list[datetime], price: float = 100.0, **columns: list[object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    size = len(minutes)
    values = [price + 0.1 * index for index in range(size)]
    table = {
        "timestamp": pa.array(minutes, pa.timestamp("us", "UTC")),
        "open": values,
        "high": [value + 0.05 for value in values],
        "low": [value - 0.05 for value in values],
        "close": values,
        "volume": [100.0] * size,
        **columns,
    }
    pq.write_table(pa.table(table), path)


def minutes(start: datetime, *offsets: int) -> list[datetime]:
    return [start + timedelta(minutes=offset) for offset in offsets]


def test_only_regular_hours_and_only_sessions_with_bars(tmp_path: Path, calendar: TradingCalendar) -> None:
    years_later = datetime(2019, 2, 11, 14, 30, tzinfo=UTC)
    write(tmp_path / "A.parquet", [*minutes(OPEN, -30, 0, 1, 5, 389, 390), years_later])
    write(tmp_path / "B.parquet", minutes(OPEN + timedelta(days=1), 0))
    market = ReplayMarket(tmp_path, calendar)
    days = [s.day for s in market.sessions_between(date(2000, 1, 1), date(2030, 1, 1))]
    assert days == [date(2013, 10, 7), date(2013, 10, 8), date(2019, 2, 11)]
    bars = market.bars("A", market.first_session)
    assert bars.minutes.tolist() == [0, 1, 5, 389]
    assert bars.open[0] == 100.1  # the bar before the open is left out
    assert len(market.bars("B", market.first_session)) == 0
    following = market.session_from(date(2013, 10, 9))
    assert following is not None
    assert following.day == date(2019, 2, 11)
    assert market.session_from(date(2019, 2, 12)) is None


def test_the_folder_may_hold_1min(tmp_path: Path, calendar: TradingCalendar) -> None:
    write(tmp_path / "1min" / "A.parquet", minutes(OPEN, 0))
    assert ReplayMarket(tmp_path, calendar).symbols == ("A",)


def test_crypto_is_left_out_and_symbols_may_be_chosen(tmp_path: Path, calendar: TradingCalendar) -> None:
    for symbol in ("A", "B", "BTCUSD"):
        write(tmp_path / f"{symbol}.parquet", minutes(OPEN, 0))
    assert ReplayMarket(tmp_path, calendar).symbols == ("A", "B")
    assert ReplayMarket(tmp_path, calendar, ("B",)).symbols == ("B",)
    with pytest.raises(PracticeStartError, match="no bars of ZZZ"):
        ReplayMarket(tmp_path, calendar, ("A", "ZZZ"))


def test_known_counts_are_kept_and_unknown_ones_filled(tmp_path: Path, calendar: TradingCalendar) -> None:
    write(
        tmp_path / "A.parquet",
        minutes(OPEN, 0, 1),
        trade_count=pa.array([7, None], pa.int64()),
        vwap=pa.array([100.02, None], pa.float64()),
    )
    first, second = (
        ReplayMarket(tmp_path, calendar).bars("A", ReplayMarket(tmp_path, calendar).first_session).rows
    )
    assert (first.trade_count, first.vwap) == (7, 100.02)
    assert second.trade_count == 0
    assert second.low <= second.vwap <= second.high


def test_a_folder_that_cannot_be_replayed_is_one_clear_sentence(
    tmp_path: Path, calendar: TradingCalendar
) -> None:
    with pytest.raises(PracticeStartError, match="does not exist"):
        ReplayMarket(tmp_path / "nowhere", calendar)
    with pytest.raises(PracticeStartError, match=r"no stock's <SYMBOL>\.parquet"):
        ReplayMarket(tmp_path, calendar)
    (tmp_path / "A.parquet").write_bytes(b"not parquet")
    with pytest.raises(PracticeStartError, match="cannot be read as bars"):
        ReplayMarket(tmp_path, calendar)
    write(tmp_path / "A.parquet", minutes(datetime(2013, 10, 6, 13, 30, tzinfo=UTC), 0))
    with pytest.raises(PracticeStartError, match="no regular session"):
        ReplayMarket(tmp_path, calendar)
    pq.write_table(pa.table({"timestamp": pa.array([OPEN])}), tmp_path / "A.parquet")
    with pytest.raises(PracticeStartError, match="has no column close, high, low, open, volume"):
        ReplayMarket(tmp_path, calendar)


def test_real_bars_are_given_to_the_digit(real_bars: Path, calendar: TradingCalendar) -> None:
    market = ReplayMarket(real_bars, calendar)
    assert "SPY" in market.symbols
    assert "BTCUSD" not in market.symbols
    session = market.session_from(date(2013, 10, 7))
    assert session is not None
    table = pq.read_table(real_bars / "1min" / "SPY.parquet").to_pydict()
    expected = [
        (stamp, price)
        for stamp, price in zip(table["timestamp"], table["open"], strict=True)
        if session.open <= stamp < session.close
    ]
    bars = market.bars("SPY", session)
    found = [(bars.start_of(index), bar.open) for index, bar in enumerate(bars.rows)]
    assert found == expected
    stamped = History(market).last_minute("SPY", session.open)
    assert stamped is not None
    assert stamped[0] < session.open
