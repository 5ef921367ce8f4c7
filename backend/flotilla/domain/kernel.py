"""One step of a bot, and what a fill does to it. Live trading and backtests call exactly this.

The state is a fold: applying the same fills and steps in the same order gives the same doubles,
wherever it happens (semantics 5). `step` and `apply_fill` change the state they are given.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from flotilla.domain import risk, sizing
from flotilla.domain.market import Session, Window
from flotilla.domain.orders import Intent, Purpose, Side
from flotilla.domain.risk import CASH_RESERVE, RefusalCode, RiskRules

_DUST = 1e-9


@dataclass(slots=True)
class Holding:
    """What a bot holds of a symbol: shares and average entry price (USD)."""

    quantity: float
    entry_price: float


@dataclass(slots=True)
class PendingOrder:
    """An order under way for a symbol; an entry reserves cash (USD) until it is done."""

    purpose: Purpose
    reserved: float = 0.0


@dataclass(slots=True)
class BotState:
    """Everything a bot's next decision depends on, besides the market. USD and shares.

    `closing_equity` is the equity after the newest step: the next day starts from it.
    """

    cash: float
    holdings: dict[str, Holding] = field(default_factory=dict)
    pending: dict[str, PendingOrder] = field(default_factory=dict)
    marks: dict[str, float] = field(default_factory=dict)
    session_open: datetime | None = None
    day_baseline: float = 0.0
    closing_equity: float | None = None

    @property
    def equity(self) -> float:
        """Cash plus holdings at their last closes."""
        return self.cash + sum(
            holding.quantity * self.marks.get(symbol, holding.entry_price)
            for symbol, holding in self.holdings.items()
        )

    @property
    def free_cash(self) -> float:
        """Cash that no pending entry has reserved."""
        return self.cash - sum(order.reserved for order in self.pending.values())


class Mode(StrEnum):
    """What a bot may do at a step."""

    TRADE = "trade"
    EXITS_ONLY = "exits_only"
    FLATTEN = "flatten"


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """The part of a bot's definition that decides: symbols in order, risk rules, window."""

    symbols: tuple[str, ...]
    risk: RiskRules
    window: Window


@dataclass(frozen=True, slots=True)
class SymbolView:
    """What is known of a symbol at tau. `close` is its newest close (USD); steps are its minimum ones.

    `entry` and `exit` are the rules' answers at a signal step on a bar not seen before, else None.
    """

    close: float
    fresh: bool
    warmed_up: bool
    entry: bool | None
    exit: bool | None
    price_step: float = 0.01
    quantity_step: float = 1.0


class Outcome(StrEnum):
    """What became of a signal."""

    NONE = "none"
    ENTER = "enter"
    EXIT = "exit"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a step decided for one symbol. `numbers` are the ones the decision rests on."""

    symbol: str
    outcome: Outcome
    refusal: RefusalCode | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class StepResult:
    """Intents in the order in which they are sent (exits first), and one decision per signal."""

    intents: list[Intent] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def apply_fill(
    state: BotState, *, symbol: str, side: Side, quantity: float, price: float, fee: float
) -> None:
    """Book one execution: shares and USD."""
    signed = quantity if side is Side.BUY else -quantity
    state.cash -= signed * price + fee
    held = state.holdings.get(symbol)
    if held is None:
        state.holdings[symbol] = Holding(quantity=signed, entry_price=price)
        return
    total = held.quantity + signed
    if side is Side.BUY:
        held.entry_price = (held.entry_price * held.quantity + price * quantity) / total
    held.quantity = total
    if abs(total) < _DUST:
        del state.holdings[symbol]


def order_done(state: BotState, symbol: str) -> None:
    """Forget the symbol's pending order: it was filled, or will never be."""
    state.pending.pop(symbol, None)


def step(
    spec: KernelSpec,
    state: BotState,
    views: Mapping[str, SymbolView],
    *,
    tau: datetime,
    session: Session,
    mode: Mode = Mode.TRADE,
) -> StepResult:
    """Decide for the whole bot at `tau`, in the order of semantics 2; fills are already applied.

    `views` has every symbol of the bot, and every one that it still holds.
    """
    result = StepResult()
    _mark(state, views, session)
    _exits(state, views, tau, mode, result)
    _entries(spec, state, views, tau, session, mode, result)
    return result


def _mark(state: BotState, views: Mapping[str, SymbolView], session: Session) -> None:
    """Roll the day at the last step's equity, so that the overnight gap counts in the new day; then mark.

    Not at the equity of now: what a stop sold at the gap's open is booked already.
    """
    if state.session_open != session.open:
        state.session_open = session.open
        state.day_baseline = state.equity if state.closing_equity is None else state.closing_equity
    for symbol, view in views.items():
        state.marks[symbol] = view.close
    state.closing_equity = state.equity


def _exits(
    state: BotState,
    views: Mapping[str, SymbolView],
    tau: datetime,
    mode: Mode,
    result: StepResult,
) -> None:
    for symbol, holding in state.holdings.items():
        view = views.get(symbol)
        if view is None or symbol in state.pending:
            continue
        if mode is Mode.FLATTEN:
            purpose = Purpose.FLATTEN
        elif view.exit and mode is Mode.TRADE:
            purpose = Purpose.EXIT
        else:
            continue
        result.intents.append(Intent(symbol, Side.SELL, purpose, holding.quantity, view.close, tau))
        result.decisions.append(Decision(symbol, Outcome.EXIT, numbers={"quantity": holding.quantity}))
        state.pending[symbol] = PendingOrder(purpose)


