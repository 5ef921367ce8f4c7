"""Whatever happens to orders and to what is told of them, ledgers and broker come to the same.

Hypothesis drives gateway, wash guard, ledger and account watch over the real store: random orders that are
lost or refused, fills in parts, reports in any order, twice or never, trades by hand, restarts.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from flotilla.db.session import Database
from flotilla.db.tables import FillRow, OrderRow, PositionRow
from flotilla.domain.errors import Unavailable
from flotilla.domain.orders import Order, OrderStatus, Purpose, Side
from flotilla.domain.reconciliation import CASH, Cause, differences
from flotilla.ports.broker import BrokerOrder
from flotilla.ports.market_data import TradeUpdate
from tests.builders import add_account
from tests.engine.desk import Bot, Desk
from tests.engine.exchange import Exchange
from tests.engine.fakes import Behaviour, answer_lost, refused, request_lost, unavailable
from tests.engine.harness import Engine, until

T = TypeVar("T")
S = OrderStatus
SYMBOLS = st.sampled_from(["AAPL", "MSFT"])
WHICH = st.integers(0, 1)
INDEX = st.integers(0, 50)
LEGS = {"take_profit_price": Decimal(110), "stop_loss_price": Decimal(80)}


async def as_usual(carry_out: Behaviour, *args: Any) -> Any:
    return await carry_out(*args)


FATES = st.sampled_from([as_usual, as_usual, as_usual, answer_lost, request_lost, refused("no")])


class Mail:
    """Stands for the stream: what it was given waits until it is delivered, or never is."""

    def __init__(self) -> None:
        self.letters: list[TradeUpdate] = []

    def send(self, update: TradeUpdate) -> None:
        self.letters.append(update)


class GatewayMachine(RuleBasedStateMachine):
    """Two bots of one account, each long in two symbols at most once at a time."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self.runner = asyncio.Runner()
        self.freed: asyncio.Task[None] | None = None

    def run(self, work: Awaitable[T]) -> T:
        """Do some work, and whatever follows from it without news from outside."""

        async def work_then_settle() -> T:
            answer = await work
            gateway = self.desk.gateway
            await until(lambda: not (gateway.line.freed.is_set() or gateway.in_flight))
            return answer

        return self.runner.run(work_then_settle())

    # --- beginning and end ----------------------------------------------------------------------

    @initialize()
    def begin(self) -> None:
        self.runner.run(self._begin())

    async def _begin(self) -> None:
        self.database = Database(self._url)
        self.exchange = Exchange()
        self.exchange.fills_at_once = self.exchange.lenient = False
        self.mail = Mail()
        self.exchange.trade_updates = self.mail  # type: ignore[assignment]
        account = await add_account(self.database, str(uuid.uuid4()))
        engine = Engine(self.database, account, self.exchange)
        self.bots = [await engine.add_bot(name=name) for name in ("One", "Two")]
        self.desk = Desk(engine, self.bots[0])
        self.by_hand = dict.fromkeys(("AAPL", "MSFT"), 0)
        self._listen()
        self.watch = self.desk.watch()
        await self.watch.compare()
        for which, symbol in ((0, "AAPL"), (1, "AAPL"), (0, "MSFT")):
            await self._trade(self.bots[which], symbol, 6, legs=which == 1, fate=as_usual)
        await self._fill(next(iter(self.exchange.orders.values())), 6, 100)

    def _listen(self) -> None:
        if self.freed is not None:
            self.freed.cancel()
        for bot in self.bots:
            self.desk.gateway.listen(bot, Bot())
        self.freed = asyncio.get_running_loop().create_task(self.desk.gateway.send_freed())

    def teardown(self) -> None:
        if self.freed is None:
            self.runner.close()
            return
        try:
            self.run(self._quiesce())
            self.runner.run(self._assert_same())
        finally:
            self.runner.run(self._end())
            self.runner.close()

    async def _quiesce(self) -> None:
        """Let what was not lost arrive, ask for what was, and compare until nothing moves."""
        for _ in range(3):
            letters, self.mail.letters = self.mail.letters, []
            for letter in letters:
                await self.desk.gateway.on_update(letter)
            await self.desk.reconciled()
            await self.watch.round()

    async def _end(self) -> None:
        assert self.freed is not None
        self.freed.cancel()
        await asyncio.wait({self.freed})
        await self.database.close()

    # --- what bots do ---------------------------------------------------------------------------

    async def _open(self, bot: str, symbol: str) -> list[Order]:
        orders = await self.desk.store.open_orders(self.desk.engine.account_id)
        return [order for order in orders if (order.bot_id, order.symbol) == (bot, symbol)]

    async def _held(self, bot: str, symbol: str) -> Decimal:
        rows = await self.desk.engine.rows(PositionRow, bot_id=bot, symbol=symbol, is_open=True)
        return rows[0].quantity if rows else Decimal(0)

    @rule(which=WHICH, symbol=SYMBOLS, quantity=st.integers(1, 9), legs=st.booleans(), fate=FATES)
    def trade(self, which: int, symbol: str, quantity: int, legs: bool, fate: Behaviour) -> None:
        """A bot that holds the symbol leaves it, another enters; one that has an order waits."""
        self.run(self._trade(self.bots[which], symbol, quantity, legs, fate))

    async def _trade(self, bot: str, symbol: str, quantity: int, legs: bool, fate: Behaviour) -> None:
        held, orders = await self._held(bot, symbol), await self._open(bot, symbol)
        if any(not order.purpose.is_leg for order in orders):
            return
        if not held:
            given = LEGS if legs else {}
            order = await self.desk.order(bot_id=bot, symbol=symbol, quantity=Decimal(quantity), **given)
            await self._submit(order, fate)
            return
        for leg in orders:
            await self.desk.gateway.cancel(leg)
            await self.desk.gateway.refresh(leg)
        held = await self._held(bot, symbol)
        if held and not await self._open(bot, symbol):
            order = await self.desk.order(Purpose.EXIT, bot_id=bot, symbol=symbol, quantity=held)
            await self._submit(order, fate)

    async def _submit(self, order: Order, fate: Behaviour) -> None:
        if self.desk.gateway.guard.blocker(order) is None:
            self.exchange.once("submit", fate)
        await self.desk.gateway.submit(order)

    # --- what the market does -------------------------------------------------------------------

    @rule(index=INDEX, part=st.booleans(), price=st.integers(81, 109))
    def fill(self, index: int, part: bool, price: int) -> None:
        resting = [o for o in self.exchange.orders.values() if o.status in (S.NEW, S.PARTIALLY_FILLED)]
        if resting:
            order = resting[index % len(resting)]
            left = order.quantity - order.filled_quantity
            whole = not part or left == 1 or order.client_order_id.startswith("leg-")
            self.run(self._fill(order, int(left) if whole else int(left) // 2 or 1, price))

    async def _fill(self, order: BrokerOrder, quantity: int, price: int) -> None:
        self.exchange.fill(order.broker_order_id, quantity, price)

    @rule(index=INDEX)
    def cancel(self, index: int) -> None:
        async def work() -> None:
            orders = await self.desk.store.open_orders(self.desk.engine.account_id)
            entries = [order for order in orders if order.purpose is Purpose.ENTRY]
            if entries:
                await self.desk.gateway.cancel(entries[index % len(entries)])

        self.run(work())

    @rule(symbol=SYMBOLS, quantity=st.integers(-4, 4), price=st.integers(81, 109))
    def trade_by_hand(self, symbol: str, quantity: int, price: int) -> None:
        if quantity and self.by_hand[symbol] + quantity >= 0:
            self.by_hand[symbol] += quantity
            self.exchange.by_hand(symbol, quantity, price)

    # --- what is told of it ---------------------------------------------------------------------

    def _letter(self, index: int, *, keep: bool) -> TradeUpdate:
        index %= len(self.mail.letters)
        return self.mail.letters[index] if keep else self.mail.letters.pop(index)

    @rule(index=INDEX, fate=st.sampled_from(["deliver", "deliver", "again", "lose"]))
    def post(self, index: int, fate: str) -> None:
        """A report comes, in any order; perhaps it comes once more later, perhaps never."""
        if self.mail.letters:
            letter = self.mail.letters[index % len(self.mail.letters)]
            if fate != "again":
                self.mail.letters.remove(letter)
            if fate != "lose":
                self.run(self.desk.gateway.on_update(letter))

    @rule(what=st.sampled_from(["reconcile", "in vain", "look", "restart"]))
    def upkeep(self, what: str) -> None:
        match what:
            case "look":
                self.run(self.watch.round())
            case "restart":
                self.runner.run(self._restart())
            case _:
                self.run(self._reconcile(fails=what == "in vain"))

    async def _reconcile(self, *, fails: bool) -> None:
        if fails:
            self.exchange.once("get", unavailable)
        with suppress(Unavailable):
            await self.desk.reconciled()
        self.exchange.forget("get")

    async def _restart(self) -> None:
        """What waited is forgotten; what is open is asked for before anything else."""
        self.desk.reopened()
        self._listen()
        self.watch = self.desk.watch()
        await self.desk.reconciled()

    # --- what must be true at the end -----------------------------------------------------------

    async def _assert_same(self) -> None:
        engine, exchange = self.desk.engine, self.exchange
        sent = [order.client_order_id for order in exchange.called("submit")]
        assert len(sent) == len(set(sent)), "sent twice"
        rows = [row for bot in self.bots for row in await engine.rows(OrderRow, bot_id=bot)]
        assert not [row for row in rows if row.reason and "wash" in row.reason], "refused as a wash trade"
        for row in rows:
            if row.broker_order_id is None:
                assert OrderStatus(row.status).is_terminal
                continue
            there = exchange.orders[row.broker_order_id]
            assert (row.status, row.filled_quantity) == (there.status, there.filled_quantity)
        ours = {row.broker_order_id for row in rows} - {None}
        foreign = {key for key, o in exchange.orders.items() if not _is_ours(o, self.bots)}
        assert ours == exchange.orders.keys() - foreign
        await self._assert_each_fill_counts_once(ours)
        books = await self.desk.store.account_books.read(engine.account_id)
        broker = {symbol: held for symbol, held in exchange.held.items() if held}
        broker[CASH] = 100_000 - exchange.spent
        assert differences(broker, books.expected) == {}, books
        assert {finding.cause for finding in books.findings} <= {Cause.MANUAL_TRADE}
        beside = {f.symbol: f.quantity for f in books.findings if f.symbol != CASH and f.quantity}
        assert beside == {symbol: quantity for symbol, quantity in self.by_hand.items() if quantity}

    async def _assert_each_fill_counts_once(self, ours: set[Any]) -> None:
        engine, exchange = self.desk.engine, self.exchange
        booked: list[tuple[str, Decimal]] = []
        held: dict[str, Decimal] = {}
        for bot in self.bots:
            for fill in await engine.rows(FillRow, bot_id=bot):
                booked.append((fill.broker_order_id, fill.cumulative_quantity))
                signed = fill.quantity if fill.side == Side.BUY else -fill.quantity
                held[f"{bot} {fill.symbol}"] = held.get(f"{bot} {fill.symbol}", Decimal(0)) + signed
        made = [(key, one.cumulative_quantity) for key in ours for one in exchange._executions[key]]
        assert sorted(booked) == sorted(made)
        for bot in self.bots:
            for row in await engine.rows(PositionRow, bot_id=bot, is_open=True):
                assert held.pop(f"{bot} {row.symbol}") == row.quantity
        assert not any(held.values())


def _is_ours(order: BrokerOrder, bots: list[str]) -> bool:
    return order.client_order_id.startswith(("leg-", *bots))


def test_ledgers_and_broker_come_to_the_same(engine_database_url: str) -> None:
    make: Callable[[], GatewayMachine] = lambda: GatewayMachine(engine_database_url)  # noqa: E731
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        make,
        settings=settings(
            max_examples=16,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
