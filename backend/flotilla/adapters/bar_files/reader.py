"""`ports.bar_files.BarFiles` over pyarrow."""

import csv
import gzip
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from flotilla.adapters.bar_files.columns import Layout, layout
from flotilla.adapters.bar_files.times import NotATime, to_seconds
from flotilla.domain.adjustment import ActionKind, CorporateAction
from flotilla.domain.errors import Invalid, Problem
from flotilla.domain.market import NEW_YORK, FloatArray, Series, TimeArray, Timeframe, local_days
from flotilla.ports.bar_files import UnreadableFile

_SUFFIXES = (".parquet", ".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")
_ACTIONS = "actions.csv"
_NOT_KNOWN = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-"]
_PAIR = re.compile(r"(BTC|ETH|LTC|BCH|DOGE|SOL|XRP|AVAX|LINK|UNI)[-_/]?(USD|USDT|USDC|EUR|GBP)")
_STEM = re.compile(r"[A-Za-z][A-Za-z0-9.]*")
_DAY = 86_400
_HARDLY_ANY = 0.01  # of the steps between bars


class ForeignBarFiles:
    """`ports.bar_files.BarFiles`."""

    def find(self, path: Path) -> Sequence[Path]:
        if path.is_file():
            return [path]
        found = (one for one in path.rglob("*") if one.is_file() and one.name != _ACTIONS)
        return sorted(one for one in found if one.name.lower().endswith(_SUFFIXES))

    def read(self, path: Path, *, zone: str) -> Mapping[str, Series]:
        clock = _zone(zone)
        try:
            table, columns = _parquet(path) if path.suffix.lower() == ".parquet" else _text(path)
        except (OSError, EOFError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
            raise UnreadableFile(path, f"cannot be read: {str(error).splitlines()[0]}") from error
        starts = _times(path, table, columns, clock)
        prices = [_floats(path, table, name) for name in columns.prices]
        if columns.symbol is None:
            return {symbol_of(path): _series(path, symbol_of(path), starts, prices)}
        symbols = np.array(_column(table, columns.symbol).cast(pa.string()).to_pylist(), dtype=object)
        return {
            name: _series(path, name, starts[symbols == raw], [one[symbols == raw] for one in prices])
            for raw, name in ((raw, _listed(str(raw))) for raw in dict.fromkeys(symbols.tolist()))
        }

    def actions(self, path: Path) -> Mapping[str, Sequence[CorporateAction]]:
        file = (path if path.is_dir() else path.parent) / _ACTIONS
        if not file.is_file():
            return {}
        found: dict[str, list[CorporateAction]] = {}
        try:
            with file.open(newline="", encoding="utf-8") as lines:
                reader = csv.DictReader(lines)
                missing = {"symbol", "ex_date", "type", "value"} - set(reader.fieldnames or ())
                if missing:
                    raise UnreadableFile(file, f"has no column {', '.join(sorted(missing))}.")
                for row in reader:
                    symbol, action = _action(file, reader.line_num, row)
                    found.setdefault(symbol, []).append(action)
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise UnreadableFile(file, f"cannot be read: {error}") from error
        return found


def symbol_of(path: Path) -> str:
    """The symbol that a file's name begins with; of 2024.csv and the like, its folder's."""
    for name in (path.name.partition(".csv")[0].removesuffix(path.suffix), path.parent.name):
        pair = _PAIR.match(name.upper())
        if pair:
            return f"{pair[1]}/{pair[2]}"
        stem = _STEM.match(name)
        if stem:
            return stem[0].rstrip(".").upper()
    raise UnreadableFile(path, "its name does not begin with a symbol; say which one it is.")


def _listed(symbol: str) -> str:
    pair = _PAIR.fullmatch(symbol.strip().upper())
    return f"{pair[1]}/{pair[2]}" if pair else symbol.strip().upper()


def _zone(name: str) -> tzinfo:
    if name.upper() == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid([Problem("timezone", "unknown")], f"{name!r} is not a time zone.") from error


def _parquet(path: Path) -> tuple[pa.Table, Layout]:
    with pq.ParquetFile(path) as file:
        columns = layout(path, file.schema_arrow.names)
        wanted = [*columns.time, *columns.prices, *([columns.symbol] if columns.symbol else [])]
        return file.read(columns=list(dict.fromkeys(wanted))), columns


def _text(path: Path) -> tuple[pa.Table, Layout]:
    """Every cell as text, so that what is no number can be named."""
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="") as lines:
        header = lines.readline()
    delimiter = max(",;\t|", key=header.count)
    names = next(csv.reader([header], delimiter=delimiter), [])
    columns = layout(path, names)
    table = pa.csv.read_csv(
        path,
        parse_options=pa.csv.ParseOptions(delimiter=delimiter),
        convert_options=pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=_NOT_KNOWN,
            strings_can_be_null=True,
        ),
    )
    return table, columns


