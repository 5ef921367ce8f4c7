"""The fill model `bar_open`: which orders and legs a bar fills, and at what price (semantics 4)."""

from dataclasses import dataclass, field

from flotilla.domain.orders import OrderType, Purpose
from flotilla.domain.risk import ExitReason
from tests.kernel.twin.costs import Costs, coins_kept, executed, fee, slipped
from tests.kernel.twin.fills import apply_fill
from tests.kernel.twin.resting import met
from tests.kernel.twin.state import Bar, Bot, Holding, Lot, Minute
from tests.kernel.twin.trades import Fill, Round, Trade

YEAR = 365.0 * 86_400.0  # seconds


@dataclass
class Model:
    """The market that the bots' orders go to. Symbols of bots are named (bot, symbol)."""

    costs: dict[tuple[int, str], Costs]
    fills: list[Fill] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    expired: list[tuple[int, int, str]] = field(default_factory=list)  # tau, bot, symbol
    rounds: dict[tuple[int, str], Round] = field(default_factory=dict)

    def fill(self, bot: Bot, number: int, day: int, minute: Minute) -> None:
        """Fill the bot's orders in the minute that ends at tau: exits, entries, then legs."""
        inside: set[str] = set()
        for entries in (False, True):
            for holding in bot.holdings:
                order = holding.order
                if order is None or (order.purpose is Purpose.ENTRY) is not entries:
                    continue
                if order.kind is OrderType.MARKET:
                    self._at_open(bot, number, holding, day, minute)
                elif self._waiting(bot, number, holding, day, minute):
                    inside.add(holding.symbol)
        for holding in bot.holdings:
            bar = minute.bars.get(holding.symbol)
            protected = holding.order is None and holding.leaving is None and not holding.guarded
            if bar is not None and protected:
                only_stop = holding.symbol in inside
                self._legs(bot, number, holding, bar, minute.tau, only_stop=only_stop)
            if holding.quantity != 0.0:
                self._hold(bot, number, holding, day, minute)

    def _at_open(self, bot: Bot, number: int, holding: Holding, day: int, minute: Minute) -> None:
        order, bar = holding.order, minute.bars.get(holding.symbol)
        assert order is not None
        if order.last_day is not None and day > order.last_day:
            holding.order = None
            self.expired.append((minute.tau, number, holding.symbol))
        elif bar is not None:
            self._execute(
                bot,
                number,
                holding,
                bar,
                minute.tau,
                purpose=order.purpose,
                reason=order.reason,
                sign=order.sign,
                quantity=order.quantity,
                price=bar.open,
            )
            holding.order = None

    def _waiting(self, bot: Bot, number: int, holding: Holding, day: int, minute: Minute) -> bool:
        """Fill a limit or stop entry that the bar meets; says whether within the bar."""
        order, bar = holding.order, minute.bars.get(holding.symbol)
        assert order is not None
        if order.ends is not None or (order.last_day is not None and day > order.last_day):
            holding.order = None
            self.expired.append((minute.tau, number, holding.symbol))
            return False
        found = None if bar is None else met(order, bar)
        if bar is None or found is None:
            return False
        price, within = found
        self._execute(
            bot,
            number,
            holding,
            bar,
            minute.tau,
            purpose=order.purpose,
            reason=order.reason,
            sign=order.sign,
            quantity=order.quantity,
            price=price,
        )
        holding.order = None
        return within

    def _legs(
        self, bot: Bot, number: int, holding: Holding, bar: Bar, tau: int, *, only_stop: bool = False
    ) -> None:
        side = holding.side
        for lot in list(holding.lots):
            found = stop_within(lot, side, bar) if only_stop else leg_price(lot, side, bar)
            if found is None or lot not in holding.lots:
                continue
            purpose, price = found
            stops = purpose is Purpose.STOP_LOSS
            reason = ExitReason.STOP_TOUCHED if stops else ExitReason.TARGET_TOUCHED
            self._execute(
                bot,
                number,
                holding,
                bar,
                tau,
                purpose=purpose,
                reason=reason,
                sign=-side,
                quantity=lot.quantity,
                price=price,
                leg=lot,
            )

    def _execute(
        self,
        bot: Bot,
        number: int,
        holding: Holding,
        bar: Bar,
        tau: int,
        *,
        purpose: Purpose,
        reason: ExitReason,
        sign: float,
        quantity: float,
        price: float,
        leg: Lot | None = None,
    ) -> None:
        costs, order = self.costs[number, holding.symbol], holding.order
        expected = price if order is None else order.price
        quantity = executed(holding.instrument, quantity)
        limited = order is not None and order.kind is OrderType.LIMIT
        if purpose is not Purpose.TAKE_PROFIT and not limited:
            price = slipped(costs, holding.instrument, sign, quantity, price, bar.volume)
        kept, paid = coins_kept(costs, sign, quantity), fee(costs, sign, quantity, price)
        fees, realised = paid + kept * price, bot.realised
        held = self._round(number, holding, purpose, sign, tau)
        if purpose is Purpose.ENTRY:
            held.enter(holding, quantity - kept, price)
        else:
            held.leave(holding, quantity, price)
        held.fees += fees
        apply_fill(bot, holding, sign, quantity, price, fee=paid, coin_fee=kept, leg=leg)
        when, what = (tau if order is None else order.tau, tau - 60), (purpose, reason)
        money = fees, bot.realised - realised, sign * (price - expected)
        live = None if leg is None else leg.number, paid, kept
        self.fills.append(Fill(*when, number, holding.symbol, *what, sign, quantity, price, *money, *live))
        if holding.quantity == 0.0:
            assert holding.closed_profit is not None
            done = self.rounds.pop((number, holding.symbol))
            self.trades.append(done.trade(number, holding.symbol, tau - 60, holding.closed_profit, *what))

    def _round(self, number: int, holding: Holding, purpose: Purpose, sign: float, tau: int) -> Round:
        """The position that a fill adds to or takes from; an entry while flat begins one."""
        key = number, holding.symbol
        if purpose is Purpose.ENTRY and holding.quantity == 0.0:
            self.rounds[key] = Round(tau - 60, sign, borrowed_until=tau)
        return self.rounds[key]

    def _hold(self, bot: Bot, number: int, holding: Holding, day: int, minute: Minute) -> None:
        """What holding on through the minute costs, and shows."""
        held, costs = self.rounds[number, holding.symbol], self.costs[number, holding.symbol]
        if holding.quantity < 0.0 and costs.borrow > 0.0 and day != bot.day:
            share = (minute.tau - held.borrowed_until) / YEAR
            amount = costs.borrow * share * -holding.quantity * holding.mark
            held.borrowed_until = minute.tau
            bot.cash -= amount
            bot.realised -= amount
            holding.realised -= amount
            held.fees += amount
        bar = minute.bars.get(holding.symbol)
        if bar is not None:
            held.see(bar)


def stop_within(lot: Lot, side: float, bar: Bar) -> tuple[Purpose, float] | None:
    """What counts in the bar within which an entry was met."""
    worst = bar.low if side > 0.0 else bar.high
    if lot.stop is None or side * (worst - lot.stop) > 0.0:
        return None
    return Purpose.STOP_LOSS, lot.stop


def leg_price(lot: Lot, side: float, bar: Bar) -> tuple[Purpose, float] | None:
    """Which of a lot's legs the bar fills, and where; the stop when it touches both."""

    def reaches_stop(price: float) -> bool:
        return lot.stop is not None and side * (price - lot.stop) <= 0.0

    def reaches_target(price: float) -> bool:
        return lot.target is not None and side * (price - lot.target) >= 0.0

    best, worst = (bar.high, bar.low) if side > 0.0 else (bar.low, bar.high)
    if reaches_stop(bar.open):
        return Purpose.STOP_LOSS, bar.open
    if reaches_target(bar.open):
        return Purpose.TAKE_PROFIT, bar.open
    if reaches_stop(worst):
        assert lot.stop is not None
        return Purpose.STOP_LOSS, lot.stop
    if reaches_target(best):
        assert lot.target is not None
        return Purpose.TAKE_PROFIT, lot.target
    return None
