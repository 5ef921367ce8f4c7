"""Fill parity under limits over all bots: several live bots in lockstep, and one backtest of them all.

What one bot may enter depends on what the others hold and enter at the same minute, in the order of their
ids: the order in which they are made, and stand in the backtest.
"""

from dataclasses import asdict, dataclass, replace
from datetime import datetime

import pytest
import pytest_asyncio

from flotilla.domain.bots import BotSpec
from flotilla.domain.kernel.decisions import Decision, Outcome
from flotilla.domain.risk import AccountLimits, RefusalCode
from flotilla.research.backtest import BacktestRequest, BacktestResult, run
from flotilla.wire.bots import BotDefinition, to_spec
from tests.integration.backend import Backend
from tests.parity.definitions import DIP, RSI, SYMBOLS, bot
from tests.parity.fills import Timed, backtest_fills, in_order
from tests.parity.histories import REAL, domain_sessions, minutes, sessions
from tests.parity.test_engine import _FIRST, _LAST, _WARM, _fills, _now, _write

_BEFORE, _MINUTES = 10, 75  # of the session before the bots start; that they trade
_ACCOUNT = 100_000.0  # what a new practice account holds, USD
_LIMITS = AccountLimits(
    daily_loss_percent=0.024, max_exposure_percent=30, max_symbol_percent=15, max_open_positions=5
)
_TIGHT = {"stop_loss_percent": 0.12, "take_profit_percent": 0.15}
ROWS = [
    bot("stops and targets", ["BK", "TRV", "AMZN"], _TIGHT),
    bot("dips of the same", ["TRV", "BK", "DFS"], {"position_percent": 30}, rules=DIP, indicators=(RSI,)),
    bot("small ones", ["DFS", "SLV", "PPLT"], {"position_percent": 12, "time_stop_minutes": 25}),
    bot("crossing, no stop", ["AMZN", "BK", "DFS", "TRV"], {"position_percent": 24}),
    bot("fixed quantity", ["BK", "SLV"], {"sizing": "fixed_quantity", "position_quantity": 40} | _TIGHT),
]


@dataclass(frozen=True)
class Replay:
    """What the engine traded and refused, by bot, and the backtest of the same."""

    specs: list[BotSpec]
    live: list[list[Timed]]
    refused: list[set[tuple[str, str]]]
    backtest: BacktestResult
    unlimited: BacktestResult


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replay(module_database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    folder = tmp_path_factory.mktemp("bars")
    histories = {symbol: minutes(symbol, _WARM, _LAST) for symbol in SYMBOLS}
    for symbol, series in histories.items():
        _write(folder / f"{symbol}.parquet", series)
    logs = tmp_path_factory.mktemp("logs")
    async with Backend(module_database_url, logs, bars=folder, symbols=SYMBOLS, start_day=_FIRST) as backend:
        for _ in range(_BEFORE):
            answer = await backend.practice.post("/practice/step", timeout=60)
            assert answer.status_code == 200, answer.text
        start = await _now(backend)
        account = (await backend.api.get("/summary")).json()["account"]["id"]
        answer = await backend.api.put(f"/accounts/{account}/limits", json=asdict(_LIMITS))
        assert answer.status_code == 200, answer.text
        ids = [await backend.create_bot(row) for row in ROWS]
        for bot_id in ids:
            await backend.start_bot(bot_id)
        for _ in range(_MINUTES):
            end = await backend.step()
        live = [await _fills(backend, bot_id, until=end) for bot_id in ids]
        refused = [await _refused(backend, bot_id) for bot_id in ids]
    specs = [to_spec(BotDefinition.model_validate(row)) for row in ROWS]
    request = BacktestRequest(specs, start, end, account_equity=_ACCOUNT, limits=_LIMITS)
    days = domain_sessions(sessions(_WARM, _LAST))
    unlimited = run(replace(request, limits=None), histories, days)
    return Replay(specs, live, refused, run(request, histories, days), unlimited)


async def _refused(backend: Backend, bot_id: str) -> set[tuple[str, str]]:
    """When the account's limits refused an entry first of several times, and of which symbol."""
    rows = await backend.items(f"/bots/{bot_id}/decisions")
    return {(row["first_tau"], row["symbol"]) for row in rows if row["refusal"] == "ACCOUNT_LIMIT"}


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row["name"] for row in ROWS])
def test_bots_under_the_accounts_limits_fill_as_their_backtest_does(replay: Replay, number: int) -> None:
    symbols = replay.specs[number].symbols
    wanted = in_order(backtest_fills(replay.backtest, number), symbols)
    got = in_order(replay.live[number], symbols)
    for n, (ours, theirs) in enumerate(zip(wanted, got, strict=False)):
        assert theirs == ours, f"fill {n} of {len(wanted)}"
    assert len(got) == len(wanted)
    assert wanted


@pytest.mark.parametrize("number", range(len(ROWS)), ids=[row["name"] for row in ROWS])
def test_what_the_accounts_limits_refuse_live_they_refuse_in_the_backtest(
    replay: Replay, number: int
) -> None:
    refused = {
        (tau.isoformat().replace("+00:00", "Z"), decision.symbol)
        for bot_number, tau, decision in replay.backtest.decisions()
        if bot_number == number
        and decision.outcome is Outcome.REFUSED
        and decision.refusal is RefusalCode.ACCOUNT_LIMIT
    }
    assert replay.refused[number] <= refused
    assert bool(replay.refused[number]) == bool(refused)


def test_each_of_the_limits_has_refused_something(replay: Replay) -> None:
    if not REAL:
        return
    assert len(list(replay.backtest.fills)) < len(list(replay.unlimited.fills))
    assert {why for found in map(_causes, replay.backtest.decisions()) for why in found} == {
        "exposure",
        "symbol",
        "positions",
        "loss",
    }


def _causes(entry: tuple[int, datetime, Decision]) -> set[str]:
    numbers = entry[2].numbers
    if entry[2].refusal is not RefusalCode.ACCOUNT_LIMIT:
        return set()
    equity, value = numbers["account_equity"], numbers["value"]
    shares = ("max_exposure_percent", "max_symbol_percent", "daily_loss_percent")
    exposure, symbol, loss = (getattr(_LIMITS, share) / 100 * equity for share in shares)
    found = {
        "exposure": numbers["account_exposure"] + value > exposure,
        "symbol": numbers["symbol_exposure"] + value > symbol,
        "positions": numbers["open"] == _LIMITS.max_open_positions,
        "loss": -numbers["account_day_pnl"] >= loss,
    }
    return {why for why, holds in found.items() if holds}
