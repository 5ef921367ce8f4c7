"""What steps of bots leave behind: decisions, orders before they are sent, checkpoints. Many at once."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import decisions, rows
from flotilla.db import outbox
from flotilla.db.tables import BotRow, OrderEventRow, OrderRow, PositionRow, new_id
from flotilla.domain.orders import Order, OrderStatus
from flotilla.ports.store import OrderDraft, StepRecord, StepStored
from flotilla.wire import rows as wire

_SAVE_CHECKPOINTS = text("""
    UPDATE flotilla.bots AS bot SET checkpoint = CAST(step.checkpoint AS jsonb), day_pnl = step.day_pnl,
        day = coalesce(step.day, bot.day), equity = coalesce(step.equity, bot.equity)
    FROM unnest(CAST(:ids AS text[]), CAST(:checkpoints AS text[]), CAST(:day_pnls AS numeric[]),
        CAST(:days AS date[]), CAST(:equities AS numeric[]))
        AS step (bot_id, checkpoint, day_pnl, day, equity)
    WHERE bot.id = step.bot_id
""")


async def record(session: AsyncSession, steps: Sequence[StepRecord]) -> list[StepStored]:
    """Write the steps of different bots; see `ports.store.EngineStore.record_step`.

    Bots first, as in `booking`: two transactions that lock the same rows must not do it the other way round.
    """
    await _save_checkpoints(session, steps)
    await _show_guarded(session, steps)
    ids = await decisions.record(session, steps)
    orders = await _write_orders(session, steps)
    return [
        StepStored(written, orders.get(step.bot_id, ())) for step, written in zip(steps, ids, strict=True)
    ]


async def _save_checkpoints(session: AsyncSession, steps: Sequence[StepRecord]) -> None:
    await session.execute(
        _SAVE_CHECKPOINTS,
        {
            "ids": [step.bot_id for step in steps],
            "checkpoints": [_json(step.checkpoint) for step in steps],
            "day_pnls": [step.day_pnl for step in steps],
            "days": [step.day for step in steps],
            "equities": [step.equity for step in steps],
        },
    )


async def _show_guarded(session: AsyncSession, steps: Sequence[StepRecord]) -> None:
    """The stops and targets that the engine holds, on record with their positions."""
    guarded = {(step.bot_id, symbol): held for step in steps for symbol, held in step.guarded.items()}
    if not guarded:
        return
    found = await session.execute(
        select(PositionRow, BotRow.name)
        .join(BotRow, BotRow.id == PositionRow.bot_id)
        .where(PositionRow.is_open, tuple_(PositionRow.bot_id, PositionRow.symbol).in_(guarded))
        .order_by(PositionRow.id)
        .with_for_update(of=PositionRow)
    )
    for row, bot_name in found:
        held = guarded[row.bot_id, row.symbol]
        if (row.stop_loss_price, row.take_profit_price) == (held.stop_price, held.target_price):
            continue
        row.stop_loss_price, row.take_profit_price = held.stop_price, held.target_price
        payload = wire.position(row, bot_name).model_dump(mode="json")
        await outbox.add_event(
            session, type="position_updated", bot_id=row.bot_id, payload={"position": payload}
        )


def _json(value: Mapping[str, Any] | Sequence[Any]) -> str:
    """As text that PostgreSQL reads; doubles are kept exactly, and there are no others (NaN is null)."""
    return orjson.dumps(value).decode()


# --- orders ---------------------------------------------------------------------------------------


async def _write_orders(session: AsyncSession, steps: Sequence[StepRecord]) -> dict[str, list[Order]]:
    """Returns each bot's orders that were not written before, in the order of its drafts."""
    drafts = [_order_values(step, draft) for step in steps for draft in step.orders]
    if not drafts:
        return {}
    found = await session.scalars(
        insert(OrderRow).on_conflict_do_nothing(index_elements=["client_order_id"]).returning(OrderRow),
        drafts,
    )
    written = {row.client_order_id: row for row in found}
    orders: dict[str, list[Order]] = {}
    for draft in drafts:
        row = written.get(draft["client_order_id"])
        if row is not None:
            session.add(
                OrderEventRow(
                    order_id=row.id,
                    from_status=None,
                    to_status=OrderStatus.PENDING_SUBMIT,
                    source="engine",
                )
            )
            orders.setdefault(row.bot_id, []).append(rows.order(row))
    return orders


def _order_values(step: StepRecord, draft: OrderDraft) -> dict[str, Any]:
    return {
        "id": new_id(),
        "bot_id": step.bot_id,
        "account_id": step.account_id,
        "client_order_id": draft.client_order_id,
        "bot_version": step.bot_version,
        "symbol": draft.symbol,
        "side": draft.side,
        "type": draft.type,
        "purpose": draft.purpose,
        "parent_id": draft.parent_id,
        "lot": draft.lot,
        "replaces_id": draft.replaces_id,
        "quantity": draft.quantity,
        "stop_price": draft.stop_price,
        "take_profit_price": draft.take_profit_price,
        "stop_loss_price": draft.stop_loss_price,
        "status": OrderStatus.PENDING_SUBMIT,
        "filled_quantity": Decimal(0),
        "expected_price": draft.expected_price,
        "indicators_snapshot": dict(draft.indicators_snapshot),
        "tau": draft.tau,
        "decided_reason": draft.decided_reason,
    }
