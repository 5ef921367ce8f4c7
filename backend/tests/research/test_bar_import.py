"""Files into the bar store: all of them, or nothing; single bars that cannot be used are marked."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from flotilla.adapters.bar_files.reader import ForeignBarFiles
from flotilla.adapters.calendar import ExchangeCalendar
from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.domain.adjustment import Adjustment
from flotilla.domain.bar_quality import BarFault
from flotilla.domain.errors import Conflict, NotFound
from flotilla.domain.market import Timeframe
from flotilla.ports.bar_files import UnreadableFile
from flotilla.ports.bar_store import SeriesKey
from flotilla.research.bar_import import ImportReport, ImportRequest, import_bars
from flotilla.research.history import BarLibrary

OPEN = datetime(2024, 3, 11, 13, 30, tzinfo=UTC)
HEADER = "time,open,high,low,close,volume\n"


@pytest.fixture
def store(tmp_path: Path) -> ParquetBarStore:
    return ParquetBarStore(tmp_path / "store")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "files"
    path.mkdir()
    return path


def line(minute: int, prices: str = "10,11,9,10,100", day: int = 0) -> str:
    at = OPEN + timedelta(days=day, minutes=minute)
    return f"{at.isoformat()},{prices}\n"


def write(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text(HEADER + "".join(lines))


def take(store: ParquetBarStore, path: Path, **asked: object) -> ImportReport:
    return import_bars(store, ForeignBarFiles(), ImportRequest(path, **asked))  # type: ignore[arg-type]


def closes(store: ParquetBarStore, adjustment: Adjustment = Adjustment.SPLIT) -> list[float]:
    key = SeriesKey("import", "AAPL")
    day = OPEN - timedelta(days=30)
    return store.read(key, day, day + timedelta(days=90), adjustment=adjustment).close.tolist()


def test_ugly_bars_are_sorted_screened_and_marked(store: ParquetBarStore, folder: Path) -> None:
    write(
        folder,
        "AAPL.csv",
        line(3),
        line(0),
        line(1, "10,11,9,NaN,100"),
        line(2, "10,9,11,10,100"),
        line(3, "10,11,9,10.5,100"),
        line(4, "-1,11,-2,10,100"),
    )
    report = take(store, folder)
    [taken] = report.taken
    left = {
        BarFault.NOT_A_NUMBER: 1,
        BarFault.PRICE_NOT_POSITIVE: 1,
        BarFault.HIGH_BELOW_LOW: 1,
        BarFault.UNSORTED: 1,
        BarFault.DUPLICATE: 1,
    }
    assert (report.bars, taken.left) == (2, left)
    assert closes(store) == [10, 10.5]
    library = BarLibrary(store, ExchangeCalendar())
    end = OPEN + timedelta(minutes=5)
    marks = library.load("import", ["AAPL"], OPEN, end)["AAPL"].marks
    assert marks.faults == left
    assert (marks.gaps.expected_bars, marks.gaps.missing_bars, marks.gaps.longest_gap) == (5, 3, 2)
    assert not marks.unknown


def test_a_file_that_cannot_be_read_leaves_the_store_as_it_was(store: ParquetBarStore, folder: Path) -> None:
    write(folder, "AAPL.csv", line(0))
    write(folder, "ZZZ.csv", line(0), line(1, "10,11,9,ten,100"))
    with pytest.raises(UnreadableFile, match=r"ZZZ\.csv: row 2, column close: 'ten' is not a number"):
        take(store, folder)
    assert store.series() == []
    report = take(store, folder, skip_unreadable=True)
    assert [one.key.symbol for one in report.taken] == ["AAPL"]
    assert len(report.unreadable) == 1


def test_nothing_that_can_be_used_is_an_error(store: ParquetBarStore, folder: Path) -> None:
    with pytest.raises(NotFound, match="no Parquet or CSV file"):
        take(store, folder)
    write(folder, "AAPL.csv", line(0, "nan,nan,nan,nan,nan"))
    with pytest.raises(NotFound, match="Not one bar"):
        take(store, folder)
    write(folder, "AAPL.csv")
    with pytest.raises(NotFound, match="Not one bar"):
        take(store, folder)
    assert store.series() == []


def test_nights_between_files_are_no_gaps_and_long_breaks_are(store: ParquetBarStore, folder: Path) -> None:
    write(folder, "AAPL_1.csv", line(0), line(1))
    write(folder, "AAPL_2.csv", line(0, day=1), line(1, day=1), line(0, day=20), line(1, day=20))
    take(store, folder)
    known = [
        (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        for start, end in store.coverage(SeriesKey("import", "AAPL")).known
    ]
    two = timedelta(minutes=2)
    later = OPEN + timedelta(days=20)
    assert known == [(OPEN, OPEN + timedelta(days=1) + two), (later, later + two)]


def test_actions_beside_the_bars_restate_them_unless_they_are_adjusted(
    store: ParquetBarStore, folder: Path
) -> None:
    write(folder, "AAPL.csv", *(line(n, "40,40,40,40,1") for n in (0, 1)), line(0, "10,10,10,10,4", day=1))
    (folder / "actions.csv").write_text(
        "symbol,ex_date,type,value\nAAPL,2024-03-12,split,4\nX,2024-01-01,split,2\n"
    )
    assert take(store, folder).actions == 1
    assert closes(store) == [10, 10, 10]
    assert closes(store, Adjustment.RAW) == [40, 40, 10]
    with pytest.raises(Conflict, match="another name"):
        take(store, folder, adjusted=True)
    take(store, folder, adjusted=True, source="import-adjusted")
    key = SeriesKey("import-adjusted", "AAPL")
    assert store.read(key, OPEN, OPEN + timedelta(days=2)).close.tolist() == [40, 40, 10]


def test_a_second_import_replaces_what_it_covers(store: ParquetBarStore, folder: Path) -> None:
    write(folder, "AAPL.csv", line(0), line(1), line(2))
    take(store, folder)
    write(folder, "AAPL.csv", line(1, "20,20,20,20,1"), line(2, "21,21,21,21,1"))
    take(store, folder)
    assert closes(store) == [10, 20, 21]


def test_a_named_symbol_and_a_file_of_many(store: ParquetBarStore, folder: Path) -> None:
    write(folder, "2024.csv", line(0))
    report = take(store, folder / "2024.csv", symbol="MSFT")
    assert report.taken[0].key == SeriesKey("import", "MSFT")
    (folder / "many.csv").write_text("symbol," + HEADER + "".join(f"{s},{line(0)}" for s in "AB"))
    with pytest.raises(UnreadableFile, match="several symbols"):
        take(store, folder / "many.csv", symbol="MSFT")
    assert {one.key.symbol for one in take(store, folder / "many.csv").taken} == {"A", "B"}


def test_real_files(store: ParquetBarStore) -> None:
    default = Path(__file__).parents[4] / "shared" / "data"
    bars = Path(os.environ.get("FLOTILLA_TEST_DATA", default)) / "bars"
    if not bars.is_dir():
        pytest.skip(f"no real market data at {bars} (FLOTILLA_TEST_DATA)")
    for path in (
        bars / "1min" / "AAPL.parquet",
        bars / "1min" / "BTCUSD.parquet",
        bars / "1hour" / "AAPL.parquet",
    ):
        take(store, path)
    take(store, bars / "1day_ndx2025" / "TMUS.parquet")
    assert [(key.symbol, key.timeframe, store.coverage(key).bars) for key in store.series()] == [
        ("AAPL", Timeframe.MINUTE_1, 2303 + 6240 + 1948 + 1940),
        ("AAPL", Timeframe.HOUR_1, 40831),
        ("BTC/USD", Timeframe.MINUTE_1, 18688 + 278 + 20396 + 4216 + 2880 + 1440 + 2447),
        ("TMUS", Timeframe.DAY_1, 100),
    ]
    library = BarLibrary(store, ExchangeCalendar())
    day = datetime(2019, 2, 11, tzinfo=UTC)
    week = library.load("import", ["AAPL"], day, day + timedelta(days=5))["AAPL"]
    # "5 sessions, 99.9 % of regular minutes" of its provider.
    assert (len(week.bars), week.marks.gaps.missing_bars, week.marks.gaps.longest_gap) == (1948, 2, 1)
    coarse = library.load("import", ["AAPL"], datetime(2018, 1, 2, tzinfo=UTC), day)["AAPL"]
    assert (coarse.marks.coarse, coarse.marks.timeframe) == (True, Timeframe.HOUR_1)
    assert coarse.marks.gaps.missing_sessions == ()
    daily = library.load(
        "import", ["TMUS"], datetime(2025, 6, 10, tzinfo=UTC), datetime(2025, 10, 31, tzinfo=UTC)
    )
    assert daily["TMUS"].marks.gaps.missing_sessions == ()
