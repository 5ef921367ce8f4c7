"""The same scene through the kernel and through its twin, and whether they agree to the last bit."""

from dataclasses import fields
from typing import Any

from flotilla.domain import codes
from flotilla.domain.kernel.decisions import ORDER_TYPES, purpose
from flotilla.domain.orders import OrderType
from flotilla.domain.risk import ExitReason
from tests.kernel.arrays import KernelRun, known
from tests.kernel.scene import Scene, SceneBot
from tests.kernel.twin.backtest import Backtest
from tests.kernel.twin.bar_open import Model
from tests.kernel.twin.clock import Moment, coin_moment, daily_moment, stock_moment
from tests.kernel.twin.costs import Costs
from tests.kernel.twin.state import Account, Bot, Decision, Holding, Lot, Minute, Order, total

NO_END = 1 << 60


def twin_run(scene: Scene) -> Backtest:
    """The twin at a scene's start."""

    def moment(tau: int, bot: Bot, mode: str) -> Moment:
        flattens = bot.risk.flatten_at_window_end
        if scene.around_the_clock:
            found = coin_moment(tau, bot.window, flattens, mode)
        else:
            found = stock_moment(tau, scene.sessions, bot.window, flattens, mode)
        return daily_moment(found) if bot.daily else found

    limits, account = scene.limits, None
    if limits is not None:
        account = Account(limits.daily_loss, limits.exposure, limits.symbol, limits.positions)
    costs = {
        (n, symbol): bot.costs.get(symbol, Costs())
        for n, bot in enumerate(scene.bots)
        for symbol in bot.symbols
    }
    return Backtest([_bot(scene, bot) for bot in scene.bots], account, Model(costs), moment)


def _bot(scene: Scene, bot: SceneBot) -> Bot:
    holdings = [Holding(s, scene.instruments[s], s in bot.guarded) for s in bot.symbols]
    return Bot(bot.risk, bot.window, holdings, bot.account_equity, bot.capital, bot.daily)


def minutes(scene: Scene, first: int, last: int) -> list[Minute]:
    closes: dict[str, float] = {}
    found: list[Minute] = []
    for t, bars in enumerate(scene.bars[:last]):
        closes = closes | {symbol: bar.close for symbol, bar in bars.items()}
        said = [{symbol: bot.signal(t, symbol) for symbol in bot.symbols} for bot in scene.bots]
        found.append(Minute(scene.taus[t], bars, closes, said, [bot.mode(t) for bot in scene.bots]))
    return found[first:]


def run_twin(twin: Backtest, scene: Scene, first: int, last: int) -> None:
    for minute in minutes(scene, first, last):
        twin.minute(minute)


# --- the same? ----------------------------------------------------------------------------------------


def assert_same(kernel: KernelRun, twin: Backtest) -> None:
    """Fills, intents, decisions with their numbers, stops, trades, equity, exposure, and state."""
    same("fills", kernel.fills, twin.model.fills)
    same("intents", kernel.intents, twin.log.intents)
    same("decisions", kernel.decisions, [_padded(one) for one in twin.log.decisions])
    same("reprices", kernel.reprices, twin.log.reprices)
    same("trades", kernel.trades, twin.model.trades)
    same("equity", kernel.tape.equity[:, : kernel.done].T.tolist(), twin.equity)
    same("exposure", kernel.tape.exposure[:, : kernel.done].T.tolist(), twin.exposure)
    for number, bot in enumerate(twin.bots):
        same(f"bot {number}", _kernel_bot(kernel, number), _twin_bot(bot))
    for k, (number, symbol) in enumerate(kernel.slots):
        holding = next(h for h in twin.bots[number].holdings if h.symbol == symbol)
        trails = kernel.book.rules[number].trail > 0 or kernel.book.rules[number].break_even > 0
        same(f"{symbol} of bot {number}", _kernel_slot(kernel, k, trails), _twin_slot(holding, trails))


def same(what: str, ours: Any, twins: Any) -> None:
    if ours == twins:
        return
    if isinstance(ours, dict):
        different = {name: (ours[name], twins[name]) for name in ours if ours[name] != twins[name]}
        raise AssertionError(f"{what}: {different}")
    pairs = enumerate(zip(ours, twins, strict=False))
    at, pair = next(
        ((n, pair) for n, pair in pairs if pair[0] != pair[1]), (min(len(ours), len(twins)), None)
    )
    before = ours[max(0, at - 2) : at]
    more = (ours[at : at + 2], twins[at : at + 2]) if pair is None else pair
    raise AssertionError(f"{what} {at}: kernel {more[0]}, twin {more[1]}; before {before}")


