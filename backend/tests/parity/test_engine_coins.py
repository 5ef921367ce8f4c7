"""Fill parity of bots on coins: around the clock, over midnight of UTC, protected by the engine."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
import pytest_asyncio

from flotilla.adapters.alpaca import mapping
from flotilla.domain.market import Series
from flotilla.research.backtest import BacktestRequest, run
from flotilla.wire.bots import BotDefinition, to_spec
from tests.integration.backend import Backend
from tests.parity.definitions import COIN_ROWS, COINS, COINS_WANTED
from tests.parity.fills import backtest_fills, in_order
from tests.parity.histories import REAL, domain_sessions, minutes, sessions
from tests.parity.test_engine import Replay, _fills, _now, _write

_WARM, _FIRST, _LAST = date(2016, 2, 10), date(2016, 2, 11), date(2016, 2, 12)
_LATER = 48  # days: where there are real bars of one pair only, its own of another week stand for the second
_BEFORE, _MINUTES = 375, 250  # from before the stock market's close to past midnight of UTC
_ACCOUNT = 100_000.0

# The replay of all rows is the first one's setup, and a machine may be busy.
pytestmark = pytest.mark.timeout(600)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replay(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    folder = tmp_path_factory.mktemp("bars")
    histories = {symbol: _history(symbol) for symbol in COINS}
    traded = {start for series in histories.values() for start in series.start.tolist()}
    for symbol, series in histories.items():
        _write(folder / f"{symbol.replace('/', '')}.parquet", series)
    async with Backend(
        module_database_url,
        tmp_path_factory.mktemp("logs"),
        bars=folder,
        start_day=_FIRST,
    ) as backend:
        for _ in range(_BEFORE):
            await _pass(backend)
        start = end = await _now(backend)
        ids = [await backend.create_bot(row) for row in COIN_ROWS]
        for bot_id in ids:
            await backend.start_bot(bot_id)
        for _ in range(_MINUTES):
            # A minute in which nothing was traded closes nowhere: there is nothing to wait for.
            end = await backend.step() if int(end.timestamp()) in traded else await _pass(backend)
        live = [await _fills(backend, bot_id, until=end) for bot_id in ids]
        listed = (await backend.practice.get("/v2/assets", params={"asset_class": "crypto"})).json()
    specs = [to_spec(BotDefinition.model_validate(row)) for row in COIN_ROWS]
    instruments = {asset["symbol"]: mapping.instrument(asset) for asset in listed}
    request = BacktestRequest(specs, start, end, account_equity=_ACCOUNT, instruments=instruments)
    backtest = run(request, histories, domain_sessions(sessions(_WARM, _LAST)))
    assert start.date() < end.date(), "the day must roll while they trade"
    return Replay(specs, live, [], backtest, [])


def _history(symbol: str) -> Series:
    if not REAL or symbol == "BTC/USD":
        return minutes(symbol, _WARM, _LAST)
    other = minutes("BTC/USD", _WARM + timedelta(days=_LATER), _LAST + timedelta(days=_LATER))
    return replace(other, start=other.start - _LATER * 86_400)


async def _pass(backend: Backend) -> datetime:
    answer = await backend.practice.post("/practice/step", timeout=60)
    assert answer.status_code == 200, answer.text
    return datetime.fromisoformat(answer.json()["time"])


@pytest.mark.parametrize("bot", range(len(COIN_ROWS)), ids=[row["name"] for row in COIN_ROWS])
def test_the_engine_fills_as_the_backtest_does(replay: Replay, bot: int) -> None:
    symbols = replay.specs[bot].symbols
    wanted = in_order(backtest_fills(replay.backtest, bot), symbols)
    got = in_order(replay.live[bot], symbols)
    for n, (ours, theirs) in enumerate(zip(wanted, got, strict=False)):
        assert theirs == ours, f"fill {n} of {len(wanted)}"
    assert len(got) == len(wanted)
    assert wanted


def test_the_rows_show_every_purpose_and_reason(replay: Replay) -> None:
    if REAL:
        assert {(fill.purpose.value, fill.reason.value) for fill in replay.backtest.fills} >= COINS_WANTED
