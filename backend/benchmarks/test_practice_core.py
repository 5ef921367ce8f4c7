"""How fast the practice market's core is, on one core."""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from benchmarks.conftest import Goal
from flotilla.practice.matching.account import Account
from flotilla.practice.matching.bar_open import BarOpen
from flotilla.practice.matching.changes import Sequence
from flotilla.practice.matching.fill_model import FillModel
from flotilla.practice.matching.market import Market
from flotilla.practice.matching.orders import OrderTicket, OrderType, Side, TimeInForce
from flotilla.practice.matching.quotes import Quotes
from flotilla.practice.session import MINUTE, Bar, Minute, Session

OPEN = datetime(2016, 1, 4, 14, 30, tzinfo=UTC)
SESSION = Session(OPEN.date(), OPEN, OPEN + 390 * MINUTE)
SYMBOLS = tuple(f"S{number:03d}" for number in range(100))
MINUTES, ORDERS, RESTING = 60, 500, 1000

MODELS: dict[str, Callable[[], FillModel]] = {"bar_open": BarOpen, "quotes": Quotes}


def market(model: FillModel) -> Market:
    cash = Decimal(10**9)
    account = Account(
        id="account",
        key="key",
        secret="secret",
        created_at=OPEN,
        initial_cash=cash,
        cash=cash,
        realized=Decimal(0),
        last_equity=cash,
        multiplier=Decimal(4),
    )
    core = Market([account], (), model, Sequence(uuid.UUID(int=1)), SESSION)
    core.marks.update(dict.fromkeys(SYMBOLS, Decimal(100)))
    return core


def minutes(count: int) -> list[Minute]:
    """Bars of a random walk around 100 dollars, as a replay hands them to the core."""
    generator = np.random.default_rng(1)
    closes = np.round(100 + 0.02 * generator.standard_normal((len(SYMBOLS), count)).cumsum(axis=1), 2)
    rows = []
    for number in range(count):
        bars = {}
        for index, symbol in enumerate(SYMBOLS):
            price = float(closes[index, number])
            bars[symbol] = Bar(price, price + 0.03, price - 0.03, price, 5000, 40, price)
        rows.append(Minute(OPEN + number * MINUTE, bars))
    return rows


def replayed(core: Market, tape: list[Minute]) -> int:
    """Run the minutes through the core; returns the number of bars."""
    for minute in tape:
        core.begin_minute(minute)
        core.complete_minute()
        core.take_changes()
    return len(tape) * len(SYMBOLS)


def ticket(
    symbol: str, kind: OrderType, limit: Decimal | None = None, stop: Decimal | None = None
) -> OrderTicket:
    return OrderTicket(
        symbol=symbol,
        side=Side.BUY,
        type=kind,
        time_in_force=TimeInForce.GTC,
        qty=Decimal(1),
        limit_price=limit,
        stop_price=stop,
    )


@pytest.mark.parametrize("model", MODELS)
def test_market_orders_accepted_and_filled(figure: Callable[..., Any], model: str) -> None:
    """Rounds of 500 orders: orders a second = 500 / the round's time."""

    def setup() -> tuple[tuple[Market], dict[str, Any]]:
        core = market(MODELS[model]())
        core.begin_minute(minutes(1)[0])
        return (core,), {}

    def run(core: Market) -> None:
        for number in range(ORDERS):
            core.submit("account", ticket(SYMBOLS[number % 100], OrderType.MARKET), OPEN)
            core.take_changes()

    goal = Goal(count=ORDERS, rate=1_000)
    figure(f"practice core, {model}: market orders accepted and filled", run, goal, rounds=8, setup=setup)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("resting", [0, RESTING])
def test_bars_into_the_core(figure: Callable[..., Any], model: str, resting: int) -> None:
    """Rounds of 60 minutes of 100 symbols: bars a second = 6,000 / the round's time."""
    tape = minutes(MINUTES)

    def setup() -> tuple[tuple[Market], dict[str, Any]]:
        core = market(MODELS[model]())
        core.begin_minute(tape[0])
        for number in range(resting):
            symbol = SYMBOLS[number % len(SYMBOLS)]
            if number % 2:
                asked = ticket(symbol, OrderType.LIMIT, limit=Decimal(90 + number % 7))
            else:
                asked = ticket(symbol, OrderType.STOP, stop=Decimal(105 + number % 7))
            core.submit("account", asked, OPEN)
        core.take_changes()
        return (core,), {}

    goal = Goal(count=MINUTES * len(SYMBOLS), rate=50_000 if resting else 200_000)
    what = f"practice core, {model}: bars of 100 symbols, {resting:,} orders resting"
    figure(what, lambda core: replayed(core, tape), goal, rounds=8, setup=setup)