def _column(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name).combine_chunks()
    return column if isinstance(column, pa.Array) else pa.chunked_array([column]).combine_chunks()


def _times(path: Path, table: pa.Table, columns: Layout, zone: tzinfo) -> TimeArray:
    column = _column(table, columns.time[0])
    if len(columns.time) == 2:
        parts = [_column(table, name).cast(pa.string()) for name in columns.time]
        column = pc.binary_join_element_wise(*map(pc.utf8_trim_whitespace, parts), " ")
    try:
        return to_seconds(column, zone)
    except NotATime as error:
        name = " and ".join(columns.time)
        raise UnreadableFile(
            path, f"row {error.row + 1}, column {name}: {error.text} is not a time."
        ) from error
    except pa.ArrowException as error:
        raise UnreadableFile(path, f"column {columns.time[0]} holds no times.") from error


def _floats(path: Path, table: pa.Table, name: str) -> FloatArray:
    """Numbers as they are, NaN where there is nothing: bars are screened later."""
    column = _column(table, name)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        column = pc.utf8_trim_whitespace(column)
    try:
        values = column.cast(pa.float64())
    except pa.ArrowException:
        for row, cell in enumerate(column.to_pylist()):
            if not _is_number(cell):
                what = f"row {row + 1}, column {name}: {str(cell)[:40]!r} is not a number."
                raise UnreadableFile(path, what) from None
        raise UnreadableFile(path, f"column {name} holds no numbers.") from None
    return np.array(values.to_numpy(zero_copy_only=False), dtype=np.float64)


def _is_number(cell: object) -> bool:
    try:
        float(cell or "nan")  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _series(path: Path, symbol: str, starts: TimeArray, prices: Sequence[FloatArray]) -> Series:
    clock = UTC if "/" in symbol else NEW_YORK
    timeframe = _timeframe(path, starts)
    if timeframe.is_daily:
        starts = _midnights(starts, clock)
    return Series(starts, *prices, timeframe=timeframe, clock=clock)


def _timeframe(path: Path, starts: TimeArray) -> Timeframe:
    """The length of the bars, from the shortest step between them that is not a rare slip."""
    steps = Counter(np.diff(np.unique(starts)).tolist())
    if not steps:
        return Timeframe.DAY_1 if len(starts) and not np.any(starts % 3600) else Timeframe.MINUTE_1
    usual = min(step for step, count in steps.items() if count >= _HARDLY_ANY * steps.total())
    if usual < 60:
        raise UnreadableFile(path, f"its bars are {usual} s apart; a minute is the shortest.")
    if usual > 4 * _DAY:
        raise UnreadableFile(path, "its bars are longer than a day.")
    if usual > _DAY - 2 * 3600:  # 23 hours where the clock is set forward
        return Timeframe.DAY_1
    return max((one for one in Timeframe if usual % one.seconds == 0), key=lambda one: one.seconds)


def _midnights(starts: TimeArray, clock: tzinfo) -> TimeArray:
    """Days begin at the local midnight, whether the file gives dates, UTC's midnight or another hour."""
    dates = starts // _DAY if not np.any(starts % _DAY) else local_days(starts, clock)
    unique, where = np.unique(dates, return_inverse=True)
    begins = [_midnight(day, clock) for day in unique.astype("datetime64[D]").tolist()]
    return np.array(begins, np.int64)[where]


def _midnight(day: date, clock: tzinfo) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=clock).timestamp())


def _action(file: Path, line: int, row: dict[str, str]) -> tuple[str, CorporateAction]:
    try:
        action = CorporateAction(
            date.fromisoformat(row["ex_date"].strip()),
            ActionKind(row["type"].strip().lower()),
            float(row["value"].strip()),
        )
        symbol = row["symbol"].strip().upper()
    except (ValueError, AttributeError) as error:
        raise UnreadableFile(file, f"line {line} is not a corporate action.") from error
    if not np.isfinite(action.value) or action.value <= 0:
        raise UnreadableFile(file, f"line {line}: the value must be above 0.")
    return symbol, action
