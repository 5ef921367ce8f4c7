"""The result in one sentence, for a person who does not know what an expectancy is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from flotilla.research.metrics.bootstrap import Confidence, Interval
from flotilla.research.metrics.report import Metrics

# The rule of thumb for a mean to be about normally distributed, and a quarter of a year of sessions.
FEWEST_TRADES = 30
FEWEST_DAYS = 60


class Mark(StrEnum):
    """A reason not to trust the figures.

    - TOO_FEW_TRADES: fewer than 30 closed trades, or fewer than 60 days.
    - LUCK: the interval of the expectancy holds zero: with these trades, luck alone explains the result.
    - RUINED: equity reached zero; ratios end there.
    """

    TOO_FEW_TRADES = "too_few_trades"
    LUCK = "not_distinguishable_from_luck"
    RUINED = "ruined"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The marks that apply, and one plain sentence in English."""

    marks: tuple[Mark, ...]
    sentence: str


def judge(metrics: Metrics, intervals: Confidence) -> Verdict:
    """What a backtest lets one say. Pure: the same figures, the same words."""
    marks = tuple(_marks(metrics, intervals))
    return Verdict(marks, _sentence(metrics, intervals, marks))


def _marks(metrics: Metrics, intervals: Confidence) -> list[Mark]:
    marks = []
    if metrics.returns.ruined_at is not None:
        marks.append(Mark.RUINED)
    if metrics.trades.trades < FEWEST_TRADES or metrics.returns.days < FEWEST_DAYS:
        marks.append(Mark.TOO_FEW_TRADES)
    if intervals.expectancy is not None and intervals.expectancy.contains(0.0):
        marks.append(Mark.LUCK)
    return marks


def _sentence(metrics: Metrics, intervals: Confidence, marks: tuple[Mark, ...]) -> str:
    trades, days = metrics.trades.trades, metrics.returns.days
    if metrics.returns.ruined_at is not None:
        # The end of the day is midnight for coins: the second before belongs to it.
        day = datetime.fromtimestamp(metrics.returns.ruined_at - 1, UTC).date()
        return f"The bot lost all of its money by {day}."
    if trades == 0:
        return f"The bot closed no trade in {_count(days, 'day')}, so there is nothing to judge."
    if Mark.TOO_FEW_TRADES in marks:
        return (
            f"{_count(trades, 'closed trade')} in {_count(days, 'day')} are not enough to say whether this "
            f"bot works: judge it from at least {FEWEST_TRADES} trades and {FEWEST_DAYS} days."
        )
    average, range_ = metrics.trades.expectancy, intervals.expectancy
    if average is None or range_ is None:
        return f"{_count(trades, 'closed trade')} give no range for their average profit."
    return _about_expectancy(trades, average, range_, marks) + _about_holding(metrics) + "."


def _about_expectancy(trades: int, average: float, range_: Interval, marks: tuple[Mark, ...]) -> str:
    kind = "made" if average >= 0.0 else "lost"
    facts = (
        f"{trades} closed trades {kind} {_usd(abs(average))} each on average, and anything from "
        f"{_usd(range_.lower)} to {_usd(range_.upper)} is plausible"
    )
    if Mark.LUCK in marks:
        return f"{facts}, so this result cannot be told from luck"
    if average >= 0.0:
        return f"{facts}, so more than luck was at work in this period"
    return f"{facts}, so these rules lose money and not by bad luck"


def _about_holding(metrics: Metrics) -> str:
    """What simply buying and holding gave, when it gave more."""
    if metrics.benchmark is None or metrics.benchmark.excess_return >= 0.0:
        return ""
    held, own = metrics.benchmark.total_return, metrics.returns.total_return
    return f"; buying and holding would have returned {held:.1%} instead of {own:.1%}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _usd(amount: float | None) -> str:
    if amount is None:
        return "no limit"
    rounded = round(amount, 2) + 0.0  # no minus before a zero
    return f"-{abs(rounded):,.2f} USD" if rounded < 0.0 else f"{rounded:,.2f} USD"
