"""One live bot's state and steps: the kernel's arrays behind names and Python values."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from flotilla.domain import codes
from flotilla.domain.kernel.clock import tau_flags
from flotilla.domain.kernel.decisions import (
    ORDER_TYPES,
    Decision,
    Mode,
    Outcome,
    StepResult,
    decision,
    in_sending_order,
    intent,
    purpose,
)
from flotilla.domain.kernel.fills import CASH_RESERVE, apply_fill, order_done
from flotilla.domain.kernel.money import equity, free_cash
from flotilla.domain.kernel.protection import keep_settings, stop_price, target_price
from flotilla.domain.kernel.records import (
    BOT,
    DECISIONS,
    INTENTS,
    LOT,
    REPRICES,
    SLOT,
    Book,
    Market,
    Output,
    output,
)
from flotilla.domain.kernel.settings import fund, lots_needed, new_book, rules_row, write_instrument
from flotilla.domain.kernel.step import enter_bot, manage_bot, step_bot
from flotilla.domain.market import NEW_YORK, Instrument, Session, Window
from flotilla.domain.orders import OrderType, Purpose, Side
from flotilla.domain.risk import RefusalCode, RiskRules

_PURPOSES = {
    Purpose.ENTRY: codes.ENTRY,
    Purpose.EXIT: codes.EXIT,
    Purpose.FLATTEN: codes.FLATTEN,
}
_TYPES = {name: code for code, name in ORDER_TYPES.items()}
_MODES = {
    Mode.TRADE: 0,
    Mode.PAUSED: codes.NO_ENTRIES,
    Mode.GUARD: codes.NO_RULES,
    Mode.FLATTEN: codes.FLATTEN_ALL,
}
_QUANTITY, _STOP, _TARGET = (LOT.names.index(name) for name in ("quantity", "stop", "target"))  # type: ignore[union-attr]
_ALWAYS = 1 << 40  # seconds until a close that never comes
_FIRST: Any = np.uint64(0)  # the index type that the backtest compiles for, too


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """The part of a bot's definition that decides: symbols in order, risk rules, window.

    `account_equity` (USD) is what a position's share of the account is of; `guarded` are the symbols
    whose protection the engine holds. Both are fixed when the bot starts. `daily`: it trades on daily bars.
    """

    symbols: tuple[str, ...]
    risk: RiskRules
    window: Window
    account_equity: float = math.inf
    guarded: frozenset[str] = frozenset()
    daily: bool = False


@dataclass(frozen=True, slots=True)
class Holding:
    """What a bot holds of a symbol: shares (below zero: short) and average entry price (USD)."""

    quantity: float
    entry_price: float


@dataclass(frozen=True, slots=True)
class Lot:
    """What one entry still holds (never below zero), and its own stop and target (USD)."""

    quantity: float
    stop: float | None
    target: float | None


@dataclass(frozen=True, slots=True)
class PendingOrder:
    """An order under way for a symbol; an entry reserves cash (USD) until it is done."""

    purpose: Purpose
    reserved: float = 0.0


@dataclass(frozen=True, slots=True)
class SymbolView:
    """What is known of a symbol at tau. `close` is its newest close (USD).

    `high` and `low` are those of the bar that ended at tau, None when there was none. `entry`, `exit`
    and their short sides are the rules' answers at a signal step on a bar not seen before, else None.
    """

    close: float
    fresh: bool
    warmed_up: bool
    entry: bool | None = None
    exit: bool | None = None
    short_entry: bool | None = None
    short_exit: bool | None = None
    high: float | None = None
    low: float | None = None
    must_go: bool = False
    atr: float = math.nan
    volatility: float = math.nan
    liquidity: float = math.inf

    @property
    def evaluated(self) -> bool:
        """Whether the rules were asked."""
        return self.entry is not None or self.short_entry is not None

    @property
    def bits(self) -> int:
        """The kernel's `Market.signals`."""
        said = (
            (codes.EVALUATED, self.evaluated),
            (codes.ENTER_LONG, self.entry),
            (codes.ENTER_SHORT, self.short_entry),
            (codes.EXIT_LONG, self.exit),
            (codes.EXIT_SHORT, self.short_exit),
            (codes.WARMED_UP, self.warmed_up),
            (codes.FRESH, self.fresh),
            (codes.MUST_GO, self.must_go),
        )
        return sum(bit for bit, holds in said if holds)


