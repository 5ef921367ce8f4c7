"""The dashboard's numbers: account, market, every bot's figures, and the equity curve."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from flotilla.db.tables import EquitySnapshotRow
from flotilla.domain.bots import BotStatus
from flotilla.domain.orders import OrderStatus
from flotilla.ports.broker import AccountFigures
from flotilla.ports.store import MarketSnapshot
from tests.adapters.postgres.desk import TAU, Desk, draft, execution, report, sale
from tests.builders import add_bot, definition
from tests.fakes import NOW
from tests.features.api import Api

OPEN = datetime(2026, 3, 10, 13, 30, tzinfo=UTC)
CLOSE = OPEN + timedelta(hours=6.5)


def market(**changes: Any) -> MarketSnapshot:
    known: dict[str, Any] = {
        "connected": True,
        "now": TAU,
        "rate": 60.0,
        "source": "synthetic",
        "session_open": OPEN,
        "session_close": CLOSE,
        "next_open": OPEN + timedelta(days=1),
    }
    return MarketSnapshot(**known | changes)


async def test_before_the_engine_has_asked_nothing_is_known(api: Api) -> None:
    assert await api.get("/summary") == {
        "account": {
            "id": api.account_id,
            "name": f"Practice {api.account_id}",
            "kind": "practice",
            "equity": None,
            "cash": None,
            "day_pnl": None,
            "as_of": None,
        },
        "market": {
            "now": None,
            "is_open": False,
            "session_close": None,
            "next_open": None,
            "rate": 1.0,
            "source": None,
            "connected": False,
        },
        "engine_alive": False,
        "bots_total": 0,
        "bots_running": 0,
        "bots_in_error": 0,
        "open_positions": 0,
        "trades_today": 0,
        "bots": [],
    }


async def test_the_brokers_figures_are_shown_as_they_are(api: Api, desk: Desk) -> None:
    figures = AccountFigures(Decimal("100005.83"), Decimal("99000.10"), Decimal("100003.74258806517"))
    await desk.store.save_account(desk.account_id, figures, TAU)
    account = (await api.get("/summary"))["account"]
    assert (account["equity"], account["cash"]) == ("100005.83", "99000.1")
    assert account["day_pnl"] == "2.08741193483"
    assert account["as_of"] == "2026-03-10T14:31:00Z"


async def test_an_engine_that_is_silent_is_taken_for_dead(api: Api, desk: Desk) -> None:
    await desk.store.heartbeat(desk.account_id, market(), NOW - timedelta(seconds=9))
    alive = await api.get("/summary")
    assert (alive["engine_alive"], alive["market"]["connected"]) == (True, True)
    api.clock.time = NOW + timedelta(seconds=1)
    silent = await api.get("/summary")
    assert (silent["engine_alive"], silent["market"]["connected"]) == (False, False)
    assert silent["market"]["now"] == "2026-03-10T14:31:00Z"


@pytest.mark.parametrize(
    ("now", "is_open"),
    [
        (OPEN - timedelta(seconds=1), False),
        (OPEN, True),
        (CLOSE - timedelta(seconds=1), True),
        (CLOSE, False),
    ],
)
async def test_the_market_is_open_within_its_session(
    api: Api, desk: Desk, now: datetime, is_open: bool
) -> None:
    await desk.store.heartbeat(desk.account_id, market(now=now), NOW)
    shown = (await api.get("/summary"))["market"]
    assert shown["is_open"] is is_open
    assert shown["session_close"] == ("2026-03-10T20:00:00Z" if is_open else None)
    assert shown["next_open"] == "2026-03-11T13:30:00Z"
    assert (shown["rate"], shown["source"]) == (60.0, "synthetic")


async def test_a_bots_figures_are_its_ledger(api: Api, desk: Desk) -> None:
    await desk.bought(10, "100")
    await desk.bought(5, "50", draft("entry-2", symbol="MSFT", quantity=Decimal(5)))
    exit_ = await desk.order(sale("exit-2", symbol="MSFT", quantity=Decimal(5)))
    await desk.book(report(exit_, OrderStatus.FILLED, 5), execution(exit_, 5, 5, "52"))
    await desk.store.mark(desk.account_id, {"AAPL": 101.5})
    (figures,) = (await api.get("/summary"))["bots"]
    assert figures == {
        "bot_id": desk.bot_id,
        "cash": "9010",
        "equity": "10025",
        "realized_pnl": "10",
        "unrealized_pnl": "15",
        "day_pnl": "0",
        "open_positions": 1,
        "trades": 3,
    }
    money = {name: Decimal(figures[name]) for name in ("equity", "realized_pnl", "unrealized_pnl")}
    assert money["equity"] == 10_000 + money["realized_pnl"] + money["unrealized_pnl"]


async def test_endless_averages_of_several_positions_add_up(api: Api, desk: Desk) -> None:
    for number, (price, closing) in enumerate([("33333.33", 44444.4), ("0.07", 0.0699), ("1234.5", 1.01)]):
        order = await desk.order(draft(f"e{number}", symbol=f"S{number}", quantity=Decimal(7)))
        parts = [execution(order, 3, 3, price), execution(order, 7, 4, str(Decimal(price) + 1))]
        await desk.book(report(order, OrderStatus.FILLED, 7), *parts)
        await desk.store.mark(desk.account_id, {f"S{number}": closing})
    (figures,) = (await api.get("/summary"))["bots"]
    positions = (await api.get("/positions"))["items"]
    total = sum(Decimal(position["unrealized_pnl"]) for position in positions)
    assert abs(Decimal(figures["unrealized_pnl"]) - total) < Decimal("1e-15")


async def test_the_days_profit_of_a_bot_is_todays(api: Api, desk: Desk) -> None:
    """What a bot made on another day is not shown as today's, and what an idle one holds goes on counting."""
    today = OPEN.date()
    await desk.bought(10, "100")
    exit_ = await desk.order(sale())
    await desk.store.heartbeat(desk.account_id, market(), NOW)

    async def day_pnl() -> Decimal:
        return Decimal((await api.get("/summary"))["bots"][0]["day_pnl"])

    await desk.store.mark(desk.account_id, {"AAPL": 103.0})
    await desk.store.mark_idle(desk.account_id, today - timedelta(days=1))
    assert await day_pnl() == 0, "that was yesterday"
    await desk.store.mark(desk.account_id, {"AAPL": 104.5})  # it opens with a gap
    await desk.store.mark_idle(desk.account_id, today)
    assert await day_pnl() == 15
    await desk.book(report(exit_, OrderStatus.FILLED, 10), execution(exit_, 10, 10, "102"))
    await desk.store.mark_idle(desk.account_id, today)
    assert await day_pnl() == -10
    more = definition(capital="15000")
    assert (await api.client.put(f"/bots/{desk.bot_id}", json=more)).status_code == 200
    await desk.store.mark_idle(desk.account_id, today)
    assert await day_pnl() == -10, "a transfer is no profit"
    await desk.store.set_status(desk.bot_id, BotStatus.RUNNING)
    await desk.store.mark_idle(desk.account_id, today + timedelta(days=1))
    assert await day_pnl() == -10, "a running bot says it itself"


