"""Limits over all bots of an account, live: who enters, who waits for whom, and what a restart remembers."""

from typing import Any

from sqlalchemy import update

from flotilla.db.tables import AccountRow, DecisionRow
from flotilla.domain.bots import BotStatus, OnStop
from tests.builders import condition, constant, every, price
from tests.engine.exchange import Exchange
from tests.engine.harness import NO_LEGS, Engine, LoopClock, turns

# Buys above 100, and never sells by a rule.
BUYS = {"rules": {"entry": every(condition(price(), "above", constant(100)))}}
HOLDS = BUYS | {"risk_management": NO_LEGS | {"time_stop_minutes": 300}}


async def limit(engine: Engine, **limits: Any) -> None:
    """Set the account's limits, as the API does."""
    async with engine.database.transaction() as session:
        await session.execute(
            update(AccountRow).where(AccountRow.id == engine.account_id).values(limits=limits)
        )
    engine.nudges.nudge()


async def state(engine: Engine) -> dict[str, Any]:
    async with engine.database.transaction() as session:
        return (await session.get_one(AccountRow, engine.account_id)).limits_state


async def day_pnl(engine: Engine) -> float:
    kept = await state(engine)
    return round(kept["closing_equity"] - kept["day_baseline"], 6)


async def refusals(engine: Engine, bot_id: str) -> list[DecisionRow]:
    return [row for row in await engine.decisions(bot_id) if row.refusal == "ACCOUNT_LIMIT"]


async def test_the_bots_enter_in_the_order_of_their_ids_not_of_their_arrival(engine: Engine) -> None:
    await limit(engine, max_open_positions=1)
    async with engine.running():
        first, second = await engine.add_bot(**HOLDS), await engine.add_bot(**HOLDS)
        for bot_id in (second, first):  # the one that was started first has each minute first
            await engine.want(bot_id, "running")
            await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0)
        assert await engine.outline(first) == [("entry", "filled")]
        assert await engine.outline(second) == []
        (refused,) = await refusals(engine, second)
        assert refused.numbers == {
            "account_equity": 20_000.0,
            "value": 4_949.0,
            "account_exposure": 4_949.0,
            "symbol_exposure": 4_949.0,
            "open": 1.0,
            "account_day_pnl": 0.0,
        }
        await engine.assert_books_agree(first, second)


async def test_limits_that_are_lifted_hold_no_more(engine: Engine) -> None:
    await limit(engine, max_open_positions=1)
    async with engine.running():
        bots = [await engine.start_bot(**HOLDS), await engine.start_bot(**HOLDS)]
        await engine.minute(AAPL=101.0)
        assert (await state(engine))["positions"] == 0, "entries are not in the mark of their own tau"
        await limit(engine)
        while await state(engine):
            await turns()
        await engine.minute(AAPL=101.0)
        assert [await engine.outline(bot_id) for bot_id in bots] == [[("entry", "filled")]] * 2


async def test_a_halted_account_enters_nothing_and_exits_pass(engine: Engine) -> None:
    await limit(engine, daily_loss_percent=1.0)
    async with engine.running():
        holder = await engine.start_bot(risk_management=NO_LEGS)
        other = await engine.start_bot(symbols=["MSFT"], **HOLDS)
        await engine.minute(AAPL=101.0)
        await engine.minute(AAPL=95.0, MSFT=90.0)  # 49 shares lose 294, of 20,000
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert await engine.outline(other) == []
        (refused,) = await refusals(engine, other)
        assert refused.numbers["account_day_pnl"] == 0.0, "the loss is over, the halt is not"
        await engine.minute(AAPL=121.0, MSFT=101.0)
        assert await engine.outline(holder) == [("entry", "filled"), ("exit", "filled")]
        await engine.assert_books_agree(holder, other)


async def test_a_restart_remembers_the_halt_and_the_days_baseline(engine: Engine) -> None:
    await limit(engine, daily_loss_percent=1.0)
    async with engine.running():
        holder = await engine.start_bot(**HOLDS)
        other = await engine.start_bot(symbols=["MSFT"], **HOLDS)
        await engine.minute(AAPL=101.0)
        await engine.minute(AAPL=95.0, MSFT=90.0)
        before = await state(engine)
    assert (before["daily_loss_halted"], before["day_baseline"]) == (1, 20_000.0)
    async with engine.running():
        for bot_id in (holder, other):
            await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0, MSFT=101.0)
        assert await engine.outline(other) == []
        assert len(await refusals(engine, other)) == 1
        after = await state(engine)
        assert {n: after[n] for n in ("day", "day_baseline")} == {
            n: before[n] for n in ("day", "day_baseline")
        }


