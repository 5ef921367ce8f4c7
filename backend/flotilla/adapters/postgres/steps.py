"""What a step of a bot leaves behind: its decisions, its orders before they are sent, its checkpoint."""

from dataclasses import asdict
from decimal import Decimal

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from flotilla.adapters.postgres import rows
from flotilla.db import outbox
from flotilla.db.tables import BotRow, DecisionRow, OrderEventRow, OrderRow, PositionRow, new_id
from flotilla.domain.orders import OrderStatus
from flotilla.ports.store import DecisionEntry, OrderDraft, StepRecord, StepStored
from flotilla.wire import rows as wire


async def record(session: AsyncSession, step: StepRecord) -> StepStored:
    """Write one step; see `ports.store.EngineStore.record_step`."""
    ids = [await _record_decision(session, step, entry) for entry in step.decisions]
    await _show_guarded(session, step)
    written = [await _write_order(session, step, draft) for draft in step.orders]
    figures = {} if step.day is None else {"day": step.day, "equity": step.equity}
    await session.execute(
        update(BotRow)
        .where(BotRow.id == step.bot_id)
        .values(checkpoint=dict(step.checkpoint), day_pnl=step.day_pnl, **figures)
    )
    return StepStored(ids, [rows.order(row) for row in written if row is not None])


async def _show_guarded(session: AsyncSession, step: StepRecord) -> None:
    """The stops and targets that the engine holds, on record with their positions."""
    if not step.guarded:
        return
    found = await session.execute(
        select(PositionRow, BotRow.name)
        .join(BotRow, BotRow.id == PositionRow.bot_id)
        .where(
            PositionRow.bot_id == step.bot_id,
            PositionRow.is_open,
            PositionRow.symbol.in_(step.guarded),
        )
        .order_by(PositionRow.id)
        .with_for_update(of=PositionRow)
    )
    for row, bot_name in found:
        held = step.guarded[row.symbol]
        if (row.stop_loss_price, row.take_profit_price) == (held.stop_price, held.target_price):
            continue
        row.stop_loss_price, row.take_profit_price = held.stop_price, held.target_price
        payload = wire.position(row, bot_name).model_dump(mode="json")
        await outbox.add_event(
            session, type="position_updated", bot_id=row.bot_id, payload={"position": payload}
        )


async def _record_decision(session: AsyncSession, step: StepRecord, entry: DecisionEntry) -> str:
    values = {
        "last_tau": step.tau,
        "numbers": dict(entry.decision.numbers),
        "conditions": [asdict(condition) for condition in entry.conditions],
    }
    if entry.continues is not None:
        await session.execute(
            update(DecisionRow)
            .where(DecisionRow.id == entry.continues)
            .values(count=DecisionRow.count + 1, **values)
        )
        return entry.continues
    row = DecisionRow(
        id=new_id(),
        bot_id=step.bot_id,
        bot_version=step.bot_version,
        symbol=entry.decision.symbol,
        outcome=entry.decision.outcome,
        refusal=entry.decision.refusal,
        first_tau=step.tau,
        **values,
    )
    session.add(row)
    return row.id


async def _write_order(session: AsyncSession, step: StepRecord, draft: OrderDraft) -> OrderRow | None:
    row = await session.scalar(
        insert(OrderRow)
        .values(
            id=new_id(),
            bot_id=step.bot_id,
            account_id=step.account_id,
            client_order_id=draft.client_order_id,
            bot_version=step.bot_version,
            symbol=draft.symbol,
            side=draft.side,
            type=draft.type,
            purpose=draft.purpose,
            parent_id=draft.parent_id,
            lot=draft.lot,
            replaces_id=draft.replaces_id,
            quantity=draft.quantity,
            stop_price=draft.stop_price,
            take_profit_price=draft.take_profit_price,
            stop_loss_price=draft.stop_loss_price,
            status=OrderStatus.PENDING_SUBMIT,
            filled_quantity=Decimal(0),
            expected_price=draft.expected_price,
            indicators_snapshot=dict(draft.indicators_snapshot),
            tau=draft.tau,
            decided_reason=draft.decided_reason,
        )
        .on_conflict_do_nothing(index_elements=["client_order_id"])
        .returning(OrderRow)
    )
    if row is not None:
        session.add(
            OrderEventRow(
                order_id=row.id,
                from_status=None,
                to_status=OrderStatus.PENDING_SUBMIT,
                source="engine",
            )
        )
    return row
