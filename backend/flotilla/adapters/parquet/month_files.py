"""A month's bars in one Parquet file: `start` (UTC), open, high, low, close, volume."""

import os
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from flotilla.adapters.parquet.files import unique_suffix
from flotilla.adapters.parquet.manifest import MonthFile
from flotilla.domain.market import FloatArray, Series, TimeArray

# start in seconds since 1970 UTC, open, high, low, close, volume
Columns = tuple[TimeArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]

_PRICES = ("open", "high", "low", "close", "volume")
_NAMES = ("start", *_PRICES)
# As small as zstd within a third, and half again as quick to read.
_WRITE = {
    "compression": "lz4",
    "use_dictionary": False,
    "column_encoding": {"start": "DELTA_BINARY_PACKED", **dict.fromkeys(_PRICES, "BYTE_STREAM_SPLIT")},
}
_CACHED_MONTHS = 256  # of minutes of the regular session: 100 MB
_UNREADABLE = (OSError, KeyError, pa.ArrowException)


def months_of(starts: TimeArray) -> Iterator[tuple[str, slice]]:
    """Each month (UTC) of ascending starts, and the rows that lie in it."""
    months = starts.astype("datetime64[s]").astype("datetime64[M]")
    if not len(starts):
        return
    names, first = np.unique(months, return_index=True)
    ends = np.append(first, len(starts))[1:]
    for name, begin, end in zip(names, first, ends, strict=True):
        yield str(name), slice(int(begin), int(end))


def write_month(folder: Path, month: str, bars: Series) -> MonthFile:
    """Write a new file and make it last; the manifest has yet to name it."""
    path = folder / f"{month}.{unique_suffix()}.parquet"
    table = pa.table(
        {
            "start": pa.array(bars.start * 1000, pa.timestamp("ms", "UTC")),
            **{name: getattr(bars, name) for name in _PRICES},
        }
    )
    content = pa.BufferOutputStream()
    pq.write_table(table, content, **_WRITE)
    buffer = content.getvalue()
    with path.open("wb") as file:
        file.write(buffer)
        file.flush()
        os.fsync(file.fileno())
    return MonthFile(path.name, len(bars), int(bars.start[0]), int(bars.start[-1]), zlib.crc32(buffer))


@lru_cache(maxsize=_CACHED_MONTHS)
def read_month(path: Path) -> Columns:
    """The file's columns, start in seconds since 1970 UTC. Kept: a name stands for one content.

    Raises FileNotFoundError where it is gone, ValueError where it cannot be read.
    """
    return _read(path)


def month_problems(folder: Path, file: MonthFile) -> list[str]:
    """Read the file whole, and say what contradicts the manifest."""
    path = folder / file.name
    try:
        changed = zlib.crc32(path.read_bytes()) != file.crc
        start, *values = _read(path)
    except FileNotFoundError:
        return [f"{path.name} is missing."]
    except ValueError as error:
        return [f"{path.name} cannot be read: {error}"]
    found = [f"{path.name} is not what was written."] if changed else []
    if len(start) != file.rows:
        found.append(f"{path.name} has {len(start)} bars, the manifest says {file.rows}.")
    if len(start) and (int(start[0]), int(start[-1])) != (file.first, file.last):
        found.append(f"{path.name} does not begin and end where the manifest says.")
    if np.any(start[1:] <= start[:-1]):
        found.append(f"{path.name} has bars out of order or twice.")
    if not all(np.isfinite(column).all() for column in values):
        found.append(f"{path.name} has values that are no numbers.")
    elif any(np.any(column <= 0) for column in values[:-1]):
        found.append(f"{path.name} has prices that are not above 0.")
    return found


def _read(path: Path) -> Columns:
    try:
        with pq.ParquetFile(path) as file:
            table = file.read(columns=list(_NAMES), use_threads=False)
        start = table.column("start").cast(pa.int64()).to_numpy() // 1000
        open_, high, low, close, volume = (table.column(name).to_numpy() for name in _PRICES)
        return start, open_, high, low, close, volume
    except FileNotFoundError:
        raise
    except _UNREADABLE as error:
        raise ValueError(str(error).splitlines()[0]) from error
