"""Requests are spent by priority, never more than the broker allows; what came too late is dropped."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flotilla.domain.orders import OrderStatus, Purpose
from flotilla.engine.budgeted_broker import BudgetedBroker, BudgetedHistory
from flotilla.engine.order_gateway import OrderGateway
from flotilla.engine.request_budget import Priority, RequestBudget, WaitedTooLong, spending
from flotilla.ports.broker import TooManyRequests
from tests.engine.desk import AT_ONCE, Desk
from tests.engine.exchange import START, Exchange
from tests.engine.fakes import Behaviour, unavailable
from tests.engine.harness import LoopClock, turns, until

NOW = datetime(2026, 3, 10, 14, 0, tzinfo=UTC)
P = Priority
S = OrderStatus


def too_many(retry_after: float | None = None) -> Behaviour:
    async def refuse(carry_out: Behaviour, *args: Any) -> Any:
        raise TooManyRequests("rate limit exceeded", retry_after=retry_after)

    return refuse


@contextmanager
def asking(budget: RequestBudget, *priorities: Priority) -> Iterator[list[Priority]]:
    """Ask for one request of each priority at once; who was let pass, in that order."""
    passed: list[Priority] = []

    async def ask(priority: Priority) -> None:
        await budget.spend(priority)
        passed.append(priority)

    tasks = [asyncio.create_task(ask(priority)) for priority in priorities]
    yield passed
    for task in tasks:
        task.cancel()


async def used(budget: RequestBudget, count: int) -> None:
    for _ in range(count):
        await budget.spend(P.KILL_SWITCH)


async def test_there_are_never_more_than_the_limit_in_any_minute(clock: LoopClock) -> None:
    budget = RequestBudget(limit=10)
    await used(budget, 4)
    clock.advance(30)
    await used(budget, 6)
    with asking(budget, *[P.KILL_SWITCH] * 6) as passed:
        await turns()
        assert passed == []
        clock.advance(30.1)  # the first four are forgotten; the window slides
        await until(lambda: len(passed) == 4)
        await turns()
        assert len(passed) == 4
        clock.advance(30.1)
        await until(lambda: len(passed) == 6)


async def test_whoever_is_more_urgent_goes_first_then_whoever_waits_longest(clock: LoopClock) -> None:
    budget = RequestBudget(limit=10)
    await used(budget, 10)
    wanted = (P.HOUSEKEEPING, P.ENTRY, P.EXIT, P.ENTRY, P.KILL_SWITCH, P.PROTECTION)
    with asking(budget, *wanted) as passed:
        await turns()
        assert passed == []
        clock.advance(60)
        await until(lambda: len(passed) == 6)
        assert passed == sorted(wanted)


async def test_entries_and_housekeeping_leave_a_reserve_to_exits(clock: LoopClock) -> None:
    budget = RequestBudget(limit=20)  # 5 are kept from entries, 7 from housekeeping, 1 for the kill switch
    with asking(budget, *[P.HOUSEKEEPING] * 20) as passed:
        await turns()
        assert len(passed) == 13
    with asking(budget, *[P.ENTRY] * 20) as passed:
        await turns()
        assert len(passed) == 2
    with asking(budget, *[P.EXIT] * 20) as passed:
        await turns()
        assert len(passed) == 4
    with asking(budget, *[P.KILL_SWITCH] * 20) as passed:
        await turns()
        assert len(passed) == 1
    assert budget.used == 20


async def test_a_minute_of_the_markets_time_is_enough(clock: LoopClock) -> None:
    """At sixty times the speed a practice market counts anew every second."""
    budget = RequestBudget(limit=5)
    budget.hear_time(NOW, 60.0)
    await used(budget, 5)
    with asking(budget, P.EXIT) as passed:
        await turns()
        assert passed == []
        clock.advance(1.01)
        await until(lambda: passed == [P.EXIT])
    await used(budget, 4)
    with asking(budget, P.EXIT) as passed:
        budget.hear_time(NOW + timedelta(minutes=5))  # a step of a market in lockstep
        await until(lambda: passed == [P.EXIT])


async def test_whoever_has_lost_its_purpose_is_told_and_leaves_its_place(clock: LoopClock) -> None:
    budget = RequestBudget(limit=4)
    await used(budget, 4)
    over = False
    waiting = asyncio.create_task(budget.spend(P.ENTRY, is_stale=lambda: over))
    await turns()
    over = True
    budget.hear_time(NOW)
    with pytest.raises(WaitedTooLong):
        await waiting
    assert budget.waiting == 0


async def test_a_cancelled_wait_takes_nothing(clock: LoopClock) -> None:
    budget = RequestBudget(limit=1)
    await used(budget, 1)
    waiting = asyncio.create_task(budget.spend(P.EXIT))
    await turns()
    waiting.cancel()
    await turns()
    assert budget.waiting == 0
    clock.advance(60)
    await used(budget, 1)


async def test_what_the_broker_says_counts(clock: LoopClock) -> None:
    """Another program spends from the same account."""
    budget = RequestBudget(limit=10)
    budget.hear_allowance(20, 3)
    assert (budget.limit, budget.used) == (20, 17)
    budget.hear_allowance(20, 10)  # an older answer; what we have counted stays
    assert budget.used == 17


async def test_without_a_limit_nothing_waits() -> None:
    budget = RequestBudget(limit=0)
    await used(budget, 1000)
    assert budget.waiting == 0


# --- the broker behind it --------------------------------------------------------------------------


async def test_a_refusal_for_their_number_is_waited_out_and_the_order_sent_once(
    desk: Desk, clock: LoopClock
) -> None:
    budget = RequestBudget(limit=100)
    gateway = budgeted(desk, budget)
    desk.exchange.once("submit", too_many(7.0))
    sending = asyncio.create_task(gateway.submit(await desk.order()))
    await until(lambda: len(desk.exchange.called("submit")) == 1 and budget.waiting == 1)
    clock.advance(6.5)
    await turns()
    assert len(desk.exchange.called("submit")) == 1
    clock.advance(0.6)
    await sending
    assert await desk.outline() == [("entry", "pending_new")]
    assert desk.exchange.called("find") == []
    (row,) = await desk.engine.orders(desk.bot_id)
    assert row.broker_order_id in desk.exchange.orders
    assert len(desk.exchange.orders) == 1


async def test_an_entry_that_waited_longer_than_a_bar_is_dropped_and_says_why(
    desk: Desk, clock: LoopClock
) -> None:
    budget = RequestBudget(limit=20)
    budget.hear_time(START + timedelta(seconds=40), 1.0)
    gateway = budgeted(desk, budget)
    await used(budget, 18)
    sending = asyncio.create_task(gateway.submit(await desk.order(tau=START)))
    await until(lambda: budget.waiting == 1)
    clock.advance(9.0)
    await turns()
    assert budget.waiting == 1
    clock.advance(12.0)
    await sending
    (row,) = await desk.engine.orders(desk.bot_id)
    assert row.status == "not_sent"
    assert row.reason is not None
    assert row.reason.startswith("REQUEST_BUDGET")
    assert desk.bot.heard == [("entry", S.NOT_SENT)]
    assert desk.exchange.called("submit") == []


async def test_an_exit_never_grows_stale(desk: Desk, clock: LoopClock) -> None:
    budget = RequestBudget(limit=20)
    budget.hear_time(START, 1.0)
    gateway = budgeted(desk, budget)
    await gateway.submit(await desk.order(tau=START))
    await desk.reconciled()
    await used(budget, 20 - budget.used)
    exit_ = await desk.order(Purpose.EXIT, tau=START)
    budget.hear_time(START + timedelta(seconds=59), 0.0)
    sending = asyncio.create_task(gateway.submit(exit_))
    await until(lambda: budget.waiting == 1)
    clock.advance(120)
    await sending
    await desk.reconciled()
    assert await desk.outline() == [("entry", "filled"), ("exit", "filled")]


async def test_a_question_without_an_answer_is_asked_again_and_an_order_is_not(
    desk: Desk, clock: LoopClock
) -> None:
    broker = BudgetedBroker(desk.exchange, RequestBudget())
    desk.exchange.once("open_orders", unavailable, unavailable)
    asking_ = asyncio.create_task(broker.open_orders())
    for number in (2, 3):
        await until(lambda n=number: len(desk.exchange.called("open_orders")) == n - 1)  # type: ignore[misc]
        await turns()
        clock.advance(1.0)
    await asking_
    assert len(desk.exchange.called("open_orders")) == 3


async def test_the_clock_is_not_asked_when_requests_are_short(clock: LoopClock) -> None:
    exchange = Exchange()
    budget = RequestBudget(limit=20)
    broker = BudgetedBroker(exchange, budget)
    await broker.market_state()
    await used(budget, 19)
    clock.advance(10)
    state = await broker.market_state()
    assert len(exchange.called("market_state")) == 1
    assert timedelta(seconds=10) <= state.now - START < timedelta(seconds=12)


async def test_data_is_waited_for_when_it_was_refused(clock: LoopClock) -> None:
    exchange = Exchange()
    history = BudgetedHistory(exchange.history)
    exchange.history.once("bars", too_many(3.0))
    reading = asyncio.create_task(history.bars(["AAPL"], limit=1))
    await until(lambda: len(exchange.history.called("bars")) == 1)
    await turns()
    clock.advance(3.1)
    assert len((await reading)["AAPL"]) == 1


async def test_the_more_urgent_of_two_priorities_counts() -> None:
    budget = RequestBudget(limit=20)
    broker = BudgetedBroker(Exchange(), budget)
    await used(budget, 18)
    with spending(P.KILL_SWITCH):
        await broker.find("unknown")  # costs two
    assert budget.used == 20


def budgeted(desk: Desk, budget: RequestBudget) -> OrderGateway:
    broker = BudgetedBroker(desk.exchange, budget)
    desk.gateway = OrderGateway(broker, desk.store, account_id=desk.engine.account_id, ask_after=AT_ONCE)
    desk.gateway.listen(desk.bot_id, desk.bot)
    return desk.gateway


async def test_what_has_become_stale_goes_at_once_and_costs_nothing() -> None:
    """The kill switch drops entries that wait for their turn, before any room is made for them."""
    budget, is_stale = RequestBudget(limit=4), False
    for _ in range(3):
        await budget.spend(Priority.ENTRY)
    waiting = asyncio.ensure_future(budget.spend(Priority.ENTRY, is_stale=lambda: is_stale))
    await asyncio.sleep(0)
    assert budget.waiting == 1
    is_stale = True
    budget.review()
    with pytest.raises(WaitedTooLong):
        await waiting
    assert (budget.waiting, budget.used) == (0, 3)
    await budget.spend(Priority.KILL_SWITCH)
