"""Each of the practice market's drills, alone and mixed: the books agree, and every bot runs on."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.integration.backend import Backend
from tests.integration.books import assert_books_agree, open_findings
from tests.integration.crashes import BOTS, PRACTICE, SYMBOLS

_MINUTES = 8  # of each drill
_ORDERS = "/v2/orders"
# The engine hears of every minute and every report in the end: it is stepped in lockstep.
LOCKSTEP: dict[str, dict[str, Any]] = {
    "server errors": {"kind": "server_error", "probability": 0.2, "path": _ORDERS},
    "too many requests": {"kind": "rate_limited", "count": 2, "path": _ORDERS},  # each stops all for 5 s
    "answers that are lost": {"kind": "timeout_after_accept", "probability": 0.3},
    "lines that break": {"kind": "dropped_connection", "probability": 0.2, "target": "rest", "path": _ORDERS},
    "reports that come twice": {"kind": "duplicated_update", "probability": 0.5},
    "corrected bars": {"kind": "corrected_bar", "probability": 0.3},
    "orders rejected late": {"kind": "rejected_order", "probability": 0.3},
    "slow cancels": {"kind": "slow_cancel", "probability": 0.5},
}
# Something does not come, or comes with the next minute: the market goes on without waiting for the engine.
LATE: dict[str, dict[str, Any]] = {
    "reports in another order": {
        "kind": "reordered_update",
        "probability": 0.3,
    },  # the last one waits for a next
    "reports that come late": {"kind": "delayed_update", "probability": 0.5},
    "bars that come late": {"kind": "late_bar", "probability": 0.3},
    "reports that do not come": {"kind": "mute_stream", "target": "trade_updates"},
    "a line of reports that breaks": {"kind": "dropped_connection", "count": 1, "target": "trade_updates"},
    "a line of bars that breaks": {"kind": "dropped_connection", "count": 1, "target": "market_data"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def trading(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Backend]:
    """Several bots that trade every few minutes; one market for all drills."""
    async with Backend(
        module_database_url, tmp_path_factory.mktemp("logs"), symbols=SYMBOLS, practice_options=PRACTICE
    ) as backend:
        for definition in BOTS:
            await backend.start_bot(await backend.create_bot(definition))
        yield backend


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", LOCKSTEP)
async def test_a_drill_in_lockstep(trading: Backend, name: str) -> None:
    before = await _fills(trading)
    struck = await _under(trading, [LOCKSTEP[name]], lockstep=True)
    assert struck, f"{name} never struck"
    await _all_is_well(trading)
    assert await _fills(trading) > before, "trading went on"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", LATE)
async def test_a_drill_that_holds_something_back(trading: Backend, name: str) -> None:
    struck = await _under(trading, [LATE[name]], lockstep=False, minutes=16)
    assert struck, f"{name} never struck"
    await _all_is_well(trading)


@pytest.mark.asyncio(loop_scope="module")
async def test_drills_mixed(trading: Backend) -> None:
    mixed = [drill | {"probability": 0.1} for drill in LOCKSTEP.values()]
    struck = await _under(trading, mixed, lockstep=True, minutes=12)
    assert struck > 4
    await _all_is_well(trading)


async def _under(
    backend: Backend, drills: list[dict[str, Any]], *, lockstep: bool, minutes: int = _MINUTES
) -> int:
    """Trade under drills; how often they struck."""
    for drill in drills:
        answer = await backend.practice.post("/practice/faults", json=drill)
        assert answer.status_code == httpx.codes.OK, answer.text
    try:
        for _ in range(minutes):
            await _minute(backend, lockstep=lockstep)
        faults = (await backend.practice.get("/practice/faults")).json()["faults"]
    finally:
        await backend.practice.delete("/practice/faults")
    return sum(fault["struck"] for fault in faults)


async def _minute(backend: Backend, *, lockstep: bool) -> None:
    if lockstep:
        await backend.step()
        return
    answer = await backend.practice.post("/practice/step", timeout=60)
    assert answer.status_code == httpx.codes.OK, answer.text


async def _hears(backend: Backend) -> bool:
    """The engine has its lines of bars and of reports."""
    listeners = (await backend.practice.get("/practice/state")).json()["listeners"]
    return bool(listeners["bars"] and listeners["trade_updates"])


async def _all_is_well(backend: Backend) -> None:
    """Without drills the engine catches up by itself; then everything agrees."""
    await backend.until(lambda: _hears(backend))
    await backend.until(lambda: _all_answered(backend))
    for _ in range(3):
        await backend.step()
    await backend.until(lambda: _all_answered(backend))
    await assert_books_agree(backend)
    rows = await backend.database.fetch("SELECT name, status, status_reason FROM flotilla.bots")
    assert {row["status"] for row in rows} == {"running"}, rows


async def _all_answered(backend: Backend) -> bool:
    """Of no order it is unknown whether the broker has it, and the account has been found to agree."""
    unknown = await backend.database.fetchval(
        "SELECT count(*) FROM flotilla.orders WHERE status = 'pending_submit'"
    )
    return not unknown and not await open_findings(backend)


async def _fills(backend: Backend) -> int:
    found: int = await backend.database.fetchval("SELECT count(*) FROM flotilla.fills")
    return found