@dataclass(frozen=True, slots=True)
class HalfStep:
    """A step whose entries are still to be decided."""

    bot: "KernelBot"
    views: Mapping[str, SymbolView]
    tau: datetime
    mode: Mode
    out: Output

    @property
    def may_enter(self) -> bool:
        """Whether the second half could open or add to anything."""
        scales = self.bot.spec.risk.scale_in_steps > 0
        bits = [view.bits for view in self.views.values()]
        return any(b & codes.EVALUATED and (scales or b & codes.ENTRY_SIGNALS) for b in bits)


@dataclass(slots=True)
class KernelBot:
    """A bot's state; everything its next decision depends on, besides the market.

    `instruments` has the bot's own symbols and all others that it still holds: those are only sold.
    """

    spec: KernelSpec
    capital: float
    instruments: Mapping[str, Instrument]
    symbols: tuple[str, ...] = field(init=False)
    book: Book = field(init=False)
    _market: Market = field(init=False)

    def __post_init__(self) -> None:
        others = (symbol for symbol in self.instruments if symbol not in self.spec.symbols)
        self.symbols = (*self.spec.symbols, *others)
        count = len(self.symbols)
        self.book = new_book(1, count, lots_needed([self.spec.risk]), count)
        self.book.rules[0] = rules_row(
            self.spec.risk,
            first=0,
            last=count,
            account_equity=self.spec.account_equity,
            overnight=self.spec.daily or any(one.is_coin for one in self.instruments.values()),
        )
        for k, symbol in enumerate(self.symbols):
            guarded = symbol in self.spec.guarded
            instrument = self.instruments.get(symbol) or Instrument(symbol, symbol)
            write_instrument(self.book.instruments[k], instrument, price_row=k, guarded=guarded)
        for slot in self.book.slots:  # of what is folded from fills alone
            keep_settings(self.book.rules[0], slot)
        fund(self.book.bots[0], self.capital)
        self._market = _one_minute(count)

    # --- what it has ----------------------------------------------------------------------------

    @property
    def cash(self) -> float:
        return float(self.book.bots[0].cash)

    @property
    def equity(self) -> float:
        """Cash plus holdings at their last closes (USD)."""
        return float(equity(self.book, 0))

    @property
    def free_cash(self) -> float:
        """Cash that no pending entry has reserved and no short ties up (USD)."""
        return float(free_cash(self.book, 0))

    @property
    def trading_day(self) -> date:
        """The day that it has stepped in: New York's of a session, UTC's of coins."""
        day = int(self.book.bots[0].day)
        coins = any(instrument.is_coin for instrument in self.instruments.values())
        return date(1970, 1, 1) + timedelta(days=day) if coins else date.fromordinal(day)

    @property
    def day_pnl(self) -> float:
        return self.equity - float(self.book.bots[0].day_baseline)

    @property
    def holdings(self) -> dict[str, Holding]:
        slots = self.book.slots.view(np.ndarray)
        return {
            self.symbols[k]: Holding(float(slots["quantity"][k]), float(slots["entry_price"][k]))
            for k in slots["quantity"].nonzero()[0]
        }

    @property
    def pending(self) -> dict[str, PendingOrder]:
        return {
            symbol: PendingOrder(purpose(int(slot.pending)), float(slot.reserved))
            for symbol, slot in self._slots()
            if slot.pending != codes.NOTHING
        }

    def lots(self, symbol: str) -> dict[int, Lot]:
        """What a symbol's position is made of, by the number of the entry since it was flat."""
        rows = self.book.lots[self.symbols.index(symbol)].tolist()
        return {
            n: Lot(row[_QUANTITY], _known(row[_STOP]), _known(row[_TARGET]))
            for n, row in enumerate(rows)
            if row[_QUANTITY] != 0.0
        }

    def is_leaving(self, symbol: str) -> bool:
        """Whether an exit was decided that has not happened yet."""
        return symbol in self.symbols and bool(self._slot(symbol).leaving != codes.NOTHING)

    def holds(self, symbol: str) -> bool:
        return symbol in self.symbols and bool(self._slot(symbol).quantity != 0.0)

    @property
    def is_flat(self) -> bool:
        """Nothing held, and no order under way."""
        return all(slot.quantity == 0.0 and slot.pending == codes.NOTHING for _, slot in self._slots())

    def _slots(self) -> Iterator[tuple[str, Any]]:
        return zip(self.symbols, self.book.slots, strict=True)

    def _slot(self, symbol: str) -> Any:
        return self.book.slots[self.symbols.index(symbol)]

    # --- what happens to it ---------------------------------------------------------------------

    def apply_fill(
        self,
        *,
        symbol: str,
        side: Side,
        quantity: float,
        price: float,
        fee: float,
        coin_fee: float = 0.0,
        lot: int = -1,
    ) -> None:
        """Book one execution: shares or coins, USD; `coin_fee` in coins kept back from a purchase.

        `lot`: whose stop or target it was (the first entry's since the symbol was flat is 0, what
        was added to it 1, 2, ...); -1 for every other order.
        """
        sign = 1.0 if side is Side.BUY else -1.0
        apply_fill(self.book, 0, self.symbols.index(symbol), lot, sign, quantity, price, fee, coin_fee)

    def order_under_way(
        self,
        symbol: str,
        order_purpose: Purpose,
        *,
        side: Side,
        quantity: float,
        price: float,
        stop: float | None = None,
        target: float | None = None,
        order_type: OrderType = OrderType.MARKET,
        order_price: float | None = None,
    ) -> None:
        """An order of the bot that is open at the broker; `quantity` is what is left of it.

        `price` is the decision's close, `order_price` a limit or stop order's own.
        """
        slot = self._slot(symbol)
        if slot.pending != _PURPOSES[order_purpose]:  # else the step that decided it knows it better
            slot.pending, slot.pending_lot = _PURPOSES[order_purpose], -1
            slot.pending_sign = 1.0 if side is Side.BUY else -1.0
            slot.pending_price = price
            slot.pending_stop = math.nan if stop is None else stop
            slot.pending_target = math.nan if target is None else target
            slot.pending_type = _TYPES[order_type]
            slot.order_price = price
        if order_price is not None:
            slot.order_price = order_price
        slot.pending_quantity = quantity
        enters = order_purpose is Purpose.ENTRY
        slot.reserved = CASH_RESERVE * quantity * slot.order_price if enters else 0.0
        self.book.bots[0].busy = 1

    def order_done(self, symbol: str) -> None:
        """Forget the symbol's order under way: it was filled, or will never be."""
        order_done(self.book, self.symbols.index(symbol))

    def not_left(self, symbol: str) -> None:
        """An exit was decided, and did not happen: it is decided anew."""
        self._slot(symbol).leaving = codes.EXIT

    def mark_at_cost(self) -> None:
        """Value what is held and was never marked at what it cost: the day must not begin from cash alone."""
        for slot in self.book.slots:
            if slot.quantity != 0.0 and slot.mark == 0.0:
                slot.mark = slot.entry_price

    def begin_run(self) -> None:
        """A person has started the bot anew: a drawdown halt is over, and counts from here."""
        bot = self.book.bots[0]
        bot.drawdown_halted = 0
        bot.peak_equity = bot.capital if math.isnan(bot.closing_equity) else bot.closing_equity

    def apply_settings(self) -> None:
        """What is held goes by the settings of now, and not by those of the version that entered.

        Time stop, trailing and break-even; where the engine holds the protection, stop and target too,
        measured from the entry price. (A stop by ATR stays: the ATR of the entry's bar is not known.)
        """
        rule = self.book.rules[0]
        for k, slot in enumerate(self.book.slots):
            keep_settings(rule, slot)
            if self.book.instruments[k].guarded != 0 and rule.stop != codes.ATR:
                self._protect_anew(k, 1.0 if slot.quantity > 0.0 else -1.0)

    def _protect_anew(self, k: int, sign: float) -> None:
        rule, instrument = self.book.rules[0], self.book.instruments[k]
        for lot in self.book.lots[k]:
            if lot.quantity != 0.0:
                price = float(lot.entry_price)
                lot.stop = stop_price(rule, instrument, sign, price, 0.0)
                lot.target = target_price(rule, instrument, sign, price, lot.stop)

    def transfer(self, amount: float) -> None:
        """A change of capital: neither a profit nor a loss of the day (USD)."""
        bot = self.book.bots[0]
        for name in ("capital", "cash", "day_baseline", "closing_equity", "peak_equity"):
            bot[name] += amount
        bot.busy = 1

    # --- a step ---------------------------------------------------------------------------------

    def step(
        self,
        views: Mapping[str, SymbolView],
        *,
        tau: datetime,
        session: Session,
        mode: Mode = Mode.TRADE,
        held_back: bool = False,
    ) -> StepResult:
        """Decide for the whole bot at `tau`, in the order of semantics 2; fills are already applied.

        `held_back`: broker and books differ in something that the bot trades; it opens nothing.
        """
        half = self._begun(views, tau, session, mode, held_back)
        step_bot(self.book, self._market, _FIRST, _FIRST, half.out)
        return self._result(half)

    def manage(
        self,
        views: Mapping[str, SymbolView],
        *,
        tau: datetime,
        session: Session,
        mode: Mode = Mode.TRADE,
        held_back: bool = False,
    ) -> HalfStep:
        """The first half of `step`: all but the entries. `enter` has to follow, with no fill between."""
        half = self._begun(views, tau, session, mode, held_back)
        manage_bot(self.book, self._market, _FIRST, _FIRST, half.out)
        return half

    def enter(self, half: HalfStep) -> StepResult:
        """The second half of `step`: the entries, also through the limits in `book.account`."""
        enter_bot(self.book, self._market, _FIRST, _FIRST, half.out)
        return self._result(half)

    def _begun(
        self, views: Mapping[str, SymbolView], tau: datetime, session: Session, mode: Mode, held_back: bool
    ) -> HalfStep:
        self._see(views, tau, session, mode)
        if held_back:
            self._market.flags[0, 0] |= codes.HELD_BACK
        count = len(self.symbols)
        lots = count * self.book.lots.shape[1]
        out = output(intents=count, reprices=lots, decisions=2 * count)
        return HalfStep(self, views, tau, mode, out)

    def _result(self, half: HalfStep) -> StepResult:
        out = half.out
        intents, reprices, decided = (out.counts[i] for i in (INTENTS, REPRICES, DECISIONS))
        decisions = [decision(row, self.symbols) for row in out.decisions[:decided]]
        return StepResult(
            intents=in_sending_order([intent(row, self.symbols, half.tau) for row in out.intents[:intents]]),
            decisions=[*decisions, *self._silent(half.views, {d.symbol for d in decisions}, half.mode)],
            stops={
                (self.symbols[row.slot], int(row.lot)): float(row.stop) for row in out.reprices[:reprices]
            },
        )

    def _see(self, views: Mapping[str, SymbolView], tau: datetime, session: Session, mode: Mode) -> None:
        market, moment = self._market, int(tau.timestamp())
        market.tau[0] = moment
        market.day[0, 0], local, until_close = self._clock(tau, session)
        window = self.spec.window
        market.flags[0, 0] = _MODES[mode] | tau_flags(
            local,
            until_close,
            window.start.hour * 3600 + window.start.minute * 60,
            window.end.hour * 3600 + window.end.minute * 60,
            self.spec.risk.flatten_at_window_end,
            self.spec.daily,
        )
        for k, symbol in enumerate(self.symbols):
            view = views.get(symbol)
            if view is None:
                market.signals[k, 0] = 0
                market.open[k, 0] = market.close[k, 0] = math.nan
                continue
            closed = view.high is not None and view.low is not None
            market.signals[k, 0] = view.bits
            market.close[k, 0] = view.close
            market.open[k, 0] = view.close if closed else math.nan
            market.high[k, 0] = math.nan if view.high is None else view.high
            market.low[k, 0] = math.nan if view.low is None else view.low
            needs_atr = self.spec.risk.stop_loss_atr is not None
            market.atr[k, 0] = view.atr if needs_atr else 0.0
            market.volatility[k, 0] = view.volatility
            market.liquidity[k, 0] = view.liquidity

    def _clock(self, tau: datetime, session: Session) -> tuple[int, int, int]:
        """The day's number, its second, and how many are left: coins have days of UTC and no close."""
        if any(instrument.is_coin for instrument in self.instruments.values()):
            moment = int(tau.timestamp())
            return (moment - 60) // 86_400, moment % 86_400, _ALWAYS
        day = session.open.astimezone(NEW_YORK).toordinal()
        return day, _second_of_day(tau), int((session.close - tau).total_seconds())

    def _silent(self, views: Mapping[str, SymbolView], told: set[str], mode: Mode) -> Iterator[Decision]:
        """What was asked and came to nothing is a decision too."""
        for symbol in self.spec.symbols:
            view = views.get(symbol)
            if view is None or not view.evaluated or symbol in told:
                continue
            if mode is Mode.TRADE and not view.warmed_up:
                yield Decision(symbol, Outcome.REFUSED, RefusalCode.WARMING_UP)
            else:
                yield Decision(symbol, Outcome.NONE)

    # --- the checkpoint -------------------------------------------------------------------------

    def checkpoint(self) -> dict[str, Any]:
        """All state as JSON; doubles are kept exactly."""
        return {
            "bot": _values(BOT, self.book.bots.tolist()[0]),
            "slots": {
                s: _values(SLOT, row) for s, row in zip(self.symbols, self.book.slots.tolist(), strict=True)
            },
            "lots": {s: _lots(rows) for s, rows in zip(self.symbols, self.book.lots.tolist(), strict=True)},
        }

    def restore(self, checkpoint: Mapping[str, Any]) -> None:
        """Take a checkpoint's state; capital that was changed since is a transfer.

        Raises ValueError when it is of another layout or has symbols that this bot has not.
        """
        try:
            _write(self.book.bots[0], checkpoint["bot"])
            for symbol, values in checkpoint["slots"].items():
                if symbol in self.symbols:
                    _write(self._slot(symbol), values)
                elif values["quantity"]:
                    raise ValueError(f"{symbol} is held, and is not known")
            self._make_room(max(map(len, checkpoint["lots"].values()), default=0))
            for symbol, lots in checkpoint["lots"].items():
                for n, values in enumerate(lots):
                    _write(self.book.lots[self.symbols.index(symbol), n], values)
        except KeyError as error:
            raise ValueError(f"the checkpoint has no {error}") from error
        self.transfer(self.capital - float(self.book.bots[0].capital))

    def _make_room(self, lots: int) -> None:
        """For what was added under settings that allowed more steps."""
        count, room = self.book.lots.shape
        if lots > room:
            self.book = self.book._replace(lots=new_book(1, count, lots, count).lots)


