"""`ports.bar_store.BarStore` in a folder of Parquet files; the package says how they are laid out."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import orjson

from flotilla.adapters.parquet.files import folder_name, one_writer, symbol_of, sync_folder, write_whole
from flotilla.adapters.parquet.manifest import (
    MANIFEST,
    Manifest,
    MonthFile,
    all_names,
    joined,
    read_manifest,
    write_manifest,
)
from flotilla.adapters.parquet.month_files import Columns, month_problems, months_of, read_month, write_month
from flotilla.domain.adjustment import ActionKind, Adjustment, CorporateAction, adjusted, midnight
from flotilla.domain.bar_quality import Faults, is_clean
from flotilla.domain.errors import Conflict
from flotilla.domain.market import Series, TimeArray, Timeframe
from flotilla.domain.time_ranges import TimeRanges
from flotilla.ports.bar_store import BarsDamaged, Coverage, SeriesKey

_SOURCE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_ACTIONS = "actions.json"
# A writer may swap the files between our look at the manifest and the files.
_ATTEMPTS = 20
_LAST_CLOSE = 10 * 86_400  # no stock that pays dividends goes longer without a trade


class ParquetBarStore:
    """Readers take no lock; writers of one symbol wait for one another."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def coverage(self, key: SeriesKey) -> Coverage:
        manifest = read_manifest(self._series(key))
        files = manifest.months.values()
        return Coverage(
            known=manifest.known,
            bars=manifest.rows,
            first=_moment(min(file.first for file in files)) if files else None,
            last=_moment(max(file.last for file in files)) if files else None,
            adjusted=manifest.adjusted,
            faults=manifest.faults,
        )

    def read(
        self,
        key: SeriesKey,
        start: datetime,
        end: datetime,
        *,
        adjustment: Adjustment = Adjustment.SPLIT,
        as_of: date | None = None,
    ) -> Series:
        manifest, bars = self._raw(key, _seconds(start), _seconds(end))
        if manifest.adjusted:
            if adjustment is Adjustment.RAW:
                raise Conflict(
                    f"The prices of {key.symbol} in {key.source} came adjusted; raw ones are unknown."
                )
            return bars
        if adjustment is Adjustment.RAW:
            return bars

        def close_before(day: date) -> float | None:
            begin = midnight(day, key.clock)
            earlier = self._raw(key, begin - _LAST_CLOSE, begin)[1].close
            return float(earlier[-1]) if len(earlier) else None

        actions = self.actions(key.source, key.symbol)
        return adjusted(bars, actions, adjustment, close_before=close_before, as_of=as_of)

    def write(
        self,
        key: SeriesKey,
        bars: Series,
        start: datetime,
        end: datetime,
        *,
        faults: Faults | None = None,
        adjusted: bool = False,
    ) -> None:
        begin, stop = _seconds(start), _seconds(end)
        if begin >= stop or not is_clean(bars) or np.any((bars.start < begin) | (bars.start >= stop)):
            raise ValueError("only clean bars inside a range that is not empty can be stored")
        folder = self._series(key)
        with one_writer(folder.parent):
            folder.mkdir(exist_ok=True)
            before = read_manifest(folder)
            if before.rows and before.adjusted is not adjusted:
                raise Conflict(
                    f"{key.symbol} in {key.source} holds {'adjusted' if before.adjusted else 'raw'} prices;"
                    " give these a source of their own."
                )
            self._swap(
                folder,
                Manifest(
                    known=before.known | TimeRanges.of([(begin, stop)]),
                    months=_rewritten(folder, before, key, bars, (begin, stop)),
                    faults=joined(before.faults_outside(begin, stop), faults),
                    adjusted=adjusted,
                ),
            )

    def mark_known(self, key: SeriesKey, ranges: TimeRanges) -> None:
        folder = self._series(key)
        with one_writer(folder.parent):
            folder.mkdir(exist_ok=True)
            before = read_manifest(folder)
            self._swap(folder, replace(before, known=before.known | ranges))

    def actions(self, source: str, symbol: str) -> Sequence[CorporateAction]:
        path = self._symbol(source, symbol) / _ACTIONS
        try:
            rows = orjson.loads(path.read_bytes())
            return [
                CorporateAction(date.fromisoformat(ex_date), ActionKind(kind), float(value))
                for ex_date, kind, value in rows
            ]
        except FileNotFoundError:
            return []
        except (ValueError, TypeError) as error:
            raise BarsDamaged(f"{path} cannot be read; remove it and fetch again.") from error

    def write_actions(self, source: str, symbol: str, actions: Sequence[CorporateAction]) -> bool:
        folder = self._symbol(source, symbol)
        with one_writer(folder):
            if sorted(actions) == list(self.actions(source, symbol)):
                return False
            rows = [[one.ex_date.isoformat(), one.kind.value, one.value] for one in sorted(actions)]
            write_whole(folder / _ACTIONS, orjson.dumps(rows))
            return True

    def version(self, source: str, symbol: str) -> str:
        folder = self._symbol(source, symbol)
        # Both are only ever swapped for new files.
        written = (*sorted(folder.glob(f"*/{MANIFEST}")), folder / _ACTIONS)
        return ";".join(map(_identity, written))

    def series(self) -> Sequence[SeriesKey]:
        found = (
            SeriesKey(path.parents[2].name, symbol_of(path.parents[1]), Timeframe(path.parent.name))
            for path in self._folder.glob(f"*/*/*/{MANIFEST}")
            if path.parent.name in set(Timeframe)
        )
        return sorted(found, key=lambda key: (key.source, key.symbol, key.timeframe.minutes))

    def problems(self, key: SeriesKey) -> Sequence[str]:
        folder = self._series(key)
        try:
            manifest = read_manifest(folder)
            self.actions(key.source, key.symbol)
        except BarsDamaged as error:
            return [error.detail]
        found = [
            problem for _, file in sorted(manifest.months.items()) for problem in month_problems(folder, file)
        ]
        known = manifest.known.ranges
        if any(not _holds(known, file) for file in manifest.months.values()):
            found.append("The manifest does not know of ranges that it has bars of.")
        return found

    def _raw(self, key: SeriesKey, start: int, end: int) -> tuple[Manifest, Series]:
        folder = self._series(key)
        for _ in range(_ATTEMPTS):
            manifest = read_manifest(folder)
            wanted = [m for _, m in sorted(manifest.months.items()) if m.last >= start and m.first < end]
            try:
                return manifest, _series(key, [read_month(folder / m.name) for m in wanted], start, end)
            except FileNotFoundError as error:
                missing = str(error.filename or error)
            except ValueError as error:
                raise BarsDamaged(f"The bars of {key.symbol} in {key.source} are damaged: {error}") from error
        raise BarsDamaged(f"The bars of {key.symbol} in {key.source} are damaged: {missing} is missing.")

    def _swap(self, folder: Path, manifest: Manifest) -> None:
        sync_folder(folder)
        write_manifest(folder, manifest)
        named = set(all_names(manifest))
        for path in (*folder.glob("*.parquet"), *folder.glob(".*.tmp")):
            if path.name not in named:
                path.unlink(missing_ok=True)

    def _symbol(self, source: str, symbol: str) -> Path:
        if not _SOURCE.fullmatch(source):
            raise ValueError(f"{source!r} is not the name of a source.")
        return self._folder / source / folder_name(symbol)

    def _series(self, key: SeriesKey) -> Path:
        return self._symbol(key.source, key.symbol) / key.timeframe.value


