"""What has to be said beside a result, so that nobody trusts it more than its bars allow."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np

from flotilla.domain.bar_quality import BarFault
from flotilla.research.marks import HistoryMarks
from flotilla.research.material import Material
from flotilla.research.plan import BacktestPlan
from flotilla.research.result import BacktestResult

# Seconds; a bot that is ready before its first day is over missed little. Longer bars end late in it.
_DAY = 86_400


class RemarkCode(StrEnum):
    """COARSE_FILLS: no minutes are known, so orders fill at the opens of longer bars. MISSING_MINUTES,
    MISSING_SESSIONS: the exchange traded and there is no bar. UNKNOWN_RANGE: never fetched or imported.
    BARS_LEFT_OUT: they came and could not be used; BARS_SORTED: out of order. PROVIDER_ADJUSTED: raw
    prices are not known. SHORT_WARM_UP: indicators are not ready at the start. RULE_NEVER_HELD: of an
    entry, at any bar.
    """

    COARSE_FILLS = "COARSE_FILLS"
    MISSING_MINUTES = "MISSING_MINUTES"
    MISSING_SESSIONS = "MISSING_SESSIONS"
    UNKNOWN_RANGE = "UNKNOWN_RANGE"
    BARS_LEFT_OUT = "BARS_LEFT_OUT"
    BARS_SORTED = "BARS_SORTED"
    PROVIDER_ADJUSTED = "PROVIDER_ADJUSTED"
    SHORT_WARM_UP = "SHORT_WARM_UP"
    RULE_NEVER_HELD = "RULE_NEVER_HELD"


@dataclass(frozen=True, slots=True)
class Remark:
    """`symbol` or `bot` (its place in the request) says what it is about; `count`: bars, days or ranges."""

    code: RemarkCode
    sentence: str
    symbol: str | None = None
    bot: int | None = None
    count: int | None = None


def remarks(plan: BacktestPlan, material: Material, result: BacktestResult) -> list[Remark]:
    """All of them: by symbol, then by bot."""
    found: list[Remark] = []
    for symbol, history in material.histories.items():
        found += _of_bars(symbol, history.marks)
    for index, bot in enumerate(plan.bots):
        first_ready = result.ready_from(index)
        if first_ready is None or first_ready > int(result.times[0]) + _DAY:
            ready = (
                "never" if first_ready is None else f"on {datetime.fromtimestamp(first_ready, UTC):%Y-%m-%d}"
            )
            sentence = (
                f"{bot.name}: too few bars lie before the first day, so its indicators were ready {ready}."
            )
            found.append(Remark(RemarkCode.SHORT_WARM_UP, sentence, bot=index))
        if not result.entry_signals(index):
            sentence = f"{bot.name}: no entry rule held at any bar of these days."
            found.append(Remark(RemarkCode.RULE_NEVER_HELD, sentence, bot=index, count=0))
    return found


def _of_bars(symbol: str, marks: HistoryMarks) -> Iterator[Remark]:
    if marks.coarse:
        yield Remark(
            RemarkCode.COARSE_FILLS,
            f"{symbol}: only {marks.timeframe.value} bars are known, so orders fill at the opens of those.",
            symbol,
        )
    yield from _of_gaps(symbol, marks)
    if marks.unknown:
        spans = ", ".join(f"{_day(start)} to {_day(end - 1)}" for start, end in marks.unknown.ranges[:3])
        yield Remark(
            RemarkCode.UNKNOWN_RANGE,
            f"{symbol}: no bars were ever fetched or imported for {spans}.",
            symbol,
            count=len(marks.unknown.ranges),
        )
    # Bars out of order were put in order; all other faults cost a bar.
    left = {fault: count for fault, count in marks.faults.items() if fault is not BarFault.UNSORTED}
    if left:
        kinds = ", ".join(f"{count:,} {fault.value.replace('_', ' ')}" for fault, count in left.items())
        yield Remark(
            RemarkCode.BARS_LEFT_OUT,
            f"{symbol}: bars that could not be used were left out ({kinds}).",
            symbol,
            count=sum(left.values()),
        )
    if count := marks.faults.get(BarFault.UNSORTED, 0):
        sentence = f"{symbol}: {count:,} bars came out of order, and were put in order."
        yield Remark(RemarkCode.BARS_SORTED, sentence, symbol, count=count)
    if marks.provider_adjusted:
        yield Remark(
            RemarkCode.PROVIDER_ADJUSTED,
            f"{symbol}: the prices came adjusted, so quantities before a split are not what was traded.",
            symbol,
        )


def _of_gaps(symbol: str, marks: HistoryMarks) -> Iterator[Remark]:
    gaps = marks.gaps
    if gaps.missing_sessions:
        days = ", ".join(day.isoformat() for day in gaps.missing_sessions[:3])
        more = ", ..." if len(gaps.missing_sessions) > 3 else ""
        count = len(gaps.missing_sessions)
        yield Remark(
            RemarkCode.MISSING_SESSIONS,
            f"{symbol}: {count:,} trading days have no bar ({days}{more}).",
            symbol,
            count=count,
        )
    if gaps.missing_bars and not marks.timeframe.is_daily:
        share = gaps.missing_bars / gaps.expected_bars
        yield Remark(
            RemarkCode.MISSING_MINUTES,
            f"{symbol}: {gaps.missing_bars:,} of {gaps.expected_bars:,} bars ({share:.1%}) are missing, "
            f"at most {gaps.longest_gap:,} in a row; nothing trades in them.",
            symbol,
            count=gaps.missing_bars,
        )


def _day(seconds: int) -> str:
    return str(np.datetime64(seconds, "s").astype("datetime64[D]"))
