"""Fill parity of bots on daily bars: each session's close decides, the next session's first bar fills."""

import asyncio
from datetime import date, datetime

import pytest
import pytest_asyncio

from flotilla.research.backtest import BacktestRequest, run
from flotilla.wire.bots import BotDefinition, to_spec
from tests.integration.backend import Backend
from tests.parity.definitions import DAILY_ROWS, DAILY_WANTED, DAYS
from tests.parity.fills import backtest_fills, in_order
from tests.parity.histories import REAL, domain_sessions, minutes, sessions
from tests.parity.test_engine import Replay, _fills, _now, _write

_WARM, _FIRST, _LAST = date(2016, 4, 15), date(2016, 4, 20), date(2016, 4, 29)
_SECONDS = 60.0
_ACCOUNT = 100_000.0

# The replay of all rows is the first one's setup, and a machine may be busy.
pytestmark = pytest.mark.timeout(600)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replay(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    folder = tmp_path_factory.mktemp("bars")
    histories = {symbol: minutes(symbol, _WARM, _LAST) for symbol in DAYS}
    for symbol, series in histories.items():
        _write(folder / f"{symbol}.parquet", series)
    days = sessions(_FIRST, _LAST)
    async with Backend(
        module_database_url,
        tmp_path_factory.mktemp("logs"),
        bars=folder,
        symbols=DAYS,
        start_day=_FIRST,
    ) as backend:
        answer = await backend.practice.post("/practice/step", timeout=60)
        assert answer.status_code == 200, answer.text
        start = await _now(backend)
        ids = [await backend.create_bot(row) for row in DAILY_ROWS]
        for bot_id in ids:
            await backend.start_bot(bot_id)
        for session in days[:-1]:
            await _over(backend, session.close)
        live = [await _fills(backend, bot_id, until=days[-1].open) for bot_id in ids]
    specs = [to_spec(BotDefinition.model_validate(row)) for row in DAILY_ROWS]
    request = BacktestRequest(specs, start, days[-2].close, account_equity=_ACCOUNT)
    return Replay(specs, live, [], run(request, histories, domain_sessions(sessions(_WARM, _LAST))), [])


async def _over(backend: Backend, close: datetime) -> None:
    """Let the session pass; returns when the engine has decided at its close, and what followed is booked."""
    answer = await backend.practice.post("/practice/next-session", timeout=60)
    assert answer.status_code == 200, answer.text
    async with asyncio.timeout(_SECONDS):
        while True:
            row = await backend.database.fetchrow("SELECT tau, last_event_id FROM flotilla.engine_state")
            state = (await backend.practice.get("/practice/state")).json()
            if row and row["tau"] == close and row["last_event_id"] == state["last_event_id"]:
                return
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("bot", range(len(DAILY_ROWS)), ids=[row["name"] for row in DAILY_ROWS])
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
        assert {(fill.purpose.value, fill.reason.value) for fill in replay.backtest.fills} >= DAILY_WANTED
