"""What a series' folder holds: known ranges, the months' files, and the bars that were left out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from flotilla.adapters.parquet.files import write_whole
from flotilla.domain.bar_quality import BarFault, Faults
from flotilla.domain.time_ranges import NO_TIME, TimeRanges
from flotilla.ports.bar_store import BarsDamaged

_VERSION = 1
MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class MonthFile:
    """A month's file: its name, how many bars, the starts of the first and last (epoch seconds), CRC-32."""

    name: str
    rows: int
    first: int
    last: int
    crc: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """`months` is keyed "2024-03" (UTC), ascending."""

    known: TimeRanges = NO_TIME
    months: dict[str, MonthFile] = field(default_factory=dict)
    faults: dict[BarFault, tuple[int, ...]] = field(default_factory=dict)
    adjusted: bool = False

    @property
    def rows(self) -> int:
        return sum(month.rows for month in self.months.values())

    def faults_within(self, start: int, end: int) -> Faults:
        return _only(self.faults, lambda at: start <= at < end)

    def faults_outside(self, start: int, end: int) -> Faults:
        return _only(self.faults, lambda at: not start <= at < end)


def read_manifest(folder: Path) -> Manifest:
    """The folder's manifest, an empty one where there is none. Raises BarsDamaged."""
    path = folder / MANIFEST
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Manifest()
    try:
        return _parsed(orjson.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BarsDamaged(f"{path} cannot be read; move its folder away and fetch again.") from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Swap the folder's manifest: what the files are, from this moment on."""
    body = {
        "version": _VERSION,
        "known": manifest.known.ranges,
        "months": {
            month: [file.name, file.rows, file.first, file.last, file.crc]
            for month, file in sorted(manifest.months.items())
        },
        "faults": {fault.value: starts for fault, starts in manifest.faults.items()},
        "adjusted": manifest.adjusted,
    }
    write_whole(folder / MANIFEST, orjson.dumps(body, option=orjson.OPT_INDENT_2))


def joined(*faults: Faults | None) -> dict[BarFault, tuple[int, ...]]:
    """The union of several."""
    together: dict[BarFault, set[int]] = {}
    for one in faults:
        for fault, starts in (one or {}).items():
            together.setdefault(fault, set()).update(starts)
    return {fault: tuple(sorted(starts)) for fault, starts in together.items()}


def _parsed(body: Any) -> Manifest:
    if body["version"] != _VERSION:
        raise ValueError("made by another version")
    return Manifest(
        known=TimeRanges.of((int(start), int(end)) for start, end in body["known"]),
        months={
            str(month): MonthFile(_bare(name), *map(int, figures))
            for month, (name, *figures) in body["months"].items()
        },
        faults={BarFault(fault): tuple(map(int, starts)) for fault, starts in body["faults"].items()},
        adjusted=bool(body["adjusted"]),
    )


def _bare(name: str) -> str:
    if Path(name).name != name:
        raise ValueError("a file outside the folder")
    return name


def _only(faults: Faults, keep: Any) -> dict[BarFault, tuple[int, ...]]:
    within = {fault: tuple(at for at in starts if keep(at)) for fault, starts in faults.items()}
    return {fault: starts for fault, starts in within.items() if starts}


def all_names(manifest: Manifest) -> Iterable[str]:
    return (file.name for file in manifest.months.values())
