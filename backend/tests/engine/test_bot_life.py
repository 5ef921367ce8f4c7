"""A bot is stopped, killed and started again, and it may be late: what it then does, and does not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from flotilla.db.tables import BotRow
from flotilla.domain.bots import BotStatus, OnStop
from flotilla.domain.kernel.bot import KernelSpec
from flotilla.domain.orders import OrderType
from flotilla.engine import bot_loop
from flotilla.engine.backoff import MAX_FAILURES
from flotilla.engine.step_record import order_draft
from flotilla.engine.supervisor import Supervisor
from flotilla.ports.store import OrderDraft
from tests.engine.exchange import OPEN, Exchange
from tests.engine.fakes import Gate, unavailable
from tests.engine.harness import BOT, BOUGHT, NO_LEGS, RISK, Engine, LoopClock, hold, turns, until

# --- stopping ---------------------------------------------------------------------------------------


async def test_stop_and_keep_leaves_the_position_and_its_protection(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await engine.minute(AAPL=105.0)
        assert await engine.outline(bot_id) == BOUGHT
        position = await engine.position(bot_id)
        assert position is not None
        assert position.current_price == 105, "what is held is marked, though its bot is stopped"
        # Nobody runs the bot, but the stop at the broker guards, and its fill is booked.
        exchange.minute(AAPL=(105.0, 105.0, 98.0, 98.5))
        await until(lambda: not exchange.held["AAPL"])
        while await engine.position(bot_id) is not None:
            await turns()
        await engine.assert_books_agree(bot_id)


async def test_stop_and_flatten_sells_and_then_stops(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        exchange.fills_at_once = False
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPING)
        await engine.minute(AAPL=101.0)
        assert (await engine.outline(bot_id))[-1] == ("flatten", "new")
        # The fill ends the bot, not the next minute: it may be the session's last.
        exchange.fill(list(exchange.orders)[-1])
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_a_flat_bot_stops_at_once_whatever_is_asked(engine: Engine) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPED)


async def test_a_killed_flatten_goes_on_after_the_restart(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPING)
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.STOPPING)
        await engine.minute(AAPL=101.0)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert (await engine.outline(bot_id))[-1] == ("flatten", "filled")


async def test_the_days_profit_of_a_stopped_bot_goes_on_and_ends_with_the_day(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.minute(AAPL=103.0)
        assert (await engine.bot(bot_id)).day_pnl == 2 * 49
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await engine.minute(AAPL=104.0)
        assert (await engine.bot(bot_id)).day_pnl == 3 * 49
    exchange.now = OPEN + timedelta(days=1)
    async with engine.running() as supervisor:
        await until(lambda: "AAPL" in supervisor._watched)
        await engine.minute(AAPL=106.0)
        row = await engine.bot(bot_id)
        assert (row.day, row.day_pnl) == (exchange.now.date(), 2 * 49)


# --- pausing ----------------------------------------------------------------------------------------


async def test_a_paused_bot_opens_nothing_and_its_exits_go_on(engine: Engine, exchange: Exchange) -> None:
    async with engine.running():
        bot_id = await hold(engine, symbols=["AAPL", "MSFT"], risk_management=NO_LEGS)
        await engine.want(bot_id, "paused")
        await engine.until_status(bot_id, BotStatus.PAUSED)
        await engine.minute(AAPL=102.0, MSFT=101.0)
        assert await engine.outline(bot_id) == [("entry", "filled")]
        refusals = [d.refusal for d in await engine.decisions(bot_id) if d.symbol == "MSFT"]
        assert refusals[-1] == "NOT_RUNNING"
        await engine.minute(AAPL=121.0, MSFT=90.0)
        assert await engine.outline(bot_id) == [("entry", "filled"), ("exit", "filled")]
        await engine.want(bot_id, "running")
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0, MSFT=90.0)
        assert (await engine.outline(bot_id))[-1] == ("entry", "filled")
        await engine.assert_books_agree(bot_id)


async def test_a_pause_survives_a_restart(engine: Engine) -> None:
    async with engine.running():
        bot_id = await engine.start_bot()
        await engine.want(bot_id, "paused")
        await engine.until_status(bot_id, BotStatus.PAUSED)
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.PAUSED)
        assert engine.store.statuses == [(bot_id, BotStatus.STARTING), (bot_id, BotStatus.PAUSED)]
        await engine.minute(AAPL=101.0)
        assert await engine.orders(bot_id) == []
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)


# --- protection that the engine holds ---------------------------------------------------------------


@pytest.fixture
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine holds every bot's protection: nothing of it goes out with an entry."""

    def spec(*args: Any, **options: Any) -> KernelSpec:
        return KernelSpec(*args, **options | {"guarded": frozenset(args[0])})

    def draft(*args: Any, **options: Any) -> OrderDraft:
        return replace(order_draft(*args, **options), take_profit_price=None, stop_loss_price=None)

    monkeypatch.setattr(bot_loop, "KernelSpec", spec)
    monkeypatch.setattr(bot_loop, "order_draft", draft)


