"""`/api/backtests`: queued, run, told of, read, cancelled, and found again after a restart."""

import asyncio
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from flotilla.domain.errors import Unavailable
from flotilla.domain.market import Series
from flotilla.features.backtests.repository import BacktestQueue
from flotilla.features.backtests.runner import RESTARTED
from flotilla.features.backtests.schemas import BacktestDetail, BacktestTrade, Curve
from tests.bars import keep, walk
from tests.builders import condition, constant, definition, every, price
from tests.features.api import Api, fields

FIRST, LAST = date(2025, 2, 3), date(2025, 2, 28)
DAYS = {"source": "import", "first": FIRST.isoformat(), "last": LAST.isoformat()}


@pytest.fixture(scope="module")
def bars() -> tuple[Series, Series]:
    first = date(2025, 1, 28)
    return walk(first, LAST, seed=1), walk(first, LAST, seed=2, price=50.0)


def store(api: Api, bars: tuple[Series, Series]) -> None:
    for symbol, one in zip(("AAPL", "MSFT"), bars, strict=True):
        keep(api.backtests.store, "import", symbol, one)


async def queue(api: Api, **body: Any) -> dict[str, Any]:
    response = await api.client.post("/backtests", json={**DAYS, **body})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    return created


async def test_from_the_queue_to_the_result(api: Api, bars: tuple[Series, Series]) -> None:
    store(api, bars)
    stored = await api.create(name="Saved", symbols=["AAPL"])
    created = await queue(api, bot_ids=[stored["id"]], bots=[definition(name="Unsaved", symbols=["MSFT"])])
    assert (created["status"], created["progress"]) == ("queued", 0)
    assert (created["name"], created["bots"]) == ("Saved, Unsaved", ["Saved", "Unsaved"])
    assert (await api.client.get(f"/backtests/{created['id']}/curve")).json()["code"] == "BACKTEST_NOT_DONE"

    async with api.backtests.running():
        told = await api.backtests.until(created["id"], "done")
    assert told.progress == 1.0
    detail = BacktestDetail.model_validate(await api.get(f"/backtests/{created['id']}"))
    assert (detail.status, detail.source, detail.first) == ("done", "import", FIRST)
    assert detail.started_at is not None
    assert detail.finished_at is not None
    summary = detail.summary
    assert summary is not None
    assert (summary.bots, summary.symbols) == (["Saved", "Unsaved"], ["AAPL", "MSFT"])
    assert summary.capital == 20_000
    assert summary.confidence.resamples == 1_000

    curve = Curve.model_validate(await api.get(f"/backtests/{created['id']}/curve"))
    assert curve.equity[-1] == pytest.approx(20_000 + summary.metrics.returns.net_profit, abs=0.01)
    trades = [
        BacktestTrade.model_validate(one)
        async for page in api.walk(f"/backtests/{created['id']}/trades", limit=7)
        for one in page
    ]
    assert len(trades) == summary.trades_total > 20
    assert {one.bot for one in trades} == {0, 1}
    assert [one.exit_time for one in trades] == sorted(one.exit_time for one in trades)
    assert float(sum(one.profit for one in trades)) == pytest.approx(summary.metrics.trades.net_profit)


async def test_the_list_has_the_newest_first(api: Api, bars: tuple[Series, Series]) -> None:
    made = [(await queue(api, name=f"run {n}", bots=[definition()]))["id"] for n in range(3)]
    listed = [one["id"] async for page in api.walk("/backtests", limit=2) for one in page]
    assert listed == made[::-1]
    assert (await api.client.delete(f"/backtests/{made[0]}")).status_code == 204
    assert (await api.client.get(f"/backtests/{made[0]}")).json()["code"] == "BACKTEST_NOT_FOUND"
    assert (await api.client.delete(f"/backtests/{made[0]}")).status_code == 404


async def test_bots_share_the_accounts_limits(api: Api, bars: tuple[Series, Series]) -> None:
    """Both always want in; the account allows one position, so they never hold two at once."""
    store(api, bars)
    rules = {
        "entry": every(condition(price(), "above", constant(0))),
        "exit": every(condition(price(), "below", constant(1))),
    }
    risk = {"take_profit_percent": 0.5, "stop_loss_percent": 0.5}
    bots = [
        definition(name=symbol, symbols=[symbol], rules=rules, indicators=[], risk_management=risk)
        for symbol in ("AAPL", "MSFT")
    ]
    alone = await queue(api, bots=bots)
    limited = await queue(api, bots=bots, limits={"max_open_positions": 1})
    async with api.backtests.running():
        waiting = {alone["id"], limited["id"]}
        while waiting:
            told = await api.backtests.told.get()
            assert told.status in ("queued", "running", "done"), told
            if told.status == "done":
                waiting.discard(told.id)

    async def spans(backtest_id: str) -> list[tuple[str, str]]:
        pages = [page async for page in api.walk(f"/backtests/{backtest_id}/trades", limit=500)]
        return sorted((one["entry_time"], one["exit_time"]) for page in pages for one in page)

    def overlap(found: list[tuple[str, str]]) -> bool:
        return any(later[0] < earlier[1] for earlier, later in pairwise(found))

    assert overlap(await spans(alone["id"]))
    assert not overlap(await spans(limited["id"]))
    refusals = (await api.get(f"/backtests/{limited['id']}"))["summary"]["refusals"]
    assert "ACCOUNT_LIMIT" in {one["code"] for one in refusals}


