"""What must hold whatever was killed and whatever failed (the issue's invariants), read from both sides.

The broker's orders are ours, each of its fills is counted exactly once, the ledgers are its positions and
its cash, what a bot promised to protect is protected, and whoever is to run runs.
"""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx

from tests.integration.backend import Backend

ACCOUNT_CASH = Decimal(100_000)  # of a new practice account
_PAGE = 500
_OPEN = ("new", "accepted", "held", "pending_new", "partially_filled", "pending_cancel", "pending_replace")


async def assert_books_agree(backend: Backend) -> None:
    """Compare everything; the market must stand still and every request be answered."""
    orders = [dict(row) for row in await backend.database.fetch("SELECT * FROM flotilla.orders")]
    broker = await broker_orders(backend)
    _same_orders(orders, broker)
    await _each_fill_once(backend)
    await _same_holdings(backend)
    await _same_cash(backend)
    assert not (found := await open_findings(backend)), found
    await unprotected(backend)


async def open_findings(backend: Backend) -> list[tuple[str, str, str]]:
    """What the engine found to differ and has not resolved: symbol, cause, sentence."""
    rows = await backend.database.fetch(
        "SELECT symbol, cause, detail FROM flotilla.findings WHERE resolved_at IS NULL"
    )
    return [tuple(row) for row in rows]


async def broker_orders(backend: Backend) -> dict[str, dict[str, Any]]:
    """Every order that the broker ever had, legs among them, by its id."""
    found: dict[str, dict[str, Any]] = {}
    query: dict[str, Any] = {"status": "all", "limit": _PAGE, "direction": "asc"}
    while True:
        page = await _get(backend, "/v2/orders", **query)
        new = [order for order in page if order["id"] not in found]
        found |= {order["id"]: order for order in new}
        if not new:
            return found
        query["after_order_id"] = page[-1]["id"]


async def broker_fills(backend: Backend) -> list[tuple[str, Decimal]]:
    """Every execution: its order and the order's filled quantity after it."""
    found: list[dict[str, Any]] = []
    query: dict[str, Any] = {"page_size": 100, "direction": "asc"}
    while page := await _get(backend, "/v2/account/activities/FILL", **query):
        found += page
        query["page_token"] = page[-1]["id"]
    return [(row["order_id"], Decimal(row["cum_qty"])) for row in found]


def _same_orders(ours: list[dict[str, Any]], broker: dict[str, dict[str, Any]]) -> None:
    sent = {row["broker_order_id"]: row for row in ours if row["broker_order_id"]}
    assert sent.keys() == broker.keys(), f"not the same orders: {sent.keys() ^ broker.keys()}"
    assert max(Counter(row["client_order_id"] for row in ours).values(), default=1) == 1
    for order_id, theirs in broker.items():
        own = sent[order_id]
        assert own["filled_quantity"] == Decimal(theirs["filled_qty"]), (own, theirs)
        assert own["status"] == theirs["status"], (own, theirs)
    unsent = [row for row in ours if not row["broker_order_id"]]
    assert all(row["status"] in ("not_sent", "rejected") for row in unsent), unsent


async def _each_fill_once(backend: Backend) -> None:
    rows = await backend.database.fetch("SELECT broker_order_id, cumulative_quantity FROM flotilla.fills")
    ours = Counter((row[0], Decimal(row[1])) for row in rows)
    theirs = Counter(await broker_fills(backend))
    assert ours == theirs, f"not the same fills: {(ours - theirs) + (theirs - ours)}"


async def _same_holdings(backend: Backend) -> None:
    rows = await backend.database.fetch(
        "SELECT symbol, sum(quantity) FROM flotilla.positions WHERE is_open GROUP BY symbol"
    )
    ours = {row[0]: Decimal(row[1]) for row in rows if row[1]}
    held = await _get(backend, "/v2/positions")
    assert ours == {row["symbol"]: Decimal(row["qty"]) for row in held}


async def _same_cash(backend: Backend) -> None:
    moved = await backend.database.fetchval("SELECT sum(cash - capital) FROM flotilla.bots")
    account = await _get(backend, "/v2/account")
    assert Decimal(moved) == Decimal(account["cash"]) - ACCOUNT_CASH


async def unprotected(backend: Backend) -> dict[str, UUID]:
    """What is held with a stop that the broker does not hold in full, each with its newest order, an exit.

    Empty, but right after a crash between an exit's cancels and its sale, or a sale that was rejected:
    then it is what an exit was decided for (our record), and a sale is tried at the next minute.
    """
    orders = [dict(row) for row in await backend.database.fetch("SELECT * FROM flotilla.orders ORDER BY id")]
    broker = await broker_orders(backend)
    covered: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    newest: dict[tuple[str, str], dict[str, Any]] = {}
    for row in orders:
        key = row["bot_id"], row["symbol"]
        theirs = broker.get(row["broker_order_id"] or "")
        if row["parent_id"] is None:
            newest[key] = row
        sells = row["purpose"] not in ("entry", "take_profit")
        if sells and theirs is not None and theirs["status"] in _OPEN:
            covered[key] += row["quantity"] - row["filled_quantity"]
    rows = await backend.database.fetch(
        "SELECT bot_id, symbol, quantity FROM flotilla.positions"
        " WHERE is_open AND stop_loss_price IS NOT NULL"
    )
    found = {}
    for bot_id, symbol, quantity in rows:
        if covered[bot_id, symbol] < abs(quantity):
            words = f"{quantity} {symbol} of {bot_id}"
            last = newest[bot_id, symbol]
            assert last["purpose"] in ("exit", "flatten"), f"{words} lost its protection"
            found[words] = last["id"]
    return found


async def _get(backend: Backend, path: str, **query: Any) -> Any:
    answer = await backend.practice.get(path, params=query)
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()
