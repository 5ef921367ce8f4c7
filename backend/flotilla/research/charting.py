"""What a person looks at: a symbol's bars in any timeframe, with any indicators drawn over them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

import numpy as np

from flotilla.domain.bots import BotSpec
from flotilla.domain.errors import Invalid, Problem
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import FloatArray, Series, TimeArray, Timeframe, Window
from flotilla.domain.risk import RiskRules
from flotilla.domain.rules import Chart, Comparison, Condition, Constant, Price
from flotilla.research.material import Material, Materials
from flotilla.research.plan import BacktestPlan, check


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars of `symbol`, oldest first, and each indicator's outputs over them: (use id, output) -> column.

    `source` is the name the bars are stored under. `earlier`, `later`: whether there are more bars on
    either side of these.
    """

    source: str
    symbol: str
    bars: Series
    columns: Mapping[tuple[str, str], FloatArray]
    earlier: bool
    later: bool


@dataclass(frozen=True, slots=True)
class View:
    """Which bars: those of the days `first` to `last` (see `BacktestPlan`), at most `most` of them, the
    newest, or where `around` is given those with it in their middle.
    """

    symbol: str
    timeframe: Timeframe
    indicators: Sequence[IndicatorUse]
    source: str
    first: date | None = None
    last: date | None = None
    around: datetime | None = None
    most: int = 1_000


def _plan(view: View) -> BacktestPlan:
    """The plan whose material a view is drawn from. Raises Invalid with what is wrong with the view."""
    plan = BacktestPlan(
        bots=[_onlooker(view)],
        first=view.first,
        last=view.last,
        source=view.source,
        field=lambda _: "",
    )
    check(plan)
    return plan


async def gather(view: View, materials: Materials) -> Material:
    """The bars of a view. Raises what `Materials.gather` does, and Invalid."""
    try:
        return await materials.gather(_plan(view))
    except Invalid as error:
        raise type(error)([_placed(problem) for problem in error.problems], error.detail) from None


def draw(view: View, material: Material) -> Picture:
    """Cut the bars, and compute the indicators over all that was known before them."""
    history = material.histories[view.symbol].bars
    closes = np.array([s.close.timestamp() for s in material.sessions]).astype(np.int64)
    uses = {use.id: use for use in view.indicators}
    chart = Chart(history, view.timeframe, uses, until=material.end, closes=closes)
    begin = int(np.searchsorted(chart.bars.start, int(material.start.timestamp())))
    rows = _rows(view, chart.bars.start, begin)
    return Picture(
        source=material.source,
        symbol=view.symbol,
        bars=chart.bars.cut(rows),
        columns={key: column[rows] for key, column in chart.columns().items()},
        earlier=rows.start > begin,
        later=rows.stop < len(chart),
    )


def _placed(problem: Problem) -> Problem:
    """A plan has a list of symbols, a view one."""
    return replace(problem, field="symbol") if problem.field.startswith("symbols") else problem


def _rows(view: View, starts: TimeArray, begin: int) -> slice:
    end = len(starts)
    if view.around is not None:
        middle = int(np.searchsorted(starts, int(view.around.astimezone(UTC).timestamp()), side="right"))
        end = min(end, middle + view.most // 2)
    first = max(begin, end - view.most)
    return slice(first, min(len(starts), max(end, first + view.most)))


def _onlooker(view: View) -> BotSpec:
    """A bot that looks at the symbol with these indicators: what is wrong with it is wrong with the view."""
    return BotSpec(
        name="Chart",
        capital=Decimal(1),
        symbols=(view.symbol,),
        timeframe=view.timeframe,
        trading_frequency=view.timeframe.seconds,
        indicators=tuple(view.indicators),
        entry=Condition(Price("close"), Comparison.ABOVE, Constant(0.0)),
        exit=None,
        risk=RiskRules(),
        window=Window(time(), time()),
    )
