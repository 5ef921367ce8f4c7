"""The bar store at its port: what was written is read, whoever dies or writes at the same time."""

import os
import random
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.domain.adjustment import ActionKind, Adjustment, CorporateAction
from flotilla.domain.bar_quality import BarFault
from flotilla.domain.errors import Conflict
from flotilla.domain.market import Series, Timeframe
from flotilla.domain.time_ranges import TimeRanges
from flotilla.ports.bar_store import BarsDamaged, SeriesKey

KEY = SeriesKey("import", "AAPL")
# A new month begins within these hours.
BEGIN = datetime(2024, 1, 31, 23, 30, tzinfo=UTC)
EPOCH = int(BEGIN.timestamp())


def at(minute: int) -> datetime:
    return BEGIN + timedelta(minutes=minute)


def bars(minutes: dict[int, float], timeframe: Timeframe = Timeframe.MINUTE_1) -> Series:
    order = sorted(minutes)
    start = np.array([EPOCH + 60 * minute for minute in order], np.int64)
    price = np.array([minutes[minute] for minute in order], np.float64)
    return Series(start, price, price + 1, price / 2, price, price * 10, timeframe=timeframe)


def closes(
    store: ParquetBarStore, key: SeriesKey = KEY, first: int = 0, end: int = 10_000
) -> dict[int, float]:
    read = store.read(key, at(first), at(end), adjustment=Adjustment.RAW)
    assert (read.timeframe, read.clock) == (key.timeframe, key.clock)
    return {(int(s) - EPOCH) // 60: float(c) for s, c in zip(read.start, read.close, strict=True)}


prices = st.floats(0.01, 1e6)
writes = st.lists(
    st.tuples(
        st.integers(0, 60), st.integers(1, 60), st.dictionaries(st.integers(0, 119), prices, max_size=9)
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=25)
@given(writes, st.integers(0, 120), st.integers(0, 120))
def test_what_was_written_last_is_read(
    tmp_path_factory: pytest.TempPathFactory,
    writes: list[tuple[int, int, dict[int, float]]],
    first: int,
    end: int,
) -> None:
    store = ParquetBarStore(tmp_path_factory.mktemp("bars"))
    expected: dict[int, float] = {}
    known: set[int] = set()
    for start, length, given_bars in writes:
        inside = {minute: price for minute, price in given_bars.items() if start <= minute < start + length}
        store.write(KEY, bars(inside), at(start), at(start + length))
        expected = {m: p for m, p in expected.items() if not start <= m < start + length} | inside
        known |= set(range(start, start + length))
    assert closes(store) == expected
    assert closes(store, first=first, end=end) == {m: p for m, p in expected.items() if first <= m < end}
    coverage = store.coverage(KEY)
    assert {(s - EPOCH) // 60 for a, b in coverage.known for s in range(a, b, 60)} == known
    assert coverage.bars == len(expected)
    assert store.problems(KEY) == []


def test_every_column_comes_back_exactly_and_may_be_changed(tmp_path: Path) -> None:
    written = bars({0: 100.1, 1: 0.30000000000000004, 50: 1e-9})
    ParquetBarStore(tmp_path).write(KEY, written, at(0), at(60))
    read = ParquetBarStore(tmp_path).read(KEY, at(0), at(60))
    for name in ("start", "open", "high", "low", "close", "volume"):
        assert getattr(read, name).tolist() == getattr(written, name).tolist()
        getattr(read, name)[:] = 1
    assert closes(ParquetBarStore(tmp_path))[0] == 100.1


def test_an_empty_range_is_known_all_the_same(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.write(KEY, bars({}), at(0), at(60))
    assert store.coverage(KEY).known == TimeRanges.of([(EPOCH, EPOCH + 3600)])
    assert closes(store) == {}
    assert store.series() == [KEY]


def test_sources_timeframes_and_symbols_are_never_mixed(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    keys = [
        SeriesKey("alpaca-iex", "AAPL"),
        SeriesKey("alpaca-sip", "AAPL"),
        SeriesKey("alpaca-sip", "AAPL", Timeframe.DAY_1),
        SeriesKey("alpaca-sip", "BTC/USD"),
    ]
    for price, key in enumerate(keys, start=1):
        store.write(key, bars({0: float(price)}), at(0), at(1))
    assert [closes(store, key)[0] for key in keys] == [1, 2, 3, 4]
    assert store.series() == keys


@pytest.mark.parametrize(
    "key", [SeriesKey("../out", "AAPL"), SeriesKey("import", ".."), SeriesKey("a/b", "X")]
)
def test_no_name_leads_out_of_the_folder(tmp_path: Path, key: SeriesKey) -> None:
    with pytest.raises(ValueError, match="is not"):
        ParquetBarStore(tmp_path).coverage(key)


@pytest.mark.parametrize(
    ("columns", "start", "end"),
    [
        (bars({0: 1, 1: 2}), 0, 1),  # outside the range
        (bars({5: 1}).cut(np.array([0, 0])), 0, 60),  # twice
        (bars({0: float("nan")}), 0, 60),
        (bars({}), 5, 5),
    ],
)
def test_what_is_not_clean_is_refused_whole(tmp_path: Path, columns: Series, start: int, end: int) -> None:
    store = ParquetBarStore(tmp_path)
    with pytest.raises(ValueError, match="only clean bars"):
        store.write(KEY, columns, at(start), at(end))
    assert store.series() == []


def test_a_split_that_appears_restates_old_bars_and_rewrites_none(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.write(KEY, bars({0: 400.0}), at(0), at(1))
    later = at(3000)
    minute = 3000
    store.write(KEY, bars({minute: 100.0}), later, later + timedelta(minutes=1))
    files = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    split = CorporateAction(date(2024, 2, 2), ActionKind.SPLIT, 4.0)
    assert store.write_actions("import", "AAPL", [split]) is True
    assert store.write_actions("import", "AAPL", [split]) is False
    assert store.read(KEY, at(0), at(5000)).close.tolist() == [100, 100]
    assert store.read(KEY, at(0), at(5000)).volume.tolist() == [16_000, 1000]
    before = store.read(KEY, at(0), at(5000), as_of=date(2024, 2, 1))
    assert before.close.tolist() == [400, 100]
    assert closes(store) == {0: 400, minute: 100}
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == files
    assert store.write_actions("import", "AAPL", []) is True
    assert store.read(KEY, at(0), at(5000)).close.tolist() == [400, 100]


def test_a_dividend_counts_by_the_close_before_it_whatever_is_read(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.write(KEY, bars({0: 50.0, 1: 60.0, 1000: 100.0}), at(0), at(2000))
    # 1000 minutes after 18:30 in New York on 31 January is 11:10 on 1 February.
    store.write_actions("import", "AAPL", [CorporateAction(date(2024, 2, 2), ActionKind.DIVIDEND, 10.0)])
    for end in (1, 2, 2000):
        read = store.read(KEY, at(0), at(end), adjustment=Adjustment.ALL)
        assert read.close[0] == pytest.approx(45.0)
    assert store.read(KEY, at(0), at(1)).close[0] == 50


def test_adjusted_prices_are_kept_apart_from_raw_ones(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.write(KEY, bars({0: 100.0}), at(0), at(1), adjusted=True)
    store.write_actions("import", "AAPL", [CorporateAction(date(2024, 3, 1), ActionKind.SPLIT, 4.0)])
    assert store.read(KEY, at(0), at(1)).close.tolist() == [100]
    with pytest.raises(Conflict, match="raw ones are unknown"):
        store.read(KEY, at(0), at(1), adjustment=Adjustment.RAW)
    with pytest.raises(Conflict, match="adjusted prices"):
        store.write(KEY, bars({1: 100.0}), at(1), at(2))


def test_faults_are_kept_beside_the_bars_until_their_range_is_written_again(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)
    store.write(KEY, bars({}), at(0), at(9), faults={BarFault.DUPLICATE: (EPOCH, EPOCH + 300)})
    store.write(KEY, bars({}), at(5), at(9), faults={BarFault.NOT_A_NUMBER: (EPOCH + 360,)})
    assert store.coverage(KEY).faults == {
        BarFault.DUPLICATE: (EPOCH,),
        BarFault.NOT_A_NUMBER: (EPOCH + 360,),
    }


# Damage -------------------------------------------------------------------------------------------


def damaged(tmp_path: Path) -> tuple[ParquetBarStore, Path]:
    store = ParquetBarStore(tmp_path)
    store.write(KEY, bars({n: 100.0 + n for n in range(60)}), at(0), at(60))
    return store, min(tmp_path.rglob("2024-01.*.parquet"))


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    store, path = damaged(tmp_path)
    path.unlink()
    assert [problem for problem in store.problems(KEY) if "is missing" in problem]
    with pytest.raises(BarsDamaged, match="is missing"):
        closes(store)


def test_a_flipped_bit_is_found(tmp_path: Path) -> None:
    store, path = damaged(tmp_path)
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x10
    path.write_bytes(content)
    assert any("not what was written" in one or "cannot be read" in one for one in store.problems(KEY))


def test_a_cut_file_is_said_by_read_and_check(tmp_path: Path) -> None:
    store, path = damaged(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(BarsDamaged, match="damaged"):
        closes(store)
    assert any("cannot be read" in problem for problem in store.problems(KEY))


def test_a_manifest_that_is_no_manifest_is_said(tmp_path: Path) -> None:
    store, path = damaged(tmp_path)
    (path.parent / "manifest.json").write_text(
        '{"version": 1, "months": {"2024-01": ["/etc/x", 1, 1, 1, 1]}}'
    )
    assert len(store.problems(KEY)) == 1
    with pytest.raises(BarsDamaged):
        store.coverage(KEY)


# Several at once ----------------------------------------------------------------------------------

# Writes the same minutes again and again, each time all of them with one price.
WRITER = """
import sys, numpy as np
from datetime import datetime, timedelta, UTC
from pathlib import Path
from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.domain.market import Series
from flotilla.ports.bar_store import SeriesKey

folder, symbol, price, first, count, rounds = sys.argv[1:]
begin = datetime(2024, 1, 31, 23, 30, tzinfo=UTC) + timedelta(minutes=int(first))
start = np.arange(int(count), dtype=np.int64) * 60 + int(begin.timestamp())
store = ParquetBarStore(Path(folder))
print("ready", flush=True)
for number in range(int(rounds)):
    one = np.full(int(count), float(price) + number)
    bars = Series(start, one, one, one, one, one)
    store.write(SeriesKey("import", symbol), bars, begin, begin + timedelta(minutes=int(count)))
"""


def writer(folder: Path, *, price: int, first: int, count: int, rounds: int) -> subprocess.Popen[str]:
    words = [str(folder), "AAPL", str(price), str(first), str(count), str(rounds)]
    process = subprocess.Popen(
        [sys.executable, "-c", WRITER, *words],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def ended(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    process.stdout.close()
    return process.wait(60)


def test_two_processes_write_one_series(tmp_path: Path) -> None:
    first = writer(tmp_path, price=100, first=0, count=40, rounds=6)
    second = writer(tmp_path, price=500, first=40, count=40, rounds=6)
    store = ParquetBarStore(tmp_path)
    while first.poll() is None or second.poll() is None:
        # Whatever a reader finds is a state that a write left, never a half of one.
        read = closes(store)
        for minutes in (range(40), range(40, 80)):
            assert len({read[minute] for minute in minutes if minute in read}) <= 1
            assert len([minute for minute in minutes if minute in read]) in (0, 40)
    assert (ended(first), ended(second)) == (0, 0)
    read = closes(store)
    assert read == dict.fromkeys(range(40), 105.0) | dict.fromkeys(range(40, 80), 505.0)
    assert store.problems(KEY) == []
    named = len(list(tmp_path.rglob("*.parquet")))
    assert named == len({"2024-01", "2024-02"})  # nothing is left over


def test_two_threads_write_one_series(tmp_path: Path) -> None:
    store = ParquetBarStore(tmp_path)

    def write(first: int) -> None:
        for minute in range(first, first + 20):
            store.write(KEY, bars({minute: 1.0 + minute}), at(minute), at(minute + 1))

    threads = [threading.Thread(target=write, args=(first,)) for first in (0, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert closes(store) == {minute: 1.0 + minute for minute in range(40)}


def test_a_writer_killed_at_any_moment_leaves_a_whole_store(tmp_path: Path) -> None:
    chance = random.Random(4)
    store = ParquetBarStore(tmp_path)
    for _ in range(2):
        process = writer(tmp_path, price=100, first=0, count=60, rounds=1_000_000)
        while not closes(store):
            assert process.poll() is None
        threading.Event().wait(chance.uniform(0.02, 0.2))
        process.send_signal(signal.SIGKILL)
        ended(process)
        assert store.problems(KEY) == []
        assert len(set(closes(store).values())) <= 1
        assert len(closes(store)) in (0, 60)
    # The next write goes on, and sweeps away what the dead left.
    store.write(KEY, bars({61: 7.0}), at(61), at(62))
    assert closes(store)[61] == 7.0
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    assert not list(tmp_path.rglob("*.tmp"))
