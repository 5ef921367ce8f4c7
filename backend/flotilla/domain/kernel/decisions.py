"""What a step decided, in words."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from flotilla.domain import codes
from flotilla.domain.orders import Action, Intent, OrderType, Purpose, Side
from flotilla.domain.risk import ExitReason, RefusalCode


class Mode(StrEnum):
    """What a bot may do at a step."""

    TRADE = "trade"
    PAUSED = "paused"  # no entries; exits and guards go on
    GUARD = "guard"  # no rules; protection only
    FLATTEN = "flatten"


class Outcome(StrEnum):
    """What became of a signal."""

    NONE = "none"
    ENTER = "enter"
    EXIT = "exit"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a step decided for one symbol. `numbers` are the ones the decision rests on.

    `refusal` is also the cap that made an entry smaller.
    """

    symbol: str
    outcome: Outcome
    refusal: RefusalCode | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class StepResult:
    """Intents in the order in which they are sent (`in_sending_order`), and one decision per signal.

    `stops`: where the stops of open positions are to be moved (USD), by symbol and lot: each entry
    since the symbol was flat has its own, the first is 0.
    """

    intents: list[Intent] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    stops: dict[tuple[str, int], float] = field(default_factory=dict)


_PURPOSES = {
    codes.ENTRY: Purpose.ENTRY,
    codes.EXIT: Purpose.EXIT,
    codes.FLATTEN: Purpose.FLATTEN,
    codes.STOP_LOSS: Purpose.STOP_LOSS,
    codes.TAKE_PROFIT: Purpose.TAKE_PROFIT,
}
_ACTIONS = {codes.PLACE: Action.PLACE, codes.REPLACE: Action.REPLACE, codes.CANCEL: Action.CANCEL}
ORDER_TYPES = {
    codes.AT_MARKET: OrderType.MARKET,
    codes.AT_LIMIT: OrderType.LIMIT,
    codes.AT_STOP: OrderType.STOP,
}
_OUTCOMES = {codes.ENTERED: Outcome.ENTER, codes.EXITED: Outcome.EXIT, codes.REFUSED: Outcome.REFUSED}

# What a decision's numbers are called: those of an exit, of each gate, and of a size.
_EXIT = ("quantity", "price")
_SIZE = ("equity", "price", "wanted", "limit", "cash", "quantity")
_GATES: dict[RefusalCode, tuple[str, ...]] = {
    RefusalCode.DAILY_LOSS_HALT: ("day_pnl", "baseline"),
    RefusalCode.DRAWDOWN_HALT: ("equity", "peak_equity"),
    RefusalCode.LOSS_STREAK_HALT: ("losses", "limit"),
    RefusalCode.TRADES_A_DAY: ("trades", "limit"),
    RefusalCode.COOLDOWN: ("seconds_left",),
    RefusalCode.POSITION_HELD: ("quantity", "entry_price"),
    RefusalCode.MAX_OPEN_POSITIONS: ("open", "limit"),
    RefusalCode.STOP_BEYOND_PRICE: ("price", "stop", "target"),
    RefusalCode.ACCOUNT_LIMIT: (
        "account_equity",
        "value",
        "account_exposure",
        "symbol_exposure",
        "open",
        "account_day_pnl",
    ),
}
_SIZED = frozenset(
    {
        RefusalCode.NO_EDGE,
        RefusalCode.SIZE_TOO_SMALL,
        RefusalCode.POSITION_CAP,
        RefusalCode.SYMBOL_CAP,
        RefusalCode.EXPOSURE_CAP,
        RefusalCode.LIQUIDITY_CAP,
        RefusalCode.INSUFFICIENT_CASH,
    }
)


def decision(row: Any, symbols: Sequence[str]) -> Decision:
    """A DECISION record in words."""
    outcome = _OUTCOMES[row.outcome]
    code = row.code if outcome is Outcome.REFUSED else row.shrunk
    refusal = None if code == codes.NONE else RefusalCode.of(int(code))
    return Decision(symbols[row.slot], outcome, refusal, _numbers(row, outcome, refusal))


def _numbers(row: Any, outcome: Outcome, refusal: RefusalCode | None) -> dict[str, float]:
    names: tuple[str, ...]
    if outcome is Outcome.EXIT:
        names = _EXIT
    elif outcome is Outcome.ENTER or refusal in _SIZED:
        names = _SIZE
    else:
        names = () if refusal is None else _GATES.get(refusal, ())
    values = (row.a, row.b, row.c, row.d, row.e, row.f)
    named = zip(names, map(float, values), strict=False)
    return {name: value for name, value in named if math.isfinite(value)}


def intent(row: Any, symbols: Sequence[str], tau: datetime) -> Intent:
    """An INTENT record in words."""
    return Intent(
        symbol=symbols[row.slot],
        side=Side.BUY if row.sign > 0.0 else Side.SELL,
        purpose=_PURPOSES[row.purpose],
        quantity=float(row.quantity),
        price=float(row.price),
        tau=tau,
        stop_price=None if math.isnan(row.stop) else float(row.stop),
        target_price=None if math.isnan(row.target) else float(row.target),
        reason=ExitReason.of(int(row.reason)),
        action=_ACTIONS[row.action],
        type=ORDER_TYPES[row.type],
        order_price=None if math.isnan(row.order_price) else float(row.order_price),
    )


def in_sending_order(intents: list[Intent]) -> list[Intent]:
    """What ends first, then exits, then what is re-priced, then entries (semantics 2, step 6)."""
    return sorted(intents, key=_turn)


def _turn(intent: Intent) -> int:
    if intent.action is not Action.PLACE:
        return 0 if intent.action is Action.CANCEL else 2
    return 3 if intent.purpose is Purpose.ENTRY else 1


def purpose(code: int) -> Purpose:
    """The kernel's number in words."""
    return _PURPOSES[code]
