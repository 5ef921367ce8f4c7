"""Bringing a backtest's bars together: which days, from where, how far back, and how often it is asked."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from flotilla.adapters.parquet.bar_store import ParquetBarStore
from flotilla.domain.bots import BotSpec
from flotilla.domain.errors import Invalid, Unavailable
from flotilla.domain.indicators import IndicatorUse
from flotilla.domain.market import Series, Timeframe, Window
from flotilla.domain.risk import RiskRules
from flotilla.domain.rules import Comparison, Condition, Constant, IndicatorValue, Price
from flotilla.research.driver import backtest
from flotilla.research.history import BarLibrary
from flotilla.research.kernel_cache import compile_kernel
from flotilla.research.material import Materials, NoBars
from flotilla.research.model.simulation import simulate
from flotilla.research.plan import BacktestPlan, check, moments, seen_from
from flotilla.research.timeline import clock_minutes, session_minutes
from tests.bars import CALENDAR, Provider, keep, walk, walked

HORIZON = datetime(2025, 3, 14, 16, tzinfo=UTC)


def bot(*symbols: str, length: int = 14, timeframe: Timeframe | None = None) -> BotSpec:
    sma = IndicatorUse("sma", "SMA", {"timeperiod": length}, timeframe=timeframe)
    return BotSpec(
        name="Bot",
        capital=Decimal(10_000),
        symbols=symbols or ("AAPL",),
        timeframe=Timeframe.MINUTE_1,
        trading_frequency=60,
        indicators=(sma,),
        entry=Condition(Price("close"), Comparison.CROSSES_ABOVE, IndicatorValue("sma", "sma")),
        exit=Condition(Price("close"), Comparison.BELOW, IndicatorValue("sma", "sma")),
        risk=RiskRules(),
        window=Window(time(0), time(0)),
    )


@pytest.fixture
def store(tmp_path: Path) -> ParquetBarStore:
    return ParquetBarStore(tmp_path)


@pytest.fixture
def provider() -> Provider:
    return Provider(horizon_at=HORIZON)


@pytest.fixture
def materials(store: ParquetBarStore, provider: Provider) -> Materials:
    return Materials(
        BarLibrary(store, CALENDAR), store, CALENDAR, lambda name: provider if name == "practice" else None
    )


@pytest.fixture(scope="module")
def minutes() -> Series:
    return walk(date(2025, 2, 3), date(2025, 3, 14))


@pytest.mark.parametrize(
    ("length", "timeframe", "sessions"),
    [(14, None, 4), (390, None, 4), (2_000, None, 8), (20, Timeframe.DAY_1, 32), (200, Timeframe.DAY_1, 256)],
)
def test_bars_are_seen_from_long_enough_before(
    length: int, timeframe: Timeframe | None, sessions: int
) -> None:
    start, _ = moments(date(2025, 2, 3), date(2025, 2, 3), BacktestPlan([bot()]).clock)
    begin = seen_from(BacktestPlan([bot(length=length, timeframe=timeframe)]), start, CALENDAR)
    between = CALENDAR.sessions(begin.date(), date(2025, 2, 2))
    assert between[0].open == begin
    assert len(between) == sessions


async def test_coins_are_seen_from_whole_days_before(materials: Materials, store: ParquetBarStore) -> None:
    plan = BacktestPlan([bot("BTC/USD")], first=date(2025, 2, 8), last=date(2025, 2, 9), source="import")
    start, end = moments(date(2025, 2, 8), date(2025, 2, 9), plan.clock)
    assert (start, end) == (datetime(2025, 2, 8, tzinfo=UTC), datetime(2025, 2, 10, tzinfo=UTC))
    every = np.arange(int(start.timestamp()) - 4 * 86_400, int(end.timestamp()), 60)
    keep(store, "import", "BTC/USD", Series(**{**_columns(walked(every)), "clock": UTC}))
    found = await materials.gather(plan)
    assert seen_from(plan, start, CALENDAR) == datetime(2025, 2, 4, tzinfo=UTC)
    assert len(backtest(plan, found).result.times) == 2 * 1_440


def _columns(bars: Series) -> dict[str, np.ndarray]:
    return {name: getattr(bars, name) for name in ("start", "open", "high", "low", "close", "volume")}


async def test_the_last_year_is_fetched_and_then_kept_for_a_week(
    materials: Materials, provider: Provider, minutes: Series
) -> None:
    provider.bars["AAPL"] = minutes
    found = await materials.gather(BacktestPlan([bot()]))
    assert (found.days.first, found.days.last) == (date(2024, 3, 14), date(2025, 3, 13))
    asked = len(provider.asked)
    provider.horizon_at = datetime(2025, 3, 20, 16, tzinfo=UTC)
    materials._origins._said.clear()
    again = await materials.gather(BacktestPlan([bot()]))
    assert again.days == found.days
    assert again.histories["AAPL"] is found.histories["AAPL"]
    assert len(provider.asked) == asked


async def test_the_same_question_has_the_same_days_after_a_weekend(
    materials: Materials, provider: Provider, minutes: Series
) -> None:
    """On a Monday the last year ends with a Sunday, whether its bars are fetched or were there."""
    provider.bars["AAPL"], provider.horizon_at = minutes, datetime(2025, 3, 17, 16, tzinfo=UTC)
    first, second = [await materials.gather(BacktestPlan([bot()])) for _ in range(2)]
    assert first.days == second.days
    assert first.days.last == date(2025, 3, 16)


async def test_memory_is_bounded(store: ParquetBarStore, minutes: Series) -> None:
    materials = Materials(
        BarLibrary(store, CALENDAR), store, CALENDAR, lambda _: None, room=len(minutes) * 60
    )
    for symbol in ("AAPL", "MSFT"):
        keep(store, "import", symbol, minutes)
    plans = [BacktestPlan([bot(symbol)], source="import") for symbol in ("AAPL", "MSFT")]
    first, second = [await materials.gather(plan) for plan in plans]
    assert (await materials.gather(plans[1])).histories["MSFT"] is second.histories["MSFT"]
    assert (await materials.gather(plans[0])).histories["AAPL"] is not first.histories["AAPL"]


async def test_without_an_answer_and_without_bars_it_says_so(
    materials: Materials, provider: Provider
) -> None:
    provider.reachable = False
    with pytest.raises(Unavailable):
        await materials.gather(BacktestPlan([bot()]))


async def test_minutes_of_one_symbol_and_days_of_another_are_refused(
    materials: Materials, store: ParquetBarStore, minutes: Series
) -> None:
    keep(store, "import", "AAPL", minutes)
    days = np.arange(np.datetime64("2025-02-03T05", "s"), np.datetime64("2025-03-15T05", "s"), 86_400)
    coarse = {**_columns(walked(days.astype(np.int64))), "timeframe": Timeframe.DAY_1}
    keep(store, "import", "MSFT", Series(**coarse))
    plan = BacktestPlan([bot("AAPL", "MSFT")], source="import")
    with pytest.raises(Invalid) as refused:
        await materials.gather(plan)
    assert [problem.field for problem in refused.value.problems] == ["bots.0.symbols.1"]


async def test_a_symbol_without_bars_is_named(
    materials: Materials, store: ParquetBarStore, minutes: Series
) -> None:
    keep(store, "import", "AAPL", minutes)
    plan = BacktestPlan(
        [bot("AAPL"), bot("MSFT")], first=date(2025, 2, 10), last=date(2025, 2, 11), source="import"
    )
    with pytest.raises(NoBars) as refused:
        await materials.gather(plan)
    assert [problem.field for problem in refused.value.problems] == ["bots.1.symbols.0"]


def test_a_stock_and_a_coin_are_tested_apart() -> None:
    with pytest.raises(Invalid) as refused:
        check(BacktestPlan([bot("AAPL"), bot("BTC/USD")]))
    assert [problem.field for problem in refused.value.problems] == ["bots"]


async def test_what_is_compiled_at_install_is_all_that_runs(
    materials: Materials, store: ParquetBarStore, minutes: Series
) -> None:
    """No backtest's arrays are of a kind that is compiled only when it comes."""
    compile_kernel()
    before = [len(one.signatures) for one in (simulate, session_minutes, clock_minutes)]
    gaps = minutes.cut(np.arange(len(minutes)) % 50 != 3)
    for symbol, bars in (("AAPL", minutes), ("MSFT", gaps)):
        keep(store, "import", symbol, bars)
    one = BacktestPlan([bot()], source="import")
    several = BacktestPlan([bot("AAPL", "MSFT"), bot("MSFT")], source="import")
    for plan in (one, several):
        backtest(plan, await materials.gather(plan))
    assert [len(one.signatures) for one in (simulate, session_minutes, clock_minutes)] == before


def test_a_constant_alone_has_no_memory() -> None:
    """The smallest bot still sees a few sessions: previews of the next ones then find them."""
    start, _ = moments(date(2025, 2, 3), date(2025, 2, 3), BacktestPlan([bot()]).clock)
    spec = bot()
    plain = BotSpec(
        **{
            **{name: getattr(spec, name) for name in spec.__dataclass_fields__},
            "indicators": (),
            "entry": Condition(Price("close"), Comparison.ABOVE, Constant(1.0)),
            "exit": None,
        }
    )
    assert (
        seen_from(BacktestPlan([plain]), start, CALENDAR)
        == CALENDAR.sessions(date(2025, 1, 28), date(2025, 1, 28))[0].open
    )