def _padded(decision: Decision) -> Decision:
    values = {field.name: getattr(decision, field.name) for field in fields(decision)}
    numbers = decision.numbers + (0.0,) * (6 - len(decision.numbers))
    return Decision(**values | {"numbers": numbers})


def _kernel_bot(kernel: KernelRun, number: int) -> dict[str, Any]:
    bot = kernel.book.bots[number]
    names = ("cash", "day", "day_baseline", "closing_equity", "peak_equity", "trades_today")
    more = ("losses_in_a_row", "wins", "won", "losses", "lost", "realised")
    halts = {name: bool(bot[name]) for name in ("daily_loss_halted", "drawdown_halted")}
    return {name: bot[name].item() for name in (*names, *more)} | halts


def _twin_bot(bot: Bot) -> dict[str, Any]:
    return {
        "cash": bot.cash,
        "day": bot.day,
        "day_baseline": bot.baseline,
        "closing_equity": bot.closing_equity,
        "peak_equity": bot.peak,
        "trades_today": bot.trades_today,
        "losses_in_a_row": bot.losses_in_a_row,
        "wins": len(bot.wins),
        "won": total(bot.wins),
        "losses": len(bot.losses),
        "lost": total(bot.losses),
        "realised": bot.realised,
        "daily_loss_halted": bot.daily_loss_halted,
        "drawdown_halted": bot.drawdown_halted,
    }


def _kernel_slot(kernel: KernelRun, k: int, trails: bool) -> dict[str, Any]:
    slot, lots = kernel.book.slots[k], kernel.book.lots[k]
    return {
        "quantity": float(slot.quantity),
        "entry_price": float(slot.entry_price),
        "realised": float(slot.realised),
        "since": None if slot.since < 0 else int(slot.since),
        "adds": int(slot.adds),
        "last_entry": float(slot.last_entry),
        "leaving": None if slot.leaving == codes.NOTHING else purpose(int(slot.leaving)),
        "closed": float(slot.closed_profit) if slot.closed else None,
        "cooldown_until": int(slot.cooldown_until),
        "order": None if slot.pending == codes.NOTHING else _kernel_order(slot, kernel.tape.tracks[k]),
        "lots": [_kernel_lot(lot, trails) for lot in lots if lot.quantity != 0.0],
    }


def _kernel_order(slot: Any, track: Any) -> tuple[Any, ...]:
    why = purpose(int(slot.pending)), ExitReason.of(int(track.order_reason))
    names = (
        "pending_sign",
        "pending_quantity",
        "pending_price",
        "pending_stop",
        "pending_target",
        "reserved",
    )
    until = None if slot.pending_until == NO_END else int(slot.pending_until)
    waits = ORDER_TYPES[slot.pending_type], int(slot.chases), bool(slot.pending_ends)
    own = float(slot.order_price) if slot.pending_type != codes.AT_MARKET else None
    return int(track.order_tau), *why, *(known(slot[name]) for name in names), until, *waits, own


def _kernel_lot(lot: Any, trails: bool) -> tuple[Any, ...]:
    leaving = ExitReason.of(int(lot.leaving)) if lot.leaving else None
    best = float(lot.extreme) if trails else None
    return float(lot.quantity), float(lot.entry_price), known(lot.stop), known(lot.target), best, leaving


def _twin_slot(holding: Holding, trails: bool) -> dict[str, Any]:
    return {
        "quantity": holding.quantity,
        "entry_price": holding.entry_price,
        "realised": holding.realised,
        "since": holding.since,
        "adds": holding.adds,
        "last_entry": holding.last_entry,
        "leaving": holding.leaving,
        "closed": holding.closed_profit,
        "cooldown_until": holding.cooldown_until,
        "order": None if holding.order is None else _twin_order(holding.order),
        "lots": [_twin_lot(lot, trails) for lot in holding.lots],
    }


def _twin_order(order: Order) -> tuple[Any, ...]:
    prices = order.sign, order.quantity, order.price, order.stop, order.target, order.reserve
    waits = order.kind, order.chases, order.ends is not None
    own = None if order.kind is OrderType.MARKET else order.own
    return order.tau, order.purpose, order.reason, *prices, order.last_day, *waits, own


def _twin_lot(lot: Lot, trails: bool) -> tuple[Any, ...]:
    best = lot.best if trails else None
    return lot.quantity, lot.entry_price, lot.stop, lot.target, best, lot.leaving