def _identity(path: Path) -> str:
    try:
        status = path.stat()
    except FileNotFoundError:
        return ""
    return f"{path.parent.name}:{status.st_ino}:{status.st_mtime_ns}:{status.st_size}"


def _rewritten(
    folder: Path, before: Manifest, key: SeriesKey, bars: Series, replaced: tuple[int, int]
) -> dict[str, MonthFile]:
    """The months after the write: new files for those it touches, the others as they were."""
    start, end = replaced
    months = dict(before.months)
    fresh = {month: bars.cut(rows) for month, rows in months_of(bars.start)}
    touched = {month for month, file in months.items() if file.last >= start and file.first < end}
    for month in sorted(touched | set(fresh)):
        merged = fresh.get(month, bars.cut(slice(0, 0)))
        if month in months:
            try:
                old = _series(key, [read_month(folder / months.pop(month).name)], None, None)
            except (FileNotFoundError, ValueError) as error:
                raise BarsDamaged(f"The bars of {key.symbol} in {key.source} are damaged: {error}") from error
            older, newer = old.cut(old.start < start), old.cut(old.start >= end)
            merged = _series(key, [_columns(older), _columns(merged), _columns(newer)], None, None)
        if len(merged):
            months[month] = write_month(folder, month, merged)
    return months


def _series(key: SeriesKey, parts: Sequence[Columns], start: int | None, end: int | None) -> Series:
    """Join the parts; always fresh arrays, which may be written to."""
    rows = []
    for starts, *_ in parts:
        first = 0 if start is None else int(np.searchsorted(starts, start))
        last = len(starts) if end is None else int(np.searchsorted(starts, end))
        rows.append(slice(first, last))
    empty: TimeArray = np.empty(0, np.int64)
    starts = np.concatenate([empty, *(part[0][cut] for part, cut in zip(parts, rows, strict=True))])
    prices = (
        np.concatenate([np.empty(0), *(part[n][cut] for part, cut in zip(parts, rows, strict=True))])
        for n in range(1, 6)
    )
    return Series(starts, *prices, timeframe=key.timeframe, clock=key.clock)


def _columns(bars: Series) -> Columns:
    return bars.start, bars.open, bars.high, bars.low, bars.close, bars.volume


def _holds(known: Sequence[tuple[int, int]], file: MonthFile) -> bool:
    within = TimeRanges(tuple(known)) & TimeRanges.of(
        [(file.first, file.first + 1), (file.last, file.last + 1)]
    )
    return within.seconds == (2 if file.last > file.first else 1)


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
