"""`POST /api/backtests/preview`: over real routes, a real bar store and the compiled kernel."""

import asyncio
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flotilla.adapters.bar_files.reader import ForeignBarFiles
from flotilla.domain.market import Series, Timeframe
from flotilla.features.backtests.schemas import Preview
from flotilla.research.bar_import import ImportRequest, import_bars
from tests.bars import keep, walk
from tests.builders import condition, constant, definition, every, indicator, price
from tests.features.api import Api, fields

FIRST, LAST = date(2025, 2, 3), date(2025, 3, 14)
DAYS = {"source": "import", "first": FIRST.isoformat(), "last": LAST.isoformat()}

NEVER = {"entry": every(condition(price(), "below", constant(-1)))}


@pytest.fixture(scope="module")
def bars() -> Series:
    """Six weeks of minutes, and two before them to warm indicators up."""
    return walk(date(2025, 1, 21), LAST)


def bot(**changes: Any) -> dict[str, Any]:
    return definition(symbols=["AAPL"], **changes)


async def preview(api: Api, body: dict[str, Any]) -> Preview:
    """Return the answer, held against its own schema."""
    response = await api.client.post("/backtests/preview", json=body)
    assert response.status_code == 200, response.text
    return Preview.model_validate_json(response.content)


async def test_a_bot_that_is_not_saved(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    found = await preview(api, {"bot": bot(), **DAYS})
    assert (found.source, found.first, found.last, found.symbols) == ("import", FIRST, LAST, ["AAPL"])
    assert found.minutes == 29 * 390  # Presidents' Day is no session
    assert found.remarks == []

    curve = found.curve
    assert 1_000 < len(curve.times) <= 2_000
    assert len({len(curve.times), len(curve.equity), len(curve.drawdown), len(curve.benchmark)}) == 1
    assert curve.times == sorted(set(curve.times))
    deepest = found.metrics.drawdown.max_drawdown
    assert max(curve.drawdown) == pytest.approx(deepest, abs=1e-6)
    assert curve.equity[-1] == pytest.approx(10_000 + found.metrics.returns.net_profit)

    trades = found.trades
    assert found.metrics.trades.trades == found.trades_total == len(trades) > 20
    assert float(sum(one.profit for one in trades)) == pytest.approx(found.metrics.trades.net_profit)
    assert sum(one.count for one in found.exits) == len(trades)
    entries = [one for one in found.markers if one.purpose == "entry"]
    assert [one.entry_time for one in trades] == [one.time for one in entries][: len(trades)]
    assert entries[0].price == trades[0].entry_price
    assert all(one.sentence and one.count for one in found.refusals)
    assert found.confidence.resamples == 200
    assert await api.stored() == (0, 0, 0)


async def test_rows_and_points_are_bounded(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    body = {"bot": bot(), **DAYS}
    whole = await preview(api, body)
    cut = await preview(api, {**body, "points": 100, "rows": 3, "confidence": True})
    assert len(cut.curve.times) <= 100
    assert max(cut.curve.equity) == max(whole.curve.equity)
    assert cut.trades == whole.trades[-3:]
    assert cut.markers == whole.markers[-3:]
    assert cut.trades_total == whole.trades_total
    assert cut.confidence.resamples == 1_000


async def test_costs_are_the_tables_and_what_is_different(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    body = {"bot": bot(), **DAYS}
    free = await preview(api, body)
    paid = await preview(api, {**body, "costs": {"commission_per_order": 1.5}})
    alpaca = await preview(api, {**body, "costs": {"preset": "alpaca", "slippage_bps": 0}})
    assert free.metrics.trades.total_fees == 0
    assert paid.metrics.trades.total_fees == pytest.approx(3 * paid.trades_total)
    assert 0 < alpaca.metrics.trades.total_fees < 1
    assert alpaca.trades[0].entry_price == free.trades[0].entry_price


async def test_indicators_are_warm_on_the_first_minute(api: Api, bars: Series) -> None:
    """A bot with a longer memory begins as soon: the bars before its first day are read too."""
    keep(api.backtests.store, "import", "AAPL", bars)
    slow = {"id": "slow", "name": "SMA", "params": {"timeperiod": 200}}
    rule = every(condition(price(), "above", indicator("slow", "sma")))
    rules = {"entry": rule, "exit": every(condition(price(), "below", indicator("slow", "sma")))}
    body = {"bot": bot(indicators=[slow], rules=rules), **DAYS}
    found = await preview(api, body)
    assert "WARMING_UP" not in {one.code for one in found.refusals}
    assert found.remarks == []

    short = await preview(api, {**body, "first": "2025-01-21"})
    assert short.remarks == []
    daily = {"id": "slow", "name": "SMA", "params": {"timeperiod": 50}, "timeframe": "1Day"}
    cold = await preview(api, {**body, "bot": bot(indicators=[daily], rules=rules)})
    assert [(one.code, one.bot) for one in cold.remarks] == [("SHORT_WARM_UP", 0), ("RULE_NEVER_HELD", 0)]


async def test_bars_are_fetched_once_and_kept(api: Api, bars: Series) -> None:
    provider = api.backtests.provider
    provider.bars["AAPL"], provider.horizon_at = bars, datetime(2025, 3, 15, 12, tzinfo=UTC)
    body = {"bot": bot(), "first": FIRST.isoformat()}
    first, second = await asyncio.gather(preview(api, body), preview(api, body))
    assert (first.source, first.last) == ("practice-test", date(2025, 3, 14))
    assert first == second
    assert provider.asked == [("AAPL", Timeframe.MINUTE_1)]

    provider.reachable = False  # what was fetched serves without the market
    api.backtests.materials._origins._said.clear()
    assert (await preview(api, {**body, "last": "2025-03-14"})).trades == first.trades


async def test_new_bars_are_seen(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    before = await preview(api, {"bot": bot(), **DAYS})
    keep(api.backtests.store, "import", "AAPL", walk(date(2025, 1, 21), LAST, seed=5))
    after = await preview(api, {"bot": bot(), **DAYS})
    assert before.trades != after.trades


async def test_days_that_are_not_named_are_the_newest(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    found = await preview(api, {"bot": bot(), "source": "import"})
    assert (found.first, found.last) == (date(2025, 1, 21), LAST)
    assert [one.code for one in found.remarks] == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"last": "2025-01-31"}, ["last"]),
        ({"first": "2031-02-03", "last": "2031-02-04", "source": "practice"}, ["first"]),
        ({"first": "2025-05-01", "last": "2025-05-02"}, ["bot.symbols.0"]),
        ({"first": "2025-02-08", "last": "2025-02-09"}, ["bot.symbols.0"]),  # a weekend
        ({"source": "import-other"}, ["bot.symbols.0"]),
        ({"source": "../import"}, ["source"]),
        ({"costs": {"slippage_bps": -1}}, ["costs.slippage_bps"]),
        ({"points": 2_001}, ["points"]),
        ({"bot": bot(capital="-5")}, ["bot.capital"]),
        ({"bot": bot(indicators=[{"id": "rsi", "name": "RSI", "params": {"timeperiod": 1}}])}, None),
        ({"bot": bot(rules=NEVER)}, ["bot.rules.entry.of.0"]),
        ({"bot": definition(symbols=["AAPL", "BTC/USD"])}, ["bot.symbols.1"]),
        ({"bot": definition(symbols=["../AAPL"])}, ["bot.symbols.0"]),
    ],
)
async def test_what_cannot_be_tested_is_said_beside_its_field(
    api: Api, bars: Series, changes: dict[str, Any], expected: list[str] | None
) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    response = await api.client.post("/backtests/preview", json={"bot": bot(), **DAYS, **changes})
    assert response.status_code == 422, response.text
    named = [error["field"] for error in response.json()["errors"]]
    assert named[: len(expected or [])] == (expected or [])
    assert expected or named[0].startswith("bot.indicators.0.params")


async def test_no_bars_says_what_brings_them(api: Api) -> None:
    body = {"bot": bot(), **DAYS}
    answer = (await api.client.post("/backtests/preview", json=body)).json()
    assert answer["code"] == "NO_BARS"
    assert "`flotilla bars import`" in answer["detail"]


async def test_days_alone_do_not_serve_a_bot_of_minutes(api: Api) -> None:
    midnights = np.arange(np.datetime64("2025-01-02T05", "s"), np.datetime64("2025-03-01T05", "s"), 86_400)
    flat = np.full(len(midnights), 100.0)
    days = Series(midnights.astype(np.int64), *(flat for _ in range(5)), timeframe=Timeframe.DAY_1)
    keep(api.backtests.store, "import", "AAPL", days)
    response = await api.client.post("/backtests/preview", json={"bot": bot(), "source": "import"})
    assert fields(response) == ["bot.timeframe"]
    found = await preview(api, {"bot": bot(timeframe="1Day"), "source": "import"})
    assert "COARSE_FILLS" in {one.code for one in found.remarks}


async def test_a_rule_that_never_holds_is_a_remark(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    never = {"entry": every(condition(price(), "above", constant(1e6)))}
    found = await preview(api, {"bot": bot(rules=never), **DAYS})
    assert [one.code for one in found.remarks] == ["RULE_NEVER_HELD"]
    assert found.trades == []
    assert "no trade" in found.verdict.sentence


async def test_holes_in_the_bars_are_remarks(api: Api, bars: Series) -> None:
    days = (bars.start // 86_400) != datetime(2025, 2, 20, tzinfo=UTC).timestamp() // 86_400
    kept = bars.cut(days & (np.arange(len(bars)) % 100 != 7))
    keep(api.backtests.store, "import", "AAPL", kept)
    found = await preview(api, {"bot": bot(), **DAYS})
    remarks = {one.code: one for one in found.remarks}
    assert set(remarks) == {"MISSING_SESSIONS", "MISSING_MINUTES"}
    assert remarks["MISSING_SESSIONS"].count == 1
    assert "2025-02-20" in remarks["MISSING_SESSIONS"].sentence


async def test_every_template_can_be_tested(api: Api, bars: Series) -> None:
    keep(api.backtests.store, "import", "AAPL", bars)
    for template in await api.get("/templates"):
        found = await preview(api, {"bot": template["definition"] | {"symbols": ["AAPL"]}, **DAYS})
        assert found.metrics.trades.trades == found.trades_total, template["id"]


async def test_bars_that_cannot_be_used_are_left_out_and_said(api: Api, bars: Series, tmp_path: Path) -> None:
    """A person's file: out of order, a row twice, no number, a price below zero."""
    day = bars.cut(bars.start >= datetime(2025, 3, 14, tzinfo=UTC).timestamp())
    rows = [
        f"{datetime.fromtimestamp(int(at), UTC):%Y-%m-%dT%H:%M:%SZ},{o},{h},{low},{c},{v}"
        for at, o, h, low, c, v in zip(
            day.start, day.open, day.high, day.low, day.close, day.volume, strict=True
        )
    ]
    rows[10] = rows[10].rsplit(",", 5)[0] + ",1,2,1,nan,5"
    rows[11] = rows[11].rsplit(",", 5)[0] + ",-1,2,-1,1,5"
    rows = [*rows[200:], *rows[:200], rows[300]]
    path = tmp_path / "AAPL.csv"
    path.write_text("time,open,high,low,close,volume\n" + "\n".join(rows) + "\n")
    import_bars(api.backtests.store, ForeignBarFiles(), ImportRequest(path))

    day_only = {"first": "2025-03-14", "last": "2025-03-14", "source": "import"}
    found = await preview(api, {"bot": bot(), **day_only})
    remarks = {one.code: one for one in found.remarks}
    assert found.minutes == 388
    assert remarks["BARS_LEFT_OUT"].count == 3
    assert remarks["BARS_SORTED"].count == 199
    assert remarks["MISSING_MINUTES"].count == 2
    assert all(np.isfinite(found.curve.equity))
