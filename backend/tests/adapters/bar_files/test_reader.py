"""Other people's files: many ways to write a bar, and what is said of those that are none."""

import gzip
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flotilla.adapters.bar_files.reader import ForeignBarFiles, symbol_of
from flotilla.adapters.bar_files.times import to_seconds
from flotilla.domain.adjustment import ActionKind, CorporateAction
from flotilla.domain.errors import Invalid
from flotilla.domain.market import NEW_YORK, Series, Timeframe
from flotilla.ports.bar_files import UnreadableFile

FILES = ForeignBarFiles()
# 2024-03-11 09:30 in New York, the Monday after its clock was set forward.
OPEN = int(datetime(2024, 3, 11, 13, 30, tzinfo=UTC).timestamp())
PRICES = "10.5,11,10,10.75,1200"


def text(folder: Path, content: str, name: str = "AAPL.csv") -> Path:
    path = folder / name
    path.write_text(content)
    return path


def one(path: Path, zone: str = "UTC") -> Series:
    [(_, bars)] = FILES.read(path, zone=zone).items()
    return bars


@pytest.mark.parametrize(
    ("header", "first", "second", "zone"),
    [
        ("timestamp", "2024-03-11T13:30:00Z", "2024-03-11T13:31:00Z", "UTC"),
        ("Datetime", "2024-03-11 09:30:00-04:00", "2024-03-11 09:31:00-04:00", "UTC"),
        ("time", "2024-03-11 13:30:00.000+00:00", "2024-03-11 13:31:00.000+00:00", "UTC"),
        ("DATE", "2024-03-11 09:30", "2024-03-11 09:31", "America/New_York"),
        ("date", "2024-03-11 14:30:00", "2024-03-11 14:31:00", "Europe/Berlin"),
        ("Time", "03/11/2024 09:30", "03/11/2024 09:31", "America/New_York"),
        ("time", "20240311 093000", "20240311 093100", "America/New_York"),
        ("Open Time", str(OPEN), str(OPEN + 60), "America/New_York"),
        ("open_time", f"{OPEN}000", f"{OPEN + 60}000", "UTC"),
        ("t", f"{OPEN}000000", f"{OPEN + 60}000000", "UTC"),
        ("timestamp", f"{OPEN}000000000", f"{OPEN + 60}000000000", "UTC"),
        ("unix", f"{OPEN}.0", f"{OPEN + 60}.0", "UTC"),
        ("date,time", "2024-03-11,09:30", "2024-03-11,09:31", "America/New_York"),
        ("<DATE>,<TIME>", "20240311,093000", "20240311,093100", "America/New_York"),
    ],
)
def test_times_of_many_exports(tmp_path: Path, header: str, first: str, second: str, zone: str) -> None:
    rows = f"{header},Open,HIGH,low,Close,Volume\n{first},{PRICES}\n{second},{PRICES}\n"
    bars = one(text(tmp_path, rows), zone)
    assert bars.start.tolist() == [OPEN, OPEN + 60]
    assert [bars.open[0], bars.high[0], bars.low[0], bars.close[0], bars.volume[0]] == [
        10.5,
        11,
        10,
        10.75,
        1200,
    ]
    assert bars.timeframe is Timeframe.MINUTE_1


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_short_names_and_order(tmp_path: Path, delimiter: str) -> None:
    rows = f"v,c,l,h,o,t,n\n1200,10.75,10,11,10.5,{OPEN},7\n".replace(",", delimiter)
    bars = one(text(tmp_path, rows, "AAPL.tsv"))
    assert (bars.open[0], bars.volume[0]) == (10.5, 1200)


def test_a_packed_file_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "AAPL.csv.gz"
    path.write_bytes(gzip.compress(f"\ufefftime,open,high,low,close,volume\n{OPEN},{PRICES}\n".encode()))
    assert one(path).start.tolist() == [OPEN]


def test_parquet_with_a_zone_without_one_and_with_an_index(tmp_path: Path) -> None:
    local = datetime.fromisoformat("2024-03-11T09:30")
    for number, (name, column) in enumerate(
        [
            ("timestamp", pa.array([OPEN * 1000], pa.timestamp("ms", "America/New_York"))),
            ("date", pa.array([local], pa.timestamp("ns"))),
            ("__index_level_0__", pa.array([OPEN], pa.int64())),
        ]
    ):
        prices = {key: [10] for key in ("open", "high", "low", "close", "volume")}
        path = tmp_path / f"A{number}.parquet"
        pq.write_table(pa.table({name: column, **prices}), path)
        assert one(path, "America/New_York").start.tolist() == [OPEN]


def test_one_file_of_several_symbols(tmp_path: Path) -> None:
    rows = f"symbol,time,open,high,low,close,volume\nspy,{OPEN},{PRICES}\nBTC-USD,{OPEN},{PRICES}\n"
    read = FILES.read(text(tmp_path, rows), zone="UTC")
    assert set(read) == {"SPY", "BTC/USD"}
    assert read["BTC/USD"].clock is UTC


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("AAPL.parquet", "AAPL"),
        ("brk.b_1min.csv", "BRK.B"),
        ("AAPL_INTRA_DAY.tsv", "AAPL"),
        ("BTCUSD.parquet", "BTC/USD"),
        ("ETH-USD_2024.csv.gz", "ETH/USD"),
        ("MSFT/2024.csv", "MSFT"),
    ],
)
def test_a_symbol_is_what_a_name_begins_with(name: str, symbol: str) -> None:
    assert symbol_of(Path("folder") / name) == symbol


