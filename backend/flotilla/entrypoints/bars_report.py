"""What `flotilla bars` shows: progress on standard error, tables or JSON on standard output."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from flotilla.domain.bar_quality import BarFault
from flotilla.ports.bar_store import Coverage, SeriesKey
from flotilla.research.bar_check import BarCheck
from flotilla.research.bar_import import ImportReport
from flotilla.research.fetch import Fetched, FetchProgress

_PLAIN_WIDTH = 160  # where standard output is no terminal
_SHOWN_DAYS = 3


class _BarRate(ProgressColumn):
    """Bars so far, and bars a second."""

    def render(self, task: Task) -> Text:
        bars, elapsed = task.fields["bars"], task.finished_time or task.elapsed
        rate = f"{bars / elapsed:,.0f}/s" if elapsed else "-"
        return Text(f"{bars:,} bars {rate:>10}")


@contextmanager
def fetching(quiet: bool) -> Iterator[Callable[[FetchProgress], None]]:
    """A line for each symbol: how far, bars, rate and remaining time."""
    columns = (TextColumn("{task.description}"), BarColumn(), _BarRate(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as shown:
        lines: dict[tuple[str, str], TaskID] = {}

        def tell(progress: FetchProgress) -> None:
            line = (progress.symbol, progress.timeframe.value)
            if line not in lines:
                lines[line] = shown.add_task(" ".join(line), total=progress.total, bars=0)
            shown.update(lines[line], completed=progress.done, total=progress.total, bars=progress.bars)

        yield tell
        shown.live.transient = not lines  # where nothing was fetched, not even an empty line is left


@contextmanager
def importing(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """One line over all files, each of which is read twice."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as shown:
        line = shown.add_task("files, checked and taken", total=None)
        yield lambda done, total: shown.update(line, completed=done, total=total)


def fetched(source: str, done: Sequence[Fetched], as_json: bool) -> None:
    rows = [
        {
            "source": source,
            "symbol": one.key.symbol,
            "timeframe": one.key.timeframe.value,
            "bars": one.bars,
            "fetched": [[_moment(start), _moment(end)] for start, end in one.fetched],
            "left_out": _counts(one.faults),
            "actions_changed": one.actions_changed,
        }
        for one in done
    ]
    if as_json:
        return _json(rows)
    table = _table(f"Fetched into {source}", "symbol", "timeframe", "new bars", "left out", "note")
    for one in done:
        note = "new splits or dividends" if one.actions_changed else ""
        if not one.fetched:
            note = ", ".join(filter(None, ("all was there", note)))
        table.add_row(one.key.symbol, one.key.timeframe.value, f"{one.bars:,}", _sentence(one.faults), note)
    _show(table)


def imported(report: ImportReport, as_json: bool) -> None:
    rows = [
        {
            "file": str(one.path),
            "symbol": one.key.symbol,
            "timeframe": one.key.timeframe.value,
            "bars": one.taken,
            "left_out": _counts(one.left),
            "first": _iso(one.first),
            "last": _iso(one.last),
        }
        for one in report.taken
    ]
    if as_json:
        unread = list(report.unreadable)
        return _json(
            {"source": report.source, "taken": rows, "unreadable": unread, "actions": report.actions}
        )
    title = f"Imported into {report.source}: {report.bars:,} bars, {report.actions} splits and dividends"
    table = _table(title, "file", "symbol", "timeframe", "bars", "first", "last", "left out")
    for one in report.taken:
        table.add_row(
            one.path.name,
            one.key.symbol,
            one.key.timeframe.value,
            f"{one.taken:,}",
            _short(one.first),
            _short(one.last),
            _sentence(one.left),
        )
    _show(table)
    for sentence in report.unreadable:
        sys.stderr.write(f"Left out: {sentence}\n")


def listed(held: Sequence[tuple[SeriesKey, Coverage]], as_json: bool) -> None:
    if as_json:
        return _json([_series_json(key, coverage) for key, coverage in held])
    table = _table("Bars in the store", "source", "symbol", "timeframe", "bars", "first", "last", "note")
    for key, coverage in held:
        notes = ["adjusted"] if coverage.adjusted else []
        left = sum(map(len, (coverage.faults or {}).values()))
        notes += [f"{left} left out"] if left else []
        table.add_row(
            key.source,
            key.symbol,
            key.timeframe.value,
            f"{coverage.bars:,}",
            _short(coverage.first),
            _short(coverage.last),
            ", ".join(notes),
        )
    _show(table)


def checked(found: Sequence[BarCheck], as_json: bool) -> None:
    if as_json:
        return _json([_check_json(one) for one in found])
    table = _table("Checked", "source", "symbol", "timeframe", "bars", "missing", "what is wrong")
    for one in found:
        gaps = one.gaps
        missing = f"{gaps.missing_bars:,} of {gaps.expected_bars:,}, at most {gaps.longest_gap} in a row"
        wrong = list(one.problems)
        if gaps.missing_sessions:
            days = [day.isoformat() for day in gaps.missing_sessions[:_SHOWN_DAYS]]
            more = ", ..." if len(gaps.missing_sessions) > _SHOWN_DAYS else ""
            wrong.append(f"{len(gaps.missing_sessions)} sessions without a bar: {', '.join(days)}{more}")
        table.add_row(
            one.key.source,
            one.key.symbol,
            one.key.timeframe.value,
            f"{one.coverage.bars:,}",
            missing if gaps.missing_bars else "-",
            "\n".join(wrong) or "-",
        )
    _show(table)


def _series_json(key: SeriesKey, coverage: Coverage) -> dict[str, Any]:
    return {
        "source": key.source,
        "symbol": key.symbol,
        "timeframe": key.timeframe.value,
        "bars": coverage.bars,
        "first": _iso(coverage.first),
        "last": _iso(coverage.last),
        "known": [[_moment(start), _moment(end)] for start, end in coverage.known],
        "adjusted": coverage.adjusted,
        "left_out": {fault.value: len(starts) for fault, starts in (coverage.faults or {}).items()},
    }


def _check_json(one: BarCheck) -> dict[str, Any]:
    return {
        **_series_json(one.key, one.coverage),
        "problems": list(one.problems),
        "expected_bars": one.gaps.expected_bars,
        "missing_bars": one.gaps.missing_bars,
        "longest_gap": one.gaps.longest_gap,
        "missing_sessions": [day.isoformat() for day in one.gaps.missing_sessions],
    }


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, justify="right" if column.endswith("bars") else "left", overflow="fold")
    return table


def _show(table: Table) -> None:
    console = Console()
    Console(width=None if console.is_terminal else _PLAIN_WIDTH).print(table)


def _json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")


def _counts(faults: Mapping[BarFault, int]) -> dict[str, int]:
    return {fault.value: count for fault, count in faults.items()}


def _sentence(faults: Mapping[BarFault, int]) -> str:
    return ", ".join(f"{count:,} {fault.value.replace('_', ' ')}" for fault, count in faults.items()) or "-"


def _moment(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def _short(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "-"
