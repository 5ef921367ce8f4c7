"""Bars of other people's files into the bar store: all of them, or nothing.

Every file is read and judged before the first is written, so that a file that cannot be read leaves the
store as it was. Single bars that cannot be used are left out and marked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from flotilla.domain.bar_quality import BarFault, screen
from flotilla.domain.errors import Conflict, NotFound
from flotilla.domain.market import FloatArray, Series, TimeArray, Timeframe
from flotilla.domain.time_ranges import Range, TimeRanges
from flotilla.ports.bar_files import BarFiles, UnreadableFile
from flotilla.ports.bar_store import BarStore, SeriesKey

# A longer break is a gap of the file's, not a night, a weekend or a holiday.
_BREAK = 6 * 86_400


@dataclass(frozen=True, slots=True)
class Imported:
    """What was taken of one symbol in one file, and what was left by its fault."""

    path: Path
    key: SeriesKey
    taken: int
    left: Mapping[BarFault, int]
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """`unreadable` has the sentence of each file that was left out whole (only when that was allowed)."""

    source: str
    taken: Sequence[Imported]
    unreadable: Sequence[str]
    actions: int

    @property
    def bars(self) -> int:
        return sum(one.taken for one in self.taken)


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`adjusted`: the prices are restated for splits already. `symbol`: what a single file is of."""

    path: Path
    source: str = "import"
    zone: str = "UTC"
    symbol: str | None = None
    adjusted: bool = False
    skip_unreadable: bool = False


def import_bars(
    store: BarStore,
    files: BarFiles,
    request: ImportRequest,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ImportReport:
    """Take the bars of a file, or of a folder and what is below it.

    `progress` hears files done of files to do; each is read twice. Raises UnreadableFile, NotFound
    (`NO_BARS`: nothing there), Conflict (raw and adjusted prices would be mixed).
    """
    found = files.find(request.path)
    if not found:
        raise NotFound(f"There is no Parquet or CSV file of bars at {request.path}.", code="NO_BARS")
    steps = 2 * len(found)
    actions = files.actions(request.path)
    good, unreadable, usable = [], [], 0
    for number, path in enumerate(found):
        try:
            for key, bars in _series_of(files, path, request):
                _check_mixed(store, key, request)
                usable += len(screen(bars).bars)
            good.append(path)
        except UnreadableFile as error:
            if not request.skip_unreadable:
                raise
            unreadable.append(error.detail)
        progress(number + 1, steps)
    if not usable:
        raise NotFound(f"Not one bar at {request.path} can be used.", code="NO_BARS")
    taken: list[Imported] = []
    for number, path in enumerate(good):
        taken.extend(_take(store, path, key, bars, request) for key, bars in _series_of(files, path, request))
        progress(steps - len(good) + number + 1, steps)
    known = {one.key.symbol for one in taken}
    for symbol in known & set(actions):
        store.write_actions(request.source, symbol, actions[symbol])
    return ImportReport(request.source, taken, unreadable, sum(len(actions[s]) for s in known & set(actions)))


def _series_of(files: BarFiles, path: Path, request: ImportRequest) -> Iterator[tuple[SeriesKey, Series]]:
    read = files.read(path, zone=request.zone)
    if request.symbol is not None and len(read) > 1:
        raise UnreadableFile(path, f"holds several symbols ({', '.join(sorted(read)[:5])}), not one.")
    for symbol, bars in read.items():
        key = SeriesKey(request.source, request.symbol or symbol, bars.timeframe)
        yield key, Series(*_columns(bars), timeframe=key.timeframe, clock=key.clock)


def _take(store: BarStore, path: Path, key: SeriesKey, bars: Series, request: ImportRequest) -> Imported:
    screened = screen(bars)
    good = screened.bars
    left = [at for starts in screened.faults.values() for at in starts]
    for start, end in _stretches(np.union1d(good.start, np.array(left, np.int64)), key.timeframe):
        part = good.cut((good.start >= start) & (good.start < end))
        faults = {
            fault: tuple(at for at in starts if start <= at < end)
            for fault, starts in screened.faults.items()
        }
        store.write(key, part, _moment(start), _moment(end), faults=faults, adjusted=request.adjusted)
    # The night between two files of one symbol is no gap.
    store.mark_known(key, store.coverage(key).known.bridged(_BREAK))
    return Imported(
        path,
        key,
        len(good),
        {fault: len(starts) for fault, starts in screened.faults.items()},
        _moment(int(good.start[0])) if len(good) else None,
        _moment(int(good.start[-1])) if len(good) else None,
    )


def _stretches(starts: TimeArray, timeframe: Timeframe) -> list[Range]:
    """Where the bars run on without a long break: what the file knows of."""
    if not len(starts):
        return []
    breaks = np.flatnonzero(np.diff(starts) > _BREAK)
    first = starts[np.r_[0, breaks + 1]].tolist()
    last = starts[np.r_[breaks, len(starts) - 1]].tolist()
    return list(TimeRanges.of((a, b + timeframe.seconds) for a, b in zip(first, last, strict=True)))


def _check_mixed(store: BarStore, key: SeriesKey, request: ImportRequest) -> None:
    coverage = store.coverage(key)
    if coverage.bars and coverage.adjusted is not request.adjusted:
        raise Conflict(
            f"{key.symbol} in {key.source} holds {'adjusted' if coverage.adjusted else 'raw'} prices; "
            "import these under another name."
        )


def _columns(
    bars: Series,
) -> tuple[TimeArray, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
    return bars.start, bars.open, bars.high, bars.low, bars.close, bars.volume


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