def _known(price: float) -> float | None:
    return None if math.isnan(price) else price


def _values(kind: np.dtype[np.void], row: tuple[Any, ...]) -> dict[str, float | int | None]:
    found = zip(kind.names or (), row, strict=True)
    return {n: None if isinstance(v, float) and not math.isfinite(v) else v for n, v in found}


def _lots(rows: list[tuple[Any, ...]]) -> list[dict[str, float | int | None]]:
    """In their rows, because a pending order names one; without the empty ones at the end."""
    quantity = (LOT.names or ()).index("quantity")
    used = [n for n, lot in enumerate(rows) if lot[quantity] != 0.0]
    return [_values(LOT, lot) for lot in rows[: max(used, default=-1) + 1]]


def _write(record: Any, values: Mapping[str, Any]) -> None:
    """What an earlier version did not keep stays as it is in a new record."""
    for name in record.dtype.names:
        if name in values:
            record[name] = math.nan if values[name] is None else values[name]


def _one_minute(count: int) -> Market:
    def column() -> np.ndarray:
        return np.full((count, 1), math.nan)

    return Market(
        tau=np.zeros(1, np.int64),
        day=np.zeros((1, 1), np.int64),
        flags=np.zeros((1, 1), np.uint8),
        open=column(),
        high=column(),
        low=column(),
        close=column(),
        volume=column(),
        signals=np.zeros((count, 1), np.uint8),
        atr=column(),
        volatility=column(),
        liquidity=column(),
    )


def _second_of_day(tau: datetime) -> int:
    local = tau.astimezone(NEW_YORK)
    return local.hour * 3600 + local.minute * 60 + local.second
