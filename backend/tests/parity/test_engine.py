"""Fill parity (semantics 8): the engine in lockstep over replayed minutes, and the backtest over the same.

All rows trade at once on one account of the practice market: one replay, one backtest, a list for each bot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import pytest_asyncio

from flotilla.domain.bots import BotSpec
from flotilla.domain.market import Series
from flotilla.research.backtest import BacktestRequest, BacktestResult, run
from flotilla.research.parity.fills import Timed, backtest_fills, in_order, live_fill
from flotilla.wire.bots import BotDefinition, to_spec
from tests.integration.backend import Backend
from tests.parity.definitions import CASH, MOVING, ROWS, SYMBOLS, WANTED
from tests.parity.histories import REAL, domain_sessions, minutes, sessions

_WARM, _FIRST, _LAST = date(2019, 2, 11), date(2019, 2, 13), date(2019, 2, 14)
_BEFORE, _MINUTES = 240, 175  # minutes of the first session before the bots start; minutes that they trade
# The replay of all rows is the first one's setup, and a machine may be busy.
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Replay:
    """What the engine traded, by bot, how many stops it moved, and the backtest of the same."""

    specs: list[BotSpec]
    live: list[list[Timed]]
    moved: list[int]
    backtest: BacktestResult
    reports: list[dict[str, Any]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replay(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    folder = tmp_path_factory.mktemp("bars")
    histories = {symbol: minutes(symbol, _WARM, _LAST) for symbol in SYMBOLS}
    for symbol, series in histories.items():
        _write(folder / f"{symbol}.parquet", series)
    async with Backend(
        module_database_url,
        tmp_path_factory.mktemp("logs"),
        bars=folder,
        symbols=SYMBOLS,
        start_day=_FIRST,
        cash=CASH,
    ) as backend:
        for _ in range(_BEFORE):
            answer = await backend.practice.post("/practice/step", timeout=60)
            assert answer.status_code == 200, answer.text
        start = await _now(backend)
        ids = [await backend.create_bot(row) for row in ROWS]
        for bot_id in ids:
            await backend.start_bot(bot_id)
        for _ in range(_MINUTES):
            end = await backend.step()
        live = [await _fills(backend, bot_id, until=end) for bot_id in ids]
        moved = [await _moved(backend, bot_id) for bot_id in ids]
        reports = [await _report(backend, bot_id) for bot_id in ids]
    specs = [to_spec(BotDefinition.model_validate(row)) for row in ROWS]
    return Replay(specs, live, moved, _backtest(specs, histories, start, end), reports)


@pytest.mark.parametrize("bot", range(len(ROWS)), ids=[row["name"] for row in ROWS])
def test_the_engine_fills_as_the_backtest_does(replay: Replay, bot: int) -> None:
    symbols = replay.specs[bot].symbols
    wanted = in_order(backtest_fills(replay.backtest, bot), symbols)
    got = in_order(replay.live[bot], symbols)
    for n, (ours, theirs) in enumerate(zip(wanted, got, strict=False)):
        assert theirs == ours, f"fill {n} of {len(wanted)}"
    assert len(got) == len(wanted)
    assert wanted


@pytest.mark.parametrize("bot", range(len(ROWS)), ids=[row["name"] for row in ROWS])
def test_the_platforms_own_report_says_so_too(replay: Replay, bot: int) -> None:
    """Of the last session: replayed from what is kept, and backtested from where the session began."""
    report = replay.reports[bot]
    assert report["decisions"]["mismatches"] == []
    assert report["decisions"]["percent"] == 100
    assert report["decisions"]["evaluations"] > 0
    assert report["fills"]["differences"] == []
    assert report["fills"]["percent"] == 100
    last = [fill for fill in replay.live[bot] if fill.bar >= datetime.fromisoformat(report["first_tau"])]
    assert report["fills"]["live"] == report["fills"]["equal"] == len(last)


def test_the_rows_show_every_purpose_and_reason(replay: Replay) -> None:
    if REAL:
        assert {(fill.purpose.value, fill.reason.value) for fill in replay.backtest.fills} >= WANTED


def test_stops_have_moved_at_the_broker(replay: Replay) -> None:
    for spec, moved in zip(replay.specs, replay.moved, strict=True):
        assert bool(moved) is spec.name.startswith(MOVING), spec.name


def _backtest(
    specs: list[BotSpec], histories: Mapping[str, Series], start: datetime, end: datetime
) -> BacktestResult:
    request = BacktestRequest(specs, start, end, account_equity=float(CASH))
    return run(request, histories, domain_sessions(sessions(_WARM, _LAST)))


async def _now(backend: Backend) -> datetime:
    return datetime.fromisoformat((await backend.practice.get("/practice/state")).json()["now"])


async def _report(backend: Backend, bot_id: str) -> dict[str, Any]:
    answer = await backend.api.post(f"/bots/{bot_id}/parity", timeout=60)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def _fills(backend: Backend, bot_id: str, until: datetime) -> list[Timed]:
    """The bot's trades (one an order), with the time and reason of their orders' decisions.

    What was decided at the last minute's end has filled in a minute that the backtest does not have.
    """
    orders = {order["id"]: order for order in await backend.items("/orders", bot_id=bot_id)}
    found = []
    for trade in await backend.items("/trades", bot_id=bot_id):
        assert trade["is_final"]
        found.append(_timed(trade, orders[trade["order_id"]]))
    return [timed for timed in found if timed.bar < until]


async def _moved(backend: Backend, bot_id: str) -> int:
    """How many stops another has taken the place of."""
    orders = await backend.items("/orders", bot_id=bot_id)
    assert not [order["client_order_id"] for order in orders if order["status"] == "rejected"]
    return sum(order["status"] == "replaced" for order in orders)


def _timed(trade: dict[str, Any], order: dict[str, Any]) -> Timed:
    return live_fill(
        at=datetime.fromisoformat(trade["timestamp"]),
        tau=datetime.fromisoformat(order["tau"]),
        symbol=trade["symbol"],
        side=trade["type"],
        purpose=trade["purpose"],
        quantity=Decimal(trade["quantity"]),
        price=Decimal(trade["price"]),
        reason=order["decided_reason"],
    )


def _write(path: Path, series: Series) -> None:
    columns: dict[str, Any] = {
        name: getattr(series, name) for name in ("open", "high", "low", "close", "volume")
    }
    starts = pa.array(series.start * 1_000_000, pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"timestamp": starts} | columns), path)
