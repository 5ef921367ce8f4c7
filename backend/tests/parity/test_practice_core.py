"""Backtests against the practice market's core: two implementations of `bar_open`, the same fills.

The kernel's live face trades on the core over the same bars; its fills equal the backtest's one by one.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import pytest

from flotilla.domain import bots
from flotilla.domain.market import Series
from flotilla.practice.session import Session
from flotilla.research.backtest import BacktestRequest, BacktestResult, run
from flotilla.research.preparation import prepare
from tests.parity.bots import Row
from tests.parity.entry_orders import ENTRY_ROWS
from tests.parity.fills import backtest_fills, in_order
from tests.parity.frames import Frame, coin_frames, day_frames, minute_frames
from tests.parity.histories import REAL, domain_sessions, sessions
from tests.parity.practice_core import PracticeDesk
from tests.parity.table import ROWS


@pytest.mark.parametrize("row", [*ROWS, *ENTRY_ROWS], ids=lambda row: row.name)
def test_the_practice_core_fills_as_the_backtest_does(row: Row) -> None:
    assert not bots.problems(row.spec)
    result, desk = trade(row)
    wanted = in_order(backtest_fills(result), row.spec.symbols)
    got = in_order(desk.fills, row.spec.symbols)
    for n, (ours, theirs) in enumerate(zip(wanted, got, strict=False)):
        assert theirs == ours, f"fill {n} of {len(wanted)}"
    assert len(got) == len(wanted)
    _accounts_agree(row, result, desk)
    if REAL:
        assert row.wanted <= {(fill.purpose, fill.reason) for fill in wanted}


def trade(row: Row) -> tuple[BacktestResult, PracticeDesk]:
    """The row's bot in a backtest, and on the practice core."""
    histories = row.histories()
    calendar = sessions(row.warm, row.last)
    own = domain_sessions(calendar)
    result = run(
        BacktestRequest(
            [row.spec], row.start, row.end, costs=row.costs, guarded=row.guarded, account_equity=1e6
        ),
        histories,
        own,
    )
    trading = [session for session in calendar if session.day >= row.first]
    following = sessions(row.last, row.last.replace(year=row.last.year + 1))
    next_one = next(session for session in following if session.day > row.last)
    desk = PracticeDesk(
        row.spec,
        prepare([row.spec], histories, own, start=row.start, end=row.end),
        account_equity=1e6,
        guarded=row.guarded,
        slippage_bps=Decimal(str(row.costs.slippage_bps)),
        first_session=trading[0],
    )
    desk.run(_frames(row, histories, [*trading, next_one]))
    return result, desk


def _frames(row: Row, histories: Mapping[str, Series], trading: list[Session]) -> Iterator[Frame]:
    if row.spec.trades_coins:
        return coin_frames({symbol: _from(series, row) for symbol, series in histories.items()})
    return day_frames(histories, trading) if row.coarse else minute_frames(histories, trading)


def _from(series: Series, row: Row) -> Series:
    return series.cut(series.start >= int(row.start.timestamp()))


def _accounts_agree(row: Row, result: BacktestResult, desk: PracticeDesk) -> None:
    """Cash, fees and equity at the end: the backtest's, the live kernel's, the practice account's."""
    marks = desk.market.marks
    assert desk.bot.cash == pytest.approx(float(desk.account.cash), abs=1e-6)
    assert desk.bot.equity == pytest.approx(float(desk.account.equity(marks)), abs=1e-6)
    assert float(result.equity()[-1]) == pytest.approx(desk.bot.equity, abs=1e-6)
    assert sum(fill.fee for fill in result.fills) == pytest.approx(float(desk.account.fees), abs=1e-6)
