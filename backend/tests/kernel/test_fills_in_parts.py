"""`apply_fill` where the model never goes: orders filled in parts, legs in parts, orders that end early."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from flotilla.domain.kernel.bot import KernelBot, KernelSpec
from flotilla.domain.market import Instrument
from flotilla.domain.orders import Purpose, Side
from flotilla.domain.risk import ExitReason
from tests.kernel.scene import ALL_DAY
from tests.kernel.table import bare
from tests.kernel.twin.fills import apply_fill
from tests.kernel.twin.state import Bot, Holding, Lot, Order, total

RISK = bare(scale_in_steps=3)
INSTRUMENT = Instrument("AAPL", "", quantity_step=Decimal("0.001"))
CAPITAL = 10_000.0


@dataclass(frozen=True)
class Event:
    """One thing that happens; which, is decided by what can."""

    kind: str = "fill"
    part: float = 1.0  # of what is left
    price: float = 50.0
    fee: float = 0.0
    coins: float = 0.0  # part of a purchase kept in coins
    which: int = 0  # of the lots


events = st.builds(
    Event,
    kind=st.sampled_from(["fill", "fill", "fill", "leg", "end", "touch", "restart"]),
    part=st.sampled_from([1.0, 1.0, 0.5, 0.3]),
    price=st.sampled_from([50.0, 51.3, 47.7]),
    fee=st.sampled_from([0.0, 0.35]),
    coins=st.sampled_from([0.0, 0.0025]),
    which=st.integers(0, 3),
)


@dataclass
class Both:
    """A live bot and its twin, with one symbol."""

    live: KernelBot = field(default_factory=lambda: fresh())
    twin: Bot = field(
        default_factory=lambda: Bot(RISK, ALL_DAY, [Holding("AAPL", INSTRUMENT, True)], 1e9, CAPITAL)
    )

    @property
    def holding(self) -> Holding:
        return self.twin.holdings[0]

    def happen(self, event: Event, *, long: bool) -> None:
        order, lots = self.holding.order, self.holding.lots
        if event.kind == "restart":
            kept = json.dumps(self.live.checkpoint())
            self.live = fresh()
            self.live.restore(json.loads(kept))
        elif event.kind == "touch" and lots:
            self._touch(lots[event.which % len(lots)])
        elif event.kind == "leg" and lots:
            self._leg(event, lots[event.which % len(lots)])
        elif event.kind == "end" and order is not None:
            self._end()
        elif order is None:
            self._order(event, long)
        else:
            self._fill(event, order)

    def _order(self, event: Event, long: bool) -> None:
        holding = self.holding
        enters = holding.quantity == 0.0 or (event.which == 0 and holding.adds < RISK.scale_in_steps)
        side = holding.side if holding.quantity != 0.0 else (1.0 if long else -1.0)
        sign = side if enters else -side
        quantity = 10.0 if enters else abs(holding.quantity)
        purpose = Purpose.ENTRY if enters else Purpose.EXIT
        stop, target = (event.price - side, event.price + 2.0 * side) if enters else (None, None)
        holding.order = Order(0, purpose, ExitReason.SIGNAL, sign, quantity, event.price, None, stop, target)
        self.live.order_under_way(
            "AAPL",
            purpose,
            side=Side.BUY if sign > 0.0 else Side.SELL,
            quantity=quantity,
            price=event.price,
            stop=stop,
            target=target,
        )

    def _fill(self, event: Event, order: Order) -> None:
        enters = order.purpose is Purpose.ENTRY
        most = order.quantity if enters else min(order.quantity, abs(self.holding.quantity))
        quantity = most * event.part
        if quantity > 1e-6 and (enters or self.holding.quantity * order.sign < 0.0):
            coins = quantity * event.coins if enters and order.sign > 0.0 else 0.0
            self._book(event, order.sign, quantity, coins, None)
            order.quantity -= quantity
        if order.quantity <= 1e-6 or (not enters and self.holding.quantity == 0.0):
            self._end()

    def _leg(self, event: Event, lot: Lot) -> None:
        self._book(
            event, -self.holding.side, min(lot.quantity * event.part, abs(self.holding.quantity)), 0.0, lot
        )

    def _book(self, event: Event, sign: float, quantity: float, coins: float, leg: Lot | None) -> None:
        apply_fill(
            self.twin, self.holding, sign, quantity, event.price, fee=event.fee, coin_fee=coins, leg=leg
        )
        self.live.apply_fill(
            symbol="AAPL",
            side=Side.BUY if sign > 0.0 else Side.SELL,
            quantity=quantity,
            price=event.price,
            fee=event.fee,
            coin_fee=coins,
            lot=-1 if leg is None else leg.number,
        )

    def _touch(self, lot: Lot) -> None:
        lot.leaving = ExitReason.STOP_TOUCHED
        self.live.book.lots[0, lot.number].leaving = 9

    def _end(self) -> None:
        self.holding.order = None
        self.live.order_done("AAPL")


def fresh() -> KernelBot:
    return KernelBot(KernelSpec(("AAPL",), RISK, ALL_DAY), CAPITAL, {"AAPL": INSTRUMENT})


def of_live(live: KernelBot) -> dict[str, Any]:
    bot, slot = live.book.bots[0], live.book.slots[0]
    held = [lot for lot in live.book.lots[0] if lot.quantity != 0.0]
    return {
        "money": [bot.cash, bot.realised, bot.wins, bot.won, bot.losses, bot.lost],
        "position": [slot.quantity, slot.entry_price, slot.realised, slot.adds, slot.last_entry],
        "closed": slot.closed_profit if slot.closed else None,
        "lots": [
            (lot.quantity, lot.entry_price, lot.stop, lot.target, lot.extreme, lot.leaving != 0)
            for lot in held
        ],
    }


def of_twin(bot: Bot) -> dict[str, Any]:
    (held,) = bot.holdings
    return {
        "money": [
            bot.cash,
            bot.realised,
            len(bot.wins),
            total(bot.wins),
            len(bot.losses),
            total(bot.losses),
        ],
        "position": [held.quantity, held.entry_price, held.realised, held.adds, held.last_entry],
        "closed": held.closed_profit,
        "lots": [
            (lot.quantity, lot.entry_price, lot.stop, lot.target, lot.best, lot.leaving is not None)
            for lot in held.lots
        ],
    }


# A position goes flat while an addition is half filled; what the order still buys is a first lot again.
FLAT_ON_THE_WAY = [
    Event(),
    Event(),
    Event(),
    Event(part=0.5),
    Event("leg"),
    Event("leg"),
    Event(),
    Event(price=51.3),
    Event(price=51.3),
    Event("leg", part=0.5, which=1),
    Event("leg"),
]


@settings(max_examples=150)
@example(happened=FLAT_ON_THE_WAY, long=True)
@given(happened=st.lists(events, min_size=1, max_size=40), long=st.booleans())
def test_fills_in_parts_are_booked_as_the_twin_books_them(happened: list[Event], long: bool) -> None:
    both = Both()
    for event in happened:
        both.happen(event, long=long)
        assert of_live(both.live) == of_twin(both.twin)
        lots = total(lot.quantity for lot in both.holding.lots)
        assert abs(lots - abs(both.holding.quantity)) < 1e-6
