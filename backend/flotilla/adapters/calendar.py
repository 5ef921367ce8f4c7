"""The New York Stock Exchange's sessions, early closes included, from exchange_calendars.

Loading it (and pandas with it) takes a second or two; its sessions are 65,000 numbers. They are kept in
a file that the library's version is a part of the name of, so that a backtest starts at once.
"""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from flotilla.domain.market import NEW_YORK, Session, TimeArray, local_days

# Given explicitly: exchange_calendars otherwise ends a year from today.
_FIRST_DAY, _LAST_DAY = date(1970, 1, 1), date(2100, 12, 31)


class ExchangeCalendar:
    """`ports.calendar.SessionCalendar`, from 1970 to 2100. `folder`: where the sessions may be kept."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def sessions(self, first: date, last: date) -> Sequence[Session]:
        schedule = _schedule(self._folder)
        days = local_days(schedule[0], NEW_YORK)
        begin = np.searchsorted(days, _number(first), side="left")
        end = np.searchsorted(days, _number(last), side="right")
        return [
            Session(datetime.fromtimestamp(open_, UTC), datetime.fromtimestamp(close, UTC))
            for open_, close in schedule[:, begin:end].T.tolist()
        ]


@cache
def _schedule(folder: Path | None) -> TimeArray:
    """Two rows: each session's open, and its close, in seconds since 1970 UTC."""
    if folder is None:
        return _from_library()
    path = folder / f"sessions-{version('exchange_calendars')}.npy"
    try:
        kept = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        kept = _from_library()
        _keep(path, kept)
    return np.asarray(kept, dtype=np.int64)


def _keep(path: Path, schedule: TimeArray) -> None:
    """Write the file whole; where that cannot be, the next start loads the library again."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            np.save(file, schedule)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)


def _from_library() -> TimeArray:
    import exchange_calendars  # noqa: PLC0415 - what is kept in the file spares it

    schedule = exchange_calendars.get_calendar("XNYS", start=_FIRST_DAY, end=_LAST_DAY).schedule
    return np.stack(
        [np.asarray(schedule[side], dtype="datetime64[s]").astype(np.int64) for side in ("open", "close")]
    )


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days
