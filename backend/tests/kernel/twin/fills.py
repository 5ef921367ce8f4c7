"""What a fill does to a bot."""

from flotilla.domain.orders import Purpose
from tests.kernel.twin.state import Bot, Holding, Lot

DUST = 5e-10


def apply_fill(
    bot: Bot,
    holding: Holding,
    sign: float,
    quantity: float,
    price: float,
    *,
    fee: float = 0.0,
    coin_fee: float = 0.0,
    leg: Lot | None = None,
) -> None:
    """Book one execution. `coin_fee` is kept back from a purchase; `leg`: whose stop or target it was."""
    bot.cash -= sign * quantity * price + fee
    cost = fee + coin_fee * price
    if holding.quantity * sign >= 0.0:
        _open(bot, holding, sign, quantity - coin_fee, price, cost)
    else:
        _close(bot, holding, leg, sign, quantity, price, cost)


def _open(bot: Bot, holding: Holding, sign: float, received: float, price: float, cost: float) -> None:
    order = holding.order
    assert order is not None
    assert order.purpose is Purpose.ENTRY
    held = abs(holding.quantity)
    holding.entry_price = (held * holding.entry_price + received * price) / (held + received)
    holding.quantity += sign * received
    holding.realised -= cost
    bot.realised -= cost
    if order.lot is None:
        if held > 0.0:
            holding.adds += 1
        holding.last_entry = order.price
        order.lot = Lot(0.0, 0.0, order.stop, order.target, best=price, number=holding.adds)
    lot = order.lot
    if lot not in holding.lots:  # new, or sold by its leg while the order goes on
        lot.quantity, lot.entry_price = 0.0, 0.0
        lot.stop, lot.target, lot.best = order.stop, order.target, price
        holding.lots.append(lot)
    total = lot.quantity + received
    lot.entry_price = (lot.quantity * lot.entry_price + received * price) / total
    lot.quantity = total


def _close(
    bot: Bot, holding: Holding, leg: Lot | None, sign: float, quantity: float, price: float, cost: float
) -> None:
    earned = (holding.entry_price - price) * sign * quantity - cost
    holding.realised += earned
    bot.realised += earned
    holding.quantity += sign * quantity
    if leg is not None:
        lots = [leg]
    else:  # what the engine is selling, then the oldest
        lots = [lot for lot in holding.lots if lot.leaving] + [lot for lot in holding.lots if not lot.leaving]
    left = quantity
    for lot in lots:
        taken = min(lot.quantity, left)
        lot.quantity -= taken
        left -= taken
    holding.lots = [lot for lot in holding.lots if lot.quantity >= DUST]
    if abs(holding.quantity) < DUST:
        _flat(bot, holding)


def _flat(bot: Bot, holding: Holding) -> None:
    profit = holding.realised
    if profit > 0.0:
        bot.wins.append(profit)
    elif profit < 0.0:
        bot.losses.append(-profit)
    holding.quantity = holding.realised = 0.0
    holding.since, holding.adds, holding.leaving = None, 0, None
    holding.closed_profit = profit
    if holding.order is not None:
        holding.order.lot = None  # what an entry under way still buys is a first lot again
    holding.lots.clear()