@pytest.mark.parametrize(
    ("step", "timeframe"),
    [(60, "1Min"), (300, "5Min"), (3600, "1Hour"), (7200, "2Hour")],
)
def test_the_timeframe_is_the_step_between_bars(tmp_path: Path, step: int, timeframe: str) -> None:
    rows = "".join(f"{OPEN - OPEN % step + step * n},{PRICES}\n" for n in (0, 1, 2, 5, 6, 50))
    assert one(text(tmp_path, f"time,open,high,low,close,volume\n{rows}")).timeframe == timeframe


@pytest.mark.parametrize(
    "days",
    [
        ["2024-03-08", "2024-03-11", "2024-03-12"],
        ["20240308", "20240311", "20240312"],
        ["03/08/2024", "03/11/2024", "03/12/2024"],
        ["2024-03-08T05:00:00Z", "2024-03-11T04:00:00Z", "2024-03-12T04:00:00Z"],
        ["2024-03-08 16:00:00-05:00", "2024-03-11 16:00:00-04:00", "2024-03-12 16:00:00-04:00"],
    ],
)
def test_days_begin_at_the_midnight_of_new_york(tmp_path: Path, days: list[str]) -> None:
    rows = "".join(f"{day},{PRICES}\n" for day in days)
    bars = one(text(tmp_path, f"date,open,high,low,close,volume\n{rows}"))
    assert bars.timeframe is Timeframe.DAY_1
    begins = [datetime(2024, 3, day, tzinfo=NEW_YORK) for day in (8, 11, 12)]
    assert bars.start.tolist() == [int(one.timestamp()) for one in begins]


def test_nothing_where_a_price_should_be_is_left_to_the_screening(tmp_path: Path) -> None:
    rows = f"time,open,high,low,close,volume\n{OPEN},NaN,11,,n/a,1\n".replace("n/a", "NA")
    bars = one(text(tmp_path, rows))
    assert np.isnan([bars.open[0], bars.low[0], bars.close[0]]).all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            f"time,open,high,low,close,volume\n{OPEN},{PRICES}\n{OPEN + 60},1,2,x1,1,1\n",
            "row 2, column low: 'x1'",
        ),
        (f"time,open,high,low,close,volume\n{OPEN},{PRICES}\nsoon,{PRICES}\n", "row 2, column time: 'soon'"),
        (f"time,open,high,low,close,volume\n{OPEN},{PRICES}\n,{PRICES}\n", "row 2, column time: nothing"),
        (f"time,open,high,low,close,volume\n2024-03-11 09:30,{PRICES}\n2024-13-41 09:31,{PRICES}\n", "row 2"),
        (f"time,open,high,low,close\n{OPEN},1,1,1,1\n", "has no column volume; its columns are: time, open"),
        ("<html><body>404</body></html>\n", "has no column timestamp, open"),
        ("", "has no column timestamp"),
        (f"time,open,high,low,close,volume\n{OPEN},1,2\n", "cannot be read: CSV parse error"),
        (f"time,open,high,low,close,volume\n{OPEN},{PRICES}\n{OPEN + 5},{PRICES}\n", "5 s apart"),
        (
            f"time,open,high,low,close,volume\n{OPEN},{PRICES}\n{OPEN + 604800},{PRICES}\n",
            "longer than a day",
        ),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, content: str, said: str) -> None:
    path = text(tmp_path, content)
    with pytest.raises(UnreadableFile) as refused:
        FILES.read(path, zone="UTC")
    assert str(path) in refused.value.detail
    assert said in refused.value.detail


def test_what_is_no_parquet_and_no_time_zone_is_said(tmp_path: Path) -> None:
    path = text(tmp_path, "PAR1 not really", "AAPL.parquet")
    with pytest.raises(UnreadableFile, match="cannot be read"):
        FILES.read(path, zone="UTC")
    with pytest.raises(Invalid, match="is not a time zone"):
        FILES.read(path, zone="Mars/Olympus")


def test_splits_beside_the_bars(tmp_path: Path) -> None:
    text(
        tmp_path,
        "symbol,ex_date,type,value\naapl,2024-06-10,Split,4\nAAPL,2024-08-01,dividend,0.24\n",
        "actions.csv",
    )
    path = text(tmp_path, f"time,open,high,low,close,volume\n{OPEN},{PRICES}\n")
    expected = [
        CorporateAction(date(2024, 6, 10), ActionKind.SPLIT, 4.0),
        CorporateAction(date(2024, 8, 1), ActionKind.DIVIDEND, 0.24),
    ]
    assert FILES.actions(tmp_path) == FILES.actions(path) == {"AAPL": expected}
    assert FILES.find(tmp_path) == [path]
    text(tmp_path, "symbol,ex_date,type,value\nAAPL,2024-06-10,split,0\n", "actions.csv")
    with pytest.raises(UnreadableFile, match=r"actions.csv: line 2"):
        FILES.actions(tmp_path)


@given(
    st.lists(
        st.datetimes(*map(datetime.fromisoformat, ("1990-01-01", "2090-01-01"))), min_size=1, max_size=20
    )
)
def test_the_time_of_a_clock_is_the_one_zoneinfo_gives(shown: list[datetime]) -> None:
    """Skipped hours aside, which no clock shows."""
    zoned = [one.replace(microsecond=0, tzinfo=NEW_YORK, fold=0) for one in shown]
    there = [
        one
        for one in zoned
        if one.astimezone(UTC).astimezone(NEW_YORK).replace(tzinfo=None) == one.replace(tzinfo=None)
    ]
    column = pa.array([one.replace(tzinfo=None) for one in there], pa.timestamp("us"))
    assert to_seconds(column, NEW_YORK).tolist() == [int(one.timestamp()) for one in there]