def _entries(
    spec: KernelSpec,
    state: BotState,
    views: Mapping[str, SymbolView],
    tau: datetime,
    session: Session,
    mode: Mode,
    result: StepResult,
) -> None:
    exiting = {intent.symbol for intent in result.intents}
    for symbol in spec.symbols:
        view = views.get(symbol)
        if view is None or view.entry is None or symbol in exiting:
            continue
        if mode is Mode.TRADE and not view.warmed_up:
            result.decisions.append(Decision(symbol, Outcome.REFUSED, RefusalCode.WARMING_UP))
            continue
        if not view.entry:
            result.decisions.append(Decision(symbol, Outcome.NONE))
            continue
        quantity, refusal, numbers = _gates(spec, state, symbol, view, tau, session, mode)
        if refusal is not None:
            result.decisions.append(Decision(symbol, Outcome.REFUSED, refusal, numbers))
            continue
        result.decisions.append(Decision(symbol, Outcome.ENTER, numbers=numbers))
        result.intents.append(_entry(spec.risk, symbol, view, quantity, tau))
        state.pending[symbol] = PendingOrder(Purpose.ENTRY, reserved=CASH_RESERVE * quantity * view.close)


_Gate = tuple[float, RefusalCode | None, dict[str, float]]


def _gates(
    spec: KernelSpec,
    state: BotState,
    symbol: str,
    view: SymbolView,
    tau: datetime,
    session: Session,
    mode: Mode,
) -> _Gate:
    """The quantity to enter with, or the first gate that refuses (semantics 2, step 5)."""
    refusal, numbers = _state_gates(spec, state, symbol, view, tau, session, mode)
    if refusal is not None:
        return 0.0, refusal, numbers
    wanted = sizing.percent_of_equity(
        equity=state.equity,
        percent=spec.risk.position_percent,
        price=view.close,
        step=view.quantity_step,
    )
    numbers = {"equity": state.equity, "price": view.close, "wanted": wanted}
    if wanted <= 0.0:
        return 0.0, RefusalCode.SIZE_TOO_SMALL, numbers
    cash = state.free_cash
    paid_for = sizing.affordable(cash=cash, price=view.close, reserve=CASH_RESERVE, step=view.quantity_step)
    numbers |= {"cash": cash, "affordable": paid_for}
    if paid_for <= 0.0:
        return 0.0, RefusalCode.INSUFFICIENT_CASH, numbers
    quantity = min(wanted, paid_for)
    return quantity, None, numbers | {"quantity": quantity}


def _state_gates(
    spec: KernelSpec,
    state: BotState,
    symbol: str,
    view: SymbolView,
    tau: datetime,
    session: Session,
    mode: Mode,
) -> tuple[RefusalCode | None, dict[str, float]]:
    refusals = (
        (RefusalCode.NOT_RUNNING, mode is not Mode.TRADE),
        (RefusalCode.STALE_DATA, not view.fresh),
        (RefusalCode.OUTSIDE_WINDOW, not spec.window.contains(tau)),
        (RefusalCode.MARKET_CLOSING, not session.contains(tau)),
        (RefusalCode.DAILY_LOSS_HALT, _halted(spec.risk, state)),
        (RefusalCode.ORDER_PENDING, symbol in state.pending),
        (RefusalCode.POSITION_HELD, symbol in state.holdings),
        (RefusalCode.MAX_OPEN_POSITIONS, _slots_used(state) >= spec.risk.max_open_positions),
    )
    for code, refuses in refusals:
        if refuses:
            return code, _numbers(code, spec, state)
    return None, {}


def _numbers(code: RefusalCode, spec: KernelSpec, state: BotState) -> dict[str, float]:
    if code is RefusalCode.DAILY_LOSS_HALT:
        return {"day_pnl": state.equity - state.day_baseline, "baseline": state.day_baseline}
    if code is RefusalCode.MAX_OPEN_POSITIONS:
        return {"open": float(_slots_used(state)), "limit": float(spec.risk.max_open_positions)}
    return {}


def _halted(rules: RiskRules, state: BotState) -> bool:
    return rules.daily_loss_limit_percent is not None and risk.daily_loss_reached(
        equity=state.equity,
        baseline=state.day_baseline,
        limit_percent=rules.daily_loss_limit_percent,
    )


def _slots_used(state: BotState) -> int:
    entering = (s for s, order in state.pending.items() if order.purpose is Purpose.ENTRY)
    return len(state.holdings.keys() | set(entering))


def _entry(rules: RiskRules, symbol: str, view: SymbolView, quantity: float, tau: datetime) -> Intent:
    stop, target = rules.stop_loss_percent, rules.take_profit_percent
    return Intent(
        symbol=symbol,
        side=Side.BUY,
        purpose=Purpose.ENTRY,
        quantity=quantity,
        price=view.close,
        tau=tau,
        stop_price=(None if stop is None else risk.stop_price(view.close, stop, view.price_step)),
        target_price=(None if target is None else risk.target_price(view.close, target, view.price_step)),
    )