async def test_bots_are_counted_by_what_they_do(api: Api, desk: Desk) -> None:
    second = await add_bot(api.database, name="Second")
    third = await add_bot(api.database, name="Third")
    await desk.store.set_status(desk.bot_id, BotStatus.RUNNING)
    await desk.store.set_status(second, BotStatus.ERROR, "it broke")
    summary = await api.get("/summary")
    assert (summary["bots_total"], summary["bots_running"], summary["bots_in_error"]) == (3, 1, 1)
    assert [figures["bot_id"] for figures in summary["bots"]] == [desk.bot_id, second, third]
    await api.client.delete(f"/bots/{third}")
    assert (await api.get("/summary"))["bots_total"] == 2


async def test_trades_of_today_are_those_since_the_open(api: Api, desk: Desk) -> None:
    await desk.store.heartbeat(desk.account_id, market(), NOW)
    for number, minute in enumerate((-62, -61, 0, 5)):
        order = await desk.order(draft(f"e{number}", symbol=f"S{number}"))
        done = execution(order, 10, 10, "1", minute=minute)
        await desk.book(report(order, OrderStatus.FILLED, 10), done)
    # The session opened 61 minutes before TAU.
    summary = await api.get("/summary")
    assert (summary["trades_today"], summary["open_positions"]) == (3, 4)


# --- the curve --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "points", "shown"),
    [(0, 500, 0), (1, 2, 1), (10, 500, 10), (500, 500, 500), (750, 500, 375), (999, 500, 500), (7, 3, 3)],
)
async def test_the_curve_is_thinned_evenly_and_ends_with_the_newest(
    api: Api, count: int, points: int, shown: int
) -> None:
    async with api.database.transaction() as session:
        session.add_all(
            EquitySnapshotRow(
                account_id=api.account_id, at=TAU + timedelta(minutes=n), equity=Decimal(100_000 + n)
            )
            for n in range(count)
        )
    curve = await api.get("/summary/equity", points=points)
    assert len(curve) == shown <= points
    times = [datetime.fromisoformat(point["at"]) for point in curve]
    assert times == sorted(times)
    assert len({later - sooner for sooner, later in pairwise(times)}) <= 1
    if count:
        assert curve[-1] == {
            "at": (TAU + timedelta(minutes=count - 1)).isoformat().replace("+00:00", "Z"),
            "equity": str(100_000 + count - 1),
        }