async def test_bots_that_come_and_go_are_neither_profit_nor_loss(engine: Engine) -> None:
    await limit(engine, daily_loss_percent=5.0)
    async with engine.running():
        await engine.start_bot(**HOLDS)
        await engine.minute(AAPL=101.0)
        await engine.minute(AAPL=99.0)
        assert await day_pnl(engine) == -98.0
        other = await engine.start_bot(symbols=["MSFT"], capital="5000", **HOLDS)
        await engine.minute(AAPL=99.0, MSFT=101.0)  # 24 at 101
        assert (await state(engine))["day_baseline"] == 15_000.0
        await engine.minute(AAPL=99.0, MSFT=100.0)
        assert await day_pnl(engine) == -122.0
        # Stopped with what it holds it still counts; flat and stopped its loss remains the day's.
        await engine.want(other, "stopped", OnStop.KEEP)
        await engine.until_status(other, BotStatus.STOPPED)
        await engine.minute(AAPL=99.0, MSFT=99.0)
        await engine.minute(AAPL=99.0, MSFT=99.0)
        assert await day_pnl(engine) == -146.0
        assert (await state(engine))["positions"] == 2
        await engine.want(other, "stopped", OnStop.FLATTEN)
        await engine.until_status(other, BotStatus.STOPPING)
        await engine.minute(AAPL=99.0, MSFT=99.0)
        await engine.until_status(other, BotStatus.STOPPED)
        for _ in range(2):
            await engine.minute(AAPL=99.0, MSFT=90.0)
        kept = await state(engine)
        assert await day_pnl(engine) == -146.0
        assert (kept["positions"], kept["day_baseline"]) == (1, 10_048.0)


async def test_a_bot_that_waits_for_an_outcome_holds_the_others_up_for_three_seconds_only(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    await limit(engine, max_exposure_percent=90)
    async with engine.running():
        waits = await engine.start_bot()
        other = await engine.start_bot(symbols=["SPY", "MSFT"], **BUYS)
        await engine.minute(AAPL=101.0, SPY=101.0)
        await engine.minute(AAPL=101.0, SPY=101.0)
        assert len(await engine.outline(other)) == 3
        exchange.touches = False
        tau = exchange.minute(AAPL=(101.0, 101.0, 98.0, 98.5), SPY=101.0, MSFT=101.0)
        spy_stop = next(
            o for key, o in exchange.orders.items() if o.symbol == "SPY" and o.stop_price is not None
        )
        limits = engine.supervisor._limits
        await engine.until(lambda: tau in limits._steps and other in limits._steps[tau].entering)
        assert limits._steps[tau].awaited == {waits}
        # What fills while a step waits is folded after it.
        exchange.fill(spy_stop.broker_order_id, price=98.98)
        await engine.booked()
        assert engine.supervisor._loops[other]._book.state.holds("SPY")
        assert len(await engine.outline(other)) == 3
        clock.advance(3.0)
        await engine.until(lambda: any(o.symbol == "MSFT" for o in exchange.orders.values()))
        await engine.until(lambda: not engine.supervisor._loops[other]._book.state.holds("SPY"))
        assert tau not in engine.store.taus
        aapl_stop = next(
            o for o in exchange.orders.values() if o.symbol == "AAPL" and o.stop_price is not None
        )
        exchange.fill(aapl_stop.broker_order_id, price=98.98)
        await engine.done(tau)
        await engine.minute(AAPL=99.0, SPY=99.0, MSFT=101.0)
        await engine.assert_books_agree(waits, other)


async def test_a_bot_that_fails_holds_nobody_up(engine: Engine, monkeypatch: Any) -> None:
    await limit(engine, max_open_positions=5)
    async with engine.running():
        failing, other = await engine.start_bot(**HOLDS), await engine.start_bot(**HOLDS)

        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError("it fails")

        broken = engine.supervisor._loops[failing]
        monkeypatch.setattr(broken, "_views", fail)
        await engine.minute(AAPL=101.0)
        assert await engine.outline(other) == [("entry", "filled")]
        await engine.until(lambda: engine.supervisor._loops.get(failing) is not broken)