@pytest.mark.usefixtures("guarded")
async def test_a_stopped_bot_whose_protection_the_engine_holds_is_guarded_until_flat(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await engine.minute(AAPL=105.0)
    async with engine.running() as supervisor:  # over a restart, too
        await until(lambda: bot_id in supervisor._loops and supervisor._loops[bot_id]._following)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        # Its rules would sell above 120, and are not asked; its stop is.
        await engine.minute(AAPL=(105.0, 105.0, 98.0, 98.5))
        await until(lambda: bot_id not in supervisor._loops)
        assert await engine.outline(bot_id) == [("entry", "filled"), ("exit", "filled")]
        assert (await engine.bot(bot_id)).status == "stopped"
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


@pytest.mark.usefixtures("guarded")
async def test_a_bot_that_is_guarded_can_be_started_or_sold(engine: Engine, exchange: Exchange) -> None:
    async with engine.running() as supervisor:
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert bot_id in supervisor._loops
        await engine.want(bot_id, "running")
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPING)
        await engine.minute(AAPL=105.0)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert (await engine.outline(bot_id))[-1] == ("flatten", "filled")
        await engine.assert_books_agree(bot_id)


@pytest.mark.usefixtures("guarded")
async def test_a_bot_that_is_given_up_is_still_guarded(
    engine: Engine, clock: LoopClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise ZeroDivisionError("a rule")

    async with engine.running() as supervisor:
        bot_id = await hold(engine)
        monkeypatch.setattr(bot_loop, "hear", broken)
        for times in range(1, MAX_FAILURES + 1):
            await engine.minute(AAPL=105.0)
            if times < MAX_FAILURES:
                await engine.until_status(bot_id, BotStatus.STARTING)
                clock.advance(60.0)
                await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.until(lambda: engine.store.status(bot_id) is BotStatus.ERROR)
        await until(lambda: bot_id in supervisor._loops and supervisor._loops[bot_id]._following)
        await engine.minute(AAPL=(105.0, 105.0, 98.0, 98.5))
        await until(lambda: bot_id not in supervisor._loops)
        assert await engine.position(bot_id) is None
        bot = await engine.bot(bot_id)
        assert (bot.status, bot.status_reason) == ("error", "ZeroDivisionError: a rule")


async def test_what_a_bot_holds_whose_definition_cannot_be_read_is_sold_when_asked(engine: Engine) -> None:
    async with engine.running():
        bot_id = await hold(engine)
        await engine.want(bot_id, "stopped", OnStop.KEEP)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        async with engine.database.transaction() as session:
            change = update(BotRow).where(BotRow.id == bot_id).values(rules={"entry": {"type": "?"}})
            await session.execute(change)
        await engine.want(bot_id, "stopped", OnStop.FLATTEN)
        await engine.until_status(bot_id, BotStatus.STOPPING)
        await engine.minute(AAPL=105.0)
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert (await engine.outline(bot_id))[-1] == ("flatten", "filled")
        await engine.assert_books_agree(bot_id)


# --- restarts ---------------------------------------------------------------------------------------


def held_state(supervisor: Supervisor, bot_id: str) -> dict[str, Any]:
    """Return the kernel's state, to the last bit."""
    state = supervisor._loops[bot_id]._book.state
    return state.checkpoint()["bot"] | {"holdings": state.holdings, "all": state.checkpoint()}


async def test_the_state_after_a_restart_has_identical_doubles(engine: Engine, exchange: Exchange) -> None:
    async with engine.running() as first:
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"])
        closes = [101.13, 104.57, 121.31, 100.93, 103.29, 117.77, 101.01]
        for close in closes:
            await engine.minute(AAPL=close, MSFT=close * 1.0137)
        before = held_state(first, bot_id)
        assert before["holdings"]
        assert len(await engine.fills(bot_id)) > 4
    async with engine.running() as second:
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await until(lambda: bot_id in second._loops)
        assert held_state(second, bot_id) == before
        bot = await engine.bot(bot_id)
        assert abs(float(bot.cash) - before["cash"]) < 1e-6


async def test_a_stop_that_filled_after_the_last_step_counts_in_the_next_day(
    engine: Engine, exchange: Exchange
) -> None:
    """A day starts from the equity after the last step of the day before, restart or not."""
    async with engine.running() as first:
        bot_id = await hold(engine)
        exchange.fill(exchange.leg(OrderType.STOP).broker_order_id, price=90)
        await engine.booked()
        closing = held_state(first, bot_id)["closing_equity"]
        assert closing == 10_000.0
    exchange.now = OPEN + timedelta(days=1)
    async with engine.running() as second:
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=90.0)
        assert held_state(second, bot_id)["day_baseline"] == closing
        assert (await engine.bot(bot_id)).day_pnl == -11 * 49