async def test_what_cannot_run_is_refused_before_it_is_queued(api: Api) -> None:
    async def refused(**body: Any) -> list[str]:
        return fields(await api.client.post("/backtests", json={**DAYS, **body}))

    assert await refused() == ["bots"]
    assert await refused(bot_ids=["no-such-bot"]) == ["bot_ids.0"]
    assert await refused(bots=[definition(), definition(capital="-1")]) == ["bots.1.capital"]
    assert await refused(bots=[definition()] * 21) == ["bots"]
    assert await refused(bots=[definition(), definition(symbols=["BTC/USD"])]) == ["bots"]
    assert await refused(bots=[definition()], first="2025-03-01") == ["last"]
    assert (await api.get("/backtests"))["items"] == []


async def test_what_turns_out_wrong_is_the_reason(api: Api) -> None:
    created = await queue(api, bots=[definition()])
    async with api.backtests.running():
        told = await api.backtests.until(created["id"], "failed")
    assert told.reason is not None
    assert told.reason.startswith("There are no bars of AAPL")
    detail = await api.get(f"/backtests/{created['id']}")
    assert (detail["status"], detail["reason"], detail["summary"]) == ("failed", told.reason, None)


class _Endless:
    """A provider whose pages never end, until it is told."""

    def __init__(self, api: Api) -> None:
        self.asked = asyncio.Event()
        self._provider = api.backtests.provider
        self._provider.pages = self._pages  # type: ignore[method-assign]

    async def _pages(self, *_: Any) -> Any:
        self.asked.set()
        await asyncio.Event().wait()
        yield


async def test_a_cancelled_one_ends_and_the_next_begins(api: Api, bars: tuple[Series, Series]) -> None:
    store(api, bars)
    endless = _Endless(api)
    long = await queue(api, bots=[definition()], source="practice")
    async with api.backtests.running():
        await endless.asked.wait()
        assert (await api.get(f"/backtests/{long['id']}"))["status"] == "running"
        answer = await api.client.post(f"/backtests/{long['id']}/cancel")
        assert answer.json()["status"] == "cancelled"
        await api.backtests.until(long["id"], "cancelled")
        short = await queue(api, bots=[definition()])
        await api.backtests.until(short["id"], "done")
    again = await api.client.post(f"/backtests/{short['id']}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "BACKTEST_ENDED")
    assert (await api.get(f"/backtests/{long['id']}"))["status"] == "cancelled"


async def test_a_deleted_one_ends(api: Api) -> None:
    endless = _Endless(api)
    long = await queue(api, bots=[definition()], source="practice")
    async with api.backtests.running():
        await endless.asked.wait()
        assert (await api.client.delete(f"/backtests/{long['id']}")).status_code == 204
        await api.backtests.until(long["id"], "cancelled")


async def test_a_queued_one_is_cancelled_without_a_run(api: Api) -> None:
    created = await queue(api, bots=[definition()])
    assert (await api.client.post(f"/backtests/{created['id']}/cancel")).status_code == 200
    assert [(await api.backtests.told.get()).status for _ in range(2)] == ["queued", "cancelled"]
    assert await BacktestQueue(api.database).take() is None


async def test_a_restart_says_why_it_failed_and_runs_what_waits(
    api: Api, bars: tuple[Series, Series]
) -> None:
    store(api, bars)
    torn = await queue(api, bots=[definition()])
    assert await BacktestQueue(api.database).take() is not None  # by a process that then dies
    waiting = await queue(api, bots=[definition()])
    async with api.backtests.running():
        await api.backtests.until(waiting["id"], "done")
    detail = await api.get(f"/backtests/{torn['id']}")
    assert (detail["status"], detail["reason"]) == ("failed", RESTARTED)


async def test_a_market_that_does_not_answer_is_the_reason(api: Api) -> None:
    api.backtests.provider.reachable = False
    created = await queue(api, bots=[definition()], source="practice")
    async with api.backtests.running():
        told = await api.backtests.until(created["id"], "failed")
    assert told.reason == str(Unavailable("The broker cannot be reached; it is asked again."))