async def test_a_change_of_capital_is_no_loss_of_the_day(engine: Engine, exchange: Exchange) -> None:
    risk = NO_LEGS | {"daily_loss_limit_percent": 3.0}
    async with engine.running():
        bot_id = await engine.start_bot(risk_management=risk)
        await engine.minute(AAPL=90.0)
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        async with engine.database.transaction() as session:
            changes = {"capital": 5000, "cash": 5000, "version": 2}
            await session.execute(update(BotRow).where(BotRow.id == bot_id).values(changes))
        await engine.want(bot_id, "running")
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=101.0)
        assert (await engine.outline(bot_id)) == [("entry", "filled")]
        assert (await engine.bot(bot_id)).day_pnl == 0


async def test_a_step_repeated_after_a_crash_sends_nothing_twice(engine: Engine, exchange: Exchange) -> None:
    """The order was written and sent; the checkpoint that says so is lost, and the minute comes again."""
    async with engine.running():
        bot_id = await engine.start_bot()
        exchange.fills_at_once = False
        before = (await engine.bot(bot_id)).checkpoint
        tau = await engine.minute(AAPL=101.0)
    async with engine.database.transaction() as session:
        await session.execute(update(BotRow).where(BotRow.id == bot_id).values(checkpoint=before))
    await exchange.cancel_group(next(iter(exchange.orders)))
    exchange.now = tau - timedelta(minutes=1)
    exchange.history.minutes["AAPL"].pop()
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        engine.store.taus.clear()
        assert await engine.minute(AAPL=101.0) == tau
        assert len(exchange.called("submit")) == 1
        assert await engine.outline(bot_id) == [
            ("entry", "canceled"),
            ("take_profit", "canceled"),
            ("stop_loss", "canceled"),
        ]
        # Nothing is pending: the next bar is decided on as usual.
        exchange.fills_at_once = True
        await engine.minute(AAPL=101.0)
        assert len(exchange.called("submit")) == 2


async def test_after_an_exit_was_cut_short_the_position_is_sold_at_the_next_step(
    engine: Engine, exchange: Exchange
) -> None:
    """It dies after the legs are cancelled, before the sale is sent: nothing protects the shares."""
    async with engine.running():
        bot_id = await hold(engine, risk_management=RISK | {"take_profit_percent": 90.0})

        async def die(carry_out: Any, key: str) -> None:
            await carry_out(key)
            assert engine.task is not None
            engine.task.cancel()

        exchange.once("cancel", die)
        exchange.minute(AAPL=121.0)
        assert engine.task is not None
        await until(engine.task.done)
    assert exchange.held["AAPL"] == 49
    assert exchange.leg(OrderType.STOP).status == "canceled"
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        assert (await engine.outline(bot_id))[-1] == ("exit", "not_sent")
        await engine.minute(AAPL=105.0)
        exits = [order for order in await engine.orders(bot_id) if order.purpose == "exit"]
        assert [order.status for order in exits] == ["not_sent", "filled"]
        assert exits[0].client_order_id != exits[1].client_order_id
        assert await engine.position(bot_id) is None
        await engine.assert_books_agree(bot_id)


async def test_an_exit_that_was_decided_before_a_crash_still_happens(
    engine: Engine, exchange: Exchange
) -> None:
    """No stop and no target: only the decision that was cut short would ever have sold."""
    async with engine.running():
        bot_id = await hold(engine, risk_management=NO_LEGS)

        async def die(carry_out: Any, order: Any) -> None:
            assert engine.task is not None
            engine.task.cancel()
            await turns()

        exchange.once("submit", die)
        exchange.minute(AAPL=121.0)
        assert engine.task is not None
        await until(engine.task.done)
    async with engine.running():
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.minute(AAPL=105.0)
        assert await engine.outline(bot_id) == [("entry", "filled"), ("exit", "not_sent"), ("exit", "filled")]


# --- time -------------------------------------------------------------------------------------------


async def test_a_bot_decides_on_what_was_known_at_tau_however_late_it_is(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    """While it waits for an outcome, later bars arrive: they are not part of the earlier decision."""
    rules = {"entry": BOT["rules"]["entry"], "exit": BOT["rules"]["exit"]}
    async with engine.running():
        bot_id = await hold(engine, rules=rules)
        exchange.touches = False
        exchange.once("get", unavailable)
        first = exchange.minute(AAPL=(101.0, 101.0, 98.0, 102.0))
        second = exchange.minute(AAPL=121.0)
        await turns()
        clock.advance(2.0)
        await until(lambda: len(exchange.called("get")) > 0)
        clock.advance(2.0)
        await engine.until(lambda: first in engine.store.taus)
        exits = [o for o in await engine.orders(bot_id) if o.purpose == "exit"]
        assert exits == [], "at the first minute the close was 102, and no exit rule held"
        await engine.until(lambda: second in engine.store.taus or bool(clock.advance(2.0)))
        (exit_,) = [o for o in await engine.orders(bot_id) if o.purpose == "exit"]
        assert exit_.tau == second


async def test_a_bot_that_lags_far_behind_the_market_buys_nothing(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    async with engine.running():
        bot_id = await engine.start_bot(symbols=["AAPL", "MSFT"])
        await engine.minute(AAPL=101.0, MSFT=90.0)
        await engine.minute(AAPL=101.0, MSFT=90.0)
        exchange.touches = False
        exchange.once("get", *[unavailable] * 3)
        exchange.minute(AAPL=(101.0, 101.0, 98.0, 101.0), MSFT=101.0)
        for _ in range(7):
            last = exchange.minute(AAPL=101.0, MSFT=90.0)
        await engine.until(lambda: last in engine.store.taus or bool(clock.advance(1.0)))
        refused_for = {d.refusal for d in await engine.decisions(bot_id) if d.symbol == "MSFT"}
        assert "STALE_DATA" in refused_for
        assert {order.symbol for order in await engine.orders(bot_id)} == {"AAPL"}


async def test_a_minute_that_closes_while_the_bot_starts_is_not_decided_on(
    engine: Engine, exchange: Exchange
) -> None:
    async with engine.running():
        first = await engine.start_bot(symbols=["SPY"])
        exchange.history.once("bars", nothing_yet := Gate())
        second = await engine.add_bot()
        await engine.want(second, "running")
        await until(lambda: nothing_yet.reached)
        await engine.minute(AAPL=101.0, SPY=90.0)
        nothing_yet.open.set()
        await engine.until_status(second, BotStatus.RUNNING)
        assert await engine.orders(second) == []
        await engine.minute(AAPL=101.0, SPY=90.0)
        assert (await engine.outline(second))[0] == ("entry", "filled")
        assert (await engine.bot(first)).status == "running"


async def test_a_bot_whose_history_cannot_be_had_keeps_asking(
    engine: Engine, exchange: Exchange, clock: LoopClock
) -> None:
    exchange.history.once("bars", unavailable, unavailable)
    async with engine.running():
        bot_id = await engine.add_bot()
        await engine.want(bot_id, "running")
        for asked in (1, 2):
            await until(lambda n=asked: len(exchange.history.called("bars")) == n)  # type: ignore[misc]
            await turns()
            assert (await engine.bot(bot_id)).status == "starting"
            clock.advance(1.0)
        await engine.until_status(bot_id, BotStatus.RUNNING)
        await engine.want(bot_id, "stopped")
        await engine.until_status(bot_id, BotStatus.STOPPED)
        assert exchange.bar_stream.subscribed == set()
